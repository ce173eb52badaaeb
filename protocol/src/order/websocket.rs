use super::{HttpRules, HttpSend, Returned};
use crate::{Capabilities, End, Error, Headers, Message, Outgoing, SendError, Violation, WebSocketScope, field};

/// The sending half of a WebSocket exchange.
///
/// ```text
/// call ─▶ Connecting ─ Accept ─▶ Open ─ Message ↺ ─ Close ─▶ Closing ─▶ Closed
///           │ Informational ↺
///           │ Close ─────────────────────▶ denied, with status 403
///           └ Response, or Start and Body ▶ denied, with that response
/// ```
#[derive(Clone, Debug)]
pub struct WebSocketSend {
    state: State,
    subprotocols: Vec<Box<str>>,
}

/// What is to be done when the call of a WebSocket has returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebSocketReturned {
    /// The handshake was not accepted: what is to be done about its response.
    Handshake(Returned),
    /// The socket is open: close it with this code.
    Close(u16),
    /// Nothing: the application closed the socket, or it is closed.
    Nothing,
}

#[derive(Clone, Debug)]
enum State {
    /// Before `Accept`, and while or after denying: what HTTP allows.
    Handshake(HttpSend),
    Denied,
    Open {
        control: bool,
    },
    Closing,
    Closed(End),
}

impl WebSocketSend {
    /// The beginning of an exchange.
    pub fn new(scope: &WebSocketScope) -> Self {
        let rules = HttpRules { upgrade: false, ..HttpRules::of(scope.http()) };
        let subprotocols = scope.subprotocols().map(Box::from).collect();
        Self { state: State::Handshake(HttpSend::new(rules)), subprotocols }
    }

    /// Takes `event` into account, or refuses it.
    ///
    /// # Errors
    /// The refusal that the application is given. The state is unchanged.
    pub fn accept(&mut self, event: &Outgoing) -> Result<(), SendError> {
        match (&mut self.state, event) {
            (State::Closed(end), _) => return Err(SendError::Disconnected(end.clone())),
            (State::Denied | State::Closing, _) => return Err(SendError::Finished),
            (_, Outgoing::Extension(_)) => return Err(SendError::Unsupported(Capabilities::NONE)),
            (_, Outgoing::Ready(_)) => return Err(Violation::WrongProtocol.into()),
            (State::Handshake(http), Outgoing::Accept { subprotocol, headers }) if http.is_idle() => {
                if let Some(name) = subprotocol
                    && !self.subprotocols.iter().any(|offered| **offered == **name)
                {
                    return Err(Violation::BadSubprotocol.into());
                }
                check_accept_fields(headers)?;
                let control = http.rules().capabilities.contains(Capabilities::WEBSOCKET_CONTROL);
                self.state = State::Open { control };
            }
            (State::Handshake(http), Outgoing::Close { code, reason }) if http.is_idle() => {
                check_close(*code, reason)?;
                self.state = State::Denied;
            }
            (State::Handshake(_), Outgoing::Accept { .. } | Outgoing::Close { .. } | Outgoing::Message(_)) => {
                return Err(Violation::OutOfOrder.into());
            }
            (State::Handshake(http), event) => {
                if let Outgoing::Response { status: 200..=299, .. } | Outgoing::Start { status: 200..=299, .. } = event
                {
                    return Err(Violation::BadStatus.into());
                }
                let denial = Capabilities::WEBSOCKET_DENIAL;
                if matches!(event, Outgoing::Response { .. } | Outgoing::Start { .. })
                    && !http.rules().capabilities.contains(denial)
                {
                    return Err(SendError::Unsupported(denial));
                }
                http.accept(event)?;
                if http.is_done() {
                    self.state = State::Denied;
                }
            }
            (State::Open { control }, Outgoing::Message(message)) => match message {
                Message::Text(_) | Message::Binary(_) => {}
                Message::Ping(_) | Message::Pong(_) if !*control => {
                    return Err(SendError::Unsupported(Capabilities::WEBSOCKET_CONTROL));
                }
                // RFC 6455 section 5.5.
                Message::Ping(data) | Message::Pong(data) if data.len() > 125 => {
                    return Err(Violation::LengthMismatch.into());
                }
                Message::Ping(_) | Message::Pong(_) => {}
            },
            (State::Open { .. }, Outgoing::Close { code, reason }) => {
                check_close(*code, reason)?;
                self.state = State::Closing;
            }
            (State::Open { .. }, Outgoing::Accept { .. }) => return Err(Violation::OutOfOrder.into()),
            (State::Open { .. }, _) => return Err(Violation::WrongProtocol.into()),
        }
        Ok(())
    }

    /// The socket is closed, or the peer was lost during the handshake. A later reason takes the place of an earlier one:
    /// a server that closes knows only afterwards how that ends.
    pub fn lost(&mut self, end: End) {
        if !matches!(self.state, State::Denied) {
            self.state = State::Closed(end);
        }
    }

    /// The application has not decided yet.
    pub fn is_connecting(&self) -> bool {
        matches!(&self.state, State::Handshake(http) if http.is_idle())
    }

    /// Messages may be sent.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// The handshake was denied, in full.
    pub fn is_denied(&self) -> bool {
        matches!(self.state, State::Denied)
    }

    /// Nothing more is accepted: the handshake was denied, or the socket is closing or closed.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Denied | State::Closing | State::Closed(_))
    }

    /// What the server does when the call returned `result`.
    pub fn returned(&self, result: Result<(), &Error>) -> WebSocketReturned {
        match (&self.state, result) {
            (State::Handshake(http), Ok(())) if http.is_idle() => WebSocketReturned::Handshake(Returned::Respond(403)),
            (State::Handshake(http), result) => WebSocketReturned::Handshake(http.returned(result)),
            (State::Denied, _) => WebSocketReturned::Handshake(Returned::Nothing),
            (State::Open { .. }, Ok(())) => WebSocketReturned::Close(1000),
            (State::Open { .. }, Err(_)) => WebSocketReturned::Close(1011),
            (State::Closing | State::Closed(_), _) => WebSocketReturned::Nothing,
        }
    }
}

/// Whether an endpoint may send this code in a close frame (RFC 6455 section 7.4 and the IANA registry).
pub fn is_close_code(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// The code, and the room for a reason in a control frame.
fn check_close(code: u16, reason: &str) -> Result<(), Violation> {
    if is_close_code(code) && reason.len() <= 123 { Ok(()) } else { Err(Violation::BadCloseCode) }
}

/// The handshake's own fields are the server's (RFC 6455 section 4.2.2).
fn check_accept_fields(headers: &Headers) -> Result<(), Violation> {
    for (name, value) in headers {
        let reserved = name.starts_with("sec-websocket-")
            || matches!(name, "connection" | "upgrade" | "content-length" | "transfer-encoding" | "keep-alive");
        if reserved || !field::is_token(name.as_bytes()) || !field::is_value(value) {
            return Err(Violation::BadHeader);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Head, HttpScope, State as AppState, Utf8};
    use bytes::Bytes;

    fn connecting(capabilities: Capabilities) -> WebSocketSend {
        let headers = Headers::from_static(&[("sec-websocket-protocol", "chat, superchat")]);
        let head = Head { headers, target: b"/".to_vec(), path_len: 1, ..Head::default() };
        WebSocketSend::new(&WebSocketScope::new(HttpScope::new(head.into(), capabilities)))
    }
    fn open(capabilities: Capabilities) -> WebSocketSend {
        let mut send = connecting(capabilities);
        send.accept(&accept(None)).unwrap();
        send
    }
    fn accept(subprotocol: Option<&'static str>) -> Outgoing {
        Outgoing::Accept { subprotocol: subprotocol.map(Utf8::from_static), headers: Headers::new() }
    }
    fn close(code: u16) -> Outgoing {
        Outgoing::Close { code, reason: "".into() }
    }
    fn respond(status: u16) -> Outgoing {
        Outgoing::Response { status, headers: Headers::new(), body: "no".into() }
    }
    fn text() -> Outgoing {
        Outgoing::Message(Message::Text("hi".into()))
    }
    fn ping(len: usize) -> Outgoing {
        Outgoing::Message(Message::Ping(Bytes::from(vec![0; len])))
    }

    #[test]
    fn accepting() {
        let mut send = connecting(Capabilities::NONE);
        assert_eq!(send.accept(&text()), Err(Violation::OutOfOrder.into()));
        assert_eq!(send.accept(&accept(Some("other"))), Err(Violation::BadSubprotocol.into()));
        send.accept(&accept(Some("superchat"))).unwrap();
        assert!(send.is_open());
        assert_eq!(send.accept(&accept(None)), Err(Violation::OutOfOrder.into()));
        assert_eq!(send.accept(&respond(400)), Err(Violation::WrongProtocol.into()));
        send.accept(&text()).unwrap();
        send.accept(&close(4000)).unwrap();
        assert_eq!(send.accept(&text()), Err(SendError::Finished));
    }

    #[test]
    fn reserved_fields() {
        for name in ["sec-websocket-accept", "connection", "upgrade", "content-length", "bad name"] {
            let headers = [(name, "x")].into_iter().collect();
            let event = Outgoing::Accept { subprotocol: None, headers };
            assert_eq!(connecting(Capabilities::NONE).accept(&event), Err(Violation::BadHeader.into()));
        }
    }

    #[test]
    fn denying() {
        let denial = Capabilities::WEBSOCKET_DENIAL;
        assert_eq!(connecting(Capabilities::NONE).accept(&respond(401)), Err(SendError::Unsupported(denial)));

        let mut send = connecting(denial);
        assert_eq!(send.accept(&respond(200)), Err(Violation::BadStatus.into()));
        send.accept(&respond(401)).unwrap();
        assert!(send.is_denied());
        assert_eq!(send.accept(&accept(None)), Err(SendError::Finished));

        let mut send = connecting(denial);
        send.accept(&Outgoing::Start { status: 404, headers: Headers::new() }).unwrap();
        assert_eq!(send.accept(&accept(None)), Err(Violation::OutOfOrder.into()));
        assert_eq!(send.accept(&close(1000)), Err(Violation::OutOfOrder.into()));
        send.accept(&Outgoing::Body { data: "no".into(), more: false }).unwrap();
        assert!(send.is_denied());

        let mut send = connecting(Capabilities::NONE);
        send.accept(&close(1000)).unwrap();
        assert!(send.is_denied());
    }

    #[test]
    fn control_frames() {
        let mut without = open(Capabilities::NONE);
        assert_eq!(without.accept(&ping(1)), Err(SendError::Unsupported(Capabilities::WEBSOCKET_CONTROL)));
        let mut with = open(Capabilities::WEBSOCKET_CONTROL);
        with.accept(&ping(125)).unwrap();
        assert_eq!(with.accept(&ping(126)), Err(Violation::LengthMismatch.into()));
    }

    #[test]
    fn close_codes() {
        for code in [0, 999, 1004, 1005, 1006, 1015, 2999, 5000] {
            assert_eq!(open(Capabilities::NONE).accept(&close(code)), Err(Violation::BadCloseCode.into()));
        }
        for code in [1000, 1003, 1007, 1014, 3000, 4999] {
            open(Capabilities::NONE).accept(&close(code)).unwrap();
        }
        let long = Outgoing::Close { code: 1000, reason: "x".repeat(124).into() };
        assert_eq!(open(Capabilities::NONE).accept(&long), Err(Violation::BadCloseCode.into()));
    }

    #[test]
    fn returns() {
        let failure = Error::from("oops");
        let connecting = connecting(Capabilities::NONE);
        assert_eq!(connecting.returned(Ok(())), WebSocketReturned::Handshake(Returned::Respond(403)));
        assert_eq!(connecting.returned(Err(&failure)), WebSocketReturned::Handshake(Returned::Respond(500)));
        assert_eq!(open(Capabilities::NONE).returned(Ok(())), WebSocketReturned::Close(1000));
        assert_eq!(open(Capabilities::NONE).returned(Err(&failure)), WebSocketReturned::Close(1011));
    }

    #[test]
    fn a_lost_socket_says_why_and_lifespan_events_are_foreign() {
        let mut send = open(Capabilities::NONE);
        assert_eq!(send.accept(&Outgoing::Ready(AppState::new())), Err(Violation::WrongProtocol.into()));
        let end = End::Closed { code: 1006, reason: "".into(), clean: false };
        send.lost(end.clone());
        assert_eq!(send.accept(&text()), Err(SendError::Disconnected(end)));
        let end = End::Closed { code: 1000, reason: "".into(), clean: true };
        send.lost(end.clone());
        assert_eq!(send.accept(&text()), Err(SendError::Disconnected(end)));
    }
}
