use super::{assert_violation, get, get_breaking, parts};
use tokio::time::Instant;
use transom::Violation;
use transom::memory::Verdict;

#[tokio::test(start_paused = true)]
async fn crlfheader() {
    let outcome = get_breaking("HTTP-SEND-5", "/crlfheader").await;
    assert_violation(&outcome, Violation::BadHeader);
    assert_eq!(outcome.verdict, Verdict::Respond(500));
}

#[tokio::test(start_paused = true)]
async fn raise() {
    let outcome = get("/raise").await;
    assert_eq!((outcome.events.len(), outcome.verdict), (0, Verdict::Respond(500)));
    assert!(outcome.result.is_err());
}

#[tokio::test(start_paused = true)]
async fn nothing() {
    let outcome = get_breaking("RETURN-1", "/nothing").await;
    assert_eq!((outcome.events.len(), outcome.verdict), (0, Verdict::Respond(500)));
    assert!(outcome.result.is_ok());
}

#[tokio::test(start_paused = true)]
async fn raise_after_start() {
    for (target, length) in [("/raise-after-start", None), ("/raise-after-start-cl", Some("100"))] {
        let begin = Instant::now();
        let outcome = get(target).await;
        assert_eq!(begin.elapsed().as_millis() / 10, 5);
        assert_eq!((outcome.status(), outcome.header("content-length")), (Some(200), length));
        assert_eq!((parts(&outcome), outcome.verdict), (vec![("partial", true)], Verdict::Abort));
        assert!(outcome.result.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn short_and_long() {
    for (target, length, clause) in [("/short", "10", "HTTP-SEND-12"), ("/long", "5", "HTTP-SEND-11")] {
        let outcome = get_breaking(clause, target).await;
        assert_violation(&outcome, Violation::LengthMismatch);
        assert_eq!((outcome.header("content-length"), outcome.verdict), (Some(length), Verdict::Abort));
    }
}

#[tokio::test(start_paused = true)]
async fn nobodymsg() {
    let outcome = get_breaking("RETURN-1", "/nobodymsg").await;
    assert_eq!((outcome.events.len(), outcome.verdict), (1, Verdict::Abort));
    assert!(outcome.result.is_ok());
}
