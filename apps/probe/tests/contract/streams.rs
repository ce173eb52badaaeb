use super::{app, assert_text, get, parts};
use std::time::Duration;
use tokio::time::Instant;
use transom::memory;

#[tokio::test(start_paused = true)]
async fn stream() {
    let outcome = get("/stream").await;
    assert_eq!((outcome.header("content-type"), outcome.header("content-length")), (Some("text/plain"), None));
    assert_eq!(parts(&outcome), [("aaaaa", true), ("bbbbb", true), ("ccccc", true), ("", false)]);

    let outcome = get("/stream?n=27&size=1").await;
    assert_eq!(outcome.body(), b"abcdefghijklmnopqrstuvwxyza");

    let outcome = get("/stream?n=2&size=1&empty=1").await;
    assert_eq!(parts(&outcome), [("", true), ("a", true), ("", true), ("b", true), ("", false)]);

    let begin = Instant::now();
    get("/stream?n=4&delay=0.05").await;
    // A timer may be a millisecond late.
    assert_eq!(begin.elapsed().as_millis() / 10, 20);
}

#[tokio::test(start_paused = true)]
async fn bytes() {
    assert_text(&get("/bytes").await, 200, &"0123456789abcdef".repeat(63)[..1000]);
    assert_text(&get("/bytes?n=0").await, 200, "");
    let outcome = get("/bytes?n=200001").await;
    assert_eq!(outcome.header("content-length"), Some("200001"));
    assert_eq!(outcome.body(), &"0123456789abcdef".repeat(12_501).as_bytes()[..200_001]);
    let outcome = memory::http("HEAD", "/bytes?n=9223372036854775807").start(app()).await;
    assert_eq!((outcome.header("content-length"), outcome.events.len()), (Some("9223372036854775807"), 2));
    assert!(outcome.is_complete());
}

#[tokio::test(start_paused = true)]
async fn slow() {
    let begin = Instant::now();
    assert_text(&get("/slow").await, 200, "slow");
    assert_eq!(begin.elapsed().as_millis() / 10, 30);
    get("/slow?t=2").await;
    assert_eq!(begin.elapsed().as_millis() / 10, 230);
}

#[tokio::test(start_paused = true)]
async fn sse() {
    let begin = Instant::now();
    let outcome = get("/sse").await;
    assert_eq!(outcome.header("content-type"), Some("text/event-stream"));
    assert_eq!(parts(&outcome), [("data: 0\n\n", true), ("data: 1\n\n", true), ("data: 2\n\n", true), ("", false)]);
    assert_eq!(begin.elapsed().as_millis() / 10, 10);
    assert_eq!(get("/sse?n=1").await.body(), b"data: 0\n\n");
}

#[tokio::test(start_paused = true)]
async fn each_event_goes_out_at_once() {
    let mut call = memory::http("GET", "/sse").start(app());
    let early = tokio::time::timeout(Duration::from_millis(20), &mut call).await;
    assert!(early.is_err());
    assert_eq!(call.events().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn bad_parameters_are_bad_requests() {
    for target in ["/stream?n=x", "/stream?size=67108865", "/stream?delay=-1", "/bytes?n=", "/slow?t=nan", "/sse?n=-1"]
    {
        let outcome = get(target).await;
        assert_eq!((outcome.status(), outcome.result.is_ok()), (Some(400), true), "{target}");
    }
}
