use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use transom::{App, Error, Manifest, Receiver, Scope, Sender};

/// Any application, its type hidden. Unlike [`transom::BoxApp`] it costs no allocation per call: each connection
/// keeps one place for the future of its running call.
#[derive(Clone)]
pub struct Application {
    make: Arc<dyn Fn() -> Box<dyn Call> + Send + Sync>,
    manifest: Manifest,
}

impl Application {
    /// Hides the type of `app`.
    pub fn new(app: impl App) -> Self {
        let manifest = app.manifest();
        let app = Arc::new(app);
        Self { make: Arc::new(move || slot(Arc::clone(&app))), manifest }
    }

    /// What the application says of itself.
    pub fn manifest(&self) -> Manifest {
        self.manifest
    }

    /// A place for one running call at a time.
    pub(crate) fn slot(&self) -> Box<dyn Call> {
        (self.make)()
    }
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Application")
    }
}

thread_local! {
    /// Whether a call is being polled on this thread.
    static IN_CALL: Cell<bool> = const { Cell::new(false) };
    /// Where the last panic of a call on this thread happened.
    static PANICKED_AT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Has panics of calls told in the one line with which the server logs a failed call, instead of by the panic hook that
/// was there, which is left to all others. For a process that is a server and nothing else.
#[cfg(feature = "cli")]
pub(crate) fn log_panics_of_calls() {
    let other = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if IN_CALL.get() {
            PANICKED_AT.set(panic.location().map(ToString::to_string));
        } else {
            other(panic);
        }
    }));
}

/// How a call came to its end.
#[derive(Debug)]
pub(crate) enum Outcome {
    Returned(Result<(), Error>),
    /// Said with the panic's message, and where it happened if that is known.
    Panicked(String),
}

impl Outcome {
    /// As a result, a panic being an error like others.
    pub(crate) fn into_result(self) -> Result<(), Error> {
        match self {
            Self::Returned(result) => result,
            Self::Panicked(message) => Err(message.into()),
        }
    }
}

/// A place for the future of one call at a time.
pub(crate) trait Call: Send {
    /// Begins a call, in place of what was there.
    fn start(&mut self, scope: Scope, receive: Receiver, send: Sender);
    /// Polls the call. When it is ready the place is empty again.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome>;
    /// Drops a call that is still running.
    fn clear(&mut self);
}

fn slot<A: App>(app: Arc<A>) -> Box<dyn Call> {
    let start = move |scope, receive, send| {
        let app = Arc::clone(&app);
        async move { app.call(scope, receive, send).await }
    };
    Box::new(Slot { start, future: Box::pin(None) })
}

struct Slot<S, F> {
    start: S,
    future: Pin<Box<Option<F>>>,
}

impl<S, F> Call for Slot<S, F>
where
    S: Fn(Scope, Receiver, Sender) -> F + Send,
    F: Future<Output = Result<(), Error>> + Send,
{
    fn start(&mut self, scope: Scope, receive: Receiver, send: Sender) {
        let future = (self.start)(scope, receive, send);
        self.future.set(Some(future));
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        IN_CALL.set(true);
        let polled = catch_unwind(AssertUnwindSafe(|| match self.future.as_mut().as_pin_mut() {
            Some(future) => future.poll(cx),
            None => Poll::Ready(Ok(())),
        }));
        IN_CALL.set(false);
        let outcome = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(result)) => Outcome::Returned(result),
            Err(panic) => Outcome::Panicked(message(&*panic)),
        };
        self.clear();
        Poll::Ready(outcome)
    }

    fn clear(&mut self) {
        // What the future drops is the application's too.
        let dropped = catch_unwind(AssertUnwindSafe(|| self.future.set(None)));
        if let Err(panic) = dropped {
            tracing::error!("a call that was dropped {}", message(&*panic));
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("without a message");
    match PANICKED_AT.take() {
        Some(place) => format!("panicked at {place}: {text}"),
        None => format!("panicked: {text}"),
    }
}
