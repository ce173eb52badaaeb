//! The life of the application, as the client leads it.

use super::Error;
use super::call::{Fate, Watched};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;
use transom::memory::{self, Outcome, Peer};
use transom::{BoxApp, Incoming, Outgoing, ServerInfo, State};

/// It ends with the client, in order or not.
pub(super) struct Lifespan {
    state: State,
    /// `None` for an application that is not interested.
    peer: Option<Peer>,
    fate: Arc<Fate>,
    call: Mutex<JoinSet<Outcome>>,
}

impl Lifespan {
    /// Starts the application, and waits until it is ready.
    pub(super) async fn start(app: BoxApp, server: Arc<ServerInfo>) -> Result<Self, Error> {
        let fate = Arc::new(Fate::default());
        let watched = Watched { app, fate: Arc::clone(&fate) };
        let call = memory::lifespan().unfinished().server(server).start(watched);
        let mut peer = call.peer();
        let mut task = JoinSet::new();
        task.spawn(call);
        let (state, peer) = match peer.next().await {
            Some(Outgoing::Ready(state)) => (state, Some(peer)),
            _ if fate.is_uninterested() => (State::new(), None),
            _ => return Err(Error::Application(fate.error("it was not started"))),
        };
        Ok(Self { state, peer, fate, call: Mutex::new(task) })
    }

    /// What the application made at startup.
    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// The client begins to stop: running calls have `grace`.
    pub(super) fn drain(&self, grace: Duration) {
        if let Some(mut peer) = self.peer.clone() {
            peer.push(Incoming::Draining { grace });
        }
    }

    /// Every call is over: waits up to `grace` for the application to clean up, and says how that went.
    pub(super) async fn shut_down(&self, grace: Duration) -> Result<(), Error> {
        let Some(mut peer) = self.peer.clone() else { return Ok(()) };
        peer.push(Incoming::Shutdown);
        let mut call = std::mem::take(&mut *self.call.lock().unwrap_or_else(PoisonError::into_inner));
        match timeout(grace, call.join_next()).await {
            Ok(_) if self.fate.is_ok() => Ok(()),
            Ok(_) => Err(Error::Application(self.fate.error("its lifespan call was dropped"))),
            Err(_) => Err(Error::Stopped),
        }
    }
}
