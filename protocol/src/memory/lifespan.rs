use super::protocol::Protocol;
use super::script::server;
use super::state::Terms;
use super::{Call, Outcome, call::Manner};
use crate::{App, Incoming, LifespanScope, Scope, ServerInfo};
use std::sync::Arc;
use std::time::Duration;

/// The life of a server process, without the server.
///
/// Made by [`lifespan`](super::lifespan). Once the application is ready it receives `Draining` and `Shutdown`.
#[derive(Debug)]
#[must_use = "nothing happens before `run` or `start`"]
pub struct Lifespan {
    grace: Duration,
    unfinished: bool,
    server: Arc<ServerInfo>,
    manner: Manner,
}

impl Lifespan {
    pub(super) fn new() -> Self {
        Self { grace: Duration::from_secs(30), unfinished: false, server: server(), manner: Manner::default() }
    }

    /// The grace that `Draining` tells of; 30 seconds by default. Nothing waits for it.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// The server goes on: it is for [`Call::push`] to stop it.
    pub fn unfinished(mut self) -> Self {
        self.unfinished = true;
        self
    }

    /// The server that the scope tells of.
    pub fn server(mut self, server: Arc<ServerInfo>) -> Self {
        self.server = server;
        self
    }

    /// As [`Script::patience`](super::Script::patience).
    pub fn patience(mut self, patience: Duration) -> Self {
        self.manner.patience = patience;
        self
    }

    /// Calls the application, and polls it when the [`Call`] is told to.
    pub fn start(self, app: impl App) -> Call {
        let stop = [Incoming::Draining { grace: self.grace }, Incoming::Shutdown];
        let script = stop.into_iter().filter(|_| !self.unfinished).collect();
        let scope = Scope::Lifespan(LifespanScope::new(self.server));
        Call::new(app, scope, Protocol::lifespan(), script, Terms::default(), self.manner)
    }

    /// Calls the application and takes the call to its end on this thread.
    ///
    /// # Panics
    /// As [`Call::run`].
    #[track_caller]
    pub fn run(self, app: impl App) -> Outcome {
        self.start(app).run()
    }
}
