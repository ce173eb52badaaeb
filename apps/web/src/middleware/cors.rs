use super::head::{response, single, vary};
use super::problem::{answer, problem};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use transom::{App, Error, Headers, HttpScope, Manifest, Method, Outgoing, Receiver, Scope, Sender, field};

/// Cross-origin resource sharing (Fetch standard, section 3.3): which other sites' scripts may read the responses.
///
/// ```
/// use transom::{Error, Outgoing, Receiver, Scope, Sender, memory};
/// use transom_web::middleware::Cors;
///
/// async fn app(_: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
///     Ok(send.send(Outgoing::Response { status: 200, headers: Default::default(), body: "hi".into() }).await?)
/// }
/// let app = Cors::new(app).origin("https://a.example").methods(["PUT"]).headers(["content-type"]).credentials();
///
/// let preflight = memory::http("OPTIONS", "/")
///     .header("origin", "https://a.example")
///     .header("access-control-request-method", "PUT")
///     .run(app);
/// assert_eq!(preflight.status(), Some(204));
/// assert_eq!(preflight.header("access-control-allow-methods"), Some("PUT"));
/// assert_eq!(preflight.header("access-control-allow-credentials"), Some("true"));
/// ```
///
/// Until it is told otherwise it allows no origin; of an allowed one, the methods `GET`, `HEAD` and `POST` without
/// further header fields.
///
/// A preflight, that is OPTIONS with `origin` and `access-control-request-method`, is answered without calling the
/// application: with 204, or with 403 and no field of CORS where something of it is not allowed. To every other request
/// the application answers; where the origin is allowed, its response gets the fields, whatever its status. An answer
/// that the server gives in the application's place does not: put [`CatchPanic`](super::CatchPanic) inside. `vary:
/// origin` is on every response that depends on the origin, also where there was none.
///
/// CORS keeps scripts from reading responses. It does not keep requests from being made, and it has no say in
/// WebSockets, but see [`websockets`](Self::websockets).
pub struct Cors<A> {
    inner: A,
    rules: Arc<Rules>,
}

#[derive(Clone)]
struct Rules {
    any_origin: bool,
    origins: BTreeSet<String>,
    predicates: Vec<Arc<Predicate>>,
    methods: Choice,
    headers: Choice,
    exposed: String,
    credentials: bool,
    max_age: Duration,
    private_network: bool,
    websockets: bool,
}

type Predicate = dyn Fn(&str) -> bool + Send + Sync;

#[derive(Clone)]
enum Choice {
    Any,
    These(Vec<String>),
}

impl<A: App> Cors<A> {
    /// Around `app`; allows no origin so far.
    pub fn new(app: A) -> Self {
        let rules = Rules {
            any_origin: false,
            origins: BTreeSet::new(),
            predicates: Vec::new(),
            methods: Choice::These(Vec::new()),
            headers: Choice::These(Vec::new()),
            exposed: String::new(),
            credentials: false,
            max_age: Duration::from_secs(600),
            private_network: false,
            websockets: false,
        };
        Self { inner: app, rules: Arc::new(rules) }
    }

    fn with(mut self, change: impl FnOnce(&mut Rules)) -> Self {
        change(Arc::make_mut(&mut self.rules));
        self
    }

    /// Allows this origin: scheme, host, and the port where it is not that of the scheme, as `https://a.example`; or
    /// `null`. May be called again.
    ///
    /// # Panics
    /// If it is not an origin: for example, if a slash follows it. A browser would never send that.
    #[must_use]
    pub fn origin(self, origin: &str) -> Self {
        let host = origin.split_once("://").map(|(_, host)| host);
        let is_origin = host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', '?', '#', ' ']));
        assert!(is_origin || origin == "null", "{origin:?} is not an origin such as https://a.example");
        self.with(|rules| {
            rules.origins.insert(origin.to_ascii_lowercase());
        })
    }

    /// Allows every origin. With [`credentials`](Self::credentials) that lets every site act in its visitors' names.
    #[must_use]
    pub fn any_origin(self) -> Self {
        self.with(|rules| rules.any_origin = true)
    }

    /// Allows the origins for which `allows` is true, such as `https://a.example`. May be called again.
    ///
    /// Compare whole hosts: what ends with `example.com` may be `evil-example.com`.
    #[must_use]
    pub fn origin_if(self, allows: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.with(|rules| rules.predicates.push(Arc::new(allows)))
    }

    /// Allows these methods, beside `GET`, `HEAD` and `POST`, for which browsers do not ask. Case-sensitive. May be
    /// called again.
    ///
    /// # Panics
    /// If one is not a token.
    #[must_use]
    pub fn methods<'a>(self, methods: impl IntoIterator<Item = &'a str>) -> Self {
        self.with(|rules| rules.methods.extend(methods))
    }

    /// Allows every method.
    #[must_use]
    pub fn any_method(self) -> Self {
        self.with(|rules| rules.methods = Choice::Any)
    }

    /// Allows these request fields, beside those for which browsers do not ask. A JSON body needs `content-type`. May
    /// be called again.
    ///
    /// # Panics
    /// If one is not a token.
    #[must_use]
    pub fn headers<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.with(|rules| rules.headers.extend(names))
    }

    /// Allows every request field, `authorization` too.
    #[must_use]
    pub fn any_header(self) -> Self {
        self.with(|rules| rules.headers = Choice::Any)
    }

    /// Lets scripts see these response fields, beside those that they may see anyway. May be called again.
    ///
    /// # Panics
    /// If one is not a token.
    #[must_use]
    pub fn expose<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.with(|rules| {
            for name in names {
                push(&mut rules.exposed, token(name));
            }
        })
    }

    /// Lets requests carry cookies and other credentials. The origin is then named in the response: `*` would be
    /// refused by browsers.
    #[must_use]
    pub fn credentials(self) -> Self {
        self.with(|rules| rules.credentials = true)
    }

    /// How long a browser may remember the answer to a preflight; 10 minutes without this. Browsers have limits of
    /// their own.
    #[must_use]
    pub fn max_age(self, max_age: Duration) -> Self {
        self.with(|rules| rules.max_age = max_age)
    }

    /// Lets sites of the public network make requests to this server in a private one, where a preflight asks for that.
    #[must_use]
    pub fn private_network(self) -> Self {
        self.with(|rules| rules.private_network = true)
    }

    /// Denies WebSockets, too, whose `origin` is not allowed: a page of any site may open one, and its handshake has
    /// the visitor's cookies. One without `origin`, which is no browser's, passes.
    #[must_use]
    pub fn websockets(self) -> Self {
        self.with(|rules| rules.websockets = true)
    }
}

impl<A: App> App for Cors<A> {
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        let rules = &self.rules;
        match &scope {
            Scope::Http(http) => {
                if let Some(method) = preflight_method(http) {
                    let response = rules.preflight(http, method).unwrap_or_else(|detail| {
                        let mut refusal = problem(403, detail);
                        response(&mut refusal).into_iter().for_each(|headers| rules.vary(headers, true));
                        refusal
                    });
                    return answer(&scope, send, response).await;
                }
                let allowed = rules.allowed(http);
                let rules = Arc::clone(rules);
                let send = send.map(move |mut event| {
                    if let Some(headers) = response(&mut event) {
                        rules.share(headers, allowed.as_deref());
                    }
                    Some(event)
                });
                self.inner.call(scope, receive, send).await
            }
            Scope::WebSocket(socket) if rules.websockets => {
                let http = socket.http();
                if http.headers().get("origin").is_some() && rules.allowed(http).is_none() {
                    return answer(&scope, send, problem(403, "this origin is not allowed")).await;
                }
                self.inner.call(scope, receive, send).await
            }
            _ => self.inner.call(scope, receive, send).await,
        }
    }

    fn manifest(&self) -> Manifest {
        self.inner.manifest()
    }
}

/// The method that a preflight asks for.
fn preflight_method(http: &HttpScope) -> Option<&[u8]> {
    let is_preflight = *http.method() == Method::Options && http.headers().get("origin").is_some();
    http.headers().get("access-control-request-method").filter(|_| is_preflight)
}

impl Rules {
    /// What `access-control-allow-origin` is to say.
    fn allowed(&self, http: &HttpScope) -> Option<Box<str>> {
        let origin = single(http.headers(), "origin")?;
        let is_allowed =
            self.any_origin || self.origins.contains(origin) || self.predicates.iter().any(|allows| allows(origin));
        is_allowed.then(|| if self.is_public() { "*" } else { origin }.into())
    }

    /// Whether the fields are the same for every origin.
    fn is_public(&self) -> bool {
        self.any_origin && !self.credentials
    }

    fn vary(&self, headers: &mut Headers, is_preflight: bool) {
        if !self.is_public() {
            vary(headers, "origin");
        }
        if is_preflight {
            vary(headers, "access-control-request-method");
            vary(headers, "access-control-request-headers");
        }
    }

    /// Adds the fields that every response has.
    fn share(&self, headers: &mut Headers, allowed: Option<&str>) {
        self.vary(headers, false);
        let Some(allowed) = allowed else { return };
        self.allow(headers, allowed);
        if !self.exposed.is_empty() {
            headers.set("access-control-expose-headers", self.exposed.as_bytes());
        }
    }

    fn allow(&self, headers: &mut Headers, allowed: &str) {
        headers.set("access-control-allow-origin", allowed.as_bytes());
        if self.credentials {
            headers.set("access-control-allow-credentials", b"true");
        }
    }

    /// The answer to a preflight, or what is not allowed.
    fn preflight(&self, http: &HttpScope, method: &[u8]) -> Result<Outgoing, &'static str> {
        let allowed = self.allowed(http).ok_or("this origin is not allowed")?;
        let mut headers = Headers::new();
        self.allow(&mut headers, &allowed);

        // Browsers allow these three whatever the answer is.
        let asked: &[&[u8]] = if matches!(method, b"GET" | b"HEAD" | b"POST") { &[] } else { &[method] };
        let methods = self.methods.choose(asked, |own, asked| own == asked);
        let methods = methods.ok_or("this method is not allowed")?;
        if !methods.is_empty() {
            headers.push("access-control-allow-methods", methods.as_bytes());
        }
        let asked = http.headers().get_all("access-control-request-headers").flat_map(field::list);
        let names = self.headers.choose(&asked.collect::<Vec<_>>(), <[u8]>::eq_ignore_ascii_case);
        let names = names.ok_or("a header field is not allowed")?;
        if !names.is_empty() {
            headers.push("access-control-allow-headers", names.as_bytes());
        }
        if http.headers().get("access-control-request-private-network") == Some(b"true") {
            if !self.private_network {
                return Err("a request from the public network is not allowed");
            }
            headers.push("access-control-allow-private-network", b"true");
        }
        headers.push("access-control-max-age", self.max_age.as_secs().to_string().as_bytes());
        self.vary(&mut headers, true);
        Ok(Outgoing::Response { status: 204, headers, body: Default::default() })
    }
}

impl Choice {
    fn extend<'a>(&mut self, more: impl IntoIterator<Item = &'a str>) {
        let names = more.into_iter().map(|name| token(name).to_owned());
        match self {
            Self::Any => names.for_each(drop),
            Self::These(own) => own.extend(names),
        }
    }

    /// What to allow where `asked` is asked for; `None` where some of that is not.
    fn choose(&self, asked: &[&[u8]], is: impl Fn(&[u8], &[u8]) -> bool) -> Option<String> {
        let mut list = String::new();
        match self {
            // With credentials `*` is no wildcard, and it never has `authorization`.
            Self::Any => {
                for name in asked {
                    let name = std::str::from_utf8(name).ok().filter(|name| field::is_token(name.as_bytes()))?;
                    push(&mut list, name);
                }
            }
            Self::These(own) => {
                if !asked.iter().all(|asked| own.iter().any(|own| is(own.as_bytes(), asked))) {
                    return None;
                }
                own.iter().for_each(|own| push(&mut list, own));
            }
        }
        Some(list)
    }
}

fn push(list: &mut String, member: &str) {
    if !list.is_empty() {
        list.push_str(", ");
    }
    list.push_str(member);
}

#[track_caller]
fn token(name: &str) -> &str {
    assert!(field::is_token(name.as_bytes()), "{name:?} is not a token");
    name
}

#[cfg(test)]
mod tests {
    use super::super::trial::{self, hello};
    use super::*;
    use transom::memory::{self, Outcome};

    const A: &str = "https://a.example";

    fn ask(app: impl App, method: &str, fields: &[(&str, &str)]) -> Outcome {
        let script = memory::http(method, "/");
        fields.iter().fold(script, |script, (name, value)| script.header(name, value)).run(app)
    }

    fn vary_of(outcome: &Outcome) -> Vec<&[u8]> {
        outcome.headers().unwrap().get_all("vary").collect()
    }

    #[test]
    fn origins() {
        let exact = || Cors::new(hello).origin(A).origin("null");
        let predicate = || Cors::new(hello).origin_if(|origin| origin.ends_with(".example"));
        let any = || Cors::new(hello).any_origin();
        type Row = (Outcome, Option<&'static str>, bool);
        let origin = |origin| [("origin", origin)];
        let rows: Vec<Row> = vec![
            (ask(exact(), "GET", &origin(A)), Some(A), true),
            (ask(exact(), "POST", &origin("null")), Some("null"), true),
            (ask(exact(), "GET", &origin("https://b.example")), None, true),
            (ask(exact(), "GET", &origin("http://a.example")), None, true),
            (ask(exact(), "GET", &origin("https://a.example.evil")), None, true),
            (ask(exact(), "GET", &[("origin", A), ("origin", A)]), None, true),
            (ask(exact(), "GET", &[]), None, true),
            (ask(predicate(), "GET", &origin(A)), Some(A), true),
            (ask(predicate(), "GET", &origin("https://a.other")), None, true),
            (ask(any(), "GET", &origin(A)), Some("*"), false),
            (ask(any(), "GET", &[]), None, false),
            (ask(any().credentials(), "GET", &origin(A)), Some(A), true),
            (ask(any().credentials(), "GET", &[]), None, true),
        ];
        for (number, (outcome, allowed, varies)) in rows.iter().enumerate() {
            assert_eq!(outcome.header("access-control-allow-origin"), *allowed, "row {number}");
            assert_eq!(vary_of(outcome), if *varies { vec![&b"origin"[..]] } else { vec![] }, "row {number}");
            assert_eq!(outcome.body(), b"hello");
        }
        assert_eq!(rows[11].0.header("access-control-allow-credentials"), Some("true"));
        assert_eq!(rows[0].0.header("access-control-allow-credentials"), None);
    }

    #[test]
    #[should_panic(expected = "is not an origin")]
    fn an_origin_has_no_path() {
        let _ = Cors::new(hello).origin("https://a.example/");
    }

    #[test]
    fn preflights() {
        let some = || Cors::new(hello).origin(A).methods(["PUT", "DELETE"]).headers(["X-One", "x-two"]);
        let any = || Cors::new(hello).any_origin().any_method().any_header();
        const METHOD: &str = "access-control-request-method";
        const HEADERS: &str = "access-control-request-headers";
        const ORIGIN: (&str, &str) = ("origin", A);
        let lists = |outcome: &Outcome| {
            let field = |name| outcome.header(name).map(str::to_owned);
            (field("access-control-allow-methods"), field("access-control-allow-headers"))
        };
        let own = (Some("PUT, DELETE".into()), Some("X-One, x-two".into()));
        for (fields, expected) in [
            (vec![ORIGIN, (METHOD, "PUT"), (HEADERS, "x-one,X-TWO")], Some(own.clone())),
            (vec![ORIGIN, (METHOD, "GET")], Some(own.clone())),
            (vec![ORIGIN, (METHOD, "PUT"), (HEADERS, "x-one"), (HEADERS, "x-three")], None),
            (vec![ORIGIN, (METHOD, "put")], None),
            (vec![ORIGIN, (METHOD, "PATCH")], None),
            (vec![("origin", "https://b.example"), (METHOD, "PUT")], None),
        ] {
            let outcome = ask(some(), "OPTIONS", &fields);
            assert_eq!(outcome.status(), Some(if expected.is_some() { 204 } else { 403 }), "{fields:?}");
            let refused = outcome.headers().unwrap().iter().all(|field| !field.0.starts_with("access-control"));
            assert_eq!(refused, expected.is_none(), "{fields:?}");
            assert_eq!(expected.unwrap_or_default(), lists(&outcome), "{fields:?}");
            assert_eq!(vary_of(&outcome), [&b"origin"[..], METHOD.as_bytes(), HEADERS.as_bytes()]);
        }
        let outcome = ask(any(), "OPTIONS", &[ORIGIN, (METHOD, "BREW"), (HEADERS, "authorization,x")]);
        assert_eq!(lists(&outcome), (Some("BREW".into()), Some("authorization, x".into())));
        assert_eq!(outcome.header("access-control-allow-origin"), Some("*"));
        assert_eq!(outcome.header("access-control-max-age"), Some("600"));
        let injected = ask(any(), "OPTIONS", &[ORIGIN, (METHOD, "A B")]);
        assert_eq!(injected.status(), Some(403));
        // Without a method, or without an origin, it is no preflight.
        assert_eq!(ask(some(), "OPTIONS", &[ORIGIN]).body(), b"hello");
        assert_eq!(ask(some(), "OPTIONS", &[(METHOD, "PUT")]).body(), b"hello");
    }

    #[test]
    fn private_networks_are_asked_for() {
        let fields = [
            ("origin", A),
            ("access-control-request-method", "GET"),
            ("access-control-request-private-network", "true"),
        ];
        assert_eq!(ask(Cors::new(hello).origin(A), "OPTIONS", &fields).status(), Some(403));
        let outcome = ask(Cors::new(hello).origin(A).private_network(), "OPTIONS", &fields);
        assert_eq!(outcome.header("access-control-allow-private-network"), Some("true"));
    }

    #[test]
    fn what_the_application_set_is_replaced() {
        let twice = Cors::new(Cors::new(hello).any_origin()).origin(A).expose(["etag", "x-a"]);
        let outcome = ask(twice, "GET", &[("origin", A)]);
        let headers = outcome.headers().unwrap();
        assert_eq!(headers.get_all("access-control-allow-origin").collect::<Vec<_>>(), [A.as_bytes()]);
        assert_eq!(outcome.header("access-control-expose-headers"), Some("etag, x-a"));
    }

    #[test]
    fn websockets_of_other_sites_are_denied_where_that_is_asked_for() {
        let run = |app: Cors<_>, origin: &str| {
            let outcome = memory::websocket("/").close(1000, "").header("origin", origin).run(app);
            outcome.is_accepted()
        };
        let strict = || Cors::new(trial::everything).origin(A).websockets();
        assert!(run(strict(), A) && !run(strict(), "https://b.example"));
        assert!(run(Cors::new(trial::everything).origin(A), "https://b.example"));
        assert!(memory::websocket("/").close(1000, "").run(strict()).is_accepted());
    }

    #[test]
    fn keeps_the_contract() {
        trial::layer(&[("origin", A)], |app| Cors::new(app).origin(A).credentials().websockets());
        trial::layer(&[("origin", A), ("access-control-request-method", "PUT")], |app| Cors::new(app).origin(A));
    }
}
