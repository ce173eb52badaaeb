use super::debug_page::{self, page};
use super::head::request;
use super::lent::{Polled, Response, lend};
use super::problem::{Refusal, problem};
use std::any::Any;
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use transom::{App, End, Error, HttpScope, Incoming, Manifest, Receiver, Scope, Sender};

/// Answers 500 where the application panics or fails before it has begun to respond.
///
/// ```
/// use transom::{Error, Receiver, Scope, Sender, memory};
/// use transom_web::middleware::CatchPanic;
///
/// async fn app(_: Scope, _: Receiver, _: Sender) -> Result<(), Error> {
///     panic!("out of ideas")
/// }
/// let outcome = memory::http("GET", "/").run(CatchPanic::new(app));
/// assert_eq!(outcome.status(), Some(500));
/// assert_eq!(outcome.result.unwrap_err().to_string(), "the application panicked: out of ideas");
/// ```
///
/// The server would answer too; but what it answers gets no fields of the layers outside, such as
/// [`Cors`](super::Cors). The failure goes on as the `Err` of the call, also that of a panic, and the server logs it.
///
/// These failures go on without an answer: one after the response has begun, which the server cuts off; "unsupported",
/// which it answers with 501; and one after `recv` gave [`End::BadRequest`] or [`End::Timeout`], which is the client's
/// and is answered with 400, 408 or 413. The lifespan passes.
///
/// Where panics abort the process there is nothing to catch.
pub struct CatchPanic<A> {
    inner: A,
    debug: bool,
    observer: Option<Box<Observer>>,
}

type Observer = dyn Fn(&Failure, &HttpScope) + Send + Sync;

/// How the application failed.
#[derive(Debug)]
pub struct Failure {
    error: Error,
    is_panic: bool,
    trace: Option<debug_page::Trace>,
}

impl Failure {
    /// The error; that of a panic has its message.
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// Whether it panicked.
    pub fn is_panic(&self) -> bool {
        self.is_panic
    }

    /// Where it panicked, as `file:line:column`; known with [`CatchPanic::debug`] alone.
    pub fn location(&self) -> Option<&str> {
        self.trace.as_ref().map(|trace| &*trace.location)
    }

    /// How it came there; known with [`CatchPanic::debug`] alone.
    pub fn backtrace(&self) -> Option<&str> {
        self.trace.as_ref().map(|trace| &*trace.backtrace)
    }

    fn of_panic(panic: &(dyn Any + Send), trace: Option<debug_page::Trace>) -> Self {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        let error = format!("the application panicked: {}", text.unwrap_or("with something that is no text")).into();
        Self { error, is_panic: true, trace }
    }
}

/// The error and its causes.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<A: App> CatchPanic<A> {
    /// Around `app`.
    pub fn new(app: A) -> Self {
        Self { inner: app, debug: false, observer: None }
    }

    /// Whether the answer shows the failure, its causes, where it happened, and the request without its credentials: as
    /// a page to clients that accept HTML, as text to others. For development; it tells more than anybody should know
    /// of a server: `debug(cfg!(debug_assertions))`.
    ///
    /// With `true` a panic hook is set for the process, once; it calls the one that was there before.
    #[must_use]
    pub fn debug(self, debug: bool) -> Self {
        if debug {
            debug_page::install();
        }
        Self { debug, ..self }
    }

    /// Calls `observer` with every failure but "unsupported" and disconnects, begun response or not. The server logs
    /// all of them already.
    #[must_use]
    pub fn observe(self, observer: impl Fn(&Failure, &HttpScope) + Send + Sync + 'static) -> Self {
        Self { observer: Some(Box::new(observer)), ..self }
    }
}

impl<A: App> App for CatchPanic<A> {
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        let Some(http) = request(&scope) else { return self.inner.call(scope, receive, send).await };
        // Kept for those alone who look at it: a head that is shared has to be copied to be changed.
        let http = (self.debug || self.observer.is_some()).then(|| http.clone());
        let refusal = Refusal::of(&scope);
        let is_clients = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&is_clients);
        let receive = receive.map(move |event| {
            if let Incoming::End(End::BadRequest(_) | End::Timeout) = event {
                tell.store(true, Ordering::Relaxed);
            }
            event
        });
        let (send, lender) = lend(send);
        let mut call = pin!(self.inner.call(scope, receive, send));
        let (result, trace, borrowed) = poll_fn(|cx| {
            let capture = self.debug.then(debug_page::Capture::begin);
            let polled = lender.poll_caught(call.as_mut(), cx);
            let trace = capture.and_then(debug_page::Capture::end);
            match polled {
                Polled::Ready(result, borrowed) => Poll::Ready((result, trace, borrowed)),
                Polled::Pending => Poll::Pending,
            }
        })
        .await;
        let failure = match result {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) if error.is_unsupported() => return Err(error),
            Ok(Err(error)) => Failure { error, is_panic: false, trace: None },
            Err(panic) => Failure::of_panic(&*panic, trace),
        };
        if !is_clients.load(Ordering::Relaxed)
            && borrowed.response() == Some(Response::Idle)
            && let Some(mut send) = borrowed.take_back(true)
        {
            let answer = refusal.with(|| match &http {
                Some(http) if self.debug => page(&failure, http),
                _ => problem(500, "the application failed"),
            });
            // Where nobody is left to be answered, the failure says more than that.
            let _ = send.start_send(answer);
        }
        if let (Some(observer), Some(http), false) = (&self.observer, &http, failure.error.is_disconnect()) {
            observer(&failure, http);
        }
        Err(failure.error)
    }

    fn manifest(&self) -> Manifest {
        self.inner.manifest()
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial;
    use super::*;
    use std::sync::Mutex;
    use transom::lint::lint;
    use transom::memory::{self, Verdict};
    use transom::{Headers, Outgoing, SendError};

    /// Does as the path says.
    async fn app(scope: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        let path = request(&scope).map_or(String::new(), |http| String::from_utf8_lossy(http.raw_path()).into_owned());
        if path.contains("started") {
            send.send(Outgoing::Start { status: 200, headers: Headers::new() }).await?;
        }
        if path.contains("read") {
            while matches!(receive.recv().await, Incoming::Body { more: true, .. }) {}
        }
        if path.contains("accept") {
            send.send(Outgoing::Accept { subprotocol: None, headers: Headers::new() }).await?;
        }
        match path {
            path if path.contains("panic") => panic!("<out> of \"ideas\""),
            path if path.contains("unsupported") => Err(Error::unsupported()),
            path if path.contains("disconnect") => Err(SendError::Disconnected(End::Timeout).into()),
            path if path.contains("error") => Err("<no> luck".into()),
            _ => Ok(()),
        }
    }

    #[test]
    fn failures() {
        use Verdict::{Abort, Nothing, Respond};
        for (path, status, verdict, error) in [
            ("/panic", Some(500), Nothing, "the application panicked: <out> of \"ideas\""),
            ("/error", Some(500), Nothing, "<no> luck"),
            ("/unsupported", None, Respond(501), "the application does not serve this kind of scope"),
            ("/disconnect", Some(500), Nothing, "not sent: the peer made no progress in time"),
            ("/started/panic", Some(200), Abort, "the application panicked: <out> of \"ideas\""),
            ("/started/error", Some(200), Abort, "<no> luck"),
            ("/read/panic", Some(500), Nothing, "the application panicked: <out> of \"ideas\""),
        ] {
            let outcome = memory::http("GET", path).run(lint(CatchPanic::new(app)));
            assert_eq!((outcome.status(), outcome.verdict), (status, verdict), "{path}");
            assert_eq!(outcome.result.unwrap_err().to_string(), error);
        }
        let outcome = memory::http("GET", "/").run(CatchPanic::new(app));
        assert!(outcome.result.is_ok() && outcome.status().is_none());
    }

    #[test]
    fn what_is_the_clients_fault_is_left_to_the_server() {
        for path in ["/read/error", "/read/panic"] {
            let outcome = memory::http("POST", path).chunks(["a"]).truncate().run(lint(CatchPanic::new(app)));
            assert!(outcome.events.is_empty() && outcome.result.is_err(), "{path}");
        }
    }

    #[test]
    fn websockets() {
        let run = |path| memory::websocket(path).run(lint(CatchPanic::new(app)));
        assert_eq!((run("/panic").status(), run("/panic").verdict), (Some(500), Verdict::Nothing));
        assert_eq!(run("/accept/panic").verdict, Verdict::Close(1011));
    }

    #[test]
    fn pages() {
        let run = |path, accept| {
            let script = memory::http("GET", path).header("accept", accept).header("x-a", "<b>");
            let script = script.header("Cookie", "hush").header("authorization", "hush").header("x-csrf-token", "hush");
            script.run(CatchPanic::new(app).debug(true))
        };
        let outcome = run("/panic?<q>", "text/html;q=0.9");
        let page = str::from_utf8(outcome.body()).unwrap();
        assert_eq!((outcome.status(), outcome.header("content-type")), (Some(500), Some("text/html; charset=utf-8")));
        for part in ["&lt;out&gt; of &quot;ideas&quot;", "catch_panic.rs:", "GET /panic?&lt;q&gt;", "&lt;b&gt;", "x-a"]
        {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains("hush") && !page.contains("<b>") && !page.contains("<out>"));

        let outcome = run("/error", "application/json");
        let text = str::from_utf8(outcome.body()).unwrap();
        assert_eq!(outcome.header("content-type"), Some("text/plain; charset=utf-8"));
        assert!(text.contains("<no> luck") && !text.contains("hush"));

        let plain = memory::http("GET", "/panic").header("accept", "text/html").run(CatchPanic::new(app));
        assert_eq!(plain.header("content-type"), Some("application/problem+json"));
        assert!(!str::from_utf8(plain.body()).unwrap().contains("ideas"));
    }

    #[test]
    fn failures_are_observed() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let see = Arc::clone(&seen);
        let app = Arc::new(CatchPanic::new(app).debug(true).observe(move |failure, http| {
            let place = failure.location().is_some_and(|place| place.contains("catch_panic.rs:"));
            see.lock().unwrap().push((
                failure.is_panic(),
                place,
                String::from_utf8_lossy(http.raw_path()).into_owned(),
            ));
        }));
        for path in ["/panic", "/started/error", "/unsupported", "/disconnect", "/"] {
            memory::http("GET", path).run(Arc::clone(&app));
        }
        let expected = [(true, true, "/panic".to_owned()), (false, false, "/started/error".to_owned())];
        assert_eq!(*seen.lock().unwrap(), expected);
    }

    #[test]
    fn keeps_the_contract() {
        trial::layer(&[], CatchPanic::new);
        trial::layer(&[], |app| CatchPanic::new(app).debug(true));
    }
}
