use crate::{Client, PATIENCE};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::thread::{self, JoinHandle};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use transom::{Address, App};
use transom_server::{Application, Bind, Config, ListenOptions, Listener, ServeError, Server};

/// A server that runs until this is dropped, on threads of its own, on a port that the system chose.
#[derive(Debug)]
pub struct Running {
    address: Address,
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
        Self { address, stop: Some(stop), abort: Some(abort), thread: Some(thread) }
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
    pub fn join(mut self) -> Result<(), ServeError> {
        let thread = self.thread.take().expect("only this takes it");
        thread.join().expect("serving does not panic").expect("it was not aborted")
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
    }
}

/// A server on a Unix socket.
#[derive(Debug)]
pub struct OnUnix {
    _server: Running,
    place: tempfile::TempDir,
}

impl OnUnix {
    /// Serves `app` in a directory of its own.
    pub fn start(app: impl App, config: Config) -> Self {
        let place = tempfile::tempdir().expect("a directory for temporary files");
        let bind = Bind::Unix(place.path().join("socket"));
        Self { _server: Running::on(&bind, &ListenOptions::default(), app, config), place }
    }

    /// A new connection to it.
    pub fn connect(&self) -> Client<UnixStream> {
        let stream = UnixStream::connect(self.place.path().join("socket")).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above zero");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout above zero");
        Client::new(stream)
    }
}
