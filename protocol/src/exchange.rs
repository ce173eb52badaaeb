use crate::{End, Incoming, Outgoing, SendError};
use std::task::{Context, Poll, ready};

/// The number of an exchange on its connection: a counter on HTTP/1, the stream's id on HTTP/2 and 3.
///
/// It makes a stale handle harmless: after its exchange is over every call with the old number is answered
/// with the end, though the object behind it serves the next request already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ExchangeId(pub u64);

/// One of the two handles of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Half {
    /// The [`Receiver`](crate::Receiver).
    Receive,
    /// The [`Sender`](crate::Sender).
    Send,
}

/// The server's side of the handles: one object per connection, used by every exchange on it.
///
/// Every method may be called from any thread; each half is polled by one task at a time. Each exchange
/// keeps three wakers (receive; ready and flush; closed) and wakes them after releasing its locks. A waker whose place
/// another one takes is dropped after that too: it may be the last owner of a task that has a handle of this exchange.
///
/// What a number is answered whose exchange is over, `SPEC.md` says in section 7.
pub trait Exchange: Send + Sync + 'static {
    /// The next event, or [`Incoming::End`], which is sticky.
    fn poll_recv(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<Incoming>;

    /// Ready while less than the high-water mark is buffered. Level-triggered; reserves nothing.
    ///
    /// Ready, and `Ok`, also when the response is complete, the exchange is lost or `id` is over: what is wrong then,
    /// [`start_send`](Self::start_send) says.
    ///
    /// # Errors
    /// None that the contract asks for; a caller passes one on.
    fn poll_ready(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<Result<(), SendError>>;

    /// Accepts the event, or refuses it and changes nothing. Never blocks.
    ///
    /// # Errors
    /// The refusal: [`SendError::Violation`] and [`SendError::Unsupported`] for an event that is not legal,
    /// [`SendError::Finished`] after the last one and for an `id` whose call has returned,
    /// [`SendError::Disconnected`] when the exchange is lost.
    fn start_send(&self, id: ExchangeId, event: Outgoing) -> Result<(), SendError>;

    /// [`poll_ready`](Self::poll_ready), then [`start_send`](Self::start_send). Takes the event if and
    /// only if it returns `Ready`. A server overrides it to lock once.
    ///
    /// # Errors
    /// As those two.
    fn poll_send(
        &self,
        id: ExchangeId,
        cx: &mut Context<'_>,
        event: &mut Option<Outgoing>,
    ) -> Poll<Result<(), SendError>> {
        let readiness = ready!(self.poll_ready(id, cx));
        let event = event.take();
        readiness?;
        Poll::Ready(event.map_or(Ok(()), |event| self.start_send(id, event)))
    }

    /// Ready when every accepted byte was handed to the operating system.
    ///
    /// # Errors
    /// [`SendError::Disconnected`] when that cannot be any more, [`SendError::Finished`] when the call has returned.
    fn poll_flush(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<Result<(), SendError>>;

    /// Ready when the exchange is over. [`End::BadRequest`] and [`End::Timeout`] of a request are not that while a
    /// response may still be sent.
    fn poll_closed(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<End>;

    /// The handle of this half is gone.
    fn dropped(&self, id: ExchangeId, half: Half);
}

/// What a layer puts in the place of the receiving half.
pub trait Source: Send + 'static {
    /// As [`Receiver::poll_recv`](crate::Receiver::poll_recv): `End` is passed on and stays.
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Incoming>;
}

/// What a layer puts in the place of the sending half.
///
/// Readiness is apart from sending so that "dropped before completion is not sent" holds through any depth of
/// layers: a layer changes the event only when there is room for it.
pub trait Sink: Send + 'static {
    /// As [`Sender::poll_ready`](crate::Sender::poll_ready).
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>>;
    /// As [`Sender::start_send`](crate::Sender::start_send).
    fn start_send(&mut self, event: Outgoing) -> Result<(), SendError>;
    /// As [`Sender::poll_flush`](crate::Sender::poll_flush).
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>>;
    /// As [`Sender::poll_closed`](crate::Sender::poll_closed).
    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<End>;
}
