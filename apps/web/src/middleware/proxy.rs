use super::forwarded::{self, Hop};
use super::head::request_mut;
use super::host::Host;
use super::network::Network;
use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use transom::{Address, App, Error, Headers, HttpScope, Manifest, Receiver, Scheme, Scope, Sender};

/// Who made a request and how, as far as trusted proxies tell: what a [`Proxy`] leaves in the scope's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The client's address; `None` where nobody knows it, as on a Unix socket. IPv4 addresses are never written as
    /// IPv6.
    pub address: Option<IpAddr>,
    /// The scheme that the client used.
    pub scheme: Scheme,
    /// The host, with its port, that the client asked for; `None` where only the request itself says that.
    pub host: Option<Arc<str>>,
}

impl Client {
    /// The client of a request: what a [`Proxy`] found out, or without one the peer of the connection.
    pub fn of(http: &HttpScope) -> Self {
        http.extensions().get::<Self>().cloned().unwrap_or_else(|| Self::peer(http))
    }

    fn peer(http: &HttpScope) -> Self {
        let address = match &http.connection().client {
            Address::Ip(address) => Some(address.ip().to_canonical()),
            _ => None,
        };
        Self { address, scheme: http.scheme(), host: None }
    }
}

/// The client's address, whether or not there is a [`Proxy`] around the application.
///
/// ```
/// use transom::{Error, Outgoing, Receiver, Scope, Sender, memory};
/// use transom_web::middleware::client;
///
/// async fn app(scope: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
///     let Scope::Http(http) = scope else { return Err(Error::unsupported()) };
///     let body = client(&http).map_or("somebody".into(), |address| address.to_string()).into();
///     Ok(send.send(Outgoing::Response { status: 200, headers: Default::default(), body }).await?)
/// }
/// assert_eq!(memory::http("GET", "/").run(app).body(), b"127.0.0.1");
/// ```
pub fn client(http: &HttpScope) -> Option<IpAddr> {
    Client::of(http).address
}

/// Finds out who the client is behind proxies that are trusted, and leaves that as [`Client`] for those further in.
///
/// ```
/// use transom::{Error, Outgoing, Receiver, Scope, Sender, memory};
/// use transom_web::middleware::{Client, Proxy};
///
/// async fn app(scope: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
///     let Scope::Http(http) = scope else { return Err(Error::unsupported()) };
///     let Client { address, scheme, .. } = Client::of(&http);
///     let body = format!("{} {}", scheme.as_str(), address.ok_or("nobody")?).into();
///     Ok(send.send(Outgoing::Response { status: 200, headers: Default::default(), body }).await?)
/// }
/// let app = Proxy::new(app).trust("127.0.0.1".parse()?).trust("10.0.0.0/8".parse()?);
/// let outcome = memory::http("GET", "/")
///     .header("x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.0.0.7")
///     .header("x-forwarded-proto", "https")
///     .run(app);
/// // 6.6.6.6 is what the client says of itself.
/// assert_eq!(outcome.body(), b"https 203.0.113.9");
/// # Ok::<(), transom_web::middleware::BadNetwork>(())
/// ```
///
/// Nothing is believed until a peer is trusted. From one that is not, the fields are removed from the scope, so that
/// nobody further in believes them. From one that is, `x-forwarded-for` is read from its end: each proxy has appended
/// the address that it was called from. The first that is not trusted is the client; if all are, the one in front. What
/// is not an address ends the walk there, and the client is the last one that was found.
///
/// `x-forwarded-proto` may be one value, or one for each proxy; then it is that of the proxy which the client called.
/// `x-forwarded-host` is read in the same way, and only if it is asked for ([`host`](Self::host)), since many proxies
/// let the client's own pass.
pub struct Proxy<A> {
    inner: A,
    networks: Vec<Network>,
    unix: bool,
    host: bool,
    rfc7239: bool,
}

impl<A: App> Proxy<A> {
    /// Around `app`; trusts nobody so far.
    pub fn new(app: A) -> Self {
        Self { inner: app, networks: Vec::new(), unix: false, host: false, rfc7239: false }
    }

    /// Trusts the proxies of this network. May be called again.
    #[must_use]
    pub fn trust(mut self, network: Network) -> Self {
        self.networks.push(network);
        self
    }

    /// Trusts peers on a Unix socket.
    #[must_use]
    pub fn trust_unix(self) -> Self {
        Self { unix: true, ..self }
    }

    /// Takes over the host, too. The trusted proxies have to set it, or to remove what a client sent.
    #[must_use]
    pub fn host(self) -> Self {
        Self { host: true, ..self }
    }

    /// Reads `forwarded` (RFC 7239) in place of the `x-forwarded-` fields. Never both: what a proxy does not set, it
    /// may well let pass.
    #[must_use]
    pub fn rfc7239(self) -> Self {
        Self { rfc7239: true, ..self }
    }

    fn is_trusted(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(address))
    }

    fn is_trusted_peer(&self, peer: &Address) -> bool {
        match peer {
            Address::Ip(address) => self.is_trusted(address.ip()),
            Address::Unix(_) => self.unix,
            _ => false,
        }
    }

    /// The client of a request whose peer is trusted.
    fn find(&self, http: &HttpScope) -> Client {
        let mut client = Client::peer(http);
        let hops = if self.rfc7239 { forwarded(http.headers()) } else { x_forwarded(http.headers()) };
        for hop in hops.iter().rev() {
            client.scheme = hop.proto.as_deref().and_then(scheme).unwrap_or(client.scheme);
            if let Some(host) = hop.host.as_deref().filter(|host| self.host && Host::parse(host).is_some()) {
                client.host = Some(host.into());
            }
            let Some(address) = hop.source.as_deref().and_then(forwarded::address) else { break };
            client.address = Some(address);
            if !self.is_trusted(address) {
                break;
            }
        }
        client
    }
}

/// What the proxies say, the one that the client called first.
fn forwarded(headers: &Headers) -> Vec<Hop<'_>> {
    let fields = headers.get_all("forwarded").map(|value| forwarded::hops(std::str::from_utf8(value).ok()?));
    let fields: Option<Vec<_>> = fields.collect();
    fields.unwrap_or_default().concat()
}

/// As [`forwarded`], of three lists. Those that are shorter are read from their ends; what stands in front holds for
/// the proxies before it.
fn x_forwarded(headers: &Headers) -> Vec<Hop<'_>> {
    let list = |name: &'static str| {
        let values = headers.get_all(name).map(|value| std::str::from_utf8(value).unwrap_or_default());
        values.flat_map(|value| value.split(',')).map(str::trim_ascii).collect::<Vec<_>>()
    };
    let (sources, protos, hosts) = (list("x-forwarded-for"), list("x-forwarded-proto"), list("x-forwarded-host"));
    let count = sources.len().max(usize::from(!protos.is_empty() || !hosts.is_empty()));
    let from_end = |list: &[&'_ str], place: usize| list.len().checked_sub(place + 1);
    (0..count)
        .rev()
        .map(|place| {
            let of = |list: &[_]| from_end(list, place).map(|index| Cow::Borrowed(list[index]));
            Hop { source: of(&sources), proto: of(&protos), host: of(&hosts) }
        })
        .collect()
}

fn scheme(proto: &str) -> Option<Scheme> {
    let is = |scheme| proto.eq_ignore_ascii_case(scheme);
    match () {
        () if is("https") || is("wss") => Some(Scheme::Https),
        () if is("http") || is("ws") => Some(Scheme::Http),
        () => None,
    }
}

const FIELDS: [&str; 4] = ["forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"];

impl<A: App> App for Proxy<A> {
    async fn call(&self, mut scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        let Some(http) = request_mut(&mut scope) else { return self.inner.call(scope, receive, send).await };
        let client = if self.is_trusted_peer(&http.connection().client) {
            self.find(http)
        } else {
            for name in FIELDS {
                // Only then: what is changed is copied first.
                if http.headers().get(name).is_some() {
                    http.headers_mut().remove(name);
                }
            }
            Client::peer(http)
        };
        http.extensions_mut().insert(client);
        self.inner.call(scope, receive, send).await
    }

    fn manifest(&self) -> Manifest {
        self.inner.manifest()
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial;
    use super::*;
    use std::sync::Mutex;
    use transom::{Outgoing, memory};

    /// What the application sees of a request with these fields, from this peer.
    fn seen(layer: impl FnOnce(Proxy<Spy>) -> Proxy<Spy>, peer: Option<&str>, fields: &[(&str, &str)]) -> Seen {
        let spy = Spy::default();
        let client = peer.map_or(Address::Unix(None), |peer| Address::Ip((peer.parse::<IpAddr>().unwrap(), 1).into()));
        let script = memory::http("GET", "/").connection(|connection| connection.client = client);
        let script = fields.iter().fold(script, |script, (name, value)| script.header(name, value));
        let seen = Arc::clone(&spy.0);
        script.run(layer(Proxy::new(spy)));
        let seen = seen.lock().unwrap().take();
        seen.expect("the application was called")
    }

    #[derive(Default)]
    struct Spy(Arc<Mutex<Option<Seen>>>);

    struct Seen {
        client: Client,
        fields: usize,
    }

    impl Seen {
        fn as_text(&self) -> String {
            let Client { address, scheme, host } = &self.client;
            let address = address.map_or("-".into(), |address| address.to_string());
            format!("{address} {} {}", scheme.as_str(), host.as_deref().unwrap_or("-"))
        }
    }

    impl App for Spy {
        async fn call(&self, scope: Scope, _: Receiver, mut send: Sender) -> Result<(), Error> {
            let Scope::Http(http) = scope else { return Err(Error::unsupported()) };
            let fields = FIELDS.iter().filter(|name| http.headers().get(name).is_some()).count();
            *self.0.lock().unwrap() = Some(Seen { client: Client::of(&http), fields });
            Ok(send.send(Outgoing::Response { status: 200, headers: Headers::new(), body: "".into() }).await?)
        }
    }

    fn private(proxy: Proxy<Spy>) -> Proxy<Spy> {
        proxy.trust("10.0.0.0/8".parse().unwrap()).trust("fd00::/8".parse().unwrap())
    }

    #[test]
    fn x_forwarded_fields() {
        const FOR: &str = "x-forwarded-for";
        const PROTO: &str = "x-forwarded-proto";
        const HOST: &str = "x-forwarded-host";
        for (peer, fields, expected) in [
            ("10.0.0.1", &[(FOR, "1.1.1.1")][..], "1.1.1.1 http -"),
            ("10.0.0.1", &[(FOR, "6.6.6.6, 1.1.1.1")], "1.1.1.1 http -"),
            ("10.0.0.1", &[(FOR, "6.6.6.6"), (FOR, "1.1.1.1,10.0.0.2")], "1.1.1.1 http -"),
            ("10.0.0.1", &[(FOR, "10.0.0.3, 10.0.0.2")], "10.0.0.3 http -"),
            ("10.0.0.1", &[(FOR, "1.1.1.1, unknown, 10.0.0.2")], "10.0.0.2 http -"),
            ("10.0.0.1", &[(FOR, "1.1.1.1, ")], "10.0.0.1 http -"),
            ("10.0.0.1", &[(FOR, "[2001:db8::1]:80, fd00::1")], "2001:db8::1 http -"),
            ("::ffff:10.0.0.1", &[(FOR, "::ffff:1.1.1.1")], "1.1.1.1 http -"),
            ("10.0.0.1", &[], "10.0.0.1 http -"),
            ("10.0.0.1", &[(PROTO, "https")], "10.0.0.1 https -"),
            ("10.0.0.1", &[(PROTO, "ftp")], "10.0.0.1 http -"),
            ("10.0.0.1", &[(FOR, "1.1.1.1"), (PROTO, "wss")], "1.1.1.1 https -"),
            // The client's own word for it stands in front.
            ("10.0.0.1", &[(FOR, "1.1.1.1"), (PROTO, "https, http")], "1.1.1.1 http -"),
            ("10.0.0.1", &[(FOR, "1.1.1.1, 10.0.0.2"), (PROTO, "https, http")], "1.1.1.1 https -"),
            ("10.0.0.1", &[(FOR, "1.1.1.1, 10.0.0.2"), (PROTO, "https")], "1.1.1.1 https -"),
            ("10.0.0.1", &[(FOR, "1.1.1.1"), (HOST, "a.example:80")], "1.1.1.1 http a.example:80"),
            ("10.0.0.1", &[(FOR, "1.1.1.1"), (HOST, "a@b")], "1.1.1.1 http -"),
            // `forwarded` is not what the proxy sets.
            ("10.0.0.1", &[("forwarded", "for=6.6.6.6")], "10.0.0.1 http -"),
        ] {
            let seen = seen(|proxy| private(proxy).host(), Some(peer), fields);
            assert_eq!(seen.as_text(), expected, "{fields:?}");
        }
    }

    #[test]
    fn rfc7239() {
        for (value, expected) in [
            ("for=6.6.6.6, for=1.1.1.1;proto=https;host=a.example", "1.1.1.1 https a.example"),
            ("for=1.1.1.1;proto=https, for=\"[fd00::1]\";proto=http", "1.1.1.1 https -"),
            ("for=_hidden;proto=https", "10.0.0.1 https -"),
            ("for=1.1.1.1, for=unknown, for=10.0.0.2", "10.0.0.2 http -"),
            ("for=1.1.1.1, for=\"", "10.0.0.1 http -"),
        ] {
            let fields = [("forwarded", value), ("x-forwarded-for", "6.6.6.6"), ("x-forwarded-proto", "https")];
            let fields = if value.contains("proto") { &fields[..] } else { &fields[..2] };
            let seen = seen(|proxy| private(proxy).host().rfc7239(), Some("10.0.0.1"), fields);
            assert_eq!(seen.as_text(), expected, "{value}");
        }
    }

    #[test]
    fn nobody_is_believed_who_is_not_trusted() {
        let fields = [
            ("x-forwarded-for", "10.0.0.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "evil"),
            ("forwarded", "for=10.0.0.1"),
        ];
        for (seen, expected, left) in [
            (seen(|proxy| proxy, Some("127.0.0.1"), &fields), "127.0.0.1 http -", 0),
            (seen(private, Some("1.1.1.1"), &fields), "1.1.1.1 http -", 0),
            (seen(private, None, &fields), "- http -", 0),
            (seen(|proxy| private(proxy).trust_unix(), None, &fields), "10.0.0.1 https -", 4),
            (seen(|proxy| proxy.trust("0.0.0.0/0".parse().unwrap()), Some("1.1.1.1"), &fields), "10.0.0.1 https -", 4),
        ] {
            assert_eq!((seen.as_text().as_str(), seen.fields), (expected, left));
        }
    }

    #[test]
    fn keeps_the_contract() {
        trial::layer(&[("x-forwarded-for", "1.1.1.1")], |app| Proxy::new(app).trust("127.0.0.1".parse().unwrap()));
        trial::layer(&[("x-forwarded-for", "1.1.1.1")], Proxy::new);
    }
}
