//! Where a check is played: the server with an application of ours in it.

use super::check::{Checked, Fault, same};
use super::client::Client;
use super::probe::{Aside, Asked, Http, Life, Playing, Probe, Socket, hello};
use super::{BoxError, Limits, Running, Start};
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;
use transom::lint::{Reports, lint};
use transom::{BoxApp, Capabilities, HttpScope, Receiver, Sender};

pub(super) struct Stage {
    pub(super) start: Arc<Start>,
    pub(super) patience: Duration,
    pub(super) limits: Limits,
    pub(super) root_path: Option<String>,
    pub(super) half_close: bool,
    pub(super) traits: Traits,
    /// What the lint says of the server.
    pub(super) reports: Reports,
}

/// What a server has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Traits {
    pub(super) capabilities: Capabilities,
    pub(super) websocket: bool,
}

impl Stage {
    /// A server with an application of HTTP.
    pub(super) fn http(&self, http: Http) -> Result<Served, Fault> {
        self.serve(Probe { http: Some(http), ..Probe::default() })
    }

    /// A server with an application of WebSockets, or none of this check.
    pub(super) fn socket(&self, socket: Socket) -> Result<Served, Fault> {
        if !self.traits.websocket {
            return Err(Fault::Skipped("the server has no WebSockets".into()));
        }
        self.serve(Probe { socket: Some(socket), http: Some(hello), ..Probe::default() })
    }

    /// A server with an application of the lifespan and of HTTP.
    pub(super) fn life(&self, life: Life, http: Http) -> Result<Served, Fault> {
        self.serve(Probe { life: Some(life), http: Some(http), ..Probe::default() })
    }

    pub(super) fn serve(&self, probe: Probe) -> Result<Served, Fault> {
        self.try_serve(probe)?.map_err(|error| Fault::failed(format!("the server does not start: {error}")))
    }

    /// A server, which may refuse to start.
    pub(super) fn try_serve(&self, probe: Probe) -> Result<Result<Served, String>, Fault> {
        let (tell, told) = mpsc::channel();
        let aside = Arc::new(Aside::new(tell));
        let playing = Playing { probe, aside: Arc::clone(&aside) };
        let linted = lint(playing).collect(&self.reports);
        let app = BoxApp::new(Asked { app: linted, aside: Arc::clone(&aside) });
        match (self.start)(app) {
            Ok(running) => {
                let Running { address, stop } = running;
                Ok(Ok(Served { address, stop: Some(stop), aside, told, patience: self.patience }))
            }
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    /// Skips the check unless the server can do this.
    pub(super) fn needs(&self, capabilities: Capabilities) -> Checked {
        match capabilities.without(self.traits.capabilities) {
            missing if missing.is_empty() => Ok(()),
            missing => Err(Fault::Skipped(format!("the server has no {missing}"))),
        }
    }
}

/// A server that runs.
pub(super) struct Served {
    pub(super) address: SocketAddr,
    stop: Option<Box<dyn FnOnce() -> Result<(), BoxError> + Send>>,
    aside: Arc<Aside>,
    told: mpsc::Receiver<String>,
    patience: Duration,
}

impl Served {
    pub(super) fn connect(&self) -> Result<Client, Fault> {
        Client::connect(self.address, self.patience)
    }

    /// What the application tells next, its manifest apart.
    pub(super) fn told(&self) -> Result<String, Fault> {
        loop {
            match self.told.recv_timeout(self.patience) {
                Ok(told) if told == "manifest" => {}
                Ok(told) => return Ok(told),
                Err(_) => return Err(Fault::failed("the application does not get as far as it should")),
            }
        }
    }

    /// The application tells this next.
    pub(super) fn tells(&self, expected: impl fmt::Debug + AsRef<str>) -> Checked {
        same("what the application saw", self.told()?, expected.as_ref())
    }

    /// What the application has told by now and was not asked for.
    pub(super) fn rest(&self) -> Vec<String> {
        self.told.try_iter().filter(|told| told != "manifest").collect()
    }

    /// Everything that was told so far.
    pub(super) fn all(&self) -> Vec<String> {
        self.told.try_iter().collect()
    }

    /// Lets the application pass its gate once.
    pub(super) fn open(&self) {
        self.aside.open(1);
    }

    /// The handles that the application gave away.
    pub(super) fn kept(&self) -> Result<(Receiver, Sender), Fault> {
        self.aside.kept().ok_or_else(|| Fault::failed("no handle was kept"))
    }

    /// The scopes that it gave away.
    pub(super) fn scopes(&self) -> Vec<HttpScope> {
        self.aside.scopes()
    }

    /// Begins the stop; what comes of it, in time, the one who waits is told.
    pub(super) fn begin_stop(&mut self) -> Stopping {
        let (tell, told) = mpsc::channel();
        if let Some(stop) = self.stop.take() {
            thread::spawn(move || tell.send(stop().map_err(|error| error.to_string())));
        }
        Stopping { told, patience: self.patience }
    }

    /// Stops it, and says how that went.
    pub(super) fn stop(&mut self) -> Result<Result<(), String>, Fault> {
        self.begin_stop().wait()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.aside.open(usize::MAX);
        self.aside.clear();
        if self.stop.is_some() {
            // A server that does not stop is left behind; another check says so.
            let _ = self.begin_stop().wait();
        }
    }
}

/// A server that is about to stop.
pub(super) struct Stopping {
    told: mpsc::Receiver<Result<(), String>>,
    patience: Duration,
}

impl Stopping {
    pub(super) fn wait(self) -> Result<Result<(), String>, Fault> {
        self.told.recv_timeout(self.patience).map_err(|_| Fault::failed("the server does not stop"))
    }
}
