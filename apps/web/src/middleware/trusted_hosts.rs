use super::head::request;
use super::host::{Host, authority, without_port};
use super::problem::{answer, problem};
use super::proxy::Client;
use transom::{App, Error, Headers, HttpScope, Manifest, Outgoing, Receiver, Scope, Sender};

/// Answers 400 to requests for hosts other than these: an application that builds links from `host` would otherwise
/// build them for whoever sent it.
///
/// ```
/// use transom::{Error, Outgoing, Receiver, Scope, Sender, memory};
/// use transom_web::middleware::TrustedHosts;
///
/// async fn app(_: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
///     Ok(send.send(Outgoing::Response { status: 200, headers: Default::default(), body: "hi".into() }).await?)
/// }
/// let app = || TrustedHosts::new(app).host("example.com").host("*.example.com").host("[::1]");
/// let status = |host| memory::http("GET", "/").header("host", host).run(app()).status();
/// assert_eq!((status("example.com:8000"), status("A.EXAMPLE.com")), (Some(200), Some(200)));
/// assert_eq!((status("example.com.evil"), status("localhost")), (Some(400), Some(400)));
/// ```
///
/// Until it is told one, no host is trusted. Names are compared without their case and a dot at their end, IPv6
/// addresses as addresses, and the port is left out. A request without `host` is refused, unless every host is trusted.
/// A WebSocket is denied in the same way. Behind a [`Proxy`](super::Proxy) that takes over the host, that one counts.
pub struct TrustedHosts<A> {
    inner: A,
    hosts: Vec<Pattern>,
    www: bool,
}

enum Pattern {
    Any,
    Exact(Host),
    /// Every name that ends so; begins with a dot.
    Below(String),
}

impl<A: App> TrustedHosts<A> {
    /// Around `app`; trusts no host so far.
    pub fn new(app: A) -> Self {
        Self { inner: app, hosts: Vec::new(), www: false }
    }

    /// Trusts `example.com`, every name below it with `*.example.com`, or all with `*`. An IPv6 address stands in
    /// brackets. May be called again.
    ///
    /// # Panics
    /// If it is none of these, or has a port.
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        let (below, name) = host.strip_prefix("*.").map_or((false, host), |name| (true, name));
        let parsed = Host::parse(name).filter(|_| without_port(name) == name);
        self.hosts.push(match (host, parsed) {
            ("*", _) => Pattern::Any,
            (_, Some(Host::Name(name))) if below => Pattern::Below(format!(".{name}")),
            (_, Some(host)) if !below => Pattern::Exact(host),
            _ => panic!("{host:?} is not a host such as example.com, *.example.com or [::1]"),
        });
        self
    }

    /// Redirects a request for a name that is not trusted, but would be with `www.` in front, to that.
    #[must_use]
    pub fn www_redirect(self) -> Self {
        Self { www: true, ..self }
    }

    fn trusts(&self, host: Option<&Host>) -> bool {
        self.hosts.iter().any(|pattern| match (pattern, host) {
            (Pattern::Any, _) => true,
            (Pattern::Exact(own), Some(host)) => own == host,
            (Pattern::Below(end), Some(Host::Name(name))) => name.len() > end.len() && name.ends_with(end),
            _ => false,
        })
    }

    /// What to answer in the application's place.
    fn refusal(&self, http: &HttpScope) -> Option<Outgoing> {
        let host = authority(http).and_then(Host::parse);
        if self.trusts(host.as_ref()) {
            return None;
        }
        if let (Some(Host::Name(name)), true) = (host, self.www && http.target().starts_with(b"/")) {
            let www = format!("www.{name}");
            if self.trusts(Some(&Host::Name(www.clone()))) {
                let mut location = format!("{}://{www}", Client::of(http).scheme.as_str()).into_bytes();
                location.extend_from_slice(http.target());
                let headers = Headers::from_iter([("location", location)]);
                return Some(Outgoing::Response { status: 308, headers, body: Default::default() });
            }
        }
        Some(problem(400, "this host is not served"))
    }
}

impl<A: App> App for TrustedHosts<A> {
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        if let Some(refusal) = request(&scope).and_then(|http| self.refusal(http)) {
            return answer(&scope, send, refusal).await;
        }
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
    use transom::{Capabilities, HttpVersion};

    #[test]
    fn hosts() {
        let of = |patterns: &[&str]| patterns.iter().fold(TrustedHosts::new(hello), |app, host| app.host(host));
        for (patterns, host, trusted) in [
            (&["example.com"][..], "example.com", true),
            (&["example.com"], "EXAMPLE.com.:443", true),
            (&["example.com"], "a.example.com", false),
            (&["Example.COM", "b"], "example.com", true),
            (&["*.example.com"], "example.com", false),
            (&["*.example.com"], "a.b.example.com", true),
            (&["*.example.com"], ".example.com", false),
            (&["*.example.com"], "evilexample.com", false),
            (&["[::1]"], "[0:0:0::1]:80", true),
            (&["[::1]"], "[::2]", false),
            (&["192.0.2.1"], "192.0.2.1:80", true),
            (&["*"], "what ever", true),
            (&[], "example.com", false),
            (&["example.com"], "example.com@evil", false),
            (&["example.com"], "", false),
        ] {
            let outcome = memory::http("GET", "/").header("host", host).run(of(patterns));
            assert_eq!(outcome.status(), Some(if trusted { 200 } else { 400 }), "{patterns:?} {host}");
        }
        let without = || memory::http("GET", "/").version(HttpVersion::Http10).head(|head| head.headers.clear());
        assert_eq!(without().run(of(&["a"])).status(), Some(400));
        assert_eq!(without().run(of(&["*"])).status(), Some(200));
    }

    #[test]
    fn a_pattern_has_to_be_one() {
        for bad in ["", "a:80", "[::1]:80", "*a", "a.*.b", "https://a", "::1", "*.[::1]", "a:"] {
            assert!(std::panic::catch_unwind(|| TrustedHosts::new(hello).host(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_www_is_put_in_front() {
        let run = |host| {
            let app = TrustedHosts::new(hello).host("www.example.com").www_redirect();
            memory::http("GET", "/a?b=%20").header("host", host).run(app)
        };
        let outcome = run("example.com");
        assert_eq!((outcome.status(), outcome.header("location")), (Some(308), Some("http://www.example.com/a?b=%20")));
        assert_eq!(run("example.org").status(), Some(400));
    }

    #[test]
    fn websockets_are_denied() {
        let app = || TrustedHosts::new(trial::everything).host("example.com");
        let outcome = memory::websocket("/").close(1000, "").run(app());
        assert_eq!((outcome.is_accepted(), outcome.status()), (false, Some(400)));
        let bare = memory::websocket("/").close(1000, "").capabilities(Capabilities::NONE).run(app());
        assert_eq!((bare.is_accepted(), bare.status()), (false, Some(403)));
        assert!(memory::websocket("/").close(1000, "").header("host", "example.com").run(app()).is_accepted());
    }

    #[test]
    fn keeps_the_contract() {
        trial::layer(&[], |app| TrustedHosts::new(app).host("localhost").host("*"));
        trial::layer(&[], |app| TrustedHosts::new(app).host("example.com"));
    }
}
