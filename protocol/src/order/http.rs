mod body;
mod head;
mod receive;

use super::clause::{CAP_3, Clause, First, Refusal, Refuse, STATE_4};
use crate::{Capabilities, End, Error, Headers, HttpScope, Method, Outgoing, SendError, Violation};
use body::Body;
pub(crate) use body::{HTTP_SEND_10, HTTP_SEND_11, HTTP_SEND_12};
pub(crate) use head::{HTTP_SEND_5, HTTP_SEND_6, TRAILERS_2};
use head::{check_fields, check_trailers, has_body};
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
        self.state = self.next(event, &mut First)?;
        Ok(())
    }

    /// Every rule that `event` would break, the one that [`accept`](Self::accept) names first; none if it is legal.
    /// A server may refuse it for any of them (HTTP-SEND-2).
    pub fn refusals(&self, event: &Outgoing) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        // What the state would be is of no interest, and of no meaning where a rule is broken.
        let _ = self.next(event, &mut refusals);
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
        Ok(Self { rules: self.rules, state: self.next(event, refuse)? })
    }

    /// The state after `event`.
    #[inline]
    fn next(&self, event: &Outgoing, refuse: &mut impl Refuse) -> Result<State, SendError> {
        self.check_order(event, refuse)?;
        match event {
            Outgoing::Informational { status, headers } => {
                self.check_informational(*status, headers, refuse)?;
                Ok(State::Idle)
            }
            Outgoing::Response { status, headers, body } => {
                self.check_response(*status, headers, body.len() as u64, refuse)?;
                Ok(State::Done)
            }
            Outgoing::Start { status, headers } => self.start(*status, headers, refuse),
            Outgoing::Body { data, more } => self.body(data.len() as u64, *more, refuse),
            Outgoing::File { file, more } => {
                self.needs(Capabilities::FILE, &CAP_3, refuse)?;
                self.body(file.len, *more, refuse)
            }
            Outgoing::Trailers(fields) => {
                self.check_trailers(fields, refuse)?;
                Ok(State::Done)
            }
            // Refused above.
            _ => Ok(self.state.clone()),
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
    sentence: "A final head with a status other than 200 to 599 MUST be refused with `BadStatus`; see TUNNEL-1 for 101.",
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
    sentence: "`Start` with 2xx to CONNECT MUST make a tunnel with `UPGRADE`, and be refused with `Unsupported` without.",
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
    fn body(&self, len: u64, more: bool, refuse: &mut impl Refuse) -> Result<State, SendError> {
        Ok(match &self.state {
            State::Streaming(body) => body.sent(len, more, refuse)?.map_or(State::Done, State::Streaming),
            State::Tunnel if !more => State::Done,
            other => other.clone(),
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FileBody, FileSource, Message, State as AppState};
    use bytes::Bytes;
    use std::path::Path;

    const ALL: Capabilities = Capabilities::INFORMATIONAL
        .union(Capabilities::TRAILERS)
        .union(Capabilities::FILE)
        .union(Capabilities::UPGRADE);
    const GET: HttpRules = HttpRules { capabilities: ALL, head: false, connect: false, upgrade: false };

    fn start(status: u16, headers: Headers) -> Outgoing {
        Outgoing::Start { status, headers }
    }
    fn length(value: &'static str) -> Headers {
        [("content-length", value)].into_iter().collect()
    }
    fn respond(status: u16, body: &'static str) -> Outgoing {
        Outgoing::Response { status, headers: Headers::new(), body: body.into() }
    }
    fn body(data: &'static str, more: bool) -> Outgoing {
        Outgoing::Body { data: data.into(), more }
    }
    fn file(len: u64, more: bool) -> Outgoing {
        let source = FileSource::Path(Path::new("/").into());
        Outgoing::File { file: FileBody { source, offset: 0, len }, more }
    }
    fn inform(status: u16) -> Outgoing {
        Outgoing::Informational { status, headers: Headers::new() }
    }
    fn foreign() -> Vec<Outgoing> {
        vec![
            Outgoing::Accept { subprotocol: None, headers: Headers::new() },
            Outgoing::Message(Message::Binary(Bytes::new())),
            Outgoing::Close { code: 1000, reason: "".into() },
            Outgoing::Ready(AppState::new()),
        ]
    }

    /// Runs a script; the last event's verdict, the others must be accepted.
    fn verdict(rules: HttpRules, script: Vec<Outgoing>) -> (Result<(), SendError>, HttpSend) {
        let mut send = HttpSend::new(rules);
        let last = script.len() - 1;
        for event in &script[..last] {
            send.accept(event).unwrap_or_else(|error| panic!("{event:?}: {error}"));
        }
        let before = format!("{send:?}");
        let result = send.accept(&script[last]);
        assert!(result.is_ok() || format!("{send:?}") == before, "a refusal changed the state");
        (result, send)
    }

    #[test]
    fn legal_scripts_end_done() {
        for script in [
            vec![respond(200, "x")],
            vec![inform(100), inform(103), respond(204, "")],
            vec![start(200, Headers::new()), body("", true), body("x", true), body("", false)],
            vec![start(200, length("3")), body("ab", true), body("c", false)],
            vec![start(200, length("3")), body("a", true), file(2, false)],
            vec![start(200, Headers::new()), body("x", true), Outgoing::Trailers(Headers::new())],
            vec![start(304, length("9")), body("", false)],
            vec![start(204, Headers::new()), body("", false)],
        ] {
            let (result, send) = verdict(GET, script);
            assert!(result.is_ok() && send.is_done());
        }
    }

    #[test]
    fn order_is_kept() {
        use Violation::OutOfOrder;
        let streaming = || start(200, Headers::new());
        for script in [
            vec![body("x", false)],
            vec![file(1, false)],
            vec![Outgoing::Trailers(Headers::new())],
            vec![streaming(), respond(200, "")],
            vec![streaming(), streaming()],
            vec![streaming(), inform(103)],
        ] {
            assert_eq!(verdict(GET, script).0, Err(OutOfOrder.into()));
        }
        for last in [respond(200, ""), streaming(), body("", false), file(0, false), inform(103)] {
            assert_eq!(verdict(GET, vec![respond(200, ""), last]).0, Err(SendError::Finished));
        }
    }

    #[test]
    fn foreign_events_are_refused() {
        for event in foreign() {
            assert_eq!(verdict(GET, vec![event]).0, Err(Violation::WrongProtocol.into()));
        }
        let extension = Outgoing::Extension(Box::new(()));
        assert_eq!(verdict(GET, vec![extension]).0, Err(SendError::Unsupported(Capabilities::NONE)));
    }

    #[test]
    fn statuses() {
        for status in [0, 99, 100, 101, 199, 600, 999] {
            assert_eq!(verdict(GET, vec![respond(status, "")]).0, Err(Violation::BadStatus.into()));
            assert_eq!(verdict(GET, vec![start(status, Headers::new())]).0, Err(Violation::BadStatus.into()));
        }
        for status in [99, 101, 200] {
            assert_eq!(verdict(GET, vec![inform(status)]).0, Err(Violation::BadStatus.into()));
        }
    }

    #[test]
    fn lengths() {
        use Violation::{BadHeader, LengthMismatch};
        for status in [204, 205, 304] {
            assert_eq!(verdict(GET, vec![respond(status, "x")]).0, Err(LengthMismatch.into()));
            let script = vec![start(status, Headers::new()), body("x", true)];
            assert_eq!(verdict(GET, script).0, Err(LengthMismatch.into()));
        }
        assert_eq!(verdict(GET, vec![start(200, length("3")), body("abcd", true)]).0, Err(LengthMismatch.into()));
        assert_eq!(verdict(GET, vec![start(200, length("3")), body("ab", false)]).0, Err(LengthMismatch.into()));
        assert_eq!(verdict(GET, vec![start(200, length("3")), file(4, true)]).0, Err(LengthMismatch.into()));
        for value in ["+3", "", "1, 1", "x"] {
            assert_eq!(verdict(GET, vec![start(200, length(value))]).0, Err(BadHeader.into()));
        }
        let twice = Headers::from_static(&[("content-length", "1"), ("content-length", "1")]);
        assert_eq!(verdict(GET, vec![start(200, twice)]).0, Err(BadHeader.into()));
        let other = Outgoing::Response { status: 200, headers: length("2"), body: "x".into() };
        assert_eq!(verdict(GET, vec![other]).0, Err(BadHeader.into()));
    }

    #[test]
    fn a_length_that_no_body_can_have_is_refused() {
        assert_eq!(verdict(GET, vec![start(205, length("7"))]).0, Err(Violation::BadHeader.into()));
        assert!(verdict(GET, vec![start(205, length("0")), body("", false)]).0.is_ok());
    }

    #[test]
    fn a_refused_body_can_be_put_right() {
        let mut send = HttpSend::new(GET);
        send.accept(&start(200, length("3"))).unwrap();
        assert!(send.accept(&body("ab", false)).is_err());
        send.accept(&body("abc", false)).unwrap();
        assert!(send.is_done());
    }

    #[test]
    fn head_counts_a_body_or_none() {
        let rules = HttpRules { head: true, ..GET };
        assert!(verdict(rules, vec![start(200, length("3")), body("", false)]).0.is_ok());
        assert!(verdict(rules, vec![start(200, length("3")), body("abc", false)]).0.is_ok());
        let script = vec![start(200, length("3")), body("a", true), body("", false)];
        assert_eq!(verdict(rules, script).0, Err(Violation::LengthMismatch.into()));
        let response = Outgoing::Response { status: 200, headers: length("3"), body: Bytes::new() };
        assert!(verdict(rules, vec![response]).0.is_ok());
    }

    #[test]
    fn fields_that_would_split_the_message_are_refused() {
        for (name, value) in [("x", "a\r\nb: c"), ("a b", "c"), ("", "c"), ("x", "\0"), ("x:", "y")] {
            let headers: Headers = [(name, value)].into_iter().collect();
            let expected = Err(Violation::BadHeader.into());
            assert_eq!(verdict(GET, vec![start(200, headers.clone())]).0, expected);
            let script = vec![Outgoing::Informational { status: 103, headers: headers.clone() }];
            assert_eq!(verdict(GET, script).0, expected);
            let script = vec![start(200, Headers::new()), Outgoing::Trailers(headers)];
            assert_eq!(verdict(GET, script).0, expected);
        }
        let framing = Headers::from_static(&[("content-length", "1")]);
        let script = vec![start(200, Headers::new()), Outgoing::Trailers(framing)];
        assert_eq!(verdict(GET, script).0, Err(Violation::BadHeader.into()));
    }

    #[test]
    fn capabilities_are_needed() {
        let rules = HttpRules { capabilities: Capabilities::NONE, ..GET };
        let refused = |script, capability| {
            assert_eq!(verdict(rules, script).0, Err(SendError::Unsupported(capability)));
        };
        let streaming = || start(200, Headers::new());
        refused(vec![inform(103)], Capabilities::INFORMATIONAL);
        refused(vec![streaming(), file(1, false)], Capabilities::FILE);
        refused(vec![streaming(), Outgoing::Trailers(Headers::new())], Capabilities::TRAILERS);
        let script = vec![start(200, length("0")), Outgoing::Trailers(Headers::new())];
        assert_eq!(verdict(GET, script).0, Err(SendError::Unsupported(Capabilities::TRAILERS)));
    }

    #[test]
    fn tunnels() {
        let upgrade = HttpRules { upgrade: true, ..GET };
        let connect = HttpRules { connect: true, ..GET };
        for (rules, status) in [(upgrade, 101), (connect, 200)] {
            let open = || start(status, Headers::new());
            assert!(verdict(rules, vec![open()]).1.is_tunnel());
            assert!(verdict(rules, vec![open(), body("raw", true), body("", false)]).1.is_done());
            assert_eq!(verdict(rules, vec![open(), file(1, true)]).0, Err(Violation::WrongProtocol.into()));
            assert_eq!(verdict(rules, vec![open(), open()]).0, Err(Violation::OutOfOrder.into()));
        }
        assert_eq!(verdict(connect, vec![respond(200, "")]).0, Err(Violation::BadStatus.into()));
        assert!(verdict(connect, vec![respond(404, "no")]).0.is_ok());
        assert!(verdict(upgrade, vec![respond(200, "plain")]).0.is_ok());
    }

    #[test]
    fn a_lost_exchange_says_why() {
        let mut send = HttpSend::new(GET);
        send.lost(End::Timeout);
        assert_eq!(send.accept(&respond(200, "")), Err(SendError::Disconnected(End::Timeout)));
        assert_eq!(send.returned(Ok(())), Returned::Nothing);
    }

    #[test]
    fn returns() {
        let failure = Error::from("oops");
        let unsupported = Error::unsupported();
        let idle = HttpSend::new(GET);
        assert_eq!(idle.returned(Ok(())), Returned::Respond(500));
        assert_eq!(idle.returned(Err(&failure)), Returned::Respond(500));
        assert_eq!(idle.returned(Err(&unsupported)), Returned::Respond(501));
        let (_, streaming) = verdict(GET, vec![start(200, Headers::new())]);
        assert_eq!(streaming.returned(Ok(())), Returned::Abort);
        let (_, done) = verdict(GET, vec![respond(200, "")]);
        assert_eq!(done.returned(Err(&failure)), Returned::Nothing);
    }
}
