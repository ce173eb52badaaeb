use super::lifespan::Lifespan;
use super::redirects::Redirects;
use super::shared::{Settings, Shared};
use super::uri::Uri;
use super::{Client, Error};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use transom::lint::lint;
use transom::{App, BoxApp, Capabilities, Headers, ServerInfo};

/// A client that is being put together: awaiting it starts the application. Made by [`Client::new`].
///
/// ```
/// # use transom::{Error, Outgoing, Receiver, Scope, Sender};
/// # async fn app(_: Scope, _: Receiver, mut send: Sender) -> Result<(), Error> { Err(Error::unsupported()) }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), transom_web::client::Error> {
/// use transom_web::client::Client;
///
/// let client = Client::new(app).https(true).header("accept-language", "de").answer_failures(true).await?;
/// assert_eq!(client.get("/").send().await?.status(), 501);
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing happens before it is awaited"]
pub struct ClientBuilder {
    app: BoxApp,
    settings: Settings,
}

/// All that the memory has, but tunnels.
const CAPABILITIES: Capabilities = Capabilities::INFORMATIONAL
    .union(Capabilities::TRAILERS)
    .union(Capabilities::FILE)
    .union(Capabilities::FULL_DUPLEX)
    .union(Capabilities::WEBSOCKET_CONTROL)
    .union(Capabilities::WEBSOCKET_DENIAL)
    .union(Capabilities::CLOSED_WATCH);

impl ClientBuilder {
    pub(super) fn new(app: impl App) -> Self {
        let settings = Settings {
            lint: false,
            answer_failures: false,
            https: false,
            host: "testserver".into(),
            root_path: String::new(),
            address: SocketAddr::from(([127, 0, 0, 1], 50_000)),
            headers: Headers::new(),
            redirects: Redirects::default(),
            capabilities: CAPABILITIES,
            high_water: 64 << 10,
            grace: Duration::from_secs(30),
        };
        Self { app: BoxApp::new(app), settings }
    }

    /// Whether the application is checked by [`transom::lint`]: what breaks the contract then panics, and is a failure
    /// of the application like others.
    pub fn lint(mut self, lint: bool) -> Self {
        self.settings.lint = lint;
        self
    }

    /// Whether an application that fails is answered for, as by a server: with 500 or 501, or by cutting the response
    /// off or closing the socket with 1011. By default the failure is an [`Error::Application`].
    pub fn answer_failures(mut self, answer: bool) -> Self {
        self.settings.answer_failures = answer;
        self
    }

    /// Whether requests come over TLS where their URL does not say.
    pub fn https(mut self, https: bool) -> Self {
        self.settings.https = https;
        self
    }

    /// The host, with its port if need be, of requests whose URL has none; `testserver` by default.
    pub fn host(mut self, host: &str) -> Self {
        self.settings.host = host.into();
        self
    }

    /// The path under which a proxy publishes the application: it comes in front of targets that lack it, and the
    /// application is mounted there.
    pub fn root_path(mut self, path: &str) -> Self {
        self.settings.root_path = path.strip_suffix('/').unwrap_or(path).into();
        self
    }

    /// The address that the application sees; `127.0.0.1:50000` by default.
    pub fn client_address(mut self, address: SocketAddr) -> Self {
        self.settings.address = address;
        self
    }

    /// Adds a header field to every request that has none of this name.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.settings.headers.push(name, value.as_ref());
        self
    }

    /// What is done about redirects; by default up to 20 are followed.
    pub fn redirects(mut self, redirects: Redirects) -> Self {
        self.settings.redirects = redirects;
        self
    }

    /// What exchanges can do, less what this client cannot; by default everything but tunnels. Pings and pongs are for
    /// an application whose manifest asks for them.
    pub fn capabilities(mut self, capabilities: Capabilities) -> Self {
        // What is in neither is gone from both.
        self.settings.capabilities = capabilities.without(capabilities.without(CAPABILITIES));
        self
    }

    /// How much an application can send that is not read; 64 KiB by default.
    pub fn high_water(mut self, bytes: u64) -> Self {
        self.settings.high_water = bytes;
        self
    }

    /// How long [`Client::close`] waits for calls that run, and then for the application to clean up; 30 seconds by
    /// default.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.settings.grace = grace;
        self
    }

    async fn start(self) -> Result<Client, Error> {
        let Self { app, settings } = self;
        let base = Uri::new(settings.https, &settings.host)?;
        if !settings.root_path.is_empty() && !settings.root_path.starts_with('/') {
            return Err(Error::request("the root path does not begin with /"));
        }
        // APP-10.
        let missing = app.manifest().requires.without(settings.capabilities);
        if !missing.is_empty() {
            return Err(Error::Missing(missing));
        }
        let app = if settings.lint { BoxApp::new(lint(app)) } else { app };
        let software = concat!("transom-web/", env!("CARGO_PKG_VERSION"));
        let server = Arc::new(ServerInfo::new(software, settings.capabilities));
        let lifespan = Lifespan::start(app.clone(), Arc::clone(&server)).await?;
        Ok(Client { shared: Arc::new(Shared::new(settings, base, app, server, lifespan)) })
    }
}

impl IntoFuture for ClientBuilder {
    type Output = Result<Client, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.start())
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
