use super::{app, assert_text, assert_violation, get, get_breaking, parts};
use transom::memory;
use transom::{Headers, Incoming, Violation};

#[tokio::test(start_paused = true)]
async fn root() {
    for method in ["GET", "OPTIONS", "BREW"] {
        let outcome = memory::http(method, "/").body("ignored").start(app()).await;
        assert_text(&outcome, 200, "OK");
        assert!(!outcome.received_before_response);
    }
    assert_text(&memory::http("HEAD", "/").start(app()).await, 200, "");
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        assert_text(&memory::http(method, "/").body("abc").start(app()).await, 200, "abc");
        assert_text(&memory::http(method, "/").start(app()).await, 200, "");
    }
    assert_text(&memory::http("GET", "/below").mount("/below").start(app()).await, 200, "OK");
}

#[tokio::test(start_paused = true)]
async fn body() {
    let trailers = Headers::from_static(&[("x-sum", "1")]);
    let chunked = memory::http("POST", "/body").chunks(["ab", "", "c"]).trailers(trailers);
    let outcome = chunked.trickle().start(app()).await;
    assert_eq!((outcome.status(), outcome.body()), (Some(200), &b"abc"[..]));
    assert_eq!(outcome.header("content-type"), Some("application/octet-stream"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_is_not_answered() {
    for target in ["/body", "/inspect"] {
        let outcome = memory::http("POST", target).chunks(["ab"]).truncate().start(app()).await;
        assert!(outcome.events.is_empty() && outcome.result.is_err_and(|error| error.is_disconnect()));
    }
}

#[tokio::test(start_paused = true)]
async fn echo() {
    let request = memory::http("GET", "/echo").header("X-One", "1").header("x-two", b"\xff").header("x-one", "");
    let outcome = request.start(app()).await;
    assert_eq!(outcome.body(), b"host: localhost\nx-one: 1\nx-two: \xff\nx-one: \n");
}

#[tokio::test(start_paused = true)]
async fn cookie() {
    let request = memory::http("GET", "/cookie").header("cookie", "a=1; bad; b=2");
    assert_text(&request.start(app()).await, 200, "a=1\nb=2\n");
    assert_text(&get("/cookie").await, 200, "");
}

#[tokio::test(start_paused = true)]
async fn noread() {
    let outcome = memory::http("POST", "/noread").body("abc").start(app()).await;
    assert_text(&outcome, 200, "noread");
    assert!(!outcome.received_before_response);
}

#[tokio::test(start_paused = true)]
async fn fixed_and_nocl() {
    assert_text(&get("/fixed").await, 200, "hello");
    let outcome = get("/nocl").await;
    assert_eq!((outcome.header("content-length"), parts(&outcome)), (None, vec![("hello", false)]));
}

#[tokio::test(start_paused = true)]
async fn close() {
    let outcome = get("/close").await;
    assert_text(&outcome, 200, "hello");
    assert_eq!(outcome.header("connection"), Some("close"));
}

#[tokio::test(start_paused = true)]
async fn status() {
    for status in [200, 204, 205, 304, 404, 599] {
        let outcome = get(&format!("/status/{status}")).await;
        assert_eq!((outcome.status(), outcome.body()), (Some(status), &b""[..]));
        assert!(outcome.headers().is_some_and(Headers::is_empty) && outcome.result.is_ok());
    }
    for status in ["/status/0", "/status/101", "/status/600", "/bodystatus/100"] {
        assert_violation(&get_breaking("HTTP-SEND-4", status).await, Violation::BadStatus);
    }
    assert!(get("/status/65536").await.result.is_err());
    assert_text(&get("/status/").await, 404, "not found");
    assert_text(&get("/status/ok").await, 404, "not found");
}

#[tokio::test(start_paused = true)]
async fn bodystatus() {
    let outcome = get("/bodystatus/418").await;
    assert_eq!((outcome.status(), outcome.body()), (Some(418), &b"oops"[..]));
    assert!(outcome.headers().is_some_and(Headers::is_empty));
    for status in [204, 205, 304] {
        let outcome = get_breaking("HTTP-SEND-9", &format!("/bodystatus/{status}")).await;
        assert_violation(&outcome, Violation::LengthMismatch);
    }
}

#[tokio::test(start_paused = true)]
async fn dupheaders() {
    let outcome = get("/dupheaders").await;
    assert_text(&outcome, 200, "ok");
    let fields: Vec<_> = outcome.headers().unwrap().iter().skip(1).collect();
    assert_eq!(fields, [("set-cookie", &b"a=1"[..]), ("x-mid", b"m"), ("set-cookie", b"b=2")]);
}

#[tokio::test(start_paused = true)]
async fn browser() {
    let outcome = get("/browser").await;
    assert_eq!(outcome.header("content-type"), Some("text/html"));
    assert!(outcome.body().starts_with(b"<!doctype html>"));
}

#[tokio::test(start_paused = true)]
async fn anything_else_is_not_found() {
    for target in ["/other", "/fixed/", "//", "/ws/echo", "/a%2Fb"] {
        assert_text(&get(target).await, 404, "not found");
    }
}

#[tokio::test(start_paused = true)]
async fn paths_are_matched_decoded() {
    assert_text(&get("/%66ixed").await, 200, "hello");
    assert_eq!(get("/status%2F418").await.status(), Some(418));
}

/// SPEC: EVENT-5
#[tokio::test(start_paused = true)]
async fn events_that_are_not_known_are_ignored() {
    let mut call = memory::http("POST", "/body").unfinished().start(probe::app());
    assert!(call.poll().is_pending());
    for event in [
        Incoming::Body { data: "a".into(), more: true },
        Incoming::Extension(Box::new("of another time")),
        Incoming::Body { data: "b".into(), more: false },
    ] {
        call.push(event);
        let _ = call.poll();
    }
    assert_eq!(call.await.body(), b"ab");
}
