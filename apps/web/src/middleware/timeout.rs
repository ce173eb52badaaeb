use super::lent::{Polled, Response, lend};
use super::problem::{Refusal, problem};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};
use transom::{App, Error, Manifest, Receiver, Scope, Sender};

/// Limits the time that the application takes; needs a Tokio runtime with time.
///
/// ```
/// use std::time::Duration;
/// use transom::{Error, Receiver, Scope, Sender, memory};
/// use transom_web::middleware::Timeout;
///
/// async fn app(_: Scope, _: Receiver, _: Sender) -> Result<(), Error> {
///     std::future::pending().await // a query that takes its time
/// }
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
/// # runtime.block_on(async {
/// let app = Timeout::new(app).response(Duration::from_secs(5));
/// let outcome = memory::http("GET", "/").start(app).await;
/// assert_eq!(outcome.status(), Some(503));
/// # });
/// ```
///
/// There are two limits, both from the beginning of the call: until the response begins, 30 seconds at first, and until
/// it is complete, none at first. When a limit is exceeded, the inner call is dropped. If nothing of a final response
/// was sent yet, the answer is 503; otherwise the call fails, and the response is cut off so that the peer sees it.
///
/// What the application does after its response is complete is not limited, nor is the lifespan. A WebSocket has to be
/// accepted or denied within the first limit; after that, as in a tunnel, there is none, unless that is asked for
/// ([`sockets`](Self::sockets)).
pub struct Timeout<A> {
    inner: A,
    response: Option<Duration>,
    total: Option<Duration>,
    status: u16,
    sockets: bool,
}

impl<A: App> Timeout<A> {
    /// Around `app`: 30 seconds until the response begins.
    pub fn new(app: A) -> Self {
        Self { inner: app, response: Some(Duration::from_secs(30)), total: None, status: 503, sockets: false }
    }

    /// Limits the time until the response begins; zero is no limit.
    #[must_use]
    pub fn response(self, limit: Duration) -> Self {
        Self { response: Some(limit).filter(|limit| !limit.is_zero()), ..self }
    }

    /// Limits the time until the response is complete; zero is no limit. A client that reads slowly uses up that time
    /// too.
    #[must_use]
    pub fn total(self, limit: Duration) -> Self {
        Self { total: Some(limit).filter(|limit| !limit.is_zero()), ..self }
    }

    /// Answers 504: for an application that hands requests on to another server.
    #[must_use]
    pub fn gateway(self) -> Self {
        Self { status: 504, ..self }
    }

    /// Has the limit of [`total`](Self::total) hold for accepted WebSockets and for tunnels, too.
    #[must_use]
    pub fn sockets(self) -> Self {
        Self { sockets: true, ..self }
    }

    /// How long a call may take whose response came so far; `None` if its sender is gone.
    fn limit(&self, response: Option<Response>, is_websocket: bool) -> Option<Duration> {
        match response? {
            Response::Idle => self.response.into_iter().chain(self.total).min(),
            Response::Begun if !is_websocket || self.sockets => self.total,
            Response::Tunnel if self.sockets => self.total,
            _ => None,
        }
    }
}

impl<A: App> App for Timeout<A> {
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        let is_websocket = match scope {
            Scope::Http(_) => false,
            Scope::WebSocket(_) => true,
            _ => return self.inner.call(scope, receive, send).await,
        };
        let begin = Instant::now();
        let refusal = Refusal::of(&scope);
        let (send, lender) = lend(send);
        let mut sleep = pin!(None::<Sleep>);
        let mut call = pin!(Some(self.inner.call(scope, receive, send)));
        let timed_out = poll_fn(|cx| {
            let inner = call.as_mut().as_pin_mut().expect("it is dropped when this is over");
            if let Polled::Ready(result, _) = lender.poll(inner, cx) {
                return Poll::Ready(Err(result));
            }
            loop {
                let borrowed = lender.borrow();
                let Some(limit) = self.limit(borrowed.response(), is_websocket) else {
                    sleep.set(None);
                    return Poll::Pending;
                };
                // Later than any clock will tell is never.
                let Some(deadline) = begin.checked_add(limit) else { return Poll::Pending };
                match sleep.as_mut().as_pin_mut() {
                    Some(mut running) if running.deadline() == deadline => {
                        if running.as_mut().poll(cx).is_pending() {
                            return Poll::Pending;
                        }
                        return Poll::Ready(Ok((limit, borrowed)));
                    }
                    Some(running) => running.reset(deadline),
                    None => sleep.set(Some(sleep_until(deadline))),
                }
            }
        })
        .await;
        let (limit, borrowed) = match timed_out {
            Ok(timed_out) => timed_out,
            Err(result) => return result,
        };
        let is_idle = borrowed.response() == Some(Response::Idle);
        let send = borrowed.take_back(false);
        call.set(None);
        if let (Some(mut send), true) = (send, is_idle) {
            send.start_send(refusal.with(|| problem(self.status, "the answer took too long")))?;
            return Ok(());
        }
        Err(format!("the response was not complete after {limit:?}").into())
    }

    fn manifest(&self) -> Manifest {
        self.inner.manifest()
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial;
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use tokio::time::sleep;
    use transom::lint::lint;
    use transom::memory::{self, Outcome, Verdict};
    use transom::{Headers, Incoming, Outgoing};

    const SECOND: Duration = Duration::from_secs(1);

    /// Begins its response after `head`, and completes it after `body` more.
    fn slow(head: Duration, body: Duration) -> impl App {
        move |_: Scope, _: Receiver, mut send: Sender| async move {
            sleep(head).await;
            send.send(Outgoing::Start { status: 200, headers: Headers::new() }).await?;
            send.send(Outgoing::Body { data: "one".into(), more: true }).await?;
            sleep(body).await;
            Ok(send.send(Outgoing::Body { data: "two".into(), more: false }).await?)
        }
    }

    /// How long it takes, and what becomes of it.
    async fn run(app: impl App) -> (Duration, Outcome) {
        let begin = Instant::now();
        let outcome = memory::http("GET", "/").start(lint(app)).await;
        (begin.elapsed(), outcome)
    }

    #[tokio::test(start_paused = true)]
    async fn limits() {
        let head = |seconds| move |app| Timeout::new(app).response(SECOND * seconds);
        let total = |seconds| move |app| Timeout::new(app).response(Duration::ZERO).total(SECOND * seconds);
        for (limit, is_total, takes, status, body, seconds) in [
            (5, false, (3, 0), 200, &b"onetwo"[..], 3),
            (5, false, (7, 0), 503, b"", 5),
            (5, false, (3, 100), 200, b"onetwo", 103),
            (5, true, (3, 1), 200, b"onetwo", 4),
            (5, true, (7, 0), 503, b"", 5),
            (5, true, (3, 7), 200, b"one", 5),
        ] {
            let app = lint(slow(SECOND * takes.0, SECOND * takes.1));
            let app = if is_total { total(limit)(app) } else { head(limit)(app) };
            let (elapsed, outcome) = run(app).await;
            assert_eq!(outcome.status(), Some(status), "{limit} {takes:?}");
            assert!(outcome.body() == body || status == 503, "{limit} {takes:?}");
            assert_eq!(elapsed.as_secs(), seconds, "{limit} {takes:?}");
            let is_cut = body == b"one";
            assert_eq!(outcome.verdict, if is_cut { Verdict::Abort } else { Verdict::Nothing });
            assert_eq!(outcome.result.is_err(), is_cut);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn both_limits_and_the_defaults() {
        let app = || slow(SECOND * 100, Duration::ZERO);
        assert_eq!(run(Timeout::new(app())).await.0.as_secs(), 30);
        let both = Timeout::new(app()).response(SECOND * 9).total(SECOND * 4).gateway();
        let (elapsed, outcome) = run(both).await;
        assert_eq!((elapsed.as_secs(), outcome.status()), (4, Some(504)));
        let none = Timeout::new(app()).response(Duration::ZERO);
        assert_eq!(run(none).await.0.as_secs(), 100);
        let never = Timeout::new(app()).response(Duration::MAX);
        assert_eq!(run(never).await.0.as_secs(), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn work_after_the_response_goes_on() {
        let done = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&done);
        let app = move |_: Scope, _: Receiver, mut send: Sender| {
            let tell = Arc::clone(&tell);
            async move {
                send.send(Outgoing::Response { status: 200, headers: Headers::new(), body: "".into() }).await?;
                sleep(SECOND * 100).await;
                tell.store(true, Ordering::Relaxed);
                Ok(())
            }
        };
        assert!(run(Timeout::new(app).total(SECOND)).await.1.result.is_ok());
        assert!(done.load(Ordering::Relaxed));
    }

    #[tokio::test(start_paused = true)]
    async fn websockets_have_no_limit_once_they_are_accepted() {
        async fn app(_: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
            sleep(SECOND).await;
            send.send(Outgoing::Accept { subprotocol: None, headers: Headers::new() }).await?;
            sleep(SECOND * 100).await;
            while let Incoming::Message(message) = receive.recv().await {
                send.send(Outgoing::Message(message)).await?;
            }
            Ok(())
        }
        let run = |app| memory::websocket("/").text("a").close(1000, "").start(lint(app));
        let limited = || Timeout::new(lint(app)).response(SECOND * 2).total(SECOND * 3);
        assert_eq!(run(limited()).await.messages().count(), 1);
        let outcome = run(limited().sockets()).await;
        assert_eq!((outcome.messages().count(), outcome.verdict), (0, Verdict::Close(1011)));
        let outcome = run(limited().response(SECOND / 2)).await;
        assert_eq!((outcome.is_accepted(), outcome.status()), (false, Some(503)));
    }

    #[tokio::test(start_paused = true)]
    async fn handles_that_the_inner_call_left_are_dead() {
        let (give, take) = tokio::sync::oneshot::channel();
        let give = std::sync::Mutex::new(Some(give));
        let app = move |_: Scope, _: Receiver, send: Sender| {
            let give = give.lock().unwrap().take();
            async move {
                let _ = give.expect("one call").send(send);
                std::future::pending().await
            }
        };
        let outcome = memory::http("GET", "/").start(Timeout::new(app));
        let (outcome, mut send) = tokio::join!(outcome, async { take.await.unwrap() });
        assert_eq!(outcome.status(), Some(503));
        let late = send.send(Outgoing::Response { status: 200, headers: Headers::new(), body: "".into() }).await;
        assert_eq!(late, Err(transom::SendError::Disconnected(transom::End::ServerShutdown)));
        assert_eq!(send.closed().await, transom::End::ServerShutdown);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_sender_is_dropped_for_the_server() {
        async fn app(_: Scope, mut receive: Receiver, send: Sender) -> Result<(), Error> {
            sleep(SECOND).await;
            drop(send);
            while !matches!(receive.recv().await, Incoming::End(_)) {}
            Err("gave up".into())
        }
        let outcome = memory::http("GET", "/").start(lint(Timeout::new(lint(app)))).await;
        assert_eq!(outcome.verdict, Verdict::Respond(500));
    }

    #[test]
    fn keeps_the_contract() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let guard = runtime.enter();
        trial::layer_within(
            &[],
            |app| Timeout::new(app).total(SECOND * 100),
            |application| {
                let runtime = tokio::runtime::Runtime::new().unwrap();
                application.within(move |poll| {
                    let _guard = runtime.enter();
                    poll();
                })
            },
        );
        drop(guard);
    }

    #[test]
    fn one_that_expires_at_any_time_keeps_the_contract() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let _guard = runtime.enter();
        trial::layer_within(
            &[],
            |app| Timeout::new(app).response(Duration::from_micros(20)),
            |application| {
                let runtime = tokio::runtime::Runtime::new().unwrap();
                application.within(move |poll| {
                    let _guard = runtime.enter();
                    poll();
                })
            },
        );
    }
}
