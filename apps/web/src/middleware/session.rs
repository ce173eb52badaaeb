mod codec;
mod handle;

use super::head::{request_mut, response_or_acceptance, vary};
use codec::Codec;
pub use cookie::SameSite;
use handle::Turn;
pub use handle::{Session, SessionError};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use transom::{App, End, Error, Manifest, Outgoing, Receiver, Scope, SendError, Sender, Sink, field};

/// Sessions in a signed cookie: values by name that a client brings back with its next request.
///
/// ```
/// use transom::{Error, Outgoing, Receiver, Scope, Sender, memory};
/// use transom_web::middleware::{Session, Sessions};
///
/// async fn count(scope: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
///     let Scope::Http(http) = scope else { return Err(Error::unsupported()) };
///     let session = Session::of(&http).ok_or("there are no sessions")?;
///     let visits = session.get::<u32>("visits")?.unwrap_or(0) + 1;
///     session.insert("visits", visits)?;
///     let body = visits.to_string().into();
///     Ok(send.send(Outgoing::Response { status: 200, headers: Default::default(), body }).await?)
/// }
///
/// // In earnest: random, and from the environment.
/// let secret = [7; 32];
/// let first = memory::http("GET", "/").run(Sessions::new(count, secret));
/// let cookie = first.header("set-cookie").unwrap().split(';').next().unwrap();
/// let second = memory::http("GET", "/").header("cookie", cookie).run(Sessions::new(count, secret));
/// assert_eq!((first.body(), second.body()), (&b"1"[..], &b"2"[..]));
/// ```
///
/// The cookie is read when the application first asks for something, and sent back when something was changed; then
/// the response has `set-cookie`. It has `vary: cookie` when something was asked for. The fields go with the head of
/// the response, or with the acceptance of a WebSocket: a later change is refused ([`SessionError::Sent`]).
///
/// # What it is, and is not
///
/// Everything is in the cookie: the client can read it, and cannot change it (HMAC-SHA256 over what is in it and when
/// it was made, with a key for this name alone). An old one is as good as a new one until it expires, so that a client
/// may go back to an earlier session, and nothing on the server can end it. There is no id that could be fixed by
/// somebody else before a login, and none to be renewed; but [`clear`](Session::clear) the session there, so that
/// nothing that was planted in it stays.
///
/// Browsers keep no cookies above 4 KiB; a value that would make it longer is refused
/// ([`SessionError::TooLarge`]).
pub struct Sessions<A> {
    inner: A,
    codec: Arc<Codec>,
}

impl<A: App> Sessions<A> {
    /// Around `app`. The cookie is called `session`, holds for 14 days and for `/`, and is sent with
    /// `HttpOnly; SameSite=Lax`.
    ///
    /// # Panics
    /// If `secret` is shorter than 32 bytes. It should be as many random ones.
    pub fn new(app: A, secret: impl AsRef<[u8]>) -> Self {
        Self { inner: app, codec: Arc::new(Codec::new(secret.as_ref())) }
    }

    fn with(mut self, change: impl FnOnce(&mut Codec)) -> Self {
        change(Arc::make_mut(&mut self.codec));
        self
    }

    /// Reads cookies too that were signed with this secret, the one before; they are signed with the first. May be
    /// called again.
    ///
    /// # Panics
    /// If it is shorter than 32 bytes.
    #[must_use]
    pub fn old_secret(self, secret: impl AsRef<[u8]>) -> Self {
        self.with(|codec| codec.add_secret(secret.as_ref()))
    }

    /// Calls the cookie so. The prefixes `__Host-` and `__Secure-` (RFC 6265bis section 4.1.3) imply
    /// [`secure`](Self::secure).
    ///
    /// # Panics
    /// If `name` is not a token.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        assert!(field::is_token(name.as_bytes()), "{name:?} is not a token");
        self.with(|codec| codec.rename(name))
    }

    /// How long a session holds after its last change. An older one is empty, whatever the browser keeps.
    #[must_use]
    pub fn max_age(self, max_age: Duration) -> Self {
        self.with(|codec| codec.max_age = max_age)
    }

    /// Has browsers forget the cookie when they are closed.
    #[must_use]
    pub fn until_closed(self) -> Self {
        self.with(|codec| codec.is_persistent = false)
    }

    /// Has the session hold so long after the last request, changed or not: every response has the cookie.
    #[must_use]
    pub fn rolling(self) -> Self {
        self.with(|codec| codec.is_rolling = true)
    }

    /// Has browsers send the cookie over TLS alone.
    #[must_use]
    pub fn secure(self) -> Self {
        self.with(|codec| codec.is_secure = true)
    }

    /// Which requests from other sites bring the cookie. `None` implies [`secure`](Self::secure).
    #[must_use]
    pub fn same_site(self, same_site: SameSite) -> Self {
        self.with(|codec| codec.same_site = same_site)
    }

    /// Where this site is embedded in others, has browsers keep a cookie for each. Implies [`secure`](Self::secure).
    #[must_use]
    pub fn partitioned(self) -> Self {
        self.with(|codec| codec.is_partitioned = true)
    }

    /// Has browsers send the cookie below this path alone.
    ///
    /// # Panics
    /// If it does not begin with `/`, or has what ends an attribute.
    #[must_use]
    pub fn path(self, path: &str) -> Self {
        assert!(path.starts_with('/') && is_attribute(path), "{path:?} is not a path for a cookie");
        self.with(|codec| codec.path = path.into())
    }

    /// Has browsers send the cookie to this host and all below it. Without this, to the same host alone.
    ///
    /// # Panics
    /// If it has what ends an attribute.
    #[must_use]
    pub fn domain(self, domain: &str) -> Self {
        assert!(!domain.is_empty() && is_attribute(domain), "{domain:?} is not a domain for a cookie");
        self.with(|codec| codec.domain = Some(domain.into()))
    }
}

fn is_attribute(value: &str) -> bool {
    field::is_value(value.as_bytes()) && value.is_ascii() && !value.contains([';', ','])
}

impl<A: App> App for Sessions<A> {
    async fn call(&self, mut scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        let Some(http) = request_mut(&mut scope) else { return self.inner.call(scope, receive, send).await };
        let session = Session::new(Arc::clone(&self.codec), http.headers());
        http.extensions_mut().insert(session.clone());
        self.inner.call(scope, receive, Sender::layer(Outlet { send, session })).await
    }

    fn manifest(&self) -> Manifest {
        self.inner.manifest()
    }
}

struct Outlet {
    send: Sender,
    session: Session,
}

impl Sink for Outlet {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.send.poll_ready(cx)
    }

    fn start_send(&mut self, mut event: Outgoing) -> Result<(), SendError> {
        if response_or_acceptance(&mut event).is_none() {
            return self.send.start_send(event);
        }
        self.session.send(|Turn { cookie, is_read }| {
            if let Some(headers) = response_or_acceptance(&mut event) {
                if is_read {
                    vary(headers, "cookie");
                }
                if let Some(cookie) = cookie {
                    headers.push("set-cookie", cookie.as_bytes());
                }
            }
            self.send.start_send(event)
        })
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.send.poll_flush(cx)
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        self.send.poll_closed(cx)
    }
}

#[cfg(test)]
mod tests;
