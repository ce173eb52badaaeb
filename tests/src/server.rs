use crate::{Client, PATIENCE};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::thread::{self, JoinHandle};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use transom::lint::{Blame, Reports, lint};
use transom::{Address, App};
use transom_server::{Application, Bind, Config, ListenOptions, Listener, ServeError, Server};

/// A server that runs until this is dropped, on threads of its own, on a port that the system chose.
///
/// Its application is under a lint. A clause that was broken fails the test, when the server has stopped.
#[derive(Debug)]
pub struct Running {
    address: Address,
    reports: Reports,
    /// The application breaks the contract on purpose.
    careless: bool,
    stop: Option<oneshot::Sender<()>>,
    abort: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Option<Result<(), ServeError>>>>,
}

/// A configuration with one worker whose responses have no field that the application did not ask for.
pub fn quiet() -> Config {
    let mut config = Config::default();
    config.workers = 1;
    config.server_header = None;
    config.date_header = false;
    config
}

impl Running {
    /// Serves `app` on 127.0.0.1.
    pub fn start(app: impl App, config: Config) -> Self {
        Self::on(&"127.0.0.1:0".parse().expect("a valid address"), &ListenOptions::default(), app, config)
    }

    /// Serves `app` on what `bind` names.
    pub fn on(bind: &Bind, options: &ListenOptions, app: impl App, config: Config) -> Self {
        let reports = Reports::new();
        let mut running = Self::unwatched(bind, options, lint(app).collect(&reports), config);
        running.reports = reports;
        running
    }

    /// Serves `app` on 127.0.0.1 as it is, under no lint: where it matters what it costs, or that the handles are the
    /// server's own.
    pub fn without_lint(app: impl App, config: Config) -> Self {
        Self::unwatched(&"127.0.0.1:0".parse().expect("a valid address"), &ListenOptions::default(), app, config)
    }

    /// Says that the application breaks the contract on purpose: only what the server does fails the test.
    #[must_use]
    pub fn careless(mut self) -> Self {
        self.careless = true;
        self
    }

    fn unwatched(bind: &Bind, options: &ListenOptions, app: impl App, config: Config) -> Self {
        let listeners = Listener::bind(bind, options).expect("port 0 is never taken");
        let address = listeners[0].address().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let (abort, aborted) = oneshot::channel::<()>();
        let server = Server::new(Application::new(app), config);
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let stop = async { drop(stopped.await) };
                tokio::select! {
                    result = server.serve(listeners, stop) => Some(result),
                    _ = aborted => None,
                }
            })
        });
        let reports = Reports::new();
        Self { address, reports, careless: false, stop: Some(stop), abort: Some(abort), thread: Some(thread) }
    }

    /// Where it listens.
    ///
    /// # Panics
    /// If that is no IP address.
    pub fn address(&self) -> SocketAddr {
        match self.address {
            Address::Ip(address) => address,
            _ => panic!("{} is no IP address", self.address),
        }
    }

    /// A new connection to it.
    pub fn connect(&self) -> Client {
        Client::connect(self.address())
    }

    /// Begins the graceful stop.
    pub fn stop(&mut self) {
        self.stop = None;
    }

    /// Waits until it has stopped by itself, and says how.
    ///
    /// # Panics
    /// If the contract was broken.
    #[track_caller]
    pub fn join(mut self) -> Result<(), ServeError> {
        let thread = self.thread.take().expect("only this takes it");
        let result = thread.join().expect("serving does not panic").expect("it was not aborted");
        self.check();
        result
    }

    #[track_caller]
    fn check(&self) {
        let reports = self.reports.take().into_iter();
        let reports: Vec<_> = reports.filter(|report| !self.careless || report.blame != Blame::Application).collect();
        let lines = reports.iter().map(|report| format!("\n{report}")).collect::<String>();
        assert!(reports.is_empty(), "the contract was broken:{lines}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Whoever waits for the stop would take its end for the stop.
        if let (Some(abort), Some(thread)) = (self.abort.take(), self.thread.take()) {
            drop(abort);
            drop(thread.join());
        }
        drop(self.stop.take());
        if !thread::panicking() {
            self.check();
        }
    }
}

/// A server on a Unix socket.
#[derive(Debug)]
pub struct OnUnix {
    server: Running,
    place: tempfile::TempDir,
}

impl OnUnix {
    /// Serves `app` in a directory of its own.
    pub fn start(app: impl App, config: Config) -> Self {
        let place = tempfile::tempdir().expect("a directory for temporary files");
        let bind = Bind::Unix(place.path().join("socket"));
        Self { server: Running::on(&bind, &ListenOptions::default(), app, config), place }
    }

    /// As [`Running::careless`].
    #[must_use]
    pub fn careless(self) -> Self {
        Self { server: self.server.careless(), ..self }
    }

    /// A new connection to it.
    pub fn connect(&self) -> Client<UnixStream> {
        let stream = UnixStream::connect(self.place.path().join("socket")).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above zero");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout above zero");
        Client::new(stream)
    }
}
