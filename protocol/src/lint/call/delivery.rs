//! What `recv` gives.

use super::super::describe::Delivered;
use super::super::halves::{Receiving, Sending, how, is_over};
use super::super::report::Report;
use super::super::scope::check_trailers;
use super::{Before, Call, Life, server};
use crate::order::Clause;
use crate::order::clause::{END_3, STATE_4};
use crate::order::lifespan::LIFE_9;
use crate::order::websocket::WS_13;
use crate::{End, Incoming};

/// What a delivery is seen against, besides the call.
#[derive(Clone, Copy)]
pub(in super::super) struct Around {
    /// The `Sender` is gone.
    pub(in super::super) abandoned: bool,
    /// How many calls of the server run, that of the lifespan apart.
    pub(in super::super) running: usize,
}

impl Call {
    /// `recv` gave `event`. Whether an end is the first one is said, too.
    pub(in super::super) fn delivered(
        &mut self,
        event: &Incoming,
        known: Before,
        around: Around,
    ) -> (Vec<Report>, bool) {
        if known.is_dead() {
            let is_right = matches!(event, Incoming::End(End::Complete));
            let is_late = matches!(self.receiving, Receiving::Lifespan(_)) && !matches!(event, Incoming::End(_));
            let report = self.dead(is_right || is_late, format!("recv gave {}", Delivered(event)));
            return (report.into_iter().collect(), false);
        }
        // Afterwards both may be right, the answer of a living handle and that of a dead one.
        if self.life != Life::Running {
            return (Vec::new(), false);
        }
        let is_first_end = self.ended.is_none() && matches!(event, Incoming::End(_));
        let mut reports = Vec::new();
        match self.receiving.receive(event, &self.sending) {
            Err(clause) if *clause == WS_13 && around.abandoned => {}
            Err(clause) => reports.extend(server(clause, format!("gave {} {}", Delivered(event), how(clause)))),
            Ok(()) => reports.extend(self.check_delivery(event, is_first_end, around)),
        }
        if let Incoming::Trailers(fields) = event {
            reports.extend(check_trailers(fields));
        }
        if let Incoming::End(end) = event {
            self.ended.get_or_insert(end.clone());
        }
        (reports, is_first_end)
    }

    fn check_delivery(&mut self, event: &Incoming, is_first_end: bool, around: Around) -> Option<Report> {
        match event {
            Incoming::Extension(_) if !self.extended => server(&STATE_4, "gave an Extension that nothing announced"),
            Incoming::Shutdown if around.running > 0 => {
                server(&LIFE_9, format!("gave Shutdown while {} calls run", around.running))
            }
            Incoming::End(end) if is_first_end => self.check_end(end, around),
            _ => None,
        }
    }
}

pub(in super::super) const END_1: Clause = Clause {
    id: "END-1",
    sentence: "An exchange MUST be over with `Complete` when its response is complete and handed over in full.",
};

pub(in super::super) const RETURN_9: Clause = Clause {
    id: "RETURN-9",
    sentence: "A `Sender` that is dropped while the call runs and the response is not complete MUST be treated at once \
               as an `Err` of the call; `recv` then gives `End(Complete)` if the server answered and \
               `End(Disconnected)` if it cut.",
};

impl Call {
    fn check_end(&mut self, end: &End, around: Around) -> Option<Report> {
        let is_http = matches!(self.sending, Sending::Http { .. });
        match end {
            End::Complete if is_http && !self.sending.is_done() && !self.lost_track => match around.abandoned {
                false => server(&END_1, "gave End (complete) before the response was complete"),
                true if !self.sending.is_idle() => {
                    server(&RETURN_9, "gave End (complete) though the response was given up half-way")
                }
                true => None,
            },
            End::Complete if is_http => {
                self.flushed = true;
                self.over.get_or_insert(End::Complete);
                None
            }
            // What is left of the request may be lost after the response is complete and the exchange over.
            end if is_over(end) && !(is_http && self.sending.is_done()) => self.lost(end),
            _ => None,
        }
    }
}

pub(in super::super) const DISC_1: Clause = Clause {
    id: "DISC-1",
    sentence: "When the server knows that no further byte can reach the peer, it MUST promptly complete what is \
               pending: `recv` with `End`, `closed` with the reason, `send`, `poll_ready` and `flush` as FLOW-3 and \
               FLUSH-1 say.",
};

pub(in super::super) const HTTP_RECV_5: Clause = Clause {
    id: "HTTP-RECV-5",
    sentence: "Once the request has ended, `recv` MUST stay pending until the exchange is over, and then give `End`.",
};

impl Call {
    /// `recv` is pending.
    pub(in super::super) fn recv_waits(&self, known: Before) -> Option<Report> {
        if known.is_dead() {
            return self.dead(false, "recv is pending");
        }
        match known {
            _ if !known.is_running() || self.life != Life::Running => None,
            Before { ended: true, .. } => server(&END_3, "keeps recv waiting after End"),
            Before { lost: true, late: false, .. } => server(&DISC_1, "keeps recv waiting though the exchange is lost"),
            Before { over: true, read: true, .. } => {
                server(&HTTP_RECV_5, "keeps recv waiting though request and exchange are over")
            }
            _ => None,
        }
    }
}
