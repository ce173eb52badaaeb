//! A sender that is lent to an inner call, and can be taken back.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use transom::{End, Outgoing, SendError, Sender, Sink};

/// Lends `send`, and gives the hold that the layer keeps.
pub(super) fn lend(send: Sender) -> (Sender, Lender) {
    let state = State { holder: Holder::Inner(send), response: Response::Idle };
    let state = Arc::new(Mutex::new(state));
    let lender = Lender(Arc::downgrade(&state));
    (Sender::layer(Lent(state)), lender)
}

/// The layer's hold. While no poll of the inner call goes on it does not keep the sender alive: one that the
/// application drops is dropped for the server too (RETURN-9).
pub(super) struct Lender(Weak<Mutex<State>>);

/// What the inner call has.
struct Lent(Arc<Mutex<State>>);

pub(super) struct State {
    holder: Holder,
    response: Response,
}

enum Holder {
    Inner(Sender),
    /// Taken back when the call had returned, or was dropped (END-6).
    Layer {
        returned: bool,
    },
}

/// How far the response came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Response {
    /// Nothing of it was sent.
    Idle,
    /// Its head was; of a WebSocket, its acceptance.
    Begun,
    /// It made a tunnel of the exchange, by 101.
    Tunnel,
    /// It is complete.
    Complete,
}

impl Lender {
    /// Polls the inner call. Until that is [`Polled::Pending`] the sender stays alive.
    pub(super) fn poll<F: Future>(&self, call: Pin<&mut F>, cx: &mut Context<'_>) -> Polled<F::Output> {
        let held = Borrowed(self.0.upgrade());
        match call.poll(cx) {
            Poll::Ready(output) => Polled::Ready(output, held),
            Poll::Pending => Polled::Pending,
        }
    }

    /// As [`poll`](Self::poll), with what the inner call panics with.
    pub(super) fn poll_caught<F: Future>(
        &self,
        call: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Polled<std::thread::Result<F::Output>> {
        let held = Borrowed(self.0.upgrade());
        // The call is not polled again after a panic, and its handles are those of a call that is over.
        match catch_unwind(AssertUnwindSafe(|| call.poll(cx))) {
            Ok(Poll::Ready(output)) => Polled::Ready(Ok(output), held),
            Ok(Poll::Pending) => Polled::Pending,
            Err(panic) => Polled::Ready(Err(panic), held),
        }
    }

    /// The sender, while the call is not being polled.
    #[cfg_attr(not(feature = "timeout"), allow(dead_code))]
    pub(super) fn borrow(&self) -> Borrowed {
        Borrowed(self.0.upgrade())
    }
}

/// What a poll of the inner call came to.
pub(super) enum Polled<T> {
    Ready(T, Borrowed),
    Pending,
}

/// The sender, kept alive; `None` if the application has dropped it.
pub(super) struct Borrowed(Option<Arc<Mutex<State>>>);

impl Borrowed {
    /// How far the response came; `None` if the application has dropped its sender.
    pub(super) fn response(&self) -> Option<Response> {
        self.0.as_ref().map(|state| lock(state).response)
    }

    /// Takes the sender back from a call that has returned, or is about to be dropped. Handles that are left of it are
    /// dead.
    pub(super) fn take_back(self, returned: bool) -> Option<Sender> {
        let mut state = lock(self.0.as_ref()?);
        match std::mem::replace(&mut state.holder, Holder::Layer { returned }) {
            Holder::Inner(send) => Some(send),
            Holder::Layer { .. } => None,
        }
    }
}

impl Sink for Lent {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        match &mut lock(&self.0).holder {
            Holder::Inner(send) => send.poll_ready(cx),
            Holder::Layer { .. } => Poll::Ready(Ok(())),
        }
    }

    fn start_send(&mut self, event: Outgoing) -> Result<(), SendError> {
        let mut state = lock(&self.0);
        let State { holder, response } = &mut *state;
        let after = response.after(&event);
        match holder {
            Holder::Inner(send) => send.start_send(event)?,
            Holder::Layer { returned } => return Err(dead(*returned, *response)),
        }
        *response = after;
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        let State { holder, response } = &mut *lock(&self.0);
        match holder {
            Holder::Inner(send) => send.poll_flush(cx),
            Holder::Layer { returned: true } => Poll::Ready(Err(SendError::Finished)),
            Holder::Layer { returned } => Poll::Ready(Err(dead(*returned, *response))),
        }
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        match &mut lock(&self.0).holder {
            Holder::Inner(send) => send.poll_closed(cx),
            Holder::Layer { returned: true } => Poll::Ready(End::Complete),
            Holder::Layer { .. } => Poll::Ready(End::ServerShutdown),
        }
    }
}

/// What the handle of a call that is over is answered (the table of section 7).
fn dead(returned: bool, response: Response) -> SendError {
    match (returned, response) {
        (true, _) | (_, Response::Complete) => SendError::Finished,
        (false, _) => SendError::Disconnected(End::ServerShutdown),
    }
}

impl Response {
    fn after(self, event: &Outgoing) -> Self {
        match event {
            _ if self == Self::Tunnel => self,
            Outgoing::Start { status: 101, .. } => Self::Tunnel,
            Outgoing::Start { .. } | Outgoing::Accept { .. } => Self::Begun,
            Outgoing::Body { more: false, .. } | Outgoing::File { more: false, .. } => Self::Complete,
            Outgoing::Response { .. } | Outgoing::Trailers(_) | Outgoing::Close { .. } => Self::Complete,
            _ => self,
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // Nothing is left half-changed where something panics.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
