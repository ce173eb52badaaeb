use super::Verdict;
use crate::order::{HttpRules, HttpSend, LifespanSend, Returned, WebSocketReturned, WebSocketSend};
use crate::{BodyHint, End, Error, HttpScope, Incoming, Outgoing, SendError, Utf8, WebSocketScope};

/// How far an exchange has come, and what differs between the protocols: what may be sent and received, and when it
/// is over.
#[derive(Clone, Debug)]
pub(super) enum Protocol {
    Http {
        send: HttpSend,
        input: Input,
        /// A tunnel was accepted.
        tunnel: bool,
    },
    WebSocket {
        send: WebSocketSend,
        accepted: bool,
        /// The code of the close that the application sent.
        closing: Option<u16>,
    },
    Lifespan {
        send: LifespanSend,
        /// The server has stopped.
        stopped: bool,
        lost: Option<End>,
    },
}

/// The receiving half of an HTTP exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// The request has no body, and that is not said yet.
    Absent,
    /// The request is not at its end.
    Request,
    Read,
    /// The peer's side of a tunnel is open.
    Tunnel,
    TunnelRead,
}

impl Protocol {
    pub(super) fn http(scope: &HttpScope) -> Self {
        let input = if scope.body() == BodyHint::None { Input::Absent } else { Input::Request };
        Self::Http { send: HttpSend::new(HttpRules::of(scope)), input, tunnel: false }
    }

    pub(super) fn websocket(scope: &WebSocketScope) -> Self {
        Self::WebSocket { send: WebSocketSend::new(scope), accepted: false, closing: None }
    }

    pub(super) fn lifespan() -> Self {
        Self::Lifespan { send: LifespanSend::new(), stopped: false, lost: None }
    }

    /// Takes `event` into account, or refuses it and changes nothing.
    pub(super) fn accept(&mut self, event: &Outgoing) -> Result<(), SendError> {
        match self {
            Self::Http { send, input, tunnel } => {
                send.accept(event)?;
                if send.is_tunnel() && !*tunnel {
                    *tunnel = true;
                    if let Input::Read | Input::Absent = *input {
                        *input = Input::Tunnel;
                    }
                }
            }
            Self::WebSocket { send, accepted, closing } => {
                send.accept(event)?;
                *accepted |= send.is_open();
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

    /// Whether it is to be said that the request has no body; once.
    pub(super) fn take_absent_body(&mut self) -> bool {
        match self {
            Self::Http { input: input @ Input::Absent, .. } => {
                *input = Input::Read;
                true
            }
            _ => false,
        }
    }

    /// Whether the peer's `event` may be received now.
    pub(super) fn may_receive(&self, event: &Incoming) -> bool {
        match (self, event) {
            (Self::WebSocket { accepted, .. }, Incoming::Message(_) | Incoming::End(End::Closed { .. })) => *accepted,
            (_, Incoming::End(_)) => true,
            (Self::Http { input, .. }, _) => matches!(input, Input::Request | Input::Tunnel),
            (Self::WebSocket { accepted, .. }, _) => *accepted,
            (Self::Lifespan { send, .. }, _) => send.is_ready(),
        }
    }

    /// `event` was received.
    pub(super) fn received(&mut self, event: &Incoming) {
        match (self, event) {
            (Self::Http { input, tunnel, .. }, Incoming::Body { more: false, .. } | Incoming::Trailers(_)) => {
                *input = match input {
                    Input::Request if *tunnel => Input::Tunnel,
                    Input::Request => Input::Read,
                    _ => Input::TunnelRead,
                };
            }
            (Self::Lifespan { stopped, .. }, Incoming::Shutdown) => *stopped = true,
            _ => {}
        }
    }

    /// More of the request (or of a tunnel) is due, whatever has become of the response.
    pub(super) fn awaits_input(&self) -> bool {
        matches!(self, Self::Http { input: Input::Request | Input::Tunnel, .. })
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
            Self::Lifespan { stopped, .. } => stopped.then_some(End::Complete),
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
            Self::WebSocket { accepted: true, .. } => End::Closed { code: 1006, reason: Utf8::default(), clean: false },
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
