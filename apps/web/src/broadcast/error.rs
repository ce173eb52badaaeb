use std::fmt;
use std::sync::Arc;

/// Why nothing was published or subscribed to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// The URL names nothing that there is.
    Url(String),
    /// The [`Broadcast`](super::Broadcast) was closed.
    Closed,
    /// Redis cannot be reached, or has refused.
    Unavailable(Arc<dyn std::error::Error + Send + Sync>),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(reason) => write!(f, "the URL cannot be used: {reason}"),
            Self::Closed => f.write_str("the broadcast is closed"),
            Self::Unavailable(error) => write!(f, "Redis is not available: {error}"),
        }
    }
}

impl std::error::Error for Error {}

/// What a [`Subscription`](super::Subscription) gets in the place of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecvError {
    /// So many events were lost, for they came faster than they were received. It goes on with the oldest that is left.
    Lagged(u64),
    /// The connection to Redis was lost and made again: what was published meanwhile is not known. It goes on.
    Reconnected,
    /// There will be no more: the [`Broadcast`](super::Broadcast) was closed, or dropped.
    Closed,
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lagged(count) => write!(f, "{count} events were lost by a slow subscriber"),
            Self::Reconnected => f.write_str("events may have been lost with the connection"),
            Self::Closed => f.write_str("the broadcast is closed"),
        }
    }
}

impl std::error::Error for RecvError {}
