use crate::accept::{Destination, accept};
use crate::application::Application;
use crate::blocking::Pool;
use crate::config::{Config, Runtime};
use crate::lifespan::{Lifespan, Started};
use crate::listener::Listener;
use crate::threads::Threads;
use crate::worker::{Shared, Worker, capabilities};
use std::fmt;
use std::future::Future;
use std::io;
use std::num::NonZero;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use transom::{Capabilities, ServerInfo, field};

/// A server for one application.
///
/// ```
/// use transom::{Error, Headers, Outgoing, Receiver, Scope, Sender};
/// use transom_server::{Application, Bind, Config, ListenOptions, Listener, Server};
///
/// async fn app(scope: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
///     let Scope::Http(_) = scope else { return Err(Error::unsupported()) };
///     send.send(Outgoing::Response { status: 204, headers: Headers::new(), body: "".into() }).await?;
///     Ok(())
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let listeners = Listener::bind(&"127.0.0.1:0".parse()?, &ListenOptions::default())?;
/// println!("listening on {}", listeners[0].address());
/// let stop = async { /* until it is time to stop */ };
/// Server::new(Application::new(app), Config::default()).serve(listeners, stop).await?;
/// # Ok::<_, Box<dyn std::error::Error>>(()) })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Server {
    application: Application,
    config: Config,
}

/// Why a server did not come up, or did not end well.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServeError {
    /// Something in the [`Config`] cannot be: a root path that does not begin with a slash, a field that is not valid.
    Configuration(String),
    /// The application requires what this server does not have.
    Unsupported(Capabilities),
    /// The application failed to start up, with its reason.
    Startup(String),
    /// A thread or a runtime could not be made.
    System(io::Error),
    /// The application's lifespan call failed while the server ran or drained; it has stopped.
    Running(String),
    /// The application failed to clean up.
    Shutdown(String),
}

impl ServeError {
    /// Whether no request was served.
    pub fn is_startup(&self) -> bool {
        matches!(self, Self::Configuration(_) | Self::Unsupported(_) | Self::Startup(_) | Self::System(_))
    }
}

impl Server {
    /// A server that is not running yet.
    pub fn new(application: Application, config: Config) -> Self {
        Self { application, config }
    }

    /// Serves until `stop` completes and everything is drained: running calls end, up to the grace; those that are
    /// left are dropped; then the application cleans up. A future that is dropped drops everything at once.
    ///
    /// `stop` is polled for the first time when the application is ready and connections are accepted.
    ///
    /// Runs on any tokio runtime that has time and I/O enabled; connections have threads of their own. When the
    /// application's lifespan call fails meanwhile, the server stops as if `stop` had completed.
    ///
    /// # Errors
    /// [`ServeError`]: before anything is accepted for a configuration, an application or a system that does not allow
    /// it; after everything is drained when the lifespan call failed while the server ran, drained or had drained.
    ///
    /// # Panics
    /// On a runtime without time or I/O.
    pub async fn serve(self, listeners: Vec<Listener>, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        let Self { application, mut config } = self;
        check(&config).map_err(ServeError::Configuration)?;
        let missing = application.manifest().requires.without(capabilities(&config));
        if !missing.is_empty() {
            return Err(ServeError::Unsupported(missing));
        }
        if config.workers == 0 {
            config.workers = std::thread::available_parallelism().map_or(1, NonZero::get);
        }
        config.root_path.truncate(config.root_path.trim_end_matches('/').len());
        let (grace, limit, log) = (config.grace, config.lifespan_timeout, config.access_log.clone());

        let info = server_info(&config).map_err(ServeError::System)?;
        let started = Lifespan::start(&application, Arc::clone(&info), limit).await;
        let Started { mut lifespan, state } = started.map_err(ServeError::Startup)?;

        let shared = Arc::new(Shared::new(config, application, info, state));
        let running = Running::start(&shared, listeners).map_err(ServeError::System)?;
        let mut failure = {
            let (mut stop, mut failed) = (pin!(stop), pin!(lifespan.failed()));
            tokio::select! {
                () = &mut stop => None,
                reason = &mut failed => Some(reason),
            }
        };
        lifespan.draining(grace);
        {
            // The application hears of it, and goes on with its own work, while calls come to their end.
            let mut failed = pin!(lifespan.failed());
            let mut drained = pin!(running.stop(grace));
            tokio::select! {
                () = &mut drained => {}
                reason = &mut failed => {
                    failure = Some(reason);
                    drained.await;
                }
            }
        }
        let cleaned = lifespan.shutdown(limit).await;
        if let Some(log) = log {
            log.flush();
        }
        match failure {
            Some(reason) => Err(ServeError::Running(reason)),
            None => cleaned.map_err(ServeError::Shutdown),
        }
    }
}

/// A server that accepts and serves.
struct Running {
    /// Those that run on the runtime of the caller; they end when this is dropped.
    acceptors: JoinSet<()>,
    threads: Threads,
}

impl Running {
    fn start(shared: &Arc<Shared>, listeners: Vec<Listener>) -> io::Result<Self> {
        let count = shared.config.workers;
        let places = places(&shared.config).map(|count| Arc::new(Semaphore::new(count)));
        let mut acceptors = JoinSet::new();
        let threads = match shared.config.runtime {
            Runtime::WorkStealing => {
                let worker = Arc::new(Worker::new(Arc::clone(shared)));
                Threads::stealing(worker, count, listeners, places)?
            }
            Runtime::PerCore if count > 1 => {
                let mut threads = Threads::default();
                let mut destinations = Vec::new();
                for number in 0..count {
                    let worker = Arc::new(Worker::new(Arc::clone(shared)));
                    destinations.push((Arc::clone(&worker), threads.add(worker, number, Vec::new(), None)?));
                }
                let destination = Destination::Fewest(destinations);
                for listener in listeners {
                    acceptors.spawn(accept(listener, destination.clone(), places.clone()));
                }
                threads
            }
            // With one worker there is nothing to choose, so it accepts by itself.
            Runtime::PerCore | Runtime::ReusePort => {
                let mut threads = Threads::default();
                for number in 1..count {
                    let siblings = listeners.iter().map(Listener::sibling).collect::<io::Result<_>>()?;
                    threads.add(Arc::new(Worker::new(Arc::clone(shared))), number, siblings, places.clone())?;
                }
                threads.add(Arc::new(Worker::new(Arc::clone(shared))), 0, listeners, places)?;
                threads
            }
        };
        Ok(Self { acceptors, threads })
    }

    /// Stops accepting, lets what runs come to its end for as long as `grace`, and drops the rest.
    async fn stop(mut self, grace: std::time::Duration) {
        self.acceptors.shutdown().await;
        self.threads.drain();
        if timeout(grace, self.threads.ended()).await.is_err() {
            let left = self.threads.connections();
            if left > 0 {
                tracing::warn!("dropping {left} connections after the grace of {grace:?}");
            }
            self.threads.abort();
            self.threads.ended().await;
        }
    }
}

/// What would otherwise show on the wire, in every response.
fn check(config: &Config) -> Result<(), String> {
    let root = &config.root_path;
    if !root.is_empty() && !root.starts_with('/') {
        return Err(format!("the root path '{root}' does not begin with a slash"));
    }
    let server = config.server_header.iter().map(|value| ("server", value.as_bytes()));
    for (name, value) in server.chain(&config.headers) {
        if !field::is_token(name.as_bytes()) || !field::is_value(value) {
            return Err(format!("the field '{}: {}' is not valid", name.escape_debug(), value.escape_ascii()));
        }
    }
    Ok(())
}

fn server_info(config: &Config) -> io::Result<Arc<ServerInfo>> {
    let software = concat!("transom-server/", env!("CARGO_PKG_VERSION"));
    let mut info = ServerInfo::new(software, capabilities(config));
    info.blocking = Some(Arc::new(Pool::new(config.blocking_threads)?));
    Ok(Arc::new(info))
}

/// How many connections may be open: by the configuration, or what the limit of descriptors leaves when the application
/// has a share for its files, databases and clients.
fn places(config: &Config) -> Option<usize> {
    if let Some(connections) = config.limits.connections {
        return Some(connections);
    }
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current?;
    let limit = usize::try_from(limit).ok()?.min(Semaphore::MAX_PERMITS);
    Some((limit - (limit / 10).clamp(32, 1024).min(limit / 2)).max(1))
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration(what) => write!(f, "the configuration is not valid: {what}"),
            Self::Unsupported(missing) => write!(f, "the application requires what this server lacks: {missing}"),
            Self::Startup(reason) => write!(f, "the application failed to start: {reason}"),
            Self::System(error) => write!(f, "cannot start: {error}"),
            Self::Running(reason) => write!(f, "stopped because the application's lifespan failed: {reason}"),
            Self::Shutdown(reason) => write!(f, "the application failed to clean up: {reason}"),
        }
    }
}

impl std::error::Error for ServeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::System(error) => Some(error),
            _ => None,
        }
    }
}
