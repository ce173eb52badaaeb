use super::Verdict;
use crate::order::{
    Handshake, HttpReceive, HttpRules, HttpSend, LifespanReceive, LifespanSend, Returned, WebSocketReceive,
    WebSocketReturned, WebSocketSend,
};
use crate::{End, Error, HttpScope, Incoming, Outgoing, SendError, Utf8, WebSocketScope};
use bytes::Bytes;

/// How far an exchange has come, and what differs between the protocols: what may be sent and received, and when it
/// is over.
#[derive(Clone, Debug)]
pub(super) enum Protocol {
    Http {
        send: HttpSend,
        receive: HttpReceive,
        /// A tunnel was accepted.
        tunnel: bool,
    },
    WebSocket {
        send: WebSocketSend,
        receive: WebSocketReceive,
        /// The code of the close that the application sent.
        closing: Option<u16>,
    },
    Lifespan {
        send: LifespanSend,
        receive: LifespanReceive,
        lost: Option<End>,
    },
}

impl Protocol {
    pub(super) fn http(scope: &HttpScope) -> Self {
        Self::Http { send: HttpSend::new(HttpRules::of(scope)), receive: HttpReceive::new(scope.body()), tunnel: false }
    }

    pub(super) fn websocket(scope: &WebSocketScope) -> Self {
        Self::WebSocket { send: WebSocketSend::new(scope), receive: WebSocketReceive::new(scope), closing: None }
    }

    pub(super) fn lifespan() -> Self {
        Self::Lifespan { send: LifespanSend::new(), receive: LifespanReceive::new(), lost: None }
    }

    /// Takes `event` into account, or refuses it and changes nothing.
    pub(super) fn accept(&mut self, event: &Outgoing) -> Result<(), SendError> {
        match self {
            Self::Http { send, tunnel, .. } => {
                send.accept(event)?;
                *tunnel |= send.is_tunnel();
            }
            Self::WebSocket { send, closing, .. } => {
                send.accept(event)?;
                if let Outgoing::Close { code, .. } = event {
                    *closing = Some(*code);
                }
            }
            Self::Lifespan { lost: Some(end), .. } => return Err(SendError::Disconnected(end.clone())),
            Self::Lifespan { send, .. } => send.accept(event)?,
        }
        Ok(())
    }

    /// Nothing of the final response was sent.
    pub(super) fn is_undecided(&self) -> bool {
        match self {
            Self::Http { send, .. } => send.is_idle(),
            Self::WebSocket { send, .. } => send.is_connecting(),
            Self::Lifespan { .. } => false,
        }
    }

    pub(super) fn is_lifespan(&self) -> bool {
        matches!(self, Self::Lifespan { .. })
    }

    /// To HEAD: bodies are accepted and not sent.
    pub(super) fn is_head(&self) -> bool {
        matches!(self, Self::Http { send, .. } if send.rules().head)
    }

    /// What the application would still send is refused, so that it need not wait for room.
    pub(super) fn is_finished(&self) -> bool {
        match self {
            Self::Http { send, .. } => send.is_over(),
            Self::WebSocket { send, closing, .. } => send.is_denied() || closing.is_some(),
            Self::Lifespan { .. } => false,
        }
    }

    /// It is to be said that the request has no body.
    pub(super) fn lacks_body(&self) -> bool {
        matches!(self, Self::Http { receive, tunnel: false, .. } if receive.is_absent())
    }

    /// Whether the peer's `event` may be received now.
    pub(super) fn may_receive(&self, event: &Incoming) -> bool {
        match (self, event) {
            (Self::WebSocket { send, .. }, Incoming::End(End::Closed { .. })) => {
                send.handshake() == Handshake::Accepted
            }
            (_, Incoming::End(_)) => true,
            (Self::Http { .. }, _) => self.awaits_input(),
            (Self::WebSocket { send, .. }, _) => send.handshake() == Handshake::Accepted,
            (Self::Lifespan { send, .. }, _) => send.is_ready(),
        }
    }

    /// `event` is received: as what it then is. Whether a script keeps the order is its author's concern.
    pub(super) fn receive(&mut self, mut event: Incoming) -> Incoming {
        let _ = match self {
            Self::Http { receive, tunnel, .. } => match &mut event {
                // TUNNEL-6: the end of the request is not the end of what the peer sends.
                Incoming::Body { more: more @ false, .. } if *tunnel && receive.is_open() => {
                    receive.open_tunnel();
                    *more = true;
                    Ok(())
                }
                event => receive.receive(event, *tunnel),
            },
            Self::WebSocket { send, receive, .. } => receive.receive(&event, send.handshake()),
            Self::Lifespan { receive, .. } => receive.receive(&event),
        };
        event
    }

    /// Says that the request has no body.
    pub(super) fn receive_nothing(&mut self) -> Incoming {
        self.receive(Incoming::Body { data: Bytes::new(), more: false })
    }

    /// More of the request (or of a tunnel) is due, whatever has become of the response.
    pub(super) fn awaits_input(&self) -> bool {
        matches!(self, Self::Http { receive, tunnel, .. } if receive.is_awaited(*tunnel))
    }

    /// The application may receive more from the peer.
    pub(super) fn takes_input(&self) -> bool {
        !matches!(self, Self::Http { .. }) || self.awaits_input()
    }

    /// Why the exchange is over, once the peer has all that was sent.
    pub(super) fn complete(&mut self) -> Option<End> {
        match self {
            Self::Http { send, .. } => send.is_done().then_some(End::Complete),
            Self::WebSocket { send, .. } if send.is_denied() => Some(End::Complete),
            Self::WebSocket { send, closing, .. } => {
                // The peer answers a close with the same code (RFC 6455 section 5.5.1).
                let end = End::Closed { code: (*closing)?, reason: Utf8::default(), clean: true };
                send.lost(end.clone());
                Some(end)
            }
            Self::Lifespan { receive, .. } => receive.is_stopped().then_some(End::Complete),
        }
    }

    /// The exchange is over before its time.
    pub(super) fn lose(&mut self, end: End) {
        match self {
            Self::Http { send, .. } => send.lost(end),
            Self::WebSocket { send, .. } => send.lost(end),
            Self::Lifespan { lost, .. } => *lost = Some(end),
        }
    }

    /// What the application is told of a peer that leaves.
    pub(super) fn hung_up(&self) -> End {
        match self {
            // 1006: no close frame came (RFC 6455 section 7.1.5).
            Self::WebSocket { send, .. } if send.handshake() == Handshake::Accepted => {
                End::Closed { code: 1006, reason: Utf8::default(), clean: false }
            }
            Self::Lifespan { .. } => End::ServerShutdown,
            _ => End::Disconnected { code: None },
        }
    }

    /// What a server does when the call returned `result`.
    pub(super) fn returned(&self, result: Result<(), &Error>) -> Verdict {
        let returned = match self {
            Self::Http { send, .. } => send.returned(result),
            Self::WebSocket { send, .. } => match send.returned(result) {
                WebSocketReturned::Handshake(returned) => returned,
                WebSocketReturned::Close(code) => return Verdict::Close(code),
                WebSocketReturned::Nothing => return Verdict::Nothing,
            },
            Self::Lifespan { send, .. } => {
                return match result {
                    Ok(()) => Verdict::Nothing,
                    Err(error) if error.is_unsupported() && !send.is_ready() => Verdict::Nothing,
                    Err(_) => Verdict::Exit,
                };
            }
        };
        match returned {
            Returned::Nothing => Verdict::Nothing,
            Returned::Respond(status) => Verdict::Respond(status),
            Returned::Abort => Verdict::Abort,
        }
    }
}
