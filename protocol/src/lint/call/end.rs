//! What `closed`, `flush` and `poll_ready` tell.

use super::super::halves::{Sending, handshake, is_over};
use super::super::report::Report;
use super::{Before, Call, DISC_1, END_1, Life, server};
use crate::order::Clause;
use crate::order::websocket::check_end;
use crate::{End, SendError};
use std::task::Poll;

pub(in super::super) const END_2: Clause =
    Clause { id: "END-2", sentence: "An exchange that is lost before that MUST be over with the reason of its loss." };

impl Call {
    /// The exchange is over for this reason, as something other than `closed` says.
    pub(super) fn lost(&mut self, end: &End) -> Option<Report> {
        self.sending.lost(end.clone());
        let before = self.over.get_or_insert(end.clone());
        if before == end {
            return None;
        }
        server(&END_2, format!("gave \"{end}\" as the reason of the end, and \"{before}\" before"))
    }
}

pub(in super::super) const CLOSED_2: Clause = Clause {
    id: "CLOSED-2",
    sentence: "`closed` MUST NOT complete for `End(BadRequest)` or `End(Timeout)` while a response may still be sent.",
};

pub(in super::super) const CLOSED_3: Clause = Clause {
    id: "CLOSED-3",
    sentence: "`closed` MUST give the reason why the exchange is over; where the response was completed after \
               `End(BadRequest)` or `End(Timeout)` the server MAY give that one instead.",
};

impl Call {
    /// `closed` gave `end`.
    pub(in super::super) fn closed(&mut self, end: &End, known: Before, abandoned: bool) -> Option<Report> {
        if known.is_dead() {
            return self.dead(*end == End::Complete, format!("closed gave \"{end}\""));
        }
        if self.life != Life::Running || self.lost_track {
            return None;
        }
        let before = self.closed.get_or_insert(end.clone());
        if before != end {
            return server(&CLOSED_3, format!("gave \"{end}\" in closed, and \"{before}\" before"));
        }
        if !abandoned && let Some(report) = self.check_closed(end) {
            return Some(report);
        }
        let is_done = self.sending.is_done();
        let of_request = is_done && (*end == End::Complete || !is_over(end));
        match &self.over {
            Some(before) if before != end && !of_request => {
                return server(&CLOSED_3, format!("gave \"{end}\" in closed, and \"{before}\" elsewhere"));
            }
            _ => {}
        }
        self.flushed |= of_request;
        self.over.get_or_insert(end.clone());
        self.sending.lost(end.clone());
        None
    }

    fn check_closed(&self, end: &End) -> Option<Report> {
        match (handshake(&self.sending), end) {
            (Some(handshake), end) => match check_end(end, handshake) {
                Err(clause) => server(clause, format!("gave \"{end}\" in closed")),
                Ok(()) => None,
            },
            (None, End::BadRequest(_) | End::Timeout) if !self.sending.is_done() => {
                server(&CLOSED_2, format!("gave \"{end}\" in closed, though a response may still be sent"))
            }
            (None, End::Complete) if matches!(self.sending, Sending::Http { .. }) && !self.sending.is_done() => {
                server(&END_1, "gave \"complete\" in closed before the response was complete")
            }
            _ => None,
        }
    }
}

pub(in super::super) const CLOSED_1: Clause = Clause {
    id: "CLOSED-1",
    sentence: "`closed` MUST complete when the exchange is over, whoever ended it, without anything being sent.",
};

impl Call {
    /// `closed` is pending.
    pub(in super::super) fn closed_waits(&self, known: Before) -> Option<Report> {
        if known.is_dead() {
            return self.dead(false, "closed is pending");
        }
        let is_wrong = known.is_running() && self.life == Life::Running && known.over;
        is_wrong.then(|| server(&CLOSED_1, "keeps closed waiting though the exchange is over"))?
    }
}

pub(in super::super) const FLUSH_1: Clause = Clause {
    id: "FLUSH-1",
    sentence: "`flush` MUST complete when all accepted bytes are handed over, and fail with `Disconnected` when the \
               exchange is lost.",
};

pub(in super::super) const FLUSH_2: Clause = Clause {
    id: "FLUSH-2",
    sentence: "When a complete response is handed over, a peer that leaves afterwards MUST NOT make `flush` fail.",
};

pub(in super::super) const CLOSED_4: Clause = Clause {
    id: "CLOSED-4",
    sentence: "An exchange that is lost after `End(BadRequest)` or `End(Timeout)` MUST tell the loss in `closed`, \
               `flush` and `send`, while `recv` keeps to END-3.",
};

pub(in super::super) const DISC_6: Clause = Clause {
    id: "DISC-6",
    sentence: "A loss after the response is complete MUST NOT change the answer to `send`, which is `Finished`.",
};

impl Call {
    /// The end was a close frame: what was accepted before, and the close itself, may still reach the peer.
    fn is_closed(&self) -> bool {
        matches!(self.over, Some(End::Closed { code, .. }) if code != 1006)
    }

    /// `flush` gave `result`, or is pending.
    pub(in super::super) fn flush(&mut self, result: &Poll<Result<(), SendError>>, known: Before) -> Option<Report> {
        let is_lifespan = matches!(self.sending, Sending::Lifespan(_));
        if known.is_dead() {
            let is_right = is_lifespan || *result == Poll::Ready(Err(SendError::Finished));
            return self.dead(is_right, format!("flush gave {result:?}"));
        }
        if !known.is_running() || self.life != Life::Running {
            return None;
        }
        match result {
            Poll::Pending if is_lifespan => server(&LIFE_7, "keeps flush waiting"),
            Poll::Pending if known.lost && !self.is_closed() => {
                server(&DISC_1, "keeps flush waiting though the exchange is lost")
            }
            Poll::Pending => None,
            Poll::Ready(Ok(())) => {
                self.flushed = true;
                None
            }
            Poll::Ready(Err(SendError::Disconnected(end))) if !is_over(end) => {
                server(&CLOSED_4, format!("let flush fail because of {end}"))
            }
            Poll::Ready(Err(SendError::Disconnected(end))) if self.flushed && known.done => {
                server(&FLUSH_2, format!("let flush fail because of {end}, though all was handed over before"))
            }
            Poll::Ready(Err(SendError::Disconnected(end))) => self.lost(end),
            Poll::Ready(Err(error)) => server(&FLUSH_1, format!("let flush fail with \"{error}\"")),
        }
    }
}

pub(in super::super) const FLOW_3: Clause = Clause {
    id: "FLOW-3",
    sentence: "`send` and `poll_ready` MUST NOT wait once the response is complete or the exchange is lost.",
};

pub(in super::super) const FLOW_4: Clause =
    Clause { id: "FLOW-4", sentence: "`poll_ready` MUST be level-triggered and reserve nothing." };

pub(in super::super) const LIFE_7: Clause = Clause { id: "LIFE-7", sentence: "`send` and `flush` MUST NOT wait." };

impl Call {
    /// `poll_ready` is pending.
    pub(in super::super) fn ready_waits(&self, known: Before) -> Option<Report> {
        if known.is_dead() {
            return self.dead(matches!(self.sending, Sending::Lifespan(_)), "poll_ready is pending");
        }
        match known {
            _ if !known.is_running() || self.life != Life::Running || self.lost_track => None,
            _ if matches!(self.sending, Sending::Lifespan(_)) => server(&LIFE_7, "keeps send waiting"),
            Before { done: true, .. } => server(&FLOW_3, "keeps send waiting though the response is complete"),
            Before { lost: true, .. } => server(&FLOW_3, "keeps send waiting though the exchange is lost"),
            _ => None,
        }
    }

    /// `poll_ready` was ready, and then, at once, was not.
    pub(in super::super) fn ready_no_more(&self, known: Before) -> Option<Report> {
        let is_wrong = known.is_running() && self.life == Life::Running;
        is_wrong.then(|| server(&FLOW_4, "was ready to be sent to, and when asked again it was not"))?
    }
}
