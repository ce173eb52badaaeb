use super::head::{request, response};
use super::host::{Host, authority, without_port};
use super::problem::{answer, problem};
use super::proxy::Client;
use std::sync::Arc;
use std::time::Duration;
use transom::{App, Error, Headers, HttpScope, Manifest, Outgoing, Receiver, Scheme, Scope, Sender};

/// Redirects requests that came without TLS to `https`, and WebSockets to `wss`.
///
/// ```
/// use std::time::Duration;
/// use transom::{Error, Outgoing, Receiver, Scope, Sender, memory};
/// use transom_web::middleware::HttpsRedirect;
///
/// async fn app(_: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
///     Ok(send.send(Outgoing::Response { status: 200, headers: Default::default(), body: "hi".into() }).await?)
/// }
/// let app = HttpsRedirect::new(app).hsts(Duration::from_secs(365 * 24 * 60 * 60));
/// let outcome = memory::http("GET", "/a?b=1").header("host", "example.com:8000").run(app);
/// assert_eq!(outcome.status(), Some(308));
/// assert_eq!(outcome.header("location"), Some("https://example.com/a?b=1"));
/// ```
///
/// The method and the body stay what they are: the status is 308, or 307 with [`temporary`](Self::temporary). The
/// port is left out, or is [`port`](Self::port). A request whose `host` cannot be redirected to, or to CONNECT, is
/// answered with 400.
///
/// Behind a proxy that ends TLS every request looks as if it came without: put a [`Proxy`](super::Proxy) outside, whose
/// scheme counts here. Put [`TrustedHosts`](super::TrustedHosts) outside too, or a client is redirected to whichever
/// host it names.
pub struct HttpsRedirect<A> {
    inner: A,
    status: u16,
    port: Option<u16>,
    hsts: Option<Arc<str>>,
    unless: Option<Box<Unless>>,
}

type Unless = dyn Fn(&HttpScope) -> bool + Send + Sync;

impl<A: App> HttpsRedirect<A> {
    /// Around `app`; permanent, and to the port of `https`.
    pub fn new(app: A) -> Self {
        Self { inner: app, status: 308, port: None, hsts: None, unless: None }
    }

    /// Answers 307, which browsers do not remember.
    #[must_use]
    pub fn temporary(self) -> Self {
        Self { status: 307, ..self }
    }

    /// Redirects to this port.
    #[must_use]
    pub fn port(self, port: u16) -> Self {
        Self { port: Some(port).filter(|port| *port != 443), ..self }
    }

    /// Tells browsers, in responses to requests with TLS, to use nothing else for so long
    /// (`strict-transport-security`, RFC 6797), unless the application has set that field.
    #[must_use]
    pub fn hsts(self, max_age: Duration) -> Self {
        Self { hsts: Some(hsts(max_age, "")), ..self }
    }

    /// As [`hsts`](Self::hsts), for all names below this host too, and in the lists that browsers are shipped with if
    /// the site is entered there.
    #[must_use]
    pub fn hsts_preload(self, max_age: Duration) -> Self {
        Self { hsts: Some(hsts(max_age, "; includeSubDomains; preload")), ..self }
    }

    /// As [`hsts`](Self::hsts), for all names below this host too.
    #[must_use]
    pub fn hsts_subdomains(self, max_age: Duration) -> Self {
        Self { hsts: Some(hsts(max_age, "; includeSubDomains")), ..self }
    }

    /// Lets requests pass for which `is_exempt` is true: those of a health check, or below
    /// `/.well-known/acme-challenge/`.
    #[must_use]
    pub fn unless(self, is_exempt: impl Fn(&HttpScope) -> bool + Send + Sync + 'static) -> Self {
        Self { unless: Some(Box::new(is_exempt)), ..self }
    }

    /// What to answer to a request without TLS.
    fn redirection(&self, scheme: &str, http: &HttpScope) -> Outgoing {
        let authority = authority(http).filter(|authority| Host::parse(authority).is_some());
        let path = match http.target() {
            // OPTIONS of the server as a whole: the URI has no path (RFC 9112 section 3.2.4).
            b"*" => Some(&b""[..]),
            path => Some(path).filter(|path| path.starts_with(b"/")),
        };
        let (Some(authority), Some(path)) = (authority, path) else {
            return problem(400, "only https is served, and there is no URI to redirect to");
        };
        let mut location = format!("{scheme}://{}", without_port(authority)).into_bytes();
        if let Some(port) = self.port {
            location.extend_from_slice(format!(":{port}").as_bytes());
        }
        location.extend_from_slice(path);
        let headers = Headers::from_iter([("location", location)]);
        Outgoing::Response { status: self.status, headers, body: Default::default() }
    }
}

/// The value of the field (RFC 6797 section 6.1).
fn hsts(max_age: Duration, rest: &str) -> Arc<str> {
    format!("max-age={}{rest}", max_age.as_secs()).into()
}

impl<A: App> App for HttpsRedirect<A> {
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        let Some(http) = request(&scope) else { return self.inner.call(scope, receive, send).await };
        if Client::of(http).scheme == Scheme::Https {
            let Some(hsts) = &self.hsts else { return self.inner.call(scope, receive, send).await };
            // Only here: a browser has to ignore it where there is no TLS (RFC 6797 section 8.1).
            let value = Arc::clone(hsts);
            let send = send.map(move |mut event| {
                const HSTS: &str = "strict-transport-security";
                if let Some(headers) = response(&mut event).filter(|headers| headers.get(HSTS).is_none()) {
                    headers.push(HSTS, value.as_bytes());
                }
                Some(event)
            });
            return self.inner.call(scope, receive, send).await;
        }
        if self.unless.as_ref().is_some_and(|is_exempt| is_exempt(http)) {
            return self.inner.call(scope, receive, send).await;
        }
        let scheme = if matches!(scope, Scope::WebSocket(_)) { "wss" } else { "https" };
        let response = self.redirection(scheme, http);
        answer(&scope, send, response).await
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
    fn redirections() {
        let plain = || HttpsRedirect::new(hello);
        for (app, method, host, target, status, location) in [
            (plain(), "GET", "a.example", "/", 308, Some("https://a.example/")),
            (plain(), "POST", "a.example:80", "/a/%2F?x=%20&y", 308, Some("https://a.example/a/%2F?x=%20&y")),
            (plain().temporary(), "GET", "a.example", "//b/", 307, Some("https://a.example//b/")),
            (plain().port(8443), "GET", "[::1]:8000", "/", 308, Some("https://[::1]:8443/")),
            (plain().port(443), "GET", "[::1]:8000", "/", 308, Some("https://[::1]/")),
            (plain(), "OPTIONS", "a.example", "*", 308, Some("https://a.example")),
            (plain(), "GET", "a@b", "/", 400, None),
            (plain(), "GET", "", "/", 400, None),
            (plain(), "CONNECT", "b.example:25", "b.example:25", 400, None),
            (plain().unless(|http| http.raw_path() == b"/up"), "GET", "", "/up", 200, None),
        ] {
            let outcome = memory::http(method, target).header("host", host).run(app);
            assert_eq!((outcome.status(), outcome.header("location")), (Some(status), location), "{host} {target}");
        }
    }

    #[test]
    fn hsts_goes_over_tls_alone() {
        let hour = Duration::from_secs(3600);
        for (app, value) in [
            (HttpsRedirect::new(hello), None),
            (HttpsRedirect::new(hello).hsts(hour), Some("max-age=3600")),
            (HttpsRedirect::new(hello).hsts_subdomains(hour), Some("max-age=3600; includeSubDomains")),
            (HttpsRedirect::new(hello).hsts_preload(hour), Some("max-age=3600; includeSubDomains; preload")),
        ] {
            let outcome = memory::http("GET", "/").head(|head| head.scheme = Scheme::Https).run(app);
            assert_eq!((outcome.status(), outcome.header("strict-transport-security")), (Some(200), value));
        }
        let outcome = memory::http("GET", "/").run(HttpsRedirect::new(hello).hsts(hour));
        assert_eq!((outcome.status(), outcome.header("strict-transport-security")), (Some(308), None));
    }

    #[test]
    fn a_proxys_scheme_counts() {
        let client = Client { address: None, scheme: Scheme::Https, host: None };
        let outcome = memory::http("GET", "/").extension(client).run(HttpsRedirect::new(hello));
        assert_eq!(outcome.status(), Some(200));
        let client = Client { address: None, scheme: Scheme::Http, host: Some("b.example".into()) };
        let outcome = memory::http("GET", "/").extension(client).run(HttpsRedirect::new(hello));
        assert_eq!(outcome.header("location"), Some("https://b.example/"));
    }

    #[test]
    fn websockets_go_to_wss() {
        let outcome = memory::websocket("/ws").run(HttpsRedirect::new(trial::everything));
        assert_eq!((outcome.status(), outcome.header("location")), (Some(308), Some("wss://localhost/ws")));
    }

    #[test]
    fn keeps_the_contract() {
        trial::layer(&[], HttpsRedirect::new);
        trial::layer(&[], |app| HttpsRedirect::new(app).unless(|_| true));
    }
}
