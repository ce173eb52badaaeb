//! The other end of a call that somebody else takes forward.

use super::{body, echo, hello, respond, start};
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use transom::memory::{self, Peer, Verdict};
use transom::{BadRequest, End, Error, FileBody, FileSource, Incoming, Outgoing, Receiver, Scope, Sender};

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// What there is for the peer at once.
fn next(peer: &mut Peer) -> Poll<Option<Outgoing>> {
    peer.poll_next(&mut Context::from_waker(Waker::noop()))
}

fn wanted(peer: &mut Peer) -> Poll<bool> {
    peer.poll_wanted(&mut Context::from_waker(Waker::noop()))
}

/// SPEC: FLOW-1
#[test]
fn send_waits_for_the_peer() {
    async fn app(_: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
        send.send(start()).await?;
        send.send(body("a", true)).await?;
        Ok(send.send(body("b", false)).await?)
    }
    let mut call = memory::http("GET", "/").high_water(1).start(app);
    let mut peer = call.peer();
    for more in [true, false] {
        assert!(call.poll().is_pending() && !call.is_woken());
        assert!(matches!(next(&mut peer), Poll::Ready(Some(Outgoing::Start { .. } | Outgoing::Body { .. }))));
        assert!(call.is_woken(), "more: {more}");
        assert!(next(&mut peer).is_pending());
    }
    assert!(call.poll().is_ready());
    assert!(matches!(next(&mut peer), Poll::Ready(Some(Outgoing::Body { more: false, .. }))));
    assert!(matches!(next(&mut peer), Poll::Ready(None)));
    assert_eq!(peer.verdict(), Some(Verdict::Nothing));
    let outcome = call.run();
    assert!(outcome.events.is_empty() && outcome.body().is_empty(), "what the peer took is the peer's");
}

#[test]
fn a_peer_that_waits_is_woken() {
    let mut call = memory::http("POST", "/").unfinished().start(echo);
    let mut peer = call.peer();
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let mut cx = Context::from_waker(&waker);
    assert!(peer.poll_next(&mut cx).is_pending() && peer.poll_wanted(&mut cx).is_pending());
    assert!(call.poll().is_pending());
    assert_eq!(count.0.load(Ordering::SeqCst), 2, "an event, and a receiver that waits");
    assert!(peer.poll_next(&mut cx).is_ready());
    assert_eq!(peer.poll_wanted(&mut cx), Poll::Ready(true));
    peer.push(Incoming::Body { data: "x".into(), more: false });
    assert!(peer.poll_next(&mut cx).is_pending());
    assert!(call.is_woken() && call.poll().is_pending());
    assert_eq!(count.0.load(Ordering::SeqCst), 3);
    assert!(peer.poll_next(&mut cx).is_ready() && call.is_woken() && call.poll().is_ready());
    assert_eq!(peer.poll_wanted(&mut cx), Poll::Ready(false));
}

/// SPEC: HTTP-SEND-13, FILE-1
#[test]
fn the_peer_gets_bytes_and_to_head_none() {
    async fn app(_: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
        let source = FileSource::Path(std::path::Path::new(env!("CARGO_MANIFEST_PATH")).into());
        send.send(start()).await?;
        Ok(send.send(Outgoing::File { file: FileBody { source, offset: 1, len: 7 }, more: false }).await?)
    }
    for (method, expected) in [("GET", "package"), ("HEAD", "")] {
        let mut call = memory::http(method, "/").start(app);
        let mut peer = call.peer();
        assert!(call.poll().is_ready());
        assert!(next(&mut peer).is_ready());
        let Poll::Ready(Some(Outgoing::Body { data, more: false })) = next(&mut peer) else { panic!("{method}") };
        assert_eq!(data, expected);
    }
}

/// SPEC: HTTP-SEND-13, HTTP-SEND-15
#[test]
fn a_whole_response_has_its_length() {
    for (method, sent, length) in [("GET", "Hello, World!", "13"), ("HEAD", "", "13")] {
        let mut call = memory::http(method, "/").start(hello);
        let mut peer = call.peer();
        assert!(call.poll().is_ready());
        let Poll::Ready(Some(Outgoing::Response { headers, body, .. })) = next(&mut peer) else { panic!("{method}") };
        assert_eq!((headers.get("content-length"), &body[..]), (Some(length.as_bytes()), sent.as_bytes()));
    }
    let mut call =
        memory::http("GET", "/").start(|_, _, mut send: Sender| async move { Ok(send.send(respond(204)).await?) });
    let mut peer = call.peer();
    assert!(call.poll().is_ready());
    assert!(matches!(next(&mut peer), Poll::Ready(Some(Outgoing::Response { headers, .. })) if headers.is_empty()));
}

/// SPEC: END-1, DISC-1
#[test]
fn a_peer_that_leaves_has_what_was_complete() {
    async fn app(_: Scope, _receive: Receiver, mut send: Sender, more: bool) -> Result<(), Error> {
        send.send(start()).await?;
        send.send(body("a", more)).await?;
        let end = send.closed().await;
        Err(format!("{end:?}").into())
    }
    for (more, end) in [(true, "Disconnected { code: None }"), (false, "Complete")] {
        let mut call = memory::http("GET", "/").start(move |scope, receive, send| app(scope, receive, send, more));
        let mut peer = call.peer();
        assert!(call.poll().is_pending());
        peer.hang_up();
        assert_eq!(call.run().result.unwrap_err().to_string(), end);
    }
}

/// SPEC: RETURN-9
#[test]
fn a_dropped_sender_is_told_at_once() {
    async fn app(_: Scope, _receive: Receiver, send: Sender) -> Result<(), Error> {
        drop(send);
        pending().await
    }
    let mut call = memory::http("GET", "/").start(app);
    let mut peer = call.peer();
    assert!(call.poll().is_pending());
    assert!(matches!(next(&mut peer), Poll::Ready(None)));
    assert_eq!(peer.verdict(), Some(Verdict::Respond(500)));
}

/// SPEC: APP-4
#[test]
fn a_call_that_is_dropped_has_no_verdict() {
    let mut call = memory::http("POST", "/").unfinished().start(echo);
    let mut peer = call.peer();
    assert!(call.poll().is_pending());
    drop(call);
    assert!(next(&mut peer).is_ready(), "what was accepted before");
    assert!(matches!(next(&mut peer), Poll::Ready(None)));
    assert_eq!((peer.verdict(), wanted(&mut peer)), (None, Poll::Ready(false)));
}

/// SPEC: RETURN-2
#[test]
fn what_was_wrong_with_the_request_is_answered() {
    async fn app(_: Scope, mut receive: Receiver, _send: Sender) -> Result<(), Error> {
        while !matches!(receive.recv().await, Incoming::End(_)) {}
        Err("no use".into())
    }
    for (end, status) in [
        (End::Timeout, 408),
        (End::BadRequest(BadRequest::TooLarge), 413),
        (End::BadRequest(BadRequest::Malformed), 400),
        (End::BadRequest(BadRequest::Truncated), 400),
    ] {
        let outcome = memory::http("POST", "/").chunks(["a"]).end(end).run(app);
        assert_eq!(outcome.verdict, Verdict::Respond(status));
    }
}

/// SPEC: SCOPE-5
#[test]
fn the_lifespan_tells_of_the_server_that_is_given() {
    let server = Arc::new(transom::ServerInfo::new("mine/1", transom::Capabilities::NONE));
    let seen = Arc::clone(&server);
    let app = move |scope: Scope, _: Receiver, _: Sender| {
        let same = Arc::ptr_eq(scope.server(), &seen);
        async move { if same { Ok(()) } else { Err("another".into()) } }
    };
    assert!(memory::lifespan().server(server).run(app).result.is_ok());
}
