mod body;
mod head;
mod receive;
#[cfg(test)]
mod tests;

use super::clause::{CAP_3, Clause, First, Refusal, Refuse, STATE_4};
use crate::{Capabilities, End, Error, Headers, HttpScope, Method, Outgoing, SendError, Violation};
use body::Body;
pub(crate) use body::{HTTP_SEND_10, HTTP_SEND_11, HTTP_SEND_12};
pub(crate) use head::has_body;
pub(crate) use head::{HTTP_SEND_5, HTTP_SEND_6, TRAILERS_2};
use head::{check_fields, check_trailers};
pub use receive::HttpReceive;
pub(crate) use receive::{HTTP_RECV_2, HTTP_RECV_3, HTTP_RECV_4, HTTP_RECV_10, TRAILERS_3, TUNNEL_6, TUNNEL_7};

/// What one request allows its response; fixed when the exchange begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpRules {
    /// What the exchange can do.
    pub capabilities: Capabilities,
    /// The method is HEAD: bodies are counted and not sent.
    pub head: bool,
    /// The method is CONNECT: a 2xx makes a tunnel.
    pub connect: bool,
    /// The client named a protocol to change to: a 101 makes a tunnel.
    pub upgrade: bool,
}

impl HttpRules {
    /// The rules for the request of `scope`.
    pub fn of(scope: &HttpScope) -> Self {
        Self {
            capabilities: scope.capabilities(),
            head: *scope.method() == Method::Head,
            connect: *scope.method() == Method::Connect,
            upgrade: scope.protocol().is_some(),
        }
    }

    /// `content-length` tells what a GET would have got, and there need not be as much.
    fn may_lack_body(self, status: u16) -> bool {
        self.head || status == 304
    }
}

/// The sending half of an HTTP exchange.
///
/// ```text
///             Informational
///              ┌───────┐
///              ▼       │
/// call ──────▶ Idle ───┘
///               │ Start ──────────────▶ Streaming ◀─┐ Body, File with more
///               │ Response ──▶ Done        │  └─────┘
///               │                          ├ Body, File without more ─▶ Done
///               │                          └ Trailers ────────────────▶ Done
///               └ Start 101, or 2xx to CONNECT ─▶ Tunnel ─ Body without more ─▶ Done
/// ```
#[derive(Clone, Debug)]
pub struct HttpSend {
    rules: HttpRules,
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Streaming(Body),
    Tunnel,
    Done,
    Dead(End),
}

/// What is to be done when an application's call has returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    /// Nothing: the response is complete, or the peer is gone.
    Nothing,
    /// No response was started: answer with this status, on behalf of the application.
    Respond(u16),
    /// A response was started and not completed: cut it off so that the peer sees it.
    Abort,
}

impl HttpSend {
    /// The beginning of an exchange.
    pub fn new(rules: HttpRules) -> Self {
        Self { rules, state: State::Idle }
    }

    /// The rules of the exchange.
    pub fn rules(&self) -> HttpRules {
        self.rules
    }

    /// Takes `event` into account, or refuses it.
    ///
    /// # Errors
    /// The refusal that the application is given. The state is unchanged.
    #[inline]
    pub fn accept(&mut self, event: &Outgoing) -> Result<(), SendError> {
        self.advance(event, &mut First)
    }

    /// Every rule that `event` would break, the one that [`accept`](Self::accept) names first; none if it is legal.
    /// A server may refuse it for any of them (HTTP-SEND-2).
    pub fn refusals(&self, event: &Outgoing) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        // What the state would be is of no interest, and of no meaning where a rule is broken.
        let _ = self.clone().advance(event, &mut refusals);
        refusals
    }

    /// The exchange is over for this reason; a response that is done stays done.
    pub fn lost(&mut self, end: End) {
        if !self.is_over() {
            self.state = State::Dead(end);
        }
    }

    /// Nothing of the final response was sent yet.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle)
    }

    /// The response is complete.
    #[inline]
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// The exchange became a tunnel, and its sending side is open.
    pub fn is_tunnel(&self) -> bool {
        matches!(self.state, State::Tunnel)
    }

    /// Complete or lost: no event will be accepted any more.
    #[inline]
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Done | State::Dead(_))
    }

    /// What the server does when the call returned `result`; a panic counts as an error that is neither
    /// a disconnect nor "unsupported".
    pub fn returned(&self, result: Result<(), &Error>) -> Returned {
        match (&self.state, result) {
            (State::Done | State::Dead(_), _) => Returned::Nothing,
            (State::Idle, Err(error)) if error.is_unsupported() => Returned::Respond(501),
            (State::Idle, _) => Returned::Respond(500),
            (State::Streaming(_) | State::Tunnel, _) => Returned::Abort,
        }
    }

    /// The half after `event`.
    pub(super) fn after(&self, event: &Outgoing, refuse: &mut impl Refuse) -> Result<Self, SendError> {
        let mut after = self.clone();
        after.advance(event, refuse)?;
        Ok(after)
    }

    /// Changes the state when `event` was found legal, and not before.
    #[inline]
    fn advance(&mut self, event: &Outgoing, refuse: &mut impl Refuse) -> Result<(), SendError> {
        self.check_order(event, refuse)?;
        match event {
            Outgoing::Informational { status, headers } => self.check_informational(*status, headers, refuse),
            Outgoing::Response { status, headers, body } => {
                self.check_response(*status, headers, body.len() as u64, refuse)?;
                self.state = State::Done;
                Ok(())
            }
            Outgoing::Start { status, headers } => {
                self.state = self.start(*status, headers, refuse)?;
                Ok(())
            }
            Outgoing::Body { data, more } => self.body(data.len() as u64, *more, refuse),
            Outgoing::File { file, more } => {
                self.needs(Capabilities::FILE, &CAP_3, refuse)?;
                self.body(file.len, *more, refuse)
            }
            Outgoing::Trailers(fields) => {
                self.check_trailers(fields, refuse)?;
                self.state = State::Done;
                Ok(())
            }
            // Refused above.
            _ => Ok(()),
        }
    }

    fn needs(
        &self,
        capability: Capabilities,
        clause: &'static Clause,
        refuse: &mut impl Refuse,
    ) -> Result<(), SendError> {
        if self.rules.capabilities.contains(capability) {
            return Ok(());
        }
        refuse.refuse(clause, SendError::Unsupported(capability))
    }
}

pub(crate) const HTTP_SEND_1: Clause = Clause {
    id: "HTTP-SEND-1",
    sentence: "An event MUST be answered as this table says; \"yes\" is acceptance, subject to the clauses below.",
};

impl HttpSend {
    #[inline]
    fn check_order(&self, event: &Outgoing, refuse: &mut impl Refuse) -> Result<(), SendError> {
        use Outgoing::{
            Accept, Body, Close, Extension, File, Informational, Message, Ready, Response, Start, Trailers,
        };
        let refusal = match (&self.state, event) {
            (State::Idle, Informational { .. } | Response { .. } | Start { .. }) => return Ok(()),
            (State::Streaming(_), Body { .. } | File { .. } | Trailers(_)) => return Ok(()),
            (State::Tunnel, Body { .. }) => return Ok(()),
            (State::Dead(end), _) => SendError::Disconnected(end.clone()),
            (State::Done, _) => SendError::Finished,
            (_, Extension(_)) => return refuse.refuse(&STATE_4, SendError::Unsupported(Capabilities::NONE)),
            (_, Accept { .. } | Message(_) | Close { .. } | Ready(_)) => Violation::WrongProtocol.into(),
            (State::Tunnel, File { .. } | Trailers(_)) => Violation::WrongProtocol.into(),
            _ => Violation::OutOfOrder.into(),
        };
        refuse.refuse(&HTTP_SEND_1, refusal)
    }
}

pub(crate) const HTTP_SEND_3: Clause = Clause {
    id: "HTTP-SEND-3",
    sentence: "`Informational` with a status other than 100 and 102 to 199 MUST be refused with `BadStatus`.",
};

impl HttpSend {
    fn check_informational(&self, status: u16, headers: &Headers, refuse: &mut impl Refuse) -> Result<(), SendError> {
        self.needs(Capabilities::INFORMATIONAL, &CAP_3, refuse)?;
        if !matches!(status, 100 | 102..=199) {
            refuse.refuse(&HTTP_SEND_3, Violation::BadStatus.into())?;
        }
        check_fields(headers, refuse)?;
        Ok(())
    }
}

pub(crate) const HTTP_SEND_4: Clause = Clause {
    id: "HTTP-SEND-4",
    sentence: "A final head with a status other than 200 to 599 MUST be refused with `BadStatus`; see TUNNEL-1 for \
               101.",
};

pub(crate) const TUNNEL_3: Clause = Clause {
    id: "TUNNEL-3",
    sentence: "`Response` with 2xx to CONNECT MUST be refused with `BadStatus`; any other response declines.",
};

pub(crate) const HTTP_SEND_7: Clause = Clause {
    id: "HTTP-SEND-7",
    sentence: "A `Response` whose `content-length` is not the length of its body MUST be refused with `BadHeader`, \
               unless the body is empty and the request was HEAD or the status is 304.",
};

pub(crate) const HTTP_SEND_9: Clause = Clause {
    id: "HTTP-SEND-9",
    sentence: "A `Response` with status 204, 205 or 304 and a body MUST be refused with `LengthMismatch`.",
};

impl HttpSend {
    #[inline]
    fn check_response(
        &self,
        status: u16,
        headers: &Headers,
        len: u64,
        refuse: &mut impl Refuse,
    ) -> Result<(), SendError> {
        if !matches!(status, 200..=599) {
            refuse.refuse(&HTTP_SEND_4, Violation::BadStatus.into())?;
        }
        // It has no body to put in one event: it is a tunnel (RFC 9110 section 9.3.6).
        if self.rules.connect && matches!(status, 200..=299) {
            refuse.refuse(&TUNNEL_3, Violation::BadStatus.into())?;
        }
        let announced = check_fields(headers, refuse)?;
        if announced.is_some_and(|announced| announced != len) && !(len == 0 && self.rules.may_lack_body(status)) {
            refuse.refuse(&HTTP_SEND_7, Violation::BadHeader.into())?;
        }
        if len != 0 && !has_body(status) {
            refuse.refuse(&HTTP_SEND_9, Violation::LengthMismatch.into())?;
        }
        Ok(())
    }
}

pub(crate) const HTTP_SEND_8: Clause = Clause {
    id: "HTTP-SEND-8",
    sentence: "A `Start` with status 205 and a `content-length` other than 0 MUST be refused with `BadHeader`.",
};

pub(crate) const TUNNEL_1: Clause = Clause {
    id: "TUNNEL-1",
    sentence: "`Start` with 101 MUST make a tunnel if `protocol()` names one and `UPGRADE` is there, be refused with \
               `Unsupported` without the capability, and with `BadStatus` without a protocol.",
};

pub(crate) const TUNNEL_2: Clause = Clause {
    id: "TUNNEL-2",
    sentence: "`Start` with 2xx to CONNECT MUST make a tunnel with `UPGRADE`, and be refused with `Unsupported` \
               without.",
};

impl HttpSend {
    #[inline]
    fn start(&self, status: u16, headers: &Headers, refuse: &mut impl Refuse) -> Result<State, SendError> {
        let announced = check_fields(headers, refuse)?;
        if status == 205 && announced.unwrap_or(0) != 0 {
            refuse.refuse(&HTTP_SEND_8, Violation::BadHeader.into())?;
        }
        match status {
            101 => {
                if !self.rules.upgrade {
                    refuse.refuse(&TUNNEL_1, Violation::BadStatus.into())?;
                }
                self.needs(Capabilities::UPGRADE, &TUNNEL_1, refuse)?;
                return Ok(State::Tunnel);
            }
            200..=299 if self.rules.connect => {
                self.needs(Capabilities::UPGRADE, &TUNNEL_2, refuse)?;
                return Ok(State::Tunnel);
            }
            200..=599 => {}
            _ => refuse.refuse(&HTTP_SEND_4, Violation::BadStatus.into())?,
        }
        Ok(State::Streaming(Body::new(self.rules, status, announced)))
    }

    #[inline]
    fn body(&mut self, len: u64, more: bool, refuse: &mut impl Refuse) -> Result<(), SendError> {
        if let State::Streaming(body) = &mut self.state {
            body.sent(len, more, refuse)?;
        }
        if !more {
            self.state = State::Done;
        }
        Ok(())
    }
}

pub(crate) const TRAILERS_1: Clause = Clause {
    id: "TRAILERS-1",
    sentence: "After a `Start` with `content-length`, 204, 205 or 304 `Trailers` MUST be refused with `Unsupported`.",
};

impl HttpSend {
    fn check_trailers(&self, fields: &Headers, refuse: &mut impl Refuse) -> Result<(), SendError> {
        self.needs(Capabilities::TRAILERS, &CAP_3, refuse)?;
        if matches!(&self.state, State::Streaming(body) if !body.trailers) {
            refuse.refuse(&TRAILERS_1, SendError::Unsupported(Capabilities::TRAILERS))?;
        }
        check_trailers(fields, refuse)
    }
}
