use super::lent::{Lender, Polled, Response, lend};
use super::problem::{answer, problem};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use transom::{
    App, BadRequest, BodyHint, End, Error, Incoming, Manifest, Method, Outgoing, Receiver, Scope, Sender, Source,
};

/// Limits the length of request bodies.
///
/// ```
/// use transom::{Error, Incoming, Outgoing, Receiver, Scope, Sender, memory};
/// use transom_web::middleware::BodyLimit;
///
/// async fn app(_: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
///     while matches!(receive.recv().await, Incoming::Body { more: true, .. }) {}
///     Ok(send.send(Outgoing::Response { status: 200, headers: Default::default(), body: "all".into() }).await?)
/// }
/// let app = || BodyLimit::new(app).bytes(5);
/// assert_eq!(memory::http("POST", "/").body("12345").run(app()).status(), Some(200));
/// assert_eq!(memory::http("POST", "/").body("123456").run(app()).status(), Some(413));
/// ```
///
/// Where the announced length is above the limit the answer is 413, and the application is not called. Otherwise the
/// bytes are counted while they arrive: the event that brings too many is replaced by
/// [`End::BadRequest`]`(`[`BadRequest::TooLarge`]`)`, which stays. The application may still respond; if it returns
/// without having begun to, whatever it returns, the answer is 413.
///
/// What comes through a tunnel, and WebSockets, are not limited. Of several limits the smallest counts.
pub struct BodyLimit<A> {
    inner: A,
    limit: u64,
}

impl<A: App> BodyLimit<A> {
    /// Around `app`; 1 MiB.
    pub fn new(app: A) -> Self {
        Self { inner: app, limit: 1 << 20 }
    }

    /// Allows this many bytes.
    #[must_use]
    pub fn bytes(self, limit: u64) -> Self {
        Self { limit, ..self }
    }
}

impl<A: App> App for BodyLimit<A> {
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        // To CONNECT there is no body, but a tunnel (RFC 9110 section 9.3.6).
        let http = match &scope {
            Scope::Http(http) if *http.method() != Method::Connect => http,
            _ => return self.inner.call(scope, receive, send).await,
        };
        match http.body() {
            BodyHint::Exact(length) if length > self.limit => return answer(&scope, send, too_large()).await,
            BodyHint::Exact(_) | BodyHint::None if http.protocol().is_none() => {
                return self.inner.call(scope, receive, send).await;
            }
            _ => {}
        }
        let is_exceeded = Arc::new(AtomicBool::new(false));
        let (send, lender) = lend(send);
        let lender = Arc::new(lender);
        let receive = Receiver::layer(Counted {
            inner: receive,
            left: self.limit,
            is_exceeded: Arc::clone(&is_exceeded),
            lender: Arc::clone(&lender),
        });
        let mut call = pin!(self.inner.call(scope, receive, send));
        let (result, borrowed) = poll_fn(|cx| match lender.poll(call.as_mut(), cx) {
            Polled::Ready(result, borrowed) => Poll::Ready((result, borrowed)),
            Polled::Pending => Poll::Pending,
        })
        .await;
        if is_exceeded.load(Ordering::Relaxed)
            && borrowed.response() == Some(Response::Idle)
            && let Some(mut send) = borrowed.take_back(true)
        {
            // As the server does after an end of its own, in place of the failure that came of it (RETURN-2).
            send.start_send(too_large())?;
            return Ok(());
        }
        result
    }

    fn manifest(&self) -> Manifest {
        self.inner.manifest()
    }
}

fn too_large() -> Outgoing {
    problem(413, "the request body is larger than is allowed")
}

struct Counted {
    inner: Receiver,
    left: u64,
    is_exceeded: Arc<AtomicBool>,
    lender: Arc<Lender>,
}

impl Source for Counted {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        if self.is_exceeded.load(Ordering::Relaxed) {
            return Poll::Ready(Incoming::End(End::BadRequest(BadRequest::TooLarge)));
        }
        let event = ready!(self.inner.poll_recv(cx));
        if let Incoming::Body { data, .. } = &event {
            match self.left.checked_sub(data.len() as u64) {
                Some(left) => self.left = left,
                None if self.lender.borrow().response() == Some(Response::Tunnel) => {}
                None => {
                    self.is_exceeded.store(true, Ordering::Relaxed);
                    return Poll::Ready(Incoming::End(End::BadRequest(BadRequest::TooLarge)));
                }
            }
        }
        Poll::Ready(event)
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial;
    use super::*;
    use transom::lint::lint;
    use transom::memory::{self, Verdict};

    /// Reads all, and fails where that is not all.
    async fn sum(_: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        let mut sum = 0;
        loop {
            match receive.recv().await {
                Incoming::Body { data, more } => {
                    sum += data.len();
                    if !more {
                        break;
                    }
                }
                Incoming::End(end) => {
                    assert!(matches!(receive.recv().await, Incoming::End(again) if again == end), "it stays");
                    return Err(end.to_string().into());
                }
                _ => break,
            }
        }
        let body = sum.to_string().into();
        Ok(send.send(Outgoing::Response { status: 200, headers: Default::default(), body }).await?)
    }

    #[test]
    fn streams_are_counted() {
        for (chunks, limit, status) in [
            (&["ab", "cd"][..], 4, Some(200)),
            (&["ab", "cd"], 3, Some(413)),
            (&["ab", "", "c", "d"], 3, Some(413)),
            (&["abcd"], 0, Some(413)),
            (&[], 0, Some(200)),
        ] {
            let script = memory::http("POST", "/").chunks(chunks.iter().copied()).trickle();
            let outcome = script.run(lint(BodyLimit::new(lint(sum)).bytes(limit)));
            assert_eq!(outcome.status(), status, "{chunks:?} {limit}");
            assert!(outcome.result.is_ok());
        }
    }

    #[test]
    fn an_announced_length_is_refused_at_once() {
        async fn never(_: Scope, _: Receiver, _: Sender) -> Result<(), Error> {
            panic!("it is called")
        }
        let outcome =
            memory::http("POST", "/").header("content-length", "6").body("123456").run(BodyLimit::new(never).bytes(5));
        assert_eq!((outcome.status(), outcome.header("content-type")), (Some(413), Some("application/problem+json")));
        assert!(!outcome.received_before_response, "the client need not send it");
    }

    #[test]
    fn a_response_that_has_begun_is_cut() {
        let script = memory::http("POST", "/").chunks(["ab", "cd"]);
        let outcome = script.run(lint(BodyLimit::new(lint(trial::everything)).bytes(3)));
        assert_eq!((outcome.status(), outcome.body(), outcome.verdict), (Some(200), &b"ab"[..], Verdict::Abort));
    }

    #[test]
    fn other_ends_pass() {
        let outcome = memory::http("POST", "/").chunks(["ab"]).truncate().run(lint(BodyLimit::new(lint(sum)).bytes(2)));
        assert_eq!((outcome.status(), outcome.result.is_err()), (None, true));
    }

    #[test]
    fn a_tunnel_has_no_limit() {
        for script in [memory::http("GET", "/").upgrade("raw"), memory::http("CONNECT", "a:1")] {
            let outcome = script.tunnel(["12345", "67890"]).run(lint(BodyLimit::new(lint(trial::everything)).bytes(5)));
            assert_eq!(outcome.body(), b"1234567890");
        }
        // To ask for one is not enough.
        let asked = memory::http("POST", "/").upgrade("raw").chunks(["123456"]);
        assert_eq!(asked.run(BodyLimit::new(sum).bytes(5)).status(), Some(413));
    }

    #[test]
    fn keeps_the_contract() {
        trial::layer(&[], |app| BodyLimit::new(app).bytes(3));
        trial::layer(&[], BodyLimit::new);
    }
}
