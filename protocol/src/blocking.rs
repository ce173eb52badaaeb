use crate::handle::block_on;
use crate::{App, Error, Receiver, Scope, Sender};
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};
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
        let result = Arc::clone(&call);
        let job = move || {
            // The panic is carried over and goes on where the call is polled.
            let outcome = catch_unwind(AssertUnwindSafe(|| function(scope, receive, send)));
            let before = std::mem::replace(&mut *lock(&result), Call::Over(outcome));
            if let Call::Running(Some(waker)) = before {
                waker.wake();
            }
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

fn lock(call: &Mutex<Call>) -> std::sync::MutexGuard<'_, Call> {
    // Nothing panics while it is held.
    call.lock().unwrap_or_else(PoisonError::into_inner)
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
