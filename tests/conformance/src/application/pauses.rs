//! A layer whose waits are never over at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use transom::{App, End, Error, Incoming, Manifest, Outgoing, Receiver, Scope, SendError, Sender, Sink, Source};

/// An application whose handles make it wait each time, if `pauses`: so that it can be left at every `await`.
pub(super) struct Pauses<A> {
    pub(super) app: A,
    pub(super) pauses: bool,
}

impl<A: App> App for Pauses<A> {
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        if !self.pauses {
            return self.app.call(scope, receive, send).await;
        }
        let over = Over::default();
        // LIFE-7: there nothing that is sent waits.
        let done = matches!(scope, Scope::Lifespan(_));
        let receive = Receiver::layer(Inlet { inner: receive, paused: false, over: over.clone() });
        let send = Sender::layer(Outlet { inner: send, paused: false, done, over: over.clone() });
        let result = self.app.call(scope, receive, send).await;
        over.set();
        result
    }

    fn manifest(&self) -> Manifest {
        self.app.manifest()
    }
}

/// The exchange is over, after which nothing may wait (DISC-1, FLOW-3, END-6).
#[derive(Clone, Default)]
struct Over(Arc<AtomicBool>);

impl Over {
    fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Pending once in a row, to be polled again.
    fn pause(&self, paused: &mut bool, cx: &Context<'_>) -> Poll<()> {
        if *paused || self.0.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        *paused = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

struct Inlet {
    inner: Receiver,
    paused: bool,
    over: Over,
}

impl Source for Inlet {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        ready!(self.over.pause(&mut self.paused, cx));
        let event = ready!(self.inner.poll_recv(cx));
        self.paused = false;
        match event {
            // A response may still be sent.
            Incoming::End(End::BadRequest(_) | End::Timeout) => self.paused = true,
            Incoming::End(_) => self.over.set(),
            _ => {}
        }
        Poll::Ready(event)
    }
}

struct Outlet {
    inner: Sender,
    paused: bool,
    /// Nothing more can be sent, and nothing waits (FLOW-3).
    done: bool,
    over: Over,
}

impl Sink for Outlet {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        if !self.done {
            ready!(self.over.pause(&mut self.paused, cx));
        }
        // Ready it stays until something is sent (FLOW-4).
        self.inner.poll_ready(cx)
    }

    fn start_send(&mut self, event: Outgoing) -> Result<(), SendError> {
        let is_last = match &event {
            Outgoing::Body { more, .. } | Outgoing::File { more, .. } => !more,
            Outgoing::Response { .. } | Outgoing::Trailers(_) | Outgoing::Close { .. } => true,
            _ => false,
        };
        let result = self.inner.start_send(event);
        match &result {
            Ok(()) => (self.done, self.paused) = (self.done || is_last, false),
            Err(SendError::Disconnected(_)) => self.over.set(),
            Err(_) => {}
        }
        result
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        let flushed = self.inner.poll_flush(cx);
        if let Poll::Ready(Err(_)) = flushed {
            self.over.set();
        }
        flushed
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let closed = self.inner.poll_closed(cx);
        if closed.is_ready() {
            self.over.set();
        }
        closed
    }
}
