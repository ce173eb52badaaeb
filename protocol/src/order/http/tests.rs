use super::*;
use crate::{FileBody, FileSource, Message, State as AppState};
use bytes::Bytes;
use std::path::Path;

const ALL: Capabilities =
    Capabilities::INFORMATIONAL.union(Capabilities::TRAILERS).union(Capabilities::FILE).union(Capabilities::UPGRADE);
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

/// SPEC: HTTP-SEND-1
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

/// SPEC: HTTP-SEND-1, ERROR-1
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

/// SPEC: STATE-4, HTTP-SEND-1
#[test]
fn foreign_events_are_refused() {
    for event in foreign() {
        assert_eq!(verdict(GET, vec![event]).0, Err(Violation::WrongProtocol.into()));
    }
    let extension = Outgoing::Extension(Box::new(()));
    assert_eq!(verdict(GET, vec![extension]).0, Err(SendError::Unsupported(Capabilities::NONE)));
}

/// SPEC: HTTP-SEND-3, HTTP-SEND-4
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

/// SPEC: HTTP-SEND-6, HTTP-SEND-7, HTTP-SEND-9, HTTP-SEND-10, HTTP-SEND-11, HTTP-SEND-12
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

/// SPEC: HTTP-SEND-8
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

/// SPEC: HTTP-SEND-7, HTTP-SEND-12, HTTP-SEND-13
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

/// SPEC: HTTP-SEND-5
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
}

/// The list of the clause.
/// SPEC: TRAILERS-2
#[test]
fn what_trailers_may_not_have() {
    let names = "age, authorization, cache-control, connection, content-encoding, content-length, content-range, \
                 content-type, cookie, date, expect, expires, forwarded, host, keep-alive, location, max-forwards, \
                 pragma, proxy-authenticate, proxy-authorization, proxy-connection, range, retry-after, set-cookie, te, \
                 trailer, transfer-encoding, upgrade, vary, via, www-authenticate, x-forwarded-for, x-forwarded-host, \
                 x-forwarded-proto, x-real-ip";
    assert!(TRAILERS_2.sentence.contains(names));
    for name in names.split(", ") {
        let trailers = Outgoing::Trailers([("x-sum", "1"), (name, "1")].into_iter().collect());
        let script = vec![start(200, Headers::new()), trailers];
        assert_eq!(verdict(GET, script).0, Err(Violation::BadHeader.into()), "{name}");
    }
}

/// SPEC: CAP-3, TRAILERS-1
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
    for bodiless in
        [start(200, length("0")), start(204, Headers::new()), start(205, Headers::new()), start(304, Headers::new())]
    {
        let script = vec![bodiless, Outgoing::Trailers(Headers::new())];
        assert_eq!(verdict(GET, script).0, Err(SendError::Unsupported(Capabilities::TRAILERS)));
    }
}

/// SPEC: TUNNEL-1, TUNNEL-2, TUNNEL-3
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
    for (rules, status) in [(upgrade, 101), (connect, 200)] {
        let without = HttpRules { capabilities: ALL.without(Capabilities::UPGRADE), ..rules };
        let refusal = Err(SendError::Unsupported(Capabilities::UPGRADE));
        assert_eq!(verdict(without, vec![start(status, Headers::new())]).0, refusal);
    }
    assert_eq!(verdict(connect, vec![respond(200, "")]).0, Err(Violation::BadStatus.into()));
    assert!(verdict(connect, vec![respond(404, "no")]).0.is_ok());
    assert!(verdict(upgrade, vec![respond(200, "plain")]).0.is_ok());
}

/// SPEC: HTTP-SEND-1, RETURN-1
#[test]
fn a_lost_exchange_says_why() {
    let mut send = HttpSend::new(GET);
    send.lost(End::Timeout);
    assert_eq!(send.accept(&respond(200, "")), Err(SendError::Disconnected(End::Timeout)));
    assert_eq!(send.returned(Ok(())), Returned::Nothing);
}

/// SPEC: RETURN-1
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
