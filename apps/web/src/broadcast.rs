//! Channels that many publish to and many listen to: within the process, or through Redis across machines.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use transom_web::broadcast::Broadcast;
//!
//! let broadcast = Broadcast::connect("memory://").await?;
//! let mut room = broadcast.subscribe("room").await?;
//! broadcast.publish("room", "hello").await?;
//! let event = room.recv().await?;
//! assert_eq!((&*event.channel, &event.data[..]), ("room", &b"hello"[..]));
//! # Ok(())
//! # }
//! ```
//!
//! Whoever has subscribed gets what is published from then on, in the order in which it came here; nothing is kept for
//! those who come later. A subscriber that is too slow loses the oldest events and is [told](RecvError::Lagged) so:
//! it slows nobody down, and memory has a bound.
//!
//! # URLs
//!
//! | | |
//! |---|---|
//! | `memory://` | this process alone |
//! | `redis://[user:password@]host[:port]/[db]` | every process that has this Redis; feature `broadcast-redis` |
//! | `redis+unix:///path[?db=0]` | the same, by a Unix socket |
//!
//! `rediss://`, which is Redis over TLS, is refused.
//!
//! # Redis
//!
//! A channel is one of Redis's, with `PUBLISH` and `SUBSCRIBE`. There are two connections, one for each, led by a
//! thread of their own: what runtime a publisher or a subscriber is on, and when that ends, does not matter to others.
//! A connection that is lost is made again, at first at once and then less and less often; meanwhile to publish and to
//! subscribe fails, and afterwards subscribers are [told](RecvError::Reconnected) that they may have missed something.

mod error;
mod hub;
#[cfg(feature = "broadcast-redis")]
mod redis;
mod subscription;
#[cfg(test)]
mod tests;

use bytes::Bytes;
pub use error::{Error, RecvError};
use hub::Hub;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
pub use subscription::Subscription;

/// Channels by name. Clones are the same.
///
/// When the last clone is dropped subscriptions end, as after [`close`](Self::close).
#[derive(Clone)]
pub struct Broadcast {
    link: Arc<Link>,
}

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The channel that it was published to.
    pub channel: Arc<str>,
    /// What it is.
    pub data: Bytes,
}

/// How a [`Broadcast`] is set up.
#[derive(Clone, Debug)]
pub struct Options {
    capacity: usize,
    timeout: Duration,
    keep_alive: Duration,
}

/// The hold of those who publish. Subscriptions have the hub alone.
struct Link {
    hub: Arc<Hub>,
    #[cfg(feature = "broadcast-redis")]
    redis: Option<redis::Redis>,
}

impl Broadcast {
    /// Connects to what the URL names.
    ///
    /// # Errors
    /// [`Error::Url`], and [`Error::Unavailable`] when Redis cannot be reached.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        Options::new().connect(url).await
    }

    /// Sends `data` to all who are subscribed to `channel` here and, with Redis, elsewhere. Nobody need be.
    ///
    /// # Errors
    /// [`Error::Closed`]; and with Redis [`Error::Unavailable`]: then it is not known whether it was published.
    pub async fn publish(&self, channel: &str, data: impl Into<Bytes>) -> Result<(), Error> {
        let data = data.into();
        #[cfg(feature = "broadcast-redis")]
        if let Some(redis) = &self.link.redis {
            return redis.publish(channel, data).await;
        }
        self.link.hub.publish(channel, data)
    }

    /// Listens to `channel`: to what is published from the moment on when this returns.
    ///
    /// # Errors
    /// [`Error::Closed`]; and with Redis [`Error::Unavailable`].
    pub async fn subscribe(&self, channel: &str) -> Result<Subscription, Error> {
        let subscription = Hub::subscribe(&self.link.hub, channel)?;
        #[cfg(feature = "broadcast-redis")]
        if let Some(redis) = &self.link.redis {
            redis.subscribe(subscription.channel()).await?;
        }
        Ok(subscription)
    }

    /// Ends all subscriptions, once they have what came before, and the connections. What is being published
    /// is waited for.
    pub async fn close(&self) {
        #[cfg(feature = "broadcast-redis")]
        if let Some(redis) = &self.link.redis {
            return redis.close(&self.link.hub).await;
        }
        self.link.hub.close();
    }
}

impl Options {
    /// What [`Broadcast::connect`] does.
    pub fn new() -> Self {
        Self { capacity: 256, timeout: Duration::from_secs(5), keep_alive: Duration::from_secs(20) }
    }

    /// How many events wait for a subscriber before it loses the oldest; 256 by default, and rounded up to a power of
    /// two. A channel with subscribers takes about 80 bytes of memory for each, and the events.
    ///
    /// # Panics
    /// If it is 0, or more than half of what a `usize` holds.
    pub fn capacity(mut self, events: usize) -> Self {
        assert!(events > 0 && events <= usize::MAX / 2, "a capacity that cannot be");
        self.capacity = events;
        self
    }

    /// How long Redis has to accept a connection, and for each of its answers, before the connection counts as lost; 5
    /// seconds by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Redis is asked whether it is still there when nothing has come from it for so long; 20 seconds by default.
    pub fn keep_alive(mut self, quiet: Duration) -> Self {
        self.keep_alive = quiet;
        self
    }

    /// As [`Broadcast::connect`].
    ///
    /// # Errors
    /// As there.
    pub async fn connect(self, url: &str) -> Result<Broadcast, Error> {
        let hub = Arc::new(Hub::new(self.capacity));
        let link = match url.split_once(':').map_or("", |(scheme, _)| scheme) {
            "memory" => Link {
                hub,
                #[cfg(feature = "broadcast-redis")]
                redis: None,
            },
            #[cfg(feature = "broadcast-redis")]
            "redis" | "redis+unix" | "unix" => {
                let redis = Some(redis::Redis::connect(url, &self, Arc::clone(&hub)).await?);
                Link { hub, redis }
            }
            #[cfg(not(feature = "broadcast-redis"))]
            "redis" | "redis+unix" | "unix" => return Err(Error::Url("it needs the feature `broadcast-redis`".into())),
            "rediss" => return Err(Error::Url("Redis over TLS is not supported".into())),
            other => return Err(Error::Url(format!("the scheme {other:?} is not known"))),
        };
        Ok(Broadcast { link: Arc::new(link) })
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.hub.close();
    }
}

impl fmt::Debug for Broadcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast").finish_non_exhaustive()
    }
}
