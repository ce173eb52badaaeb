use crate::handle::block_on;
use crate::shared::{Shared, lock};
use crate::{App, Error, Receiver, Scope, Sender};
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

/// An application written as a plain function that may block.
///
/// It runs on the server's bounded pool of blocking threads ([`BlockingPool`]), so a slow one stalls nobody,
/// and uses [`Receiver::recv_blocking`] and [`Sender::send_blocking`].
///
/// ```
/// use transom::{Blocking, Error, Headers, Outgoing, Receiver, Scope, Sender};
///
/// fn app(_scope: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
///     let body = std::fs::read("/proc/loadavg")?.into();
///     send.send_blocking(Outgoing::Response { status: 200, headers: Headers::new(), body })?;
///     Ok(())
/// }
/// fn is_an_app(_: impl transom::App) {}
/// is_an_app(Blocking::new(app));
/// ```
///
/// When the server drops the call (after the shutdown grace) the function goes on; its next use of a
/// handle tells it that the exchange is over.
pub struct Blocking<F>(Arc<F>);

impl<F> Blocking<F>
where
    F: Fn(Scope, Receiver, Sender) -> Result<(), Error> + Send + Sync + 'static,
{
    /// Makes an application of `function`.
    pub fn new(function: F) -> Self {
        Self(Arc::new(function))
    }
}

impl<F> App for Blocking<F>
where
    F: Fn(Scope, Receiver, Sender) -> Result<(), Error> + Send + Sync + 'static,
{
    fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> impl Future<Output = Result<(), Error>> + Send {
        let function = Arc::clone(&self.0);
        let pool = scope.server().blocking.clone();
        let call = Arc::new(Mutex::new(Call::Running(None)));
        let result = Outcome(Arc::clone(&call));
        let job = move || {
            // The function may drop its sender; the exchange must not learn of that before it has the result.
            let kept = Shared::new(send);
            let send = Sender::layer(kept.clone());
            // The panic is carried over and goes on where the call is polled.
            let outcome = catch_unwind(AssertUnwindSafe(|| function(scope, receive, send)));
            result.store(outcome);
            drop(kept);
        };
        async move {
            match pool {
                Some(pool) => pool.run(Box::new(job)),
                None => drop(std::thread::Builder::new().spawn(job)?),
            }
            std::future::poll_fn(|cx| {
                let mut call = lock(&call);
                match std::mem::replace(&mut *call, Call::Running(Some(cx.waker().clone()))) {
                    Call::Running(_) => Poll::Pending,
                    Call::Over(outcome) => Poll::Ready(outcome.unwrap_or_else(|panic| resume_unwind(panic))),
                }
            })
            .await
        }
    }
}

impl<F> fmt::Debug for Blocking<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blocking")
    }
}

enum Call {
    Running(Option<Waker>),
    Over(std::thread::Result<Result<(), Error>>),
}

/// Where the result of the function goes.
struct Outcome(Arc<Mutex<Call>>);

impl Outcome {
    fn store(&self, outcome: std::thread::Result<Result<(), Error>>) {
        let before = std::mem::replace(&mut *lock(&self.0), Call::Over(outcome));
        if let Call::Running(Some(waker)) = before {
            waker.wake();
        }
    }
}

impl Drop for Outcome {
    fn drop(&mut self) {
        // The pool dropped the job instead of running it.
        let unfinished = matches!(*lock(&self.0), Call::Running(_));
        if unfinished {
            self.store(Ok(Err("the pool of blocking threads is gone".into())));
        }
    }
}

/// Threads that may block, given by the server in [`ServerInfo::blocking`](crate::ServerInfo::blocking).
pub trait BlockingPool: Send + Sync {
    /// Runs `job` on a thread of the pool, now or when one is free.
    fn run(&self, job: Box<dyn FnOnce() + Send>);
}

/// Runs an application's call, or any future that needs no runtime, on this thread until it is done.
///
/// For tests and for blocking code; a server polls calls itself.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    block_on(future)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Connection, End, Exchange, ExchangeId, Half, Head, HttpScope, Incoming, Outgoing, SendError, ServerInfo,
    };
    use std::task::Context;

    /// A pool that forgets its jobs.
    struct Forgetful;

    impl BlockingPool for Forgetful {
        fn run(&self, _: Box<dyn FnOnce() + Send>) {}
    }

    struct Nowhere;

    impl Exchange for Nowhere {
        fn poll_recv(&self, _: ExchangeId, _: &mut Context<'_>) -> Poll<Incoming> {
            Poll::Pending
        }
        fn poll_ready(&self, _: ExchangeId, _: &mut Context<'_>) -> Poll<Result<(), SendError>> {
            Poll::Ready(Ok(()))
        }
        fn start_send(&self, _: ExchangeId, _: Outgoing) -> Result<(), SendError> {
            Ok(())
        }
        fn poll_flush(&self, _: ExchangeId, _: &mut Context<'_>) -> Poll<Result<(), SendError>> {
            Poll::Ready(Ok(()))
        }
        fn poll_closed(&self, _: ExchangeId, _: &mut Context<'_>) -> Poll<End> {
            Poll::Pending
        }
        fn dropped(&self, _: ExchangeId, _: Half) {}
    }

    #[test]
    fn a_job_that_is_dropped_is_a_failed_call() {
        let info = ServerInfo { blocking: Some(Arc::new(Forgetful)), ..ServerInfo::default() };
        let connection = Connection { server_info: Arc::new(info), ..Connection::default() };
        let head = Head { connection: Arc::new(connection), ..Head::default() };
        let scope = Scope::Http(HttpScope::new(head.into(), crate::Capabilities::NONE));
        let exchange: Arc<dyn Exchange> = Arc::new(Nowhere);
        let receive = Receiver::new(Arc::clone(&exchange), ExchangeId(1));
        let send = Sender::new(exchange, ExchangeId(1));
        let app = Blocking::new(|_, _, _| Ok(()));
        let error = block_on(app.call(scope, receive, send)).unwrap_err();
        assert!(error.to_string().contains("pool"), "{error}");
    }

    #[test]
    fn a_block_inside_a_block_takes_no_wake_away() {
        let inner = std::future::poll_fn(|cx| {
            cx.waker().wake_by_ref();
            // Uses up the thread's own token.
            block_on(async {});
            std::thread::park_timeout(std::time::Duration::ZERO);
            Poll::<()>::Pending
        });
        let mut polls = 0;
        let mut inner = Box::pin(inner);
        block_on(std::future::poll_fn(|cx| {
            polls += 1;
            if polls == 3 { Poll::Ready(()) } else { inner.as_mut().poll(cx) }
        }));
    }
}
