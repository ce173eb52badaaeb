//! One call: what was sent and received, and what was told of its end.

mod answer;
mod delivery;
mod end;

use super::halves::{Receiving, Sending};
use super::report::{Blame, Report};
use crate::order::Clause;
use crate::{End, Scope};
use std::thread::{self, ThreadId};

pub(super) use answer::{END_5, FILE_1, HTTP_RECV_11, HTTP_SEND_14};
pub(super) use delivery::{Around, DISC_1, END_1, HTTP_RECV_5, RETURN_9};
pub(super) use end::{CLOSED_1, CLOSED_2, CLOSED_3, CLOSED_4, DISC_6, END_2, FLOW_3, FLOW_4, FLUSH_1, FLUSH_2, LIFE_7};

/// What is known of a call. It is never locked while anything outside the lint is called.
pub(super) struct Call {
    sending: Sending,
    receiving: Receiving,
    life: Life,
    /// A value in the scope's `Extensions` may have announced events.
    extended: bool,
    /// Why nothing more is received, as `recv` said.
    ended: Option<End>,
    /// Why the exchange is over, whoever said so.
    over: Option<End>,
    /// What `closed` said.
    closed: Option<End>,
    /// All that was accepted was handed over.
    flushed: bool,
    /// An event was accepted that was to be refused: where the exchange stands is not known any more.
    lost_track: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Running,
    /// On this thread, on which nothing can happen between the return and what the server makes of it.
    Returned {
        thread: ThreadId,
        ok: bool,
    },
    /// By the server or by a layer: that cannot be told apart.
    Dropped,
}

/// What was known before something outside was asked: an answer must not be held against what came later.
#[derive(Clone, Copy)]
pub(super) struct Before {
    ended: bool,
    over: bool,
    done: bool,
    read: bool,
    /// The exchange is lost, and not complete.
    lost: bool,
    /// What the peer sent before it was lost may be on its way (TUNNEL-10, WS-15).
    late: bool,
    life: Life,
}

impl Call {
    pub(super) fn new(scope: &Scope, extended: bool) -> Self {
        Self {
            sending: Sending::new(scope),
            receiving: Receiving::new(scope),
            life: Life::Running,
            extended,
            ended: None,
            over: None,
            closed: None,
            flushed: false,
            lost_track: false,
        }
    }

    /// What is known now. `layered` says that a layer outside still runs, and with it the handles.
    pub(super) fn before(&self, layered: bool) -> Before {
        Before {
            ended: self.ended.is_some(),
            over: self.over.is_some(),
            done: self.sending.is_done(),
            read: self.receiving.is_read(&self.sending),
            lost: self.over.as_ref().is_some_and(|end| *end != End::Complete),
            late: self.sending.is_two_way(),
            life: if layered && self.life != Life::Running { Life::Dropped } else { self.life },
        }
    }

    /// The call was dropped, if it had not returned.
    pub(super) fn dropped(&mut self) {
        if self.life == Life::Running {
            self.life = Life::Dropped;
        }
    }
}

impl Before {
    /// The handle was alive then.
    fn is_running(self) -> bool {
        self.life == Life::Running
    }

    /// The handle is dead for certain.
    fn is_dead(self) -> bool {
        matches!(self.life, Life::Returned { thread, .. } if thread == thread::current().id())
    }
}

/// The server did this.
fn server(clause: &'static Clause, what: impl AsRef<str>) -> Option<Report> {
    Some(Report::new(clause, Blame::Server, what.as_ref()))
}

/// The application did this.
fn application(clause: &'static Clause, what: impl AsRef<str>) -> Option<Report> {
    Some(Report::new(clause, Blame::Application, what.as_ref()))
}

pub(super) const END_6: Clause = Clause {
    id: "END-6",
    sentence: "A dead handle MUST be harmless to the exchange that comes next, and be answered as this table says.",
};

pub(super) const LIFE_16: Clause = Clause {
    id: "LIFE-16",
    sentence: "When the call has returned or was dropped, handles that are left MUST be told: `recv` gives \
               `End(Complete)` after events that were delivered, `closed` gives `Complete` and `send` `Finished`.",
};

impl Call {
    /// What a dead handle answered.
    fn dead(&self, is_right: bool, what: impl AsRef<str>) -> Option<Report> {
        let clause = if matches!(self.sending, Sending::Lifespan(_)) { &LIFE_16 } else { &END_6 };
        if is_right {
            None
        } else {
            server(clause, format!("answered a handle whose call had returned: {}", what.as_ref()))
        }
    }
}

pub(super) const RETURN_1: Clause =
    Clause { id: "RETURN-1", sentence: "When an HTTP call has returned the server MUST act as this table says." };

pub(super) const WS_14: Clause =
    Clause { id: "WS-14", sentence: "When the call has returned the server MUST act as this table says." };

impl Call {
    /// The call returned.
    pub(super) fn returned(&mut self, ok: bool) -> Option<Report> {
        use crate::order::{Returned, WebSocketReturned};
        self.life = Life::Returned { thread: thread::current().id(), ok };
        if !ok || self.lost_track {
            return None;
        }
        let returned = match &self.sending {
            Sending::Http { send, .. } => send.returned(Ok(())),
            Sending::WebSocket(send) => match send.returned(Ok(())) {
                WebSocketReturned::Handshake(Returned::Abort) => {
                    return application(&WS_14, "returned Ok before its denial was complete");
                }
                _ => return None,
            },
            Sending::Lifespan(_) => return None,
        };
        match (returned, &self.ended) {
            (Returned::Nothing, _) => None,
            // The server tells the peer what was wrong with the request (RETURN-2).
            (Returned::Respond(_), Some(End::BadRequest(_) | End::Timeout)) => None,
            (Returned::Respond(_), _) => application(&RETURN_1, "returned Ok and had not begun its response"),
            (Returned::Abort, _) => application(&RETURN_1, "returned Ok before its response was complete"),
        }
    }
}
