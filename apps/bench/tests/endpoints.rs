//! Every endpoint, without a socket.

use bytes::Bytes;
use std::sync::atomic::{AtomicUsize, Ordering};
use transom::lint::lint;
use transom::memory::{self, Outcome, Verdict};
use transom::{App, Headers, Message, Outgoing, Receiver, Scope, Sender};

/// Under a lint that panics.
fn app() -> impl App {
    lint(bench::app)
}

fn get(target: &str) -> Outcome {
    memory::http("GET", target).run(app())
}

/// The body events: the bytes of each and whether more was to follow.
fn parts(outcome: &Outcome) -> Vec<(&[u8], bool)> {
    let part = |event| match event {
        &Outgoing::Body { ref data, more } => Some((&data[..], more)),
        _ => None,
    };
    outcome.events.iter().filter_map(part).collect()
}

#[track_caller]
fn assert_one_event(outcome: &Outcome, status: u16, content_type: &str, body: &str) {
    assert!(matches!(outcome.events[..], [Outgoing::Response { .. }]), "{:?}", outcome.events);
    assert_eq!((outcome.status(), outcome.header("content-type")), (Some(status), Some(content_type)));
    assert_eq!(outcome.body(), body.as_bytes());
    assert!(outcome.result.is_ok() && outcome.refused.is_empty());
}

#[test]
fn plaintext() {
    assert_one_event(&get("/plaintext"), 200, "text/plain", "Hello, World!");
    assert_one_event(&get("/plaintext?x=1"), 200, "text/plain", "Hello, World!");
    assert_one_event(&memory::http("GET", "/b/plaintext").mount("/b").run(app()), 200, "text/plain", "Hello, World!");
}

#[test]
fn json() {
    assert_one_event(&get("/json"), 200, "application/json", r#"{"message":"Hello, World!"}"#);
}

#[test]
fn echo_of_one_event_is_one_event() {
    let outcome = memory::http("POST", "/echo").body("abc").run(app());
    assert_one_event(&outcome, 200, "application/octet-stream", "abc");
    assert_one_event(&memory::http("POST", "/echo").run(app()), 200, "application/octet-stream", "");
}

#[test]
fn echo_streams() {
    let outcome = memory::http("POST", "/echo").chunks(["ab", "c"]).run(app());
    assert_eq!(parts(&outcome), [(&b"ab"[..], true), (b"c", true), (b"", false)]);
    assert_eq!(outcome.header("content-length"), None);

    let outcome = memory::http("POST", "/echo").header("content-length", "3").chunks(["ab", "c"]).run(app());
    assert_eq!((outcome.header("content-length"), outcome.body()), (Some("3"), &b"abc"[..]));

    let trailers = Headers::from_static(&[("x-sum", "1")]);
    let outcome = memory::http("POST", "/echo").chunks(["ab"]).trailers(trailers).run(app());
    assert_eq!(parts(&outcome), [(&b"ab"[..], true), (b"", false)]);
}

#[test]
fn echo_does_not_wait_for_the_whole_body() {
    let mut call = memory::http("POST", "/echo").chunks(["ab"]).unfinished().start(app());
    while call.is_woken() {
        assert!(call.poll().is_pending());
    }
    assert!(matches!(call.events(), [Outgoing::Start { .. }, Outgoing::Body { more: true, .. }]));
    call.hang_up();
    assert!(call.run().result.is_err_and(|error| error.is_disconnect()));
}

#[test]
fn sink() {
    assert_one_event(&memory::http("POST", "/sink").body("abc").run(app()), 200, "text/plain", "3");
    assert_one_event(&memory::http("POST", "/sink").chunks(["ab", "cd"]).run(app()), 200, "text/plain", "4");
    assert_one_event(&memory::http("POST", "/sink").run(app()), 200, "text/plain", "0");
    let outcome = memory::http("POST", "/sink").chunks(["ab"]).truncate().run(app());
    assert!(outcome.events.is_empty() && outcome.result.is_err_and(|error| error.is_disconnect()));
}

#[test]
fn stream() {
    let outcome = get("/stream?n=3&size=2");
    assert_eq!((outcome.status(), outcome.header("content-length")), (Some(200), None));
    assert_eq!(parts(&outcome), [(&b"xx"[..], true), (b"xx", true), (b"xx", false)]);
    assert_eq!(parts(&get("/stream?n=0")), [(&b""[..], false)]);
    assert_eq!(parts(&get("/stream?n=1&size=100000")), [(&[b'x'; 100_000][..], false)]);
    assert_eq!(get("/stream?n=1&size=0").status(), Some(400));
}

#[test]
fn stream_waits_for_its_peer() {
    let mut call = memory::http("GET", "/stream?n=1000&size=10").high_water(1).take(0).start(app());
    assert!(call.poll().is_pending());
    assert_eq!(call.events().len(), 1);
    call.hang_up();
    assert!(call.run().result.is_err_and(|error| error.is_disconnect()));
}

#[test]
fn anything_else_is_not_found() {
    for (method, target) in [
        ("GET", "/"),
        ("GET", "/plaintext/"),
        ("POST", "/plaintext"),
        ("GET", "/echo"),
        ("GET", "/ws"),
        ("OPTIONS", "*"),
    ] {
        assert_one_event(&memory::http(method, target).run(app()), 404, "text/plain", "not found");
    }
    assert_one_event(&memory::websocket("/other").run(app()), 404, "text/plain", "not found");
}

#[test]
fn websocket() {
    let outcome = memory::websocket("/ws").text("hé").binary("\0").text("").close(1000, "").run(app());
    let sent: Vec<_> = outcome.messages().cloned().collect();
    let binary = Message::Binary(Bytes::from_static(b"\0"));
    assert_eq!(sent, [Message::Text("hé".into()), binary, Message::Text("".into())]);
    assert!(outcome.is_accepted() && outcome.result.is_ok());
}

#[test]
fn lifespan_is_of_no_interest() {
    let outcome = memory::lifespan().run(app());
    assert_eq!(outcome.verdict, Verdict::Nothing);
}

/// A server keeps room for the future of a call on every connection, also on an idle one.
#[test]
fn the_call_is_small() {
    static SIZE: AtomicUsize = AtomicUsize::new(0);
    let measured = |scope: Scope, receive: Receiver, send: Sender| {
        let call = bench::app(scope, receive, send);
        SIZE.store(size_of_val(&call), Ordering::Relaxed);
        call
    };
    memory::http("GET", "/plaintext").run(measured);
    let size = SIZE.load(Ordering::Relaxed);
    assert!((1..600).contains(&size), "{size} bytes");
}
