use crate::{End, Outgoing, SendError, Sender, Sink};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};

/// A sender in the hands of two: an application, and the layer that called it.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Sender>>);

/// The layer's hold on a [`Shared`] that it does not keep alive.
pub(crate) struct Weakly(Weak<Mutex<Sender>>);

impl Shared {
    pub(crate) fn new(send: Sender) -> Self {
        Self(Arc::new(Mutex::new(send)))
    }

    pub(crate) fn downgrade(&self) -> Weakly {
        Weakly(Arc::downgrade(&self.0))
    }
}

impl Weakly {
    /// `None` once the other one has dropped the sender.
    pub(crate) fn upgrade(&self) -> Option<Shared> {
        self.0.upgrade().map(Shared)
    }
}

impl Sink for Shared {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        lock(&self.0).poll_ready(cx)
    }

    fn start_send(&mut self, event: Outgoing) -> Result<(), SendError> {
        lock(&self.0).start_send(event)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        lock(&self.0).poll_flush(cx)
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        lock(&self.0).poll_closed(cx)
    }
}

/// Locks what is never left half-changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
