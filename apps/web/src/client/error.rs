use super::Response;
use std::fmt;
use std::sync::Arc;
use transom::{Capabilities, Message};

/// Why a call of the client came to nothing.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The application failed: it returned an `Err`, panicked, or returned without a whole response.
    Application(Arc<transom::Error>),
    /// The response was cut off, with [`answer_failures`](super::ClientBuilder::answer_failures).
    Incomplete,
    /// The client was closed, or the application did not end in the time that it is given then.
    Stopped,
    /// The application insists on something that this client has not (`Manifest::requires`).
    Missing(Capabilities),
    /// The request cannot be made, for this reason.
    Request(Box<dyn std::error::Error + Send + Sync>),
    /// More redirects than are followed.
    Redirects(usize),
    /// The body of the response, or the message, is not what it was read as.
    Content(Box<dyn std::error::Error + Send + Sync>),
    /// The application denied the WebSocket with this response.
    Denied(Box<Response>),
    /// The WebSocket is closed.
    Closed {
        /// The close code; 1006 for a socket that was lost.
        code: u16,
        /// The reason of the one who closed it.
        reason: String,
    },
    /// A message of another kind than the one that was asked for.
    Unexpected(Message),
}

impl Error {
    pub(super) fn request(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Request(error.into())
    }

    pub(super) fn content(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Content(error.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application(error) => write!(f, "the application failed: {error}"),
            Self::Incomplete => f.write_str("the response was cut off"),
            Self::Stopped => f.write_str("the client is closed, or the application did not end in time"),
            Self::Missing(missing) => write!(f, "the application needs {missing}, which this client has not"),
            Self::Request(error) => write!(f, "the request cannot be made: {error}"),
            Self::Redirects(limit) => write!(f, "more than {limit} redirects"),
            Self::Content(error) => write!(f, "the content is not as expected: {error}"),
            Self::Denied(response) => write!(f, "the WebSocket was denied with status {}", response.status()),
            Self::Closed { code, reason } if reason.is_empty() => write!(f, "the WebSocket was closed with {code}"),
            Self::Closed { code, reason } => write!(f, "the WebSocket was closed with {code}: {reason}"),
            Self::Unexpected(message) => write!(f, "another kind of message: {message:?}"),
        }
    }
}

impl std::error::Error for Error {}
