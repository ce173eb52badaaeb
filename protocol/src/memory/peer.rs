use super::Verdict;
use super::wire::Wire;
use crate::{End, Incoming, Outgoing};
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The peer of a [`Call`](super::Call) that somebody else takes forward: what a client in the same process is made of.
///
/// It gets what the application sends event by event, and with what it does not take `send` waits at the high-water
/// mark. What it took is in no [`Outcome`](super::Outcome). Each method that waits is for one task at a time. Dropping
/// it does nothing: the peer that leaves says so with [`hang_up`](Self::hang_up).
///
/// ```
/// use std::task::{Context, Poll, Waker};
/// use transom::{Error, Incoming, Outgoing, Receiver, Scope, Sender, memory};
///
/// async fn shout(_: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
///     send.send(Outgoing::Start { status: 200, headers: Default::default() }).await?;
///     while let Incoming::Body { data, more } = receive.recv().await {
///         send.send(Outgoing::Body { data: data.to_ascii_uppercase().into(), more }).await?;
///     }
///     Ok(())
/// }
///
/// let mut call = memory::http("POST", "/").unfinished().start(shout);
/// let mut peer = call.peer();
/// // A runtime would await both, the call in a task of its own.
/// let mut cx = Context::from_waker(Waker::noop());
/// assert!(call.poll().is_pending());
/// assert!(matches!(peer.poll_next(&mut cx), Poll::Ready(Some(Outgoing::Start { status: 200, .. }))));
/// assert!(peer.poll_next(&mut cx).is_pending());
/// assert_eq!(peer.poll_wanted(&mut cx), Poll::Ready(true));
/// peer.push(Incoming::Body { data: "hello".into(), more: false });
/// assert!(call.poll().is_pending());
/// let Poll::Ready(Some(Outgoing::Body { data, more: false })) = peer.poll_next(&mut cx) else { panic!() };
/// assert_eq!(data, "HELLO");
/// assert!(call.run().result.is_ok());
/// ```
#[derive(Clone)]
pub struct Peer {
    wire: Arc<Wire>,
}

impl Peer {
    pub(super) fn new(wire: Arc<Wire>) -> Self {
        wire.attend();
        Self { wire }
    }

    /// Takes the next event that the application sent, whole; `None` when the exchange is over or the call has
    /// returned: [`verdict`](Self::verdict) says what the server does then. A [`File`](Outgoing::File) comes as a
    /// `Body` with its bytes, a [`Response`](Outgoing::Response) with its `content-length`, and to HEAD bodies come
    /// empty.
    pub async fn next(&mut self) -> Option<Outgoing> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    /// [`next`](Self::next) as a poll.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Outgoing>> {
        self.wire.poll_next(cx)
    }

    /// Waits until the application wants to receive more than was [pushed](Self::push); `false` when it will not
    /// receive any more.
    pub async fn wanted(&mut self) -> bool {
        std::future::poll_fn(|cx| self.poll_wanted(cx)).await
    }

    /// [`wanted`](Self::wanted) as a poll.
    pub fn poll_wanted(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        self.wire.poll_wanted(cx)
    }

    /// As [`Call::push`](super::Call::push).
    pub fn push(&mut self, event: Incoming) {
        self.wire.push(event);
    }

    /// The peer leaves. A response that the application has sent in full counts as taken, and when the exchange is over
    /// nothing changes.
    pub fn hang_up(&mut self) {
        self.wire.leave();
    }

    /// The exchange ends for this reason.
    pub fn end(&mut self, end: End) {
        self.wire.end(end);
    }

    /// What the server does about a call that has returned, or has dropped its [`Sender`](crate::Sender) too early.
    /// `None` before that, and of a call that was dropped.
    pub fn verdict(&self) -> Option<Verdict> {
        self.wire.verdict()
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Peer")
    }
}
