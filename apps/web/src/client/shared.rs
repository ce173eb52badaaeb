//! What every request of a client needs.

use super::Error;
use super::call::{Fate, Watched};
use super::calls::{Aside, Calls};
use super::exchange::Exchange;
use super::jar::Jar;
use super::lifespan::Lifespan;
use super::redirects::Redirects;
use super::uri::Uri;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use transom::memory::{Peer, Script};
use transom::{Address, App, BoxApp, Capabilities, Connection, Head, Headers, Scheme, ServerInfo, TlsInfo, field};

const AGENT: &str = concat!("transom-web/", env!("CARGO_PKG_VERSION"));

/// All that a client can be told.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) lint: bool,
    pub(super) answer_failures: bool,
    pub(super) https: bool,
    pub(super) host: String,
    pub(super) root_path: String,
    pub(super) address: SocketAddr,
    pub(super) headers: Headers,
    pub(super) redirects: Redirects,
    pub(super) capabilities: Capabilities,
    pub(super) high_water: u64,
    pub(super) grace: Duration,
}

pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) base: Uri,
    pub(super) calls: Calls,
    pub(super) lifespan: Lifespan,
    app: BoxApp,
    server: Arc<ServerInfo>,
    jar: Mutex<Jar>,
    connections: AtomicU64,
}

impl Shared {
    pub(super) fn new(settings: Settings, base: Uri, app: BoxApp, server: Arc<ServerInfo>, lifespan: Lifespan) -> Self {
        let (calls, jar, connections) = (Calls::new(), Mutex::default(), AtomicU64::new(1));
        Self { settings, base, calls, lifespan, app, server, jar, connections }
    }

    pub(super) fn jar(&self) -> MutexGuard<'_, Jar> {
        // Nothing of it is left half-changed.
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The target as the server gives it: the root path comes in front where it is not there (PATH-8).
    pub(super) fn target(&self, uri: &Uri) -> String {
        let root = &self.settings.root_path;
        let is_below =
            uri.target.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
        if is_below || !uri.target.starts_with('/') { uri.target.clone() } else { format!("{root}{}", uri.target) }
    }

    /// The fields of a request to `uri`: what there always is, `own`, and the cookies, where `own` has none.
    pub(super) fn headers(&self, uri: &Uri, own: &Headers, cookies: &[(String, String)]) -> Headers {
        let mut headers: Headers =
            [("host", &*uri.authority), ("accept", "*/*"), ("user-agent", AGENT)].into_iter().collect();
        for level in [&self.settings.headers, own] {
            for (name, _) in level {
                headers.remove(name);
            }
            headers.extend(level);
        }
        let mut all = self.jar().cookies(uri);
        all.retain(|(name, _)| !cookies.iter().any(|(other, _)| other == name));
        all.extend_from_slice(cookies);
        if !all.is_empty() && headers.get("cookie").is_none() {
            let pairs: Vec<String> = all.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
            headers.push("cookie", pairs.join("; ").as_bytes());
        }
        headers
    }

    /// Begins the call that `script` is about.
    pub(super) fn begin<S>(
        self: &Arc<Self>,
        mut script: Script<S>,
        uri: &Uri,
        headers: &Headers,
        capabilities: Capabilities,
        aside: impl FnOnce(Peer) -> Option<Aside>,
    ) -> Result<Exchange, Error> {
        if self.calls.is_stopping() {
            return Err(Error::Stopped);
        }
        for (name, value) in headers {
            if !field::is_token(name.as_bytes()) || !field::is_value(value) {
                return Err(Error::request(format!("the header field {name}")));
            }
            script = script.header(name, value);
        }
        if !self.settings.root_path.is_empty() && uri.target.starts_with('/') {
            script = script.mount(&self.settings.root_path);
        }
        let port = if uri.https { 443 } else { 80 };
        let script = script
            .high_water(self.settings.high_water)
            .capabilities(capabilities)
            .head(|head: &mut Head| head.scheme = if uri.https { Scheme::Https } else { Scheme::Http })
            .connection(|connection| {
                let (client, server) = (self.settings.address, SocketAddr::from(([127, 0, 0, 1], port)));
                let id = self.connections.fetch_add(1, Ordering::Relaxed);
                let (client, server) = (Address::Ip(client), Address::Ip(server));
                let state = self.lifespan.state().clone();
                *connection = Connection::new(id, client, server, state, Arc::clone(&self.server));
                connection.tls = uri.https.then(TlsInfo::default);
            });
        let fate = Arc::new(Fate::default());
        let call = script.start(Watched { app: self.app.clone(), fate: Arc::clone(&fate) });
        let peer = call.peer();
        self.calls.spawn(call, aside(peer.clone()), Arc::clone(&fate));
        Ok(Exchange::new(peer, fate, Arc::clone(self)))
    }

    /// What an exchange can do. Pings and pongs are for those who ask for them.
    pub(super) fn capabilities(&self, is_websocket: bool) -> Capabilities {
        let manifest = self.app.manifest();
        let control = Capabilities::WEBSOCKET_CONTROL;
        let is_wanted = is_websocket && manifest.wants.union(manifest.requires).contains(control);
        let capabilities = self.settings.capabilities;
        if is_wanted { capabilities } else { capabilities.without(control) }
    }
}
