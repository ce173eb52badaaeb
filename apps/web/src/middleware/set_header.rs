use super::head::response;
use std::sync::Arc;
use transom::{App, Error, Headers, Manifest, Receiver, Scope, Sender, field};

/// Sets fields of every response that the application sends.
///
/// ```
/// use transom::{Error, Outgoing, Receiver, Scope, Sender, memory};
/// use transom_web::middleware::SetHeader;
///
/// async fn app(_: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
///     Ok(send.send(Outgoing::Response { status: 200, headers: Default::default(), body: "hi".into() }).await?)
/// }
/// let app = SetHeader::new(app).security().if_absent("cache-control", "no-store").remove("server");
/// let outcome = memory::http("GET", "/").run(app);
/// assert_eq!(outcome.header("x-content-type-options"), Some("nosniff"));
/// assert_eq!(outcome.header("cache-control"), Some("no-store"));
/// ```
///
/// What it is told it does in that order. Final responses alone are changed, those that deny a WebSocket among them;
/// interim responses and accepted handshakes are not.
///
/// Methods that name a field panic if the name is not a token, the value has controls, or the field is `content-length`
/// or `transfer-encoding`, which the server sees to.
pub struct SetHeader<A> {
    inner: A,
    edits: Arc<Vec<Edit>>,
}

#[derive(Clone)]
struct Edit {
    how: How,
    name: String,
    value: String,
}

#[derive(Clone, Copy)]
enum How {
    Set,
    Append,
    IfAbsent,
    Remove,
}

impl<A: App> SetHeader<A> {
    /// Around `app`; sets nothing so far.
    pub fn new(app: A) -> Self {
        Self { inner: app, edits: Arc::default() }
    }

    /// Makes `value` the only one of the field.
    #[must_use]
    pub fn set(self, name: &str, value: &str) -> Self {
        self.with(How::Set, name, value)
    }

    /// Adds a field, whether or not there is one of that name.
    #[must_use]
    pub fn append(self, name: &str, value: &str) -> Self {
        self.with(How::Append, name, value)
    }

    /// Adds the field unless there is one of that name.
    #[must_use]
    pub fn if_absent(self, name: &str, value: &str) -> Self {
        self.with(How::IfAbsent, name, value)
    }

    /// Removes every field of that name.
    #[must_use]
    pub fn remove(self, name: &str) -> Self {
        self.with(How::Remove, name, "")
    }

    /// Adds, unless they are there: `x-content-type-options: nosniff`, `x-frame-options: DENY`,
    /// `referrer-policy: strict-origin-when-cross-origin` and `cross-origin-opener-policy: same-origin`.
    ///
    /// What a site needs of `content-security-policy`, only its author can say; of `strict-transport-security`, see
    /// [`HttpsRedirect::hsts`](super::HttpsRedirect::hsts).
    #[must_use]
    pub fn security(self) -> Self {
        self.if_absent("x-content-type-options", "nosniff")
            .if_absent("x-frame-options", "DENY")
            .if_absent("referrer-policy", "strict-origin-when-cross-origin")
            .if_absent("cross-origin-opener-policy", "same-origin")
    }

    #[track_caller]
    fn with(mut self, how: How, name: &str, value: &str) -> Self {
        assert!(field::is_token(name.as_bytes()), "{name:?} is not a token");
        assert!(field::is_value(value.as_bytes()), "the value of {name} has control characters");
        let name = name.to_ascii_lowercase();
        assert!(!matches!(&*name, "content-length" | "transfer-encoding"), "{name} is the server's");
        Arc::make_mut(&mut self.edits).push(Edit { how, name, value: value.into() });
        self
    }
}

impl Edit {
    fn apply(&self, headers: &mut Headers) {
        match self.how {
            How::Set => headers.set(&self.name, self.value.as_bytes()),
            How::IfAbsent if headers.get(&self.name).is_some() => {}
            How::Append | How::IfAbsent => headers.push(&self.name, self.value.as_bytes()),
            How::Remove => {
                headers.remove(&self.name);
            }
        }
    }
}

impl<A: App> App for SetHeader<A> {
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        if let Scope::Lifespan(_) = scope {
            return self.inner.call(scope, receive, send).await;
        }
        let edits = Arc::clone(&self.edits);
        let send = send.map(move |mut event| {
            if let Some(headers) = response(&mut event) {
                edits.iter().for_each(|edit| edit.apply(headers));
            }
            Some(event)
        });
        self.inner.call(scope, receive, send).await
    }

    fn manifest(&self) -> Manifest {
        self.inner.manifest()
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{self, hello};
    use super::*;
    use transom::memory;

    #[test]
    fn edits() {
        let inner = || SetHeader::new(hello).set("a", "1").append("a", "2").set("b", "1");
        for (outer, expected) in [
            (SetHeader::new(inner()).set("A", "3"), vec![("a", "3"), ("b", "1")]),
            (SetHeader::new(inner()).append("b", "3"), vec![("a", "1"), ("a", "2"), ("b", "1"), ("b", "3")]),
            (SetHeader::new(inner()).if_absent("b", "3"), vec![("a", "1"), ("a", "2"), ("b", "1")]),
            (SetHeader::new(inner()).if_absent("c", "3"), vec![("a", "1"), ("a", "2"), ("b", "1"), ("c", "3")]),
            (SetHeader::new(inner()).remove("a"), vec![("b", "1")]),
            (SetHeader::new(inner()).remove("a").if_absent("a", "3"), vec![("b", "1"), ("a", "3")]),
        ] {
            let outcome = memory::http("GET", "/").run(outer);
            assert_eq!(outcome.headers(), Some(&expected.into_iter().collect()));
        }
    }

    #[test]
    #[should_panic(expected = "is the server's")]
    fn framing_is_the_servers() {
        let _ = SetHeader::new(hello).set("Content-Length", "1");
    }

    #[test]
    fn keeps_the_contract() {
        trial::layer(&[], |app| SetHeader::new(app).security().remove("etag").set("content-type", "text/plain"));
    }
}
