use super::head::{request_mut, response_or_acceptance, single};
use std::fmt;
use std::fmt::Write;
use std::sync::Arc;
use transom::{App, Error, HttpScope, Manifest, Outgoing, Receiver, Scope, Sender, field};

/// The id of one request, for logs; made by [`RequestIds`], and found in the scope's extensions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// The id of this request; `None` where there is no [`RequestIds`] around the application.
    pub fn of(http: &HttpScope) -> Option<&Self> {
        http.extensions().get()
    }

    /// The id: at most 128 letters, digits and `+ - . / : = @ _`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// 128 random bits in hexadecimal.
    fn random() -> Result<Self, Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| format!("no id for the request: {error}"))?;
        let mut id = String::with_capacity(32);
        for byte in bytes {
            // A `String` takes all that is written.
            let _ = write!(id, "{byte:02x}");
        }
        Ok(Self(id.into()))
    }

    /// One that may stand in a log, and be sent back.
    fn parse(id: &str) -> Option<Self> {
        let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"+-./:=@_".contains(&byte);
        ((1..=128).contains(&id.len()) && id.bytes().all(is_legal)).then(|| Self(id.into()))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Gives every request an id, which the application finds as [`RequestId`] and the client in `x-request-id`.
///
/// ```
/// use transom::{Error, Outgoing, Receiver, Scope, Sender, memory};
/// use transom_web::middleware::{RequestId, RequestIds};
///
/// async fn app(scope: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
///     let Scope::Http(http) = scope else { return Err(Error::unsupported()) };
///     let id = RequestId::of(&http).map_or(String::new(), ToString::to_string);
///     Ok(send.send(Outgoing::Response { status: 200, headers: Default::default(), body: id.into() }).await?)
/// }
/// let outcome = memory::http("GET", "/").run(RequestIds::new(app));
/// assert_eq!(outcome.header("x-request-id").unwrap().as_bytes(), outcome.body());
/// assert_eq!(outcome.body().len(), 32);
/// ```
///
/// The id is 128 bits of the system's random numbers, unless the client's is taken over ([`trust`](Self::trust)). Where
/// the response has the field already, it stays. An accepted WebSocket handshake gets it too.
pub struct RequestIds<A> {
    inner: A,
    field: Arc<str>,
    trusts: bool,
}

impl<A: App> RequestIds<A> {
    /// Around `app`, with the field `x-request-id`.
    pub fn new(app: A) -> Self {
        Self { inner: app, field: "x-request-id".into(), trusts: false }
    }

    /// Uses another field.
    ///
    /// # Panics
    /// If `name` is not a token.
    #[must_use]
    pub fn field(self, name: &str) -> Self {
        assert!(field::is_token(name.as_bytes()), "{name:?} is not a token");
        Self { field: name.to_ascii_lowercase().into(), ..self }
    }

    /// Takes over the id that the request has, if there is one field of at most 128 letters, digits and
    /// `+ - . / : = @ _`. It is for servers behind a proxy that sets the field: others may choose an id that somebody
    /// else has.
    #[must_use]
    pub fn trust(self) -> Self {
        Self { trusts: true, ..self }
    }
}

impl<A: App> App for RequestIds<A> {
    async fn call(&self, mut scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        let Some(http) = request_mut(&mut scope) else { return self.inner.call(scope, receive, send).await };
        let given = single(http.headers(), &self.field).filter(|_| self.trusts).and_then(RequestId::parse);
        let id = given.map_or_else(RequestId::random, Ok)?;
        http.extensions_mut().insert(id.clone());
        let field = Arc::clone(&self.field);
        let send = send.map(move |mut event| {
            tag(&mut event, &field, &id);
            Some(event)
        });
        self.inner.call(scope, receive, send).await
    }

    fn manifest(&self) -> Manifest {
        self.inner.manifest()
    }
}

fn tag(event: &mut Outgoing, field: &str, id: &RequestId) {
    if let Some(headers) = response_or_acceptance(event).filter(|headers| headers.get(field).is_none()) {
        headers.push(field, id.as_str().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{self, hello};
    use super::*;
    use transom::Headers;
    use transom::memory;

    #[test]
    fn the_clients_id_is_taken_if_it_is_trusted_and_sane() {
        let long = "a".repeat(129);
        for (given, taken) in [
            ("0b1c-2d", true),
            ("a/b:c=d@e_f.g+h", true),
            (&long[..128], true),
            (&long, false),
            ("", false),
            ("a b", false),
            ("a\"b", false),
            ("ä", false),
        ] {
            let script = || memory::http("GET", "/").header("x-request-id", given);
            let id = |outcome: memory::Outcome| outcome.header("x-request-id").unwrap().to_owned();
            let trusted = id(script().run(RequestIds::new(hello).trust()));
            assert_eq!(trusted == given, taken, "{given}");
            assert!(taken || trusted.len() == 32);
            assert_ne!(id(script().run(RequestIds::new(hello))), given, "it is not trusted");
        }
        let twice = memory::http("GET", "/").header("x-request-id", "a").header("x-request-id", "a");
        assert_ne!(twice.run(RequestIds::new(hello).trust()).header("x-request-id"), Some("a"));
    }

    #[test]
    fn ids_differ_and_are_hexadecimal() {
        let (one, two) = (RequestId::random().unwrap(), RequestId::random().unwrap());
        assert!(one != two && one.as_str().len() == 32);
        assert!(one.as_str().bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
    }

    #[test]
    fn a_field_of_the_application_stays() {
        async fn app(_: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
            let headers = Headers::from_static(&[("x-trace", "mine")]);
            Ok(send.send(Outgoing::Response { status: 200, headers, body: "".into() }).await?)
        }
        let outcome = memory::http("GET", "/").run(RequestIds::new(app).field("X-Trace"));
        assert_eq!(outcome.headers().unwrap().get_all("x-trace").collect::<Vec<_>>(), [b"mine"]);
    }

    #[test]
    fn websockets_have_one_too() {
        let outcome = memory::websocket("/").close(1000, "").run(RequestIds::new(trial::everything));
        assert!(outcome.is_accepted() && outcome.header("x-request-id").is_some());
    }

    #[test]
    fn keeps_the_contract() {
        trial::layer(&[("x-request-id", "a")], |app| RequestIds::new(app).trust());
    }
}
