//! One call of the application, and what became of it.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use transom::memory::{Outcome, Verdict};
use transom::{App, BoxApp, End, Error, Manifest, Receiver, Scope, SendError, Sender};

/// What became of a call.
#[derive(Debug, Default)]
pub(super) struct Fate {
    result: OnceLock<Result<(), Arc<Error>>>,
    told: AtomicBool,
}

impl Fate {
    /// The call's own error, or `otherwise` where it has none.
    pub(super) fn error(&self, otherwise: &'static str) -> Arc<Error> {
        match self.result.get() {
            Some(Err(error)) => Arc::clone(error),
            _ => Arc::new(otherwise.into()),
        }
    }

    /// The call has returned, and without an error.
    pub(super) fn is_ok(&self) -> bool {
        matches!(self.result.get(), Some(Ok(())))
    }

    /// Of the lifespan, when it never was ready (LIFE-3).
    pub(super) fn is_uninterested(&self) -> bool {
        self.result.get().is_some_and(|result| result.as_ref().map_or_else(|error| error.is_unsupported(), |()| true))
    }

    /// Whether nobody was told of the failure; from now on somebody is.
    pub(super) fn tell(&self) -> bool {
        !self.told.swap(true, Ordering::Relaxed)
    }
}

/// Whether the server would log this as a failure of the application (RETURN-6, RETURN-7).
pub(super) fn is_failure(outcome: &Outcome) -> bool {
    match (&outcome.result, outcome.verdict) {
        (Err(error), Verdict::Nothing) => !error.is_disconnect(),
        (_, Verdict::Respond(status)) if is_fault_of_request(status) => false,
        (Err(_), _) => true,
        // A WebSocket that is neither accepted nor denied is answered with 403, which may be meant.
        (Ok(()), verdict) => matches!(verdict, Verdict::Respond(500) | Verdict::Abort),
    }
}

/// Whether the server answers so because of what the client sent (RETURN-2).
pub(super) fn is_fault_of_request(status: u16) -> bool {
    matches!(status, 400 | 408 | 413)
}

/// The application, for one call: what it returns is kept, and a panic is an error (APP-5).
pub(super) struct Watched {
    pub(super) app: BoxApp,
    pub(super) fate: Arc<Fate>,
}

impl App for Watched {
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        // Within the future, so that an application that panics before it has one is caught too.
        let mut call = Box::pin(async { self.app.call(scope, receive, send).await });
        let result = poll_fn(|cx| {
            // A call that panicked is not polled again.
            catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx)))
                .unwrap_or_else(|panic| Poll::Ready(Err(message(&*panic).into())))
        })
        .await;
        let returned = match &result {
            Ok(()) => Ok(()),
            Err(error) if error.is_unsupported() => Err(Error::unsupported()),
            Err(error) if error.is_disconnect() => {
                Err(SendError::Disconnected(End::Disconnected { code: None }).into())
            }
            Err(error) => Err(error.to_string().into()),
        };
        // It returns once.
        let _ = self.fate.result.set(result.map_err(Arc::new));
        returned
    }

    fn manifest(&self) -> Manifest {
        self.app.manifest()
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("it panicked: {}", text.unwrap_or("with something that is no text"))
}
