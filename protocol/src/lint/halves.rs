//! The tables of [`order`](crate::order), for an exchange of any protocol.

use crate::order::clause::END_3;
use crate::order::http::{
    HTTP_RECV_2, HTTP_RECV_3, HTTP_RECV_4, HTTP_RECV_10, HTTP_SEND_1, TRAILERS_3, TUNNEL_6, TUNNEL_7,
};
use crate::order::lifespan::{LIFE_6, LIFE_8, LIFE_9, LIFE_10};
use crate::order::websocket::{WS_2, WS_9, WS_10, WS_12, WS_13};
use crate::order::{
    Clause, Handshake, HttpReceive, HttpRules, HttpSend, LifespanReceive, LifespanSend, Refusal, WebSocketReceive,
    WebSocketSend,
};
use crate::{End, Incoming, Outgoing, Scope, SendError};

/// What was sent.
#[derive(Clone, Debug)]
pub(super) enum Sending {
    Http {
        send: HttpSend,
        /// A tunnel was accepted.
        tunnel: bool,
    },
    WebSocket(WebSocketSend),
    Lifespan(LifespanSend),
}

impl Sending {
    pub(super) fn new(scope: &Scope) -> Self {
        match scope {
            Scope::Http(scope) => Self::Http { send: HttpSend::new(HttpRules::of(scope)), tunnel: false },
            Scope::WebSocket(scope) => Self::WebSocket(WebSocketSend::new(scope)),
            Scope::Lifespan(_) => Self::Lifespan(LifespanSend::new()),
        }
    }

    pub(super) fn accept(&mut self, event: &Outgoing) -> Result<(), SendError> {
        match self {
            Self::Http { send, tunnel } => {
                send.accept(event)?;
                *tunnel |= send.is_tunnel();
                Ok(())
            }
            Self::WebSocket(send) => send.accept(event),
            Self::Lifespan(send) => send.accept(event),
        }
    }

    pub(super) fn refusals(&self, event: &Outgoing) -> Vec<Refusal> {
        match self {
            Self::Http { send, .. } => send.refusals(event),
            Self::WebSocket(send) => send.refusals(event),
            Self::Lifespan(send) => send.refusals(event),
        }
    }

    pub(super) fn lost(&mut self, end: End) {
        match self {
            Self::Http { send, .. } => send.lost(end),
            Self::WebSocket(send) => send.lost(end),
            Self::Lifespan(_) => {}
        }
    }

    /// The clause with the table of answers.
    pub(super) fn table(&self) -> &'static Clause {
        match self {
            Self::Http { .. } => &HTTP_SEND_1,
            Self::WebSocket(_) => &WS_2,
            Self::Lifespan(_) => &LIFE_6,
        }
    }

    /// The response, or the denial, is complete.
    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Http { send, .. } => send.is_done(),
            Self::WebSocket(send) => send.is_denied(),
            Self::Lifespan(_) => false,
        }
    }

    /// A tunnel or a WebSocket was accepted.
    pub(super) fn is_two_way(&self) -> bool {
        match self {
            Self::Http { tunnel, .. } => *tunnel,
            Self::WebSocket(send) => send.handshake() == Handshake::Accepted,
            Self::Lifespan(_) => false,
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        match self {
            Self::Http { send, .. } => send.is_idle(),
            Self::WebSocket(send) => send.is_connecting(),
            Self::Lifespan(send) => !send.is_ready(),
        }
    }

    /// When an event came that was not to come.
    pub(super) fn phase(&self) -> &'static str {
        match self {
            Self::Http { send, .. } if send.is_idle() => "before Start",
            Self::Http { send, .. } if send.is_tunnel() => "in a tunnel",
            Self::Http { send, .. } if send.is_done() => "after the end of the response",
            Self::Http { send, .. } if send.is_over() => "after the exchange was lost",
            Self::Http { .. } => "after Start",
            Self::WebSocket(send) if send.is_connecting() => "before Accept",
            Self::WebSocket(send) if send.is_open() => "after Accept",
            Self::WebSocket(send) if send.is_denied() => "after the handshake was denied",
            Self::WebSocket(send) if send.is_over() => "after the socket was closed",
            Self::WebSocket(_) => "while the handshake was being denied",
            Self::Lifespan(send) if send.is_ready() => "after Ready",
            Self::Lifespan(_) => "in the lifespan",
        }
    }
}

/// What was received.
#[derive(Clone, Debug)]
pub(super) enum Receiving {
    Http(HttpReceive),
    WebSocket(WebSocketReceive),
    Lifespan(LifespanReceive),
}

impl Receiving {
    pub(super) fn new(scope: &Scope) -> Self {
        match scope {
            Scope::Http(scope) => Self::Http(HttpReceive::new(scope.body())),
            Scope::WebSocket(scope) => Self::WebSocket(WebSocketReceive::new(scope)),
            Scope::Lifespan(_) => Self::Lifespan(LifespanReceive::new()),
        }
    }

    pub(super) fn receive(&mut self, event: &Incoming, sending: &Sending) -> Result<(), &'static Clause> {
        match (self, sending) {
            (Self::Http(receive), Sending::Http { tunnel, .. }) => receive.receive(event, *tunnel),
            (Self::WebSocket(receive), Sending::WebSocket(send)) => receive.receive(event, send.handshake()),
            (Self::Lifespan(receive), _) => receive.receive(event),
            // Both halves are those of one scope.
            _ => Ok(()),
        }
    }

    /// Nothing of the request, or of the tunnel, is left to be received.
    pub(super) fn is_read(&self, sending: &Sending) -> bool {
        match (self, sending) {
            (Self::Http(receive), Sending::Http { tunnel, .. }) => !receive.is_absent() && !receive.is_awaited(*tunnel),
            _ => false,
        }
    }
}

/// How an event that was delivered broke `clause`.
pub(super) fn how(clause: &Clause) -> &'static str {
    const HOW: [(&Clause, &str); 15] = [
        (&END_3, "after End"),
        (&HTTP_RECV_2, "after the end of the request"),
        (&HTTP_RECV_3, "though the request has no body"),
        (&HTTP_RECV_4, "against the announced length"),
        (&HTTP_RECV_10, "in a tunnel"),
        (&TRAILERS_3, "that are to be dropped"),
        (&TUNNEL_6, "before the rest of the request, or in place of it"),
        (&TUNNEL_7, "in place of an empty last Body"),
        (&LIFE_8, "out of turn"),
        (&LIFE_9, "in place of Shutdown, or again"),
        (&LIFE_10, "after Shutdown"),
        (&WS_9, "before Accept"),
        (&WS_10, "without WEBSOCKET_CONTROL"),
        (&WS_12, "though the socket was accepted"),
        (&WS_13, "though the socket was not accepted"),
    ];
    HOW.iter().find(|(known, _)| *known == clause).map_or("in an exchange that has no such event", |(_, how)| how)
}

/// The peer is gone, or whatever else this says: it is not the request alone that ended.
pub(super) fn is_over(end: &End) -> bool {
    !matches!(end, End::BadRequest(_) | End::Timeout)
}

/// What became of the handshake, if there was one.
pub(super) fn handshake(sending: &Sending) -> Option<Handshake> {
    match sending {
        Sending::WebSocket(send) => Some(send.handshake()),
        _ => None,
    }
}
