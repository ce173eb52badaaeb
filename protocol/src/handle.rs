use crate::{End, Exchange, ExchangeId, Half, Incoming, Outgoing, SendError, Sink, Source};
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker, ready};
use std::thread::{self, Thread};

/// The application's receiving half of an exchange.
///
/// Owned and `Send`: it may move to another task or thread, but not outlive the call. It is not `Sync`, so a future
/// that holds a `&Receiver` across an `await` is not `Send`; one that holds a `&mut Receiver` is.
pub struct Receiver(Inlet);

enum Inlet {
    Exchange { exchange: Arc<dyn Exchange>, id: ExchangeId },
    Layer(Box<dyn Source>),
}

impl Receiver {
    /// The half of a server's exchange.
    pub fn new(exchange: Arc<dyn Exchange>, id: ExchangeId) -> Self {
        Self(Inlet::Exchange { exchange, id })
    }

    /// The half that a layer puts in the place of the one it was given.
    pub fn layer(source: impl Source) -> Self {
        Self(Inlet::Layer(Box::new(source)))
    }

    /// A half that passes every event through `edit` on its way in: [`Incoming::End`] too, at every `recv` again.
    /// `edit` must give that back as it is.
    pub fn map(self, edit: impl FnMut(Incoming) -> Incoming + Send + 'static) -> Self {
        Self::layer(MapSource { inner: self, edit })
    }

    /// The next event. Never fails: when the exchange is over, [`Incoming::End`] says why, again and again.
    ///
    /// A request ends with `Body { more: false }` or `Trailers`; one without a body gives an empty
    /// `Body { more: false }` first, so that a loop which reads until there is no more suits all. After that, `recv` is
    /// pending until the exchange is over. While it waits for bytes of a body, the server's timeout for that runs.
    ///
    /// Cancel-safe: a future dropped before it is ready has taken nothing. In the call's own task, dropping it also
    /// stops the timeout.
    pub fn recv(&mut self) -> impl Future<Output = Incoming> + Send + '_ {
        std::future::poll_fn(|cx| self.poll_recv(cx))
    }

    /// [`recv`](Self::recv) as a poll.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        match &mut self.0 {
            Inlet::Exchange { exchange, id } => exchange.poll_recv(*id, cx),
            Inlet::Layer(source) => source.poll_recv(cx),
        }
    }

    /// [`recv`](Self::recv) for a thread that may block; see [`Blocking`](crate::Blocking).
    pub fn recv_blocking(&mut self) -> Incoming {
        block_on(self.recv())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Inlet::Exchange { exchange, id } = &self.0 {
            exchange.dropped(*id, Half::Receive);
        }
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receiver")
    }
}

/// The application's sending half of an exchange.
///
/// Owned and `Send`: it may move to another task or thread, but not outlive the call. It is not `Sync`, so a future
/// that holds a `&Sender` across an `await` is not `Send`; one that holds a `&mut Sender` is.
///
/// To drop it while the call runs and the response is not complete counts as a failure of the call, at once: the
/// server answers 500, or hands over what it can of the response without waiting and cuts it off.
pub struct Sender(Outlet);

enum Outlet {
    Exchange { exchange: Arc<dyn Exchange>, id: ExchangeId },
    Layer(Box<dyn Sink>),
}

impl Sender {
    /// The half of a server's exchange.
    pub fn new(exchange: Arc<dyn Exchange>, id: ExchangeId) -> Self {
        Self(Outlet::Exchange { exchange, id })
    }

    /// The half that a layer puts in the place of the one it was given.
    pub fn layer(sink: impl Sink) -> Self {
        Self(Outlet::Layer(Box::new(sink)))
    }

    /// A half that passes every event through `edit` on its way out; `None` swallows the event.
    pub fn map(self, edit: impl FnMut(Outgoing) -> Option<Outgoing> + Send + 'static) -> Self {
        Self::layer(MapSink { inner: self, edit })
    }

    /// Sends an event: completes when the server has accepted it, which waits while more than the
    /// high-water mark is buffered for the peer.
    ///
    /// Cancel-safe: a future dropped before it is ready has sent nothing.
    ///
    /// # Errors
    /// [`SendError`]: the event was refused, or the exchange is over. Nothing of it was sent.
    pub fn send(&mut self, event: Outgoing) -> impl Future<Output = Result<(), SendError>> + Send + '_ {
        Sending { sender: self, event: Some(event) }
    }

    /// Completes when every accepted byte was handed to the operating system. After the last event of a
    /// response that means "delivered to the transport". Never needed to get bytes moving.
    ///
    /// # Errors
    /// [`SendError::Disconnected`] when the bytes cannot be handed over any more, [`SendError::Finished`] when the call
    /// has returned.
    pub fn flush(&mut self) -> impl Future<Output = Result<(), SendError>> + Send + '_ {
        std::future::poll_fn(|cx| self.poll_flush(cx))
    }

    /// Completes when the exchange is over, whoever ended it; nothing has to be sent to learn it.
    ///
    /// [`End::BadRequest`] and [`End::Timeout`] of a request, which `recv` tells, do not complete it while a response
    /// may still be sent.
    pub fn closed(&mut self) -> impl Future<Output = End> + Send + '_ {
        std::future::poll_fn(|cx| self.poll_closed(cx))
    }

    /// Ready while less than the high-water mark is buffered, and once the response is complete or the exchange is
    /// over. Level-triggered; reserves nothing.
    ///
    /// # Errors
    /// A layer may refuse here already. A server does not: what is wrong, [`start_send`](Self::start_send) says.
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        match &mut self.0 {
            Outlet::Exchange { exchange, id } => exchange.poll_ready(*id, cx),
            Outlet::Layer(sink) => sink.poll_ready(cx),
        }
    }

    /// Sends an event at once, even above the high-water mark; call it after
    /// [`poll_ready`](Self::poll_ready), else what is buffered has no bound but the caller's discipline.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn start_send(&mut self, event: Outgoing) -> Result<(), SendError> {
        match &mut self.0 {
            Outlet::Exchange { exchange, id } => exchange.start_send(*id, event),
            Outlet::Layer(sink) => sink.start_send(event),
        }
    }

    /// [`flush`](Self::flush) as a poll.
    ///
    /// # Errors
    /// As [`flush`](Self::flush).
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        match &mut self.0 {
            Outlet::Exchange { exchange, id } => exchange.poll_flush(*id, cx),
            Outlet::Layer(sink) => sink.poll_flush(cx),
        }
    }

    /// [`closed`](Self::closed) as a poll.
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        match &mut self.0 {
            Outlet::Exchange { exchange, id } => exchange.poll_closed(*id, cx),
            Outlet::Layer(sink) => sink.poll_closed(cx),
        }
    }

    /// [`send`](Self::send) for a thread that may block; see [`Blocking`](crate::Blocking).
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_blocking(&mut self, event: Outgoing) -> Result<(), SendError> {
        block_on(self.send(event))
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, event: &mut Option<Outgoing>) -> Poll<Result<(), SendError>> {
        match &mut self.0 {
            Outlet::Exchange { exchange, id } => exchange.poll_send(*id, cx, event),
            Outlet::Layer(sink) => {
                ready!(sink.poll_ready(cx))?;
                Poll::Ready(event.take().map_or(Ok(()), |event| sink.start_send(event)))
            }
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        if let Outlet::Exchange { exchange, id } = &self.0 {
            exchange.dropped(*id, Half::Send);
        }
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}

struct Sending<'a> {
    sender: &'a mut Sender,
    event: Option<Outgoing>,
}

impl Future for Sending<'_> {
    type Output = Result<(), SendError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { sender, event } = self.get_mut();
        sender.poll_send(cx, event)
    }
}

struct MapSource<F> {
    inner: Receiver,
    edit: F,
}

impl<F: FnMut(Incoming) -> Incoming + Send + 'static> Source for MapSource<F> {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        self.inner.poll_recv(cx).map(&mut self.edit)
    }
}

struct MapSink<F> {
    inner: Sender,
    edit: F,
}

impl<F: FnMut(Outgoing) -> Option<Outgoing> + Send + 'static> Sink for MapSink<F> {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.inner.poll_ready(cx)
    }

    fn start_send(&mut self, event: Outgoing) -> Result<(), SendError> {
        (self.edit)(event).map_or(Ok(()), |event| self.inner.start_send(event))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.inner.poll_flush(cx)
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        self.inner.poll_closed(cx)
    }
}

/// Runs a future on this thread and parks between its wakes.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let unpark = Arc::new(Unpark { thread: thread::current(), woken: AtomicBool::new(false) });
    let waker = Waker::from(Arc::clone(&unpark));
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        // A wake is kept here and not by the thread alone: another `block_on` inside the future uses that up.
        while !unpark.woken.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}

struct Unpark {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}
