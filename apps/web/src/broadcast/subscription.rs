use super::hub::{Hub, Item};
use super::{Event, RecvError};
use futures_core::Stream;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;

/// One who listens to a channel, until it is dropped. Made by [`Broadcast::subscribe`](super::Broadcast::subscribe).
///
/// It is a [`Stream`], too, that ends where [`recv`](Self::recv) would give [`RecvError::Closed`].
#[must_use = "it listens until it is dropped"]
pub struct Subscription {
    hub: Arc<Hub>,
    channel: Arc<str>,
    events: BroadcastStream<Item>,
}

impl Subscription {
    pub(super) fn new(hub: Arc<Hub>, channel: Arc<str>, events: broadcast::Receiver<Item>) -> Self {
        Self { hub, channel, events: BroadcastStream::new(events) }
    }

    /// The channel.
    pub fn channel(&self) -> &Arc<str> {
        &self.channel
    }

    /// The next event. Cancel-safe: a future that is dropped before it is ready has taken nothing.
    ///
    /// # Errors
    /// [`RecvError::Lagged`] and [`RecvError::Reconnected`] in the place of what is missing; [`RecvError::Closed`] at
    /// the end, again and again.
    pub async fn recv(&mut self) -> Result<Event, RecvError> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await.unwrap_or(Err(RecvError::Closed))
    }
}

impl Stream for Subscription {
    type Item = Result<Event, RecvError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(ready!(Pin::new(&mut self.events).poll_next(cx)).map(|item| match item {
            Ok(Item::Event(event)) => Ok(event),
            #[cfg(feature = "broadcast-redis")]
            Ok(Item::Reconnected) => Err(RecvError::Reconnected),
            Err(BroadcastStreamRecvError::Lagged(count)) => Err(RecvError::Lagged(count)),
        }))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.leave(&self.channel);
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("channel", &self.channel).finish_non_exhaustive()
    }
}
