//! What the state says of itself.

use super::{Progress, State};
use crate::http1::Framing;
use crate::output::Output;
use crate::websocket::stock;

impl State {
    /// Where frames are written.
    pub(super) fn room(&mut self) -> &mut Output {
        if self.output.is_empty() {
            stock::fill(&mut self.output);
        }
        &mut self.output
    }

    /// Has the connection, which is at work, collect before it parks.
    pub(super) fn collect_again(&mut self) {
        // It has no waker to be woken by.
        let _ = self.driver.tell();
    }

    pub(super) fn progress(&self) -> Progress {
        Progress {
            accepted: self.is_accepted(),
            closing: self.closing,
            received: self.ahead.is_empty(),
            abandoned: self.abandoned,
            deaf: self.deaf,
        }
    }

    /// The application accepted, whatever came afterwards.
    pub(super) fn is_accepted(&self) -> bool {
        self.response.framing == Framing::Tunnel
    }

    pub(super) fn buffered(&self) -> u64 {
        self.in_flight + self.output.len()
    }

    pub(super) fn is_flushed(&self) -> bool {
        self.buffered() == 0
    }

    /// Nothing more is to be sent and received.
    pub(super) fn is_over(&self) -> bool {
        self.end.is_some() || (self.send.is_denied() && self.is_flushed())
    }
}
