//! Server-sent events: what is sent, what keeps the connection alive, and how it ends.
#![cfg(feature = "sse")]

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, advance};
use tokio_stream::{Stream, iter};
use transom::lint::lint;
use transom::memory::{self, Call, Verdict};
use transom::{Incoming, Outgoing};
use transom_web::sse::{Event, LastEventId, Sse};
use transom_web::{Error, IntoResponse, Response, Router};

/// Events that a test sends, and whether they are dropped.
struct Events(UnboundedReceiver<Event>, Arc<AtomicBool>);

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.0.poll_recv(cx)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.1.store(true, Ordering::Relaxed);
    }
}

fn events() -> (UnboundedSender<Event>, Events, Arc<AtomicBool>) {
    let (send, receive) = unbounded_channel();
    let dropped = Arc::<AtomicBool>::default();
    (send, Events(receive, Arc::clone(&dropped)), dropped)
}

fn serving(sse: Sse) -> Router {
    let sse = std::sync::Mutex::new(Some(sse));
    Router::new().get("/", move || {
        let sse = sse.lock().unwrap().take();
        async move { sse }
    })
}

/// Polls as long as the call asks for it, and gives what it has sent since.
fn turn(call: &mut Call, sent: &mut usize) -> String {
    while call.is_woken() {
        let _ = call.poll();
        call.drain();
    }
    let events = call.events();
    let bodies = events.iter().skip(*sent).filter_map(|event| match event {
        Outgoing::Body { data, .. } => Some(String::from_utf8_lossy(data).into_owned()),
        _ => None,
    });
    let text = bodies.collect();
    *sent = events.len();
    text
}

#[tokio::test(start_paused = true)]
async fn events_are_sent_as_they_come() {
    async fn three(LastEventId(last): LastEventId) -> Sse {
        let last = last.unwrap_or_default();
        Sse::new(iter([
            Event::new().data(last),
            Event::new().event("b").id("2").data("x\ny"),
            Event::new().comment("c"),
        ]))
    }
    let app = || lint(Router::new().get("/", three));
    let outcome = memory::http("GET", "/").header("last-event-id", "1").high_water(1).take(1).start(app()).await;
    assert_eq!(outcome.body(), b"data: 1\n\nevent: b\nid: 2\ndata: x\ndata: y\n\n: c\n\n");
    assert_eq!(outcome.header("content-type"), Some("text/event-stream"));
    assert_eq!((outcome.header("cache-control"), outcome.header("x-accel-buffering")), (Some("no-cache"), Some("no")));
    let head = memory::http("HEAD", "/").start(app()).await;
    assert_eq!((head.status(), head.events.len(), head.is_complete()), (Some(200), 2, true));
}

#[tokio::test(start_paused = true)]
async fn comments_keep_it_alive_while_there_is_no_event() {
    for (period, sse) in [(15, None), (3, Some(3))] {
        let (send, stream, _) = events();
        let sse = sse.into_iter().fold(Sse::new(stream), |sse, idle| sse.keep_alive(Duration::from_secs(idle)));
        let (mut call, mut sent) = (memory::http("GET", "/").start(lint(serving(sse))), 0);
        let second = Duration::from_secs(1);
        assert_eq!(turn(&mut call, &mut sent), "");
        for _ in 0..2 {
            advance(second * (period - 1)).await;
            assert_eq!(turn(&mut call, &mut sent), "");
            advance(second).await;
            assert_eq!(turn(&mut call, &mut sent), ":\n\n");
        }
        // An event is as good as a comment.
        advance(second * (period - 1)).await;
        send.send(Event::new().data("x")).unwrap();
        assert_eq!(turn(&mut call, &mut sent), "data: x\n\n");
        advance(second * (period - 1)).await;
        assert_eq!(turn(&mut call, &mut sent), "");
        advance(second).await;
        assert_eq!(turn(&mut call, &mut sent), ":\n\n");
        drop(send);
        let outcome = call.await;
        assert!(outcome.is_complete() && outcome.result.is_ok());
    }
}

/// Without a runtime, too.
#[test]
fn it_may_do_without_comments() {
    let sse = Sse::new(iter([Event::new().data("x")])).keep_alive(Duration::ZERO);
    assert_eq!(memory::http("GET", "/").run(lint(serving(sse))).body(), b"data: x\n\n");
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_the_client_leaves() {
    let (send, stream, dropped) = events();
    let (mut call, mut sent) = (memory::http("GET", "/").start(lint(serving(Sse::new(stream)))), 0);
    send.send(Event::new().data("x")).unwrap();
    turn(&mut call, &mut sent);
    let before = Instant::now();
    call.hang_up();
    let outcome = call.await;
    assert!(dropped.load(Ordering::Relaxed) && outcome.result.unwrap_err().is_disconnect());
    // At once, and not when the next comment is due.
    assert_eq!(Instant::now(), before);
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_the_server_stops() {
    let (send, stream, dropped) = events();
    let router = serving(Sse::new(stream));
    let mut life = memory::lifespan().unfinished().start(router.clone());
    while life.is_woken() {
        let _ = life.poll();
    }
    let Some(Outgoing::Ready(state)) = life.events().first() else { panic!("not ready") };
    let script = memory::http("GET", "/").state(state.clone());
    let (mut call, mut sent) = (script.start(lint(router)), 0);
    send.send(Event::new().data("x")).unwrap();
    assert_eq!(turn(&mut call, &mut sent), "data: x\n\n");
    life.push(Incoming::Draining { grace: Duration::from_secs(30) });
    let _ = life.poll();
    assert!(call.is_woken());
    let outcome = call.await;
    assert!(outcome.is_complete() && outcome.result.is_ok() && dropped.load(Ordering::Relaxed));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_fails_cuts_it_off() {
    let failing = || Sse::fallible(iter([Ok(Event::new().data("x")), Err("no more")]));
    let router = Router::new().get("/", move || async move { failing() });
    let outcome = memory::http("GET", "/").start(lint(router)).await;
    assert_eq!((outcome.body(), outcome.verdict), (&b"data: x\n\n"[..], Verdict::Abort));
    assert_eq!(outcome.result.unwrap_err().to_string(), "no more");
}

#[tokio::test(start_paused = true)]
async fn work_in_the_background_comes_after_it() {
    async fn one() -> Response {
        Sse::new(iter([Event::new().data("x")])).into_response().background(async { Err(Error::from("done")) })
    }
    let outcome = memory::http("GET", "/").start(lint(Router::new().get("/", one))).await;
    assert!(outcome.is_complete() && outcome.result.unwrap_err().to_string() == "done");
}

/// Streams that end, and streams that do not, at the hands of the kit.
#[test]
fn the_kit_finds_nothing() {
    let three = || iter(["a", "b", "c"].map(|data| Event::new().data(data)));
    let router =
        Router::new().get("/ends", move || async move { Sse::new(three()) }).get("/stays", move || async move {
            Sse::new(tokio_stream::StreamExt::chain(three(), tokio_stream::pending()))
        });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let requests = ["/ends", "/stays"].map(transom_conformance::Request::any);
    let kit = transom_conformance::application(router).requests(requests).within(move |poll| {
        let _guard = runtime.enter();
        poll();
    });
    kit.cases(40).run().assert_ok();
}
