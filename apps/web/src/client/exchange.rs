//! The client's side of one exchange.

use super::Error;
use super::call::{Fate, is_fault_of_request};
use super::shared::Shared;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use transom::memory::{Peer, Verdict};
use transom::{Headers, Outgoing};

/// Dropping it leaves: the application is told, unless it has sent all of its response.
pub(super) struct Exchange {
    pub(super) peer: Peer,
    fate: Arc<Fate>,
    /// Keeps the client, and with it the call.
    shared: Arc<Shared>,
}

/// An interim response: its status and its fields.
pub type Interim = (u16, Headers);

impl Exchange {
    pub(super) fn new(peer: Peer, fate: Arc<Fate>, shared: Arc<Shared>) -> Self {
        Self { peer, fate, shared }
    }

    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Outgoing>> {
        self.peer.poll_next(cx)
    }

    /// The client is being closed.
    pub(super) fn is_stopping(&self) -> bool {
        self.shared.calls.is_stopping()
    }

    /// The first event that is no interim response, and those before it.
    pub(super) async fn head(&mut self) -> (Vec<Interim>, Option<Outgoing>) {
        let mut interim = Vec::new();
        loop {
            match self.peer.next().await {
                Some(Outgoing::Informational { status, headers }) => interim.push((status, headers)),
                event => return (interim, event),
            }
        }
    }

    /// What the server does about an exchange in which no more comes, though it is not complete.
    pub(super) fn verdict(&self) -> Result<Verdict, Error> {
        let verdict = self.peer.verdict().ok_or(Error::Stopped)?;
        let is_failure = match verdict {
            Verdict::Respond(status) => !is_fault_of_request(status) && status != 403,
            Verdict::Abort => true,
            _ => !self.fate.is_ok(),
        };
        if is_failure && !self.shared.settings.answer_failures {
            self.fate.tell();
            return Err(Error::Application(self.fate.error("it gave up its response, or returned without one")));
        }
        Ok(verdict)
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.peer.hang_up();
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exchange")
    }
}
