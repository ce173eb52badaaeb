mod receive;

use super::clause::{CAP_3, Clause, First, Refusal, Refuse, STATE_4};
use super::http::TUNNEL_1;
use super::{HttpRules, HttpSend, Returned};
use crate::{Capabilities, End, Error, Headers, Message, Outgoing, SendError, Violation, WebSocketScope, field};
pub use receive::WebSocketReceive;
pub(crate) use receive::{WS_9, WS_10, WS_12, WS_13, check_end};
use std::sync::Arc;

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
    handshake: Handshake,
    capabilities: Capabilities,
    subprotocols: Arc<[Box<str>]>,
}

/// What became of a WebSocket's handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// It is neither accepted nor denied in full.
    Pending,
    /// It was accepted, whatever became of the socket.
    Accepted,
    /// It was denied in full.
    Denied,
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
    /// Before `Accept`, and while denying: what HTTP allows.
    Handshake(HttpSend),
    Denied,
    Open,
    Closing,
    Closed(End),
}

impl WebSocketSend {
    /// The beginning of an exchange.
    pub fn new(scope: &WebSocketScope) -> Self {
        let rules = HttpRules { upgrade: false, ..HttpRules::of(scope.http()) };
        Self {
            state: State::Handshake(HttpSend::new(rules)),
            handshake: Handshake::Pending,
            capabilities: rules.capabilities,
            subprotocols: scope.subprotocols().map(Box::from).collect(),
        }
    }

    /// Takes `event` into account, or refuses it.
    ///
    /// # Errors
    /// The refusal that the application is given. The state is unchanged.
    pub fn accept(&mut self, event: &Outgoing) -> Result<(), SendError> {
        self.advance(event, &mut First)
    }

    /// Every rule that `event` would break, the one that [`accept`](Self::accept) names first; none if it is legal.
    pub fn refusals(&self, event: &Outgoing) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        // What the state would be is of no interest, and of no meaning where a rule is broken.
        let _ = self.clone().advance(event, &mut refusals);
        refusals
    }

    /// The socket is closed, or the peer was lost during the handshake. A later reason takes the place of an earlier one:
    /// a server that closes knows only afterwards how that ends.
    pub fn lost(&mut self, end: End) {
        if !matches!(self.state, State::Denied) {
            self.state = State::Closed(end);
        }
    }

    /// What became of the handshake.
    pub fn handshake(&self) -> Handshake {
        self.handshake
    }

    /// The application has not decided yet.
    pub fn is_connecting(&self) -> bool {
        matches!(&self.state, State::Handshake(http) if http.is_idle())
    }

    /// Messages may be sent.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
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
            (State::Open, Ok(())) => WebSocketReturned::Close(1000),
            (State::Open, Err(_)) => WebSocketReturned::Close(1011),
            (State::Closing | State::Closed(_), _) => WebSocketReturned::Nothing,
        }
    }

    /// Changes the state when `event` was found legal, and not before.
    fn advance(&mut self, event: &Outgoing, refuse: &mut impl Refuse) -> Result<(), SendError> {
        self.check_order(event, refuse)?;
        let state = match (&self.state, event) {
            (_, Outgoing::Message(message)) => return self.check_message(message, refuse),
            (_, Outgoing::Accept { subprotocol, headers }) => {
                self.check_subprotocol(subprotocol.as_deref(), refuse)?;
                check_accept_fields(headers, refuse)?;
                State::Open
            }
            (state, Outgoing::Close { code, reason }) => {
                check_close(*code, reason, refuse)?;
                if matches!(state, State::Handshake(_)) { State::Denied } else { State::Closing }
            }
            (State::Handshake(http), event) => {
                self.check_denial(event, refuse)?;
                let http = http.after(event, &mut InHandshake(refuse))?;
                if http.is_done() { State::Denied } else { State::Handshake(http) }
            }
            // Refused above.
            _ => return Ok(()),
        };
        match state {
            State::Open => self.handshake = Handshake::Accepted,
            State::Denied => self.handshake = Handshake::Denied,
            _ => {}
        }
        self.state = state;
        Ok(())
    }
}

pub(crate) const WS_2: Clause = Clause {
    id: "WS-2",
    sentence: "An event MUST be answered as this table says; \"HTTP\" is the answer of section 6, in Idle and in \
               Streaming.",
};

impl WebSocketSend {
    fn check_order(&self, event: &Outgoing, refuse: &mut impl Refuse) -> Result<(), SendError> {
        use Outgoing::{Accept, Close, Extension, Message, Ready};
        let refusal = match (&self.state, event) {
            (State::Closed(end), _) => SendError::Disconnected(end.clone()),
            (State::Denied | State::Closing, _) => SendError::Finished,
            (_, Extension(_)) => return refuse.refuse(&STATE_4, SendError::Unsupported(Capabilities::NONE)),
            (_, Ready(_)) => Violation::WrongProtocol.into(),
            (State::Handshake(http), Accept { .. } | Close { .. }) if http.is_idle() => return Ok(()),
            (State::Handshake(_), Accept { .. } | Close { .. } | Message(_)) => Violation::OutOfOrder.into(),
            // As in HTTP.
            (State::Handshake(_), _) => return Ok(()),
            (State::Open, Message(_) | Close { .. }) => return Ok(()),
            (State::Open, Accept { .. }) => Violation::OutOfOrder.into(),
            (State::Open, _) => Violation::WrongProtocol.into(),
        };
        refuse.refuse(&WS_2, refusal)
    }
}

pub(crate) const WS_3: Clause = Clause {
    id: "WS-3",
    sentence: "`Accept` with a subprotocol that the client did not offer MUST be refused with `BadSubprotocol`.",
};

impl WebSocketSend {
    fn check_subprotocol(&self, name: Option<&str>, refuse: &mut impl Refuse) -> Result<(), SendError> {
        match name {
            Some(name) if !self.subprotocols.iter().any(|offered| **offered == *name) => {
                refuse.refuse(&WS_3, Violation::BadSubprotocol.into())
            }
            _ => Ok(()),
        }
    }
}

pub(crate) const WS_4: Clause = Clause {
    id: "WS-4",
    sentence: "`Accept` with a field that HTTP-SEND-5 refuses, or with `connection`, `content-length`, `keep-alive`, \
               `transfer-encoding`, `upgrade` or a name that begins with `sec-websocket-`, MUST be refused with \
               `BadHeader`.",
};

/// The handshake's own fields are the server's (RFC 6455 section 4.2.2).
fn check_accept_fields(headers: &Headers, refuse: &mut impl Refuse) -> Result<(), SendError> {
    let is_bad = |(name, value): (&str, &[u8])| {
        let reserved = name.starts_with("sec-websocket-")
            || matches!(name, "connection" | "upgrade" | "content-length" | "transfer-encoding" | "keep-alive");
        reserved || !field::is_token(name.as_bytes()) || !field::is_value(value)
    };
    if headers.iter().any(is_bad) { refuse.refuse(&WS_4, Violation::BadHeader.into()) } else { Ok(()) }
}

pub(crate) const WS_5: Clause =
    Clause { id: "WS-5", sentence: "`Response` and `Start` with status 101 or 2xx MUST be refused with `BadStatus`." };

impl WebSocketSend {
    fn check_denial(&self, event: &Outgoing, refuse: &mut impl Refuse) -> Result<(), SendError> {
        let (Outgoing::Response { status, .. } | Outgoing::Start { status, .. }) = event else { return Ok(()) };
        if matches!(status, 101 | 200..=299) {
            refuse.refuse(&WS_5, Violation::BadStatus.into())?;
        }
        let denial = Capabilities::WEBSOCKET_DENIAL;
        if !self.capabilities.contains(denial) {
            refuse.refuse(&CAP_3, SendError::Unsupported(denial))?;
        }
        Ok(())
    }
}

/// A handshake cannot become a tunnel: there WS-5 has the word.
struct InHandshake<'a, R>(&'a mut R);

impl<R: Refuse> Refuse for InHandshake<'_, R> {
    fn refuse(&mut self, clause: &'static Clause, error: SendError) -> Result<(), SendError> {
        if *clause == TUNNEL_1 { Ok(()) } else { self.0.refuse(clause, error) }
    }
}

pub(crate) const WS_6: Clause = Clause {
    id: "WS-6",
    sentence: "`Close` MUST be refused with `BadCloseCode` unless its code is 1000 to 1003, 1007 to 1014 or 3000 to \
               4999 and its reason has at most 123 bytes.",
};

/// Whether an endpoint may send this code in a close frame (RFC 6455 section 7.4 and the IANA registry).
pub fn is_close_code(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// The code, and the room for a reason in a control frame.
fn check_close(code: u16, reason: &str, refuse: &mut impl Refuse) -> Result<(), SendError> {
    if is_close_code(code) && reason.len() <= 123 {
        return Ok(());
    }
    refuse.refuse(&WS_6, Violation::BadCloseCode.into())
}

pub(crate) const WS_8: Clause = Clause {
    id: "WS-8",
    sentence: "A ping or pong MUST be refused with `Unsupported` without `WEBSOCKET_CONTROL`, above 125 bytes with \
               `LengthMismatch`.",
};

impl WebSocketSend {
    fn check_message(&self, message: &Message, refuse: &mut impl Refuse) -> Result<(), SendError> {
        let (Message::Ping(data) | Message::Pong(data)) = message else { return Ok(()) };
        let control = Capabilities::WEBSOCKET_CONTROL;
        if !self.capabilities.contains(control) {
            refuse.refuse(&WS_8, SendError::Unsupported(control))?;
        }
        // RFC 6455 section 5.5.
        if data.len() > 125 {
            refuse.refuse(&WS_8, Violation::LengthMismatch.into())?;
        }
        Ok(())
    }
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

    /// SPEC: WS-2, WS-3
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

    /// SPEC: HTTP-SEND-5, WS-4
    #[test]
    fn reserved_fields() {
        for name in [
            "sec-websocket-accept",
            "sec-websocket-of-another-time",
            "connection",
            "content-length",
            "keep-alive",
            "transfer-encoding",
            "upgrade",
            "bad name",
        ] {
            let headers = [(name, "x")].into_iter().collect();
            let event = Outgoing::Accept { subprotocol: None, headers };
            assert_eq!(connecting(Capabilities::NONE).accept(&event), Err(Violation::BadHeader.into()));
        }
    }

    /// SPEC: CAP-3, WS-2, WS-5
    #[test]
    fn denying() {
        let denial = Capabilities::WEBSOCKET_DENIAL;
        assert_eq!(connecting(Capabilities::NONE).accept(&respond(401)), Err(SendError::Unsupported(denial)));

        let mut send = connecting(denial);
        for status in [101, 200, 299] {
            assert_eq!(send.accept(&respond(status)), Err(Violation::BadStatus.into()));
            let start = Outgoing::Start { status, headers: Headers::new() };
            assert_eq!(send.accept(&start), Err(Violation::BadStatus.into()));
        }
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

    /// SPEC: WS-8
    #[test]
    fn control_frames() {
        let mut without = open(Capabilities::NONE);
        assert_eq!(without.accept(&ping(1)), Err(SendError::Unsupported(Capabilities::WEBSOCKET_CONTROL)));
        let mut with = open(Capabilities::WEBSOCKET_CONTROL);
        with.accept(&ping(125)).unwrap();
        assert_eq!(with.accept(&ping(126)), Err(Violation::LengthMismatch.into()));
    }

    /// SPEC: WS-6
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

    /// SPEC: WS-14
    #[test]
    fn returns() {
        let failure = Error::from("oops");
        let connecting = connecting(Capabilities::NONE);
        assert_eq!(connecting.returned(Ok(())), WebSocketReturned::Handshake(Returned::Respond(403)));
        assert_eq!(connecting.returned(Err(&failure)), WebSocketReturned::Handshake(Returned::Respond(500)));
        assert_eq!(open(Capabilities::NONE).returned(Ok(())), WebSocketReturned::Close(1000));
        assert_eq!(open(Capabilities::NONE).returned(Err(&failure)), WebSocketReturned::Close(1011));
    }

    /// SPEC: WS-2
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
