//! Servers, looked at from both ends: from the application and from the wire.

mod check;
mod checks;
mod client;
mod events;
mod probe;
mod report;
mod stage;

pub use check::Check;
use check::Fault;
pub use checks::checks;
use client::Client;
pub use report::{Outcome, Row, ServerReport};
use stage::{Stage, Traits};
use std::fmt;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use transom::lint::{Blame, Reports};
use transom::{BoxApp, Error, Receiver, Scope, Sender};

/// Any error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

type Start = dyn Fn(BoxApp) -> Result<Running, BoxError> + Send + Sync;

/// Holds a server to the contract: `start` loads an application into it, on a port of its own, and is called for each
/// of the [`checks`].
///
/// ```no_run
/// # mod my_server {
/// #     pub struct Handle;
/// #     impl Handle {
/// #         pub fn address(&self) -> std::net::SocketAddr { unimplemented!() }
/// #         pub fn stop_and_wait(self) -> Result<(), std::io::Error> { unimplemented!() }
/// #     }
/// #     pub fn spawn(_: impl transom::App, _: &str) -> Result<Handle, std::io::Error> { unimplemented!() }
/// # }
/// let report = transom_conformance::server(|app| {
///     let server = my_server::spawn(app, "127.0.0.1:0")?;
///     Ok(transom_conformance::Running::new(server.address(), move || Ok(server.stop_and_wait()?)))
/// })
/// .run();
/// println!("{report}");
/// report.assert_ok();
/// ```
pub fn server(start: impl Fn(BoxApp) -> Result<Running, BoxError> + Send + Sync + 'static) -> Server {
    Server {
        start: Arc::new(start),
        patience: Duration::from_secs(10),
        limits: Limits::default(),
        root_path: None,
        half_close: false,
        only: None,
    }
}

/// A check of a server. Made by [`server`].
///
/// The server is to speak HTTP/1.1 without TLS. What it need not have, and has not, is skipped.
pub struct Server {
    start: Arc<Start>,
    patience: Duration,
    limits: Limits,
    root_path: Option<String>,
    half_close: bool,
    only: Option<Vec<String>>,
}

/// A server that runs.
pub struct Running {
    address: SocketAddr,
    stop: Box<dyn FnOnce() -> Result<(), BoxError> + Send>,
}

impl Running {
    /// One that listens at `address`. `stop` begins the stop, waits for the end and says whether that is a success:
    /// also the end of one that stopped by itself. It is called once, on any thread.
    pub fn new(address: SocketAddr, stop: impl FnOnce() -> Result<(), BoxError> + Send + 'static) -> Self {
        Self { address, stop: Box::new(stop) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it, waits for its end, and says whether that is a success.
    ///
    /// # Errors
    /// What it says itself.
    pub fn stop(self) -> Result<(), BoxError> {
        (self.stop)()
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("address", &self.address).finish_non_exhaustive()
    }
}

/// What the server was started with, as far as checks are about it.
#[derive(Clone, Copy, Debug, Default)]
struct Limits {
    body: Option<usize>,
    message: Option<usize>,
}

impl Server {
    /// How long to wait for what is to come; 10 seconds without this. It bounds failures alone.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// `start` limits bodies of requests to so many bytes. Some checks send up to 40 MiB: with a limit below that,
    /// run those that are about it [alone](Self::only).
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.limits.body = Some(bytes);
        self
    }

    /// WebSocket messages have a limit of so many bytes, by default or because `start` says so.
    #[must_use]
    pub fn message_limit(mut self, bytes: usize) -> Self {
        self.limits.message = Some(bytes);
        self
    }

    /// `start` tells the server that a proxy publishes the application under this path (PATH-8), which begins with `/`
    /// and does not end with one. Other checks expect that there is none: run the one that is about it
    /// [alone](Self::only).
    #[must_use]
    pub fn root_path(self, path: &str) -> Self {
        Self { root_path: Some(path.into()), ..self }
    }

    /// `start` tells the server to serve peers that close their sending side (DISC-4).
    #[must_use]
    pub fn half_close(self) -> Self {
        Self { half_close: true, ..self }
    }

    /// These checks alone.
    #[must_use]
    pub fn only<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Self {
        Self { only: Some(names.into_iter().map(Into::into).collect()), ..self }
    }

    /// Does it.
    pub fn run(self) -> ServerReport {
        let mut stage = Stage {
            start: self.start,
            patience: self.patience,
            limits: self.limits,
            root_path: self.root_path,
            half_close: self.half_close,
            traits: Traits::default(),
            reports: Reports::new(),
        };
        let found = traits(&stage);
        let mut report = ServerReport::default();
        for check in checks() {
            if self.only.as_ref().is_some_and(|only| !only.iter().any(|name| name == check.name)) {
                continue;
            }
            let outcome = match &found {
                Ok(traits) => {
                    stage.traits = *traits;
                    play(check, &stage)
                }
                Err(error) => Outcome::Failed(error.clone()),
            };
            report.add(check, outcome);
        }
        report
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("patience", &self.patience)
            .field("limits", &self.limits)
            .field("root_path", &self.root_path)
            .field("half_close", &self.half_close)
            .field("only", &self.only)
            .finish_non_exhaustive()
    }
}

fn play(check: &Check, stage: &Stage) -> Outcome {
    let checked = catch_unwind(AssertUnwindSafe(|| (check.run)(stage)));
    let reports = stage.reports.take();
    let of_server = reports.iter().find(|report| report.blame == Blame::Server);
    match (checked, of_server) {
        (Err(_), _) => Outcome::Failed("the check panicked".into()),
        (Ok(Err(Fault::Skipped(reason))), _) => Outcome::Skipped(reason),
        (Ok(Err(Fault::Failed(reason))), None) => Outcome::Failed(reason),
        (Ok(Err(Fault::Failed(reason))), Some(report)) => Outcome::Failed(format!("{reason} ({report})")),
        (Ok(Ok(())), Some(report)) => Outcome::Failed(report.to_string()),
        (Ok(Ok(())), None) => Outcome::Ok,
    }
}

/// Asks the server what it has.
fn traits(stage: &Stage) -> Result<Traits, String> {
    let found = || -> Result<Traits, BoxError> {
        let (tell, told) = mpsc::channel();
        let app = move |scope: Scope, _receive: Receiver, mut send: Sender| {
            let (http, websocket) = match &scope {
                Scope::Http(http) => (Some(http), false),
                Scope::WebSocket(socket) => (Some(socket.http()), true),
                _ => (None, false),
            };
            let capabilities = http.map(|http| http.connection().server_info.capabilities);
            let told = capabilities.is_some_and(|capabilities| tell.send(Traits { capabilities, websocket }).is_ok());
            async move { if told { Ok(send.send(events::respond("")).await?) } else { Err(Error::unsupported()) } }
        };
        let running = (stage.start)(BoxApp::new(app))?;
        let mut traits = Traits::default();
        for request in [events::GET, checks::HANDSHAKE] {
            Client::connect(running.address, stage.patience)?.ask(request)?;
            traits = told.recv_timeout(stage.patience)?;
        }
        running.stop()?;
        Ok(traits)
    };
    found().map_err(|error| format!("the server does not serve: {error}"))
}
