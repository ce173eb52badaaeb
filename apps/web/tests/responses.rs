//! What handlers give back, and what becomes of it.

use bytes::Bytes;
use serde::Serialize;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread::ThreadId;
use tokio_stream::{Stream, iter};
use transom::lint::lint;
use transom::memory::{self, Outcome, Script, Verdict};
use transom::{BlockingPool, Capabilities, End, Headers, HttpScope, HttpVersion, Outgoing, SendError, ServerInfo};
use transom_web::{
    BodyError, Cookie, EarlyHints, Error, Html, IntoResponse, Json, Problem, Redirect, Request, Response, Router,
    StreamBody, blocking, get, post,
};

fn router<R: IntoResponse>(make: impl Fn() -> R + Send + Sync + 'static) -> Router {
    let make = Arc::new(make);
    Router::new().get("/", move || {
        let make = Arc::clone(&make);
        async move { make().into_response() }
    })
}

fn run<R: IntoResponse>(script: Script<HttpScope>, make: impl Fn() -> R + Send + Sync + 'static) -> Outcome {
    let outcome = script.run(lint(router(make)));
    assert!(outcome.refused.is_empty(), "{:?}", outcome.refused);
    outcome
}

fn get_it<R: IntoResponse>(make: impl Fn() -> R + Send + Sync + 'static) -> Outcome {
    run(memory::http("GET", "/"), make)
}

/// Status, type and body.
fn of<R: IntoResponse>(make: impl Fn() -> R + Send + Sync + 'static) -> (u16, Option<String>, String) {
    let outcome = get_it(make);
    let types: Vec<_> = outcome.headers().unwrap().get_all("content-type").collect();
    assert!(types.len() < 2, "{types:?}");
    let media_type = outcome.header("content-type").map(str::to_owned);
    (outcome.status().unwrap(), media_type, String::from_utf8_lossy(outcome.body()).into_owned())
}

fn expected(status: u16, media_type: &str, body: &str) -> (u16, Option<String>, String) {
    (status, Some(media_type.to_owned()).filter(|media_type| !media_type.is_empty()), body.to_owned())
}

#[test]
fn what_a_handler_may_give_back() {
    const TEXT: &str = "text/plain; charset=utf-8";
    const BYTES: &str = "application/octet-stream";
    const PROBLEM: &str = "application/problem+json";
    let css = || Headers::from_static(&[("content-type", "text/css"), ("x-a", "1")]);
    assert_eq!(of(|| ()), expected(204, "", ""));
    assert_eq!(of(|| "text"), expected(200, TEXT, "text"));
    assert_eq!(of(|| "text".to_owned()), expected(200, TEXT, "text"));
    assert_eq!(of(|| vec![b'a', b'b']), expected(200, BYTES, "ab"));
    assert_eq!(of(|| Bytes::from("ab")), expected(200, BYTES, "ab"));
    assert_eq!(of(|| Html("<p>")), expected(200, "text/html; charset=utf-8", "<p>"));
    assert_eq!(of(|| Json([1, 2])), expected(200, "application/json", "[1,2]"));
    assert_eq!(of(|| StreamBody::new(iter(["a", "b"]))), expected(200, BYTES, "ab"));
    assert_eq!(of(|| Response::new("x")), expected(200, "", "x"));
    assert_eq!(of(|| (201, "made")), expected(201, TEXT, "made"));
    assert_eq!(of(move || (css(), "a{}")), expected(200, "text/css", "a{}"));
    assert_eq!(of(move || (202, css(), Json(1))), expected(202, "text/css", "1"));
    assert_eq!(of(|| Some("x")), expected(200, TEXT, "x"));
    assert_eq!(of(|| Ok::<_, Problem>("x")), expected(200, TEXT, "x"));
    assert_eq!(of(|| "x".into_response().content_type("a/b")), expected(200, "a/b", "x"));
    assert_eq!(of(|| "x".into_response().header("Content-Type", "a/b")), expected(200, "a/b", "x"));
    let gone = r#"{"type":"about:blank","title":"Gone","status":410}"#;
    assert_eq!(of(|| Problem::new(410)), expected(410, PROBLEM, gone));
    assert_eq!(of(|| Err::<(), _>(Problem::new(410))), expected(410, PROBLEM, gone));
    assert_eq!(of(|| Error::from(Problem::new(410))), expected(410, PROBLEM, gone));
    assert_eq!(of(|| Err::<(), _>(Error::from(Problem::new(410)))), expected(410, PROBLEM, gone));
    let (status, media_type, _) = of(|| None::<&str>);
    assert_eq!((status, media_type.as_deref()), (404, Some(PROBLEM)));
    let long = of(|| Err::<(), _>(Error::from(BodyError::TooLarge { limit: 7 })));
    assert!(long.0 == 413 && long.2.contains("longer than 7 bytes"), "{long:?}");
    let fields = get_it(|| Problem::new(401).header("www-authenticate", "Basic").into_response().header("x-b", "2"));
    assert_eq!((fields.header("www-authenticate"), fields.header("x-b")), (Some("Basic"), Some("2")));
}

/// The client learns that it failed, and no more.
#[test]
fn failures_are_the_servers_to_tell() {
    #[derive(Serialize)]
    struct Odd(BTreeMap<(u8, u8), u8>);
    for outcome in [
        get_it(|| Err::<(), _>(Error::from("secret"))),
        get_it(|| Json(Odd(BTreeMap::from([((1, 2), 3)])))),
        get_it(|| Error::from("secret").into_response().header("x-a", "1")),
    ] {
        assert!(outcome.events.is_empty(), "{outcome:?}");
        assert_eq!(outcome.verdict, Verdict::Respond(500));
        assert!(outcome.result.is_err());
    }
    let lost = get_it(|| Err::<(), _>(BodyError::Lost(SendError::Disconnected(End::Disconnected { code: None }))));
    assert!(lost.result.unwrap_err().is_disconnect());
}

#[test]
fn redirects() {
    for (redirect, status) in [
        (Redirect::to("/a b"), 303),
        (Redirect::temporary("/a b"), 307),
        (Redirect::permanent("/a b"), 308),
        (Redirect::with(302, "/a b"), 302),
    ] {
        let outcome = get_it(move || redirect.clone());
        assert_eq!((outcome.status(), outcome.header("location")), (Some(status), Some("/a%20b")));
    }
}

#[test]
fn cookies_are_set_and_removed() {
    let outcome = get_it(|| {
        let set = Cookie::build(("a", "1; 2")).path("/").secure(true).http_only(true);
        ().into_response().cookie(set.into()).cookie(Cookie::build(("b", "")).path("/").removal().into())
    });
    let cookies: Vec<_> = outcome.headers().unwrap().get_all("set-cookie").map(String::from_utf8_lossy).collect();
    assert_eq!(cookies[0], "a=1%3B%202; HttpOnly; Secure; Path=/");
    assert!(cookies[1].starts_with("b=; Path=/; Max-Age=0; Expires=") && cookies.len() == 2, "{cookies:?}");
}

/// A stream that counts what was asked of it, and tells when it is dropped.
struct Counted(Arc<AtomicUsize>, usize, Arc<AtomicUsize>);

impl Stream for Counted {
    type Item = Bytes;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        // Every other time it has to be waited for.
        if count.is_multiple_of(2) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready((count / 2 < self.1).then(|| Bytes::from("piece")))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.2.fetch_add(1, Ordering::Relaxed);
    }
}

fn counted(length: usize) -> (impl Fn() -> StreamBody, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let (polls, dropped) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let (own_polls, own_dropped) = (Arc::clone(&polls), Arc::clone(&dropped));
    let make = move || StreamBody::new(Counted(Arc::clone(&own_polls), length, Arc::clone(&own_dropped)));
    (make, polls, dropped)
}

#[test]
fn streams_are_sent_as_the_client_takes_them() {
    let (make, _, dropped) = counted(5);
    let outcome = run(memory::http("GET", "/").high_water(1).take(1), make);
    assert_eq!((outcome.body(), outcome.is_complete()), (&b"piecepiecepiecepiecepiece"[..], true));
    assert_eq!(dropped.load(Ordering::Relaxed), 1);

    // A client that takes nothing has no more made for it than there is room for.
    let (make, polls, _) = counted(1000);
    let mut call = memory::http("GET", "/").high_water(20).take(0).start(lint(router(make)));
    while call.is_woken() {
        assert!(call.poll().is_pending());
    }
    let asked = polls.load(Ordering::Relaxed) / 2;
    assert!((1..=6).contains(&asked), "{asked} pieces");
    call.drain();
    while call.is_woken() {
        let _ = call.poll();
    }
    assert!(polls.load(Ordering::Relaxed) / 2 > asked);
}

#[test]
fn a_stream_is_dropped_when_the_client_leaves() {
    for poll in 1.. {
        let (make, _, dropped) = counted(3);
        let ended = Arc::<AtomicUsize>::default();
        let own = Arc::clone(&ended);
        let handler = move || {
            let own = Arc::clone(&own);
            let done = async move {
                own.fetch_add(1, Ordering::Relaxed);
                Ok(())
            };
            make().into_response().background(done)
        };
        let outcome = memory::http("GET", "/").high_water(1).take(1).hang_up_at(poll).run(lint(router(handler)));
        assert_eq!((dropped.load(Ordering::Relaxed), ended.load(Ordering::Relaxed)), (1, 1), "at {poll}");
        assert!(outcome.is_complete() || outcome.result.is_err_and(|error| error.is_disconnect()), "at {poll}");
        if outcome.polls < poll {
            break;
        }
    }
}

/// One that waits for a stream with nothing in it is told, too.
#[test]
fn a_stream_that_is_silent_is_dropped_as_well() {
    let silent = || StreamBody::new(tokio_stream::pending::<Bytes>());
    let mut call = memory::http("GET", "/").start(lint(router(silent)));
    while call.is_woken() {
        assert!(call.poll().is_pending());
    }
    call.hang_up();
    assert!(call.run().result.unwrap_err().is_disconnect());
}

#[test]
fn a_stream_that_fails_cuts_the_response_off() {
    let outcome = get_it(|| StreamBody::fallible(iter([Ok("a"), Ok(""), Err("broken"), Ok("b")])));
    assert_eq!((outcome.body(), outcome.verdict), (&b"a"[..], Verdict::Abort));
    assert_eq!(outcome.result.unwrap_err().to_string(), "broken");
}

#[test]
fn what_has_no_body_asks_nothing_of_its_stream() {
    for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304), ("GET", 205)] {
        let (make, polls, dropped) = counted(3);
        let outcome = run(memory::http(method, "/"), move || (status, make()));
        assert_eq!((outcome.status(), outcome.is_complete(), outcome.body()), (Some(status), true, &b""[..]));
        assert_eq!((polls.load(Ordering::Relaxed), dropped.load(Ordering::Relaxed)), (0, 1), "{method} {status}");
    }
}

#[test]
fn early_hints_are_sent_where_they_can_be() {
    let page = || EarlyHints::new().link("</a.css>; rel=preload").header("x-hint", "1").then(async { (201, "page") });
    let outcome = get_it(page);
    let hints: Vec<_> = outcome.informational().collect();
    assert_eq!((hints.len(), hints[0].0, hints[0].1.get("link")), (1, 103, Some(&b"</a.css>; rel=preload"[..])));
    assert_eq!((outcome.status(), outcome.body(), outcome.header("link")), (Some(201), &b"page"[..], None));
    for script in [
        memory::http("GET", "/").capabilities(Capabilities::NONE),
        memory::http("GET", "/").version(HttpVersion::Http10),
    ] {
        let outcome = run(script, page);
        assert_eq!((outcome.informational().count(), outcome.status(), outcome.body()), (0, Some(201), &b"page"[..]));
    }
    let changed = get_it(move || page().into_response().status(202).content_type("a/b").header("x-a", "1"));
    assert_eq!((changed.status(), changed.header("x-a")), (Some(202), Some("1")));
    assert_eq!(changed.headers().unwrap().get_all("content-type").collect::<Vec<_>>(), [b"a/b"]);
    let failing = get_it(|| EarlyHints::new().then(async { Err::<(), _>(Error::from("broken")) }));
    assert_eq!((failing.informational().count(), failing.verdict), (1, Verdict::Respond(500)));
}

fn logged(log: &Arc<Mutex<String>>, text: &'static str) -> impl Future<Output = Result<(), Error>> + Send + use<> {
    let log = Arc::clone(log);
    async move {
        log.lock().unwrap().push_str(text);
        if text == "!" { Err("failed".into()) } else { Ok(()) }
    }
}

#[test]
fn work_in_the_background_is_done_in_order() {
    let log = Arc::<Mutex<String>>::default();
    let own = Arc::clone(&log);
    let outcome = get_it(move || {
        let inner = "x".into_response().background(logged(&own, "a")).background(logged(&own, "b"));
        (201, inner).into_response().background(logged(&own, "!")).background(logged(&own, "c"))
    });
    assert_eq!((outcome.status(), outcome.is_complete()), (Some(201), true));
    assert_eq!(outcome.result.unwrap_err().to_string(), "failed");
    assert_eq!(*log.lock().unwrap(), "ab!");

    // It comes after the response, and not before it is accepted.
    let log = Arc::<Mutex<String>>::default();
    let own = Arc::clone(&log);
    let script = memory::http("GET", "/").high_water(1).take(0);
    let stream = move || StreamBody::new(iter(["a", "b"])).into_response().background(logged(&own, "done"));
    let mut call = script.start(lint(router(stream)));
    while call.is_woken() {
        assert!(call.poll().is_pending());
    }
    assert_eq!(*log.lock().unwrap(), "");
    while call.is_woken() || call.buffered() > 0 {
        call.drain();
        let _ = call.poll();
    }
    assert_eq!(*log.lock().unwrap(), "done");

    // It is done for a client that has left, and for a failure, too.
    let log = Arc::<Mutex<String>>::default();
    let own = Arc::clone(&log);
    let text = move || "x".into_response().background(logged(&own, "left"));
    let outcome = memory::http("GET", "/").hang_up_at(1).run(lint(router(text)));
    assert!(outcome.events.is_empty() && outcome.result.unwrap_err().is_disconnect());
    let own = Arc::clone(&log);
    let outcome = get_it(move || Error::from("broken").into_response().background(logged(&own, " failed")));
    assert_eq!((outcome.result.unwrap_err().to_string(), &**log.lock().unwrap()), ("broken".into(), "left failed"));
}

/// Runs its jobs each on a thread of its own, and tells on which.
#[derive(Default)]
struct Pool(Mutex<Vec<ThreadId>>);

impl BlockingPool for Pool {
    fn run(&self, job: Box<dyn FnOnce() + Send>) {
        let thread = std::thread::spawn(job);
        self.0.lock().unwrap().push(thread.thread().id());
    }
}

fn pooled(script: Script<HttpScope>, pool: Arc<dyn BlockingPool>) -> Script<HttpScope> {
    script.connection(|connection| {
        let mut server = ServerInfo::clone(&connection.server_info);
        server.blocking = Some(pool);
        connection.server_info = Arc::new(server);
    })
}

#[test]
fn blocking_handlers_run_on_the_pool() {
    let seen = Arc::<Mutex<Vec<ThreadId>>>::default();
    let own = Arc::clone(&seen);
    let handler = move |request: String| {
        own.lock().unwrap().push(std::thread::current().id());
        if request.is_empty() { Err(Problem::new(422)) } else { Ok(request + "!") }
    };
    let router = Router::new().route("/", post(blocking(handler)).get(blocking(|| "without")));
    let pool = Arc::<Pool>::default();
    let ask = |body: &'static str| pooled(memory::http("POST", "/").body(body), pool.clone()).run(lint(router.clone()));
    assert_eq!((ask("a").body(), ask("").status()), (&b"a!"[..], Some(422)));
    assert_eq!(*seen.lock().unwrap(), *pool.0.lock().unwrap());
    let plain = pooled(memory::http("GET", "/"), pool.clone()).run(lint(router.clone()));
    assert_eq!((plain.body(), pool.0.lock().unwrap().len()), (&b"without"[..], 3));
    // Nothing is run for what is refused.
    let refused = pooled(memory::http("POST", "/").body(b"\xff".as_slice()), pool.clone()).run(lint(router.clone()));
    assert_eq!((refused.status(), pool.0.lock().unwrap().len()), (Some(400), 3));
    // Without a pool there is a thread.
    let alone = memory::http("POST", "/").body("b").run(lint(router));
    assert_eq!(alone.body(), b"b!");
    assert_ne!(seen.lock().unwrap().last(), Some(&std::thread::current().id()));
}

#[test]
fn a_panic_goes_on_where_the_call_is() {
    fn panics() {
        std::panic::resume_unwind(Box::new("carried"))
    }
    let script = pooled(memory::http("GET", "/"), Arc::<Pool>::default());
    let panic = catch_unwind(AssertUnwindSafe(|| script.run(Router::new().get("/", blocking(panics))))).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"carried"));
}

#[test]
fn a_pool_that_is_gone_is_a_failure() {
    struct Gone;
    impl BlockingPool for Gone {
        fn run(&self, _: Box<dyn FnOnce() + Send>) {}
    }
    let outcome = pooled(memory::http("GET", "/"), Arc::new(Gone)).run(Router::new().get("/", blocking(|| "x")));
    assert_eq!(outcome.result.unwrap_err().to_string(), "the pool of blocking threads is gone");
}

#[test]
fn problems_are_shown_as_the_router_wants() {
    let shown = |render: fn(&Problem, &HttpScope) -> Response| {
        let router = router(|| (Headers::from_static(&[("x-a", "1")]), Problem::new(418).detail("a teapot")));
        let outcome = memory::http("GET", "/").run(lint(router.problems(render)));
        let body = String::from_utf8_lossy(outcome.body()).into_owned();
        (outcome.status().unwrap(), outcome.header("x-a").map(str::to_owned), body)
    };
    let page = shown(|problem, _| Html(problem.to_string()).into_response());
    assert_eq!(page, (418, Some("1".into()), "418 I'm a teapot: a teapot".into()));
    let streamed = shown(|_, _| StreamBody::new(iter(["a", "b"])).into_response());
    assert_eq!(streamed, (418, Some("1".into()), "ab".into()));
    // One that has a problem itself.
    let (status, _, body) = shown(|_, _| Problem::new(500).detail("no page").into_response());
    assert!(status == 418 && body.contains("no page"), "{status} {body}");
}

/// A handler of each kind, at the hands of the kit.
#[test]
fn the_kit_finds_nothing() {
    async fn echo(request: Request) -> Result<Response, Error> {
        let (_, mut body) = request.into_parts();
        let mut all = Vec::new();
        while let Some(data) = body.chunk().await? {
            all.extend_from_slice(&data);
        }
        Ok(Response::new(all))
    }
    async fn through(request: Request) -> StreamBody {
        StreamBody::fallible(request.into_parts().1)
    }
    let hints = || async { EarlyHints::new().link("</a>; rel=preload").then(async { "page" }) };
    let background = || async { "x".into_response().background(async { Ok(()) }) };
    let router = Router::new()
        .get("/text", || async { "text" })
        .get("/json", || async { Json([1]) })
        .route("/stream", get(|| async { StreamBody::new(iter(["a", "", "b"])) }))
        .route("/echo", transom_web::any(echo))
        .route("/through", post(through))
        .get("/hints", hints)
        .get("/background", background)
        .get("/blocking", blocking(|| "blocked"))
        .get("/problem", || async { Problem::new(410) });
    let targets = ["text", "json", "stream", "hints", "background", "blocking", "problem", "nothing"];
    let mut requests: Vec<_> = targets.map(|target| transom_conformance::Request::any(&format!("/{target}"))).into();
    requests.push(transom_conformance::Request::any("/echo"));
    requests.push(transom_conformance::Request::http("POST", "/through"));
    requests.push(transom_conformance::Request::lifespan());
    transom_conformance::application(router).requests(requests).run().assert_ok();
}

#[test]
fn an_answer_is_one_event_where_it_can_be() {
    for outcome in [get_it(|| "x"), get_it(|| Json(1)), get_it(|| Problem::new(404)), get_it(|| ())] {
        assert!(matches!(outcome.events[..], [Outgoing::Response { .. }]), "{outcome:?}");
    }
}
