//! From settings to a server that runs until it is told to stop.

use super::failure::Failure;
use super::settings::Settings;
use crate::{AccessLog, Application, Listener, ServeError, Server};
use std::io::{self, Write};
use std::num::NonZero;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use transom::Address;

/// Serves `app`, called `name`, until a signal stops it.
pub(super) fn run(name: &str, app: Application, settings: Settings) -> Result<(), Failure> {
    let Settings { binds, listen, mut config, access_log, .. } = settings;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Startup(format!("cannot start: {error}")))?;
    let access_log = access_log
        .map(AccessLog::to_stdout)
        .transpose()
        .map_err(|error| Failure::Startup(format!("cannot start the access log: {error}")))?;
    config.access_log = access_log.clone();

    let result = runtime.block_on(async {
        // First of all, so that a signal never meets a process that listens and does not handle it.
        let signals = Signals::new().map_err(|error| Failure::Startup(format!("cannot handle signals: {error}")))?;
        let mut listeners = Vec::new();
        for bind in &binds {
            listeners.extend(Listener::bind(bind, &listen).map_err(|error| Failure::Startup(error.to_string()))?);
        }
        let places = places(name, config.workers, &listeners);
        until_stopped(Server::new(app, config), listeners, &places, signals).await
    });
    // A blocking call that goes on must not hold up the end of the process.
    runtime.shutdown_background();
    // A server that stopped in order has done so; one that was dropped has not.
    if let (Err(Failure::Forced), Some(log)) = (&result, access_log) {
        log.flush();
    }
    result
}

/// The first signal stops the server in order; the second drops it, and with it everything that it runs.
async fn until_stopped(
    server: Server,
    listeners: Vec<Listener>,
    places: &str,
    mut signals: Signals,
) -> Result<(), Failure> {
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = server.serve(listeners, async {
        // The server begins to wait for its stop when it is up. What was started goes on without a standard error.
        let _ = io::stderr().write_all(places.as_bytes());
        // Either way it is time.
        let _ = stopped.await;
    });
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        result = &mut serving => return result.map_err(Failure::from),
        name = signals.next() => tracing::info!("{name}: stopping; once more to drop what is running"),
    }
    drop(stop);
    tokio::select! {
        // What has ended is not dropped.
        biased;
        result = &mut serving => result.map_err(Failure::from),
        _ = signals.next() => Err(Failure::Forced),
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        if error.is_startup() { Self::Startup(error.to_string()) } else { Self::Running(error.to_string()) }
    }
}

/// Says where `name` is served, a line for each listener.
fn places(name: &str, workers: usize, listeners: &[Listener]) -> String {
    let workers = NonZero::new(workers).or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZero::get);
    let plural = if workers == 1 { "" } else { "s" };
    let version = env!("CARGO_PKG_VERSION");
    let line = |listener: &Listener| {
        let place = match listener.address() {
            Address::Ip(address) => format!("http://{address}"),
            other => other.to_string(),
        };
        format!("transom {version} serving {name} on {place} ({workers} worker{plural})\n")
    };
    listeners.iter().map(line).collect()
}

/// The signals that stop a server.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// The next one's name.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}
