use crate::{Headers, State};
use bytes::Bytes;
use std::any::Any;
use std::fmt;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What an application receives.
///
/// One flat enum for every protocol, so that a layer is one wrapper. An application ignores variants
/// it does not know (`_ => {}`).
///
/// It is `Send` and not `Sync`, for an extension's events need not be: a future that holds a reference to one across an
/// `await` (`match &event { .. => send.send(..).await }`) is not `Send`. Match on the event itself, and what it has is
/// yours.
#[derive(Debug)]
#[non_exhaustive]
pub enum Incoming {
    /// HTTP: the next bytes of the request body, framing removed; of a request without one, an empty last one. In a
    /// tunnel: the next raw bytes, and an empty last one when the peer closed its sending side.
    Body {
        /// The bytes; may be empty.
        data: Bytes,
        /// Whether another event of this body follows; `false` ends the request.
        more: bool,
    },
    /// HTTP: the trailer fields of the request; ends it.
    Trailers(Headers),
    /// WebSocket: a whole message.
    Message(Message),
    /// Lifespan: no new connections are accepted; running exchanges have `grace` to end.
    Draining {
        /// How long the server waits before it drops what still runs.
        grace: Duration,
    },
    /// Lifespan: every exchange is over; clean up and return.
    Shutdown,
    /// An event of an extension, agreed on through [`Extensions`](crate::Extensions).
    Extension(Box<dyn Any + Send>),
    /// The exchange is over. Sticky: every later `recv` gives the same.
    End(End),
}

/// Why an exchange is over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The response was sent in full and handed over; lifespan: the server has stopped.
    Complete,
    /// The peer left, or no byte can reach it any more.
    Disconnected {
        /// The protocol's error code, where it has one (HTTP/2, HTTP/3).
        code: Option<u64>,
    },
    /// WebSocket: closed.
    Closed {
        /// The close code (RFC 6455 section 7.4); 1005 for none, 1006 for a lost connection.
        code: u16,
        /// The peer's reason, or the server's own for a protocol error.
        reason: Utf8,
        /// Whether the closing handshake was completed.
        clean: bool,
    },
    /// The rest of the request is unusable. A response may still be sent, and is the last of its connection.
    BadRequest(BadRequest),
    /// The peer made no progress for as long as the server waits. A response may still be sent, as above.
    Timeout,
    /// The server's shutdown grace is over.
    ServerShutdown,
}

/// What was wrong with a request body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadRequest {
    /// It ended before its announced length.
    Truncated,
    /// Its framing was invalid.
    Malformed,
    /// It, or its trailer section, is larger than the server allows.
    TooLarge,
}

/// What an application sends.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outgoing {
    /// An interim response: status 100 or 102..=199, before the final one. Needs
    /// [`Capabilities::INFORMATIONAL`](crate::Capabilities::INFORMATIONAL).
    Informational {
        /// 100 or 102..=199.
        status: u16,
        /// Its fields.
        headers: Headers,
    },
    /// A whole response in one event. The server adds `content-length` where none is given and the status allows it.
    Response {
        /// 200..=599.
        status: u16,
        /// Its fields.
        headers: Headers,
        /// Its body.
        body: Bytes,
    },
    /// The head of a response whose body follows.
    Start {
        /// 200..=599, or 101 where the scope names a protocol to upgrade to.
        status: u16,
        /// Its fields. With `content-length` the body is counted against it (with 205 it can only be 0); without,
        /// the server frames it. With 101 the server adds `upgrade`, if there is none, and `connection: upgrade`.
        headers: Headers,
    },
    /// The next bytes of the response body. In a tunnel: raw bytes; without `more` this side is closed when all is
    /// written, and receiving goes on.
    Body {
        /// The bytes; may be empty, which puts nothing on the wire.
        data: Bytes,
        /// Whether another event of this body follows; `false` ends the response.
        more: bool,
    },
    /// A part of the response body that is a range of a file. Needs
    /// [`Capabilities::FILE`](crate::Capabilities::FILE).
    File {
        /// The range.
        file: FileBody,
        /// Whether another event of this body follows.
        more: bool,
    },
    /// The trailer fields of the response; ends it. Needs
    /// [`Capabilities::TRAILERS`](crate::Capabilities::TRAILERS) and a response without `content-length`.
    Trailers(Headers),
    /// WebSocket: accept the handshake.
    Accept {
        /// One of those the client offered, or none.
        subprotocol: Option<Utf8>,
        /// Further fields of the handshake response.
        headers: Headers,
    },
    /// WebSocket: a whole message.
    Message(Message),
    /// WebSocket: close; before `Accept`, deny the handshake with status 403.
    Close {
        /// 1000..=1003, 1007..=1014 or 3000..=4999.
        code: u16,
        /// At most 123 bytes.
        reason: Utf8,
    },
    /// Lifespan: startup is done; exchanges may begin.
    Ready(State),
    /// An event of an extension, agreed on through [`Extensions`](crate::Extensions).
    Extension(Box<dyn Any + Send>),
}

/// A WebSocket message, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// Text.
    Text(Utf8),
    /// Bytes.
    Binary(Bytes),
    /// A ping of at most 125 bytes; only with
    /// [`Capabilities::WEBSOCKET_CONTROL`](crate::Capabilities::WEBSOCKET_CONTROL).
    Ping(Bytes),
    /// A pong of at most 125 bytes; only with
    /// [`Capabilities::WEBSOCKET_CONTROL`](crate::Capabilities::WEBSOCKET_CONTROL).
    Pong(Bytes),
}

/// A range of a file, to be sent as a part of a response body.
#[derive(Clone, Debug)]
pub struct FileBody {
    /// The file.
    pub source: FileSource,
    /// Where the range begins, in bytes.
    pub offset: u64,
    /// How long it is, in bytes. A file shorter than `offset + len` is refused when it is sent
    /// ([`Violation::BadFile`](crate::Violation::BadFile)); one that shrinks later cuts the response off so that the
    /// peer sees it: bytes or the last chunk are missing, and where the end of the connection would mark the end of the
    /// body, it is reset.
    pub len: u64,
}

/// Where the bytes of a [`FileBody`] come from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FileSource {
    /// An open file; its cursor is neither used nor moved.
    File(Arc<File>),
    /// A path that the server opens when the event is sent.
    Path(Arc<Path>),
}

/// Bytes that are known to be UTF-8: checked once, shared without a copy.
///
/// ```
/// use transom::Utf8;
///
/// assert_eq!(Utf8::from("tschüss").as_str(), "tschüss");
/// assert!(Utf8::try_from(bytes::Bytes::from_static(b"\xff")).is_err());
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Utf8(Bytes);

impl Utf8 {
    /// Text that lives as long as the program; copies nothing.
    pub const fn from_static(text: &'static str) -> Self {
        Self(Bytes::from_static(text.as_bytes()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("checked when it was made")
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }
}

impl TryFrom<Bytes> for Utf8 {
    type Error = std::str::Utf8Error;

    fn try_from(bytes: Bytes) -> Result<Self, Self::Error> {
        std::str::from_utf8(&bytes)?;
        Ok(Self(bytes))
    }
}

impl From<&'static str> for Utf8 {
    fn from(text: &'static str) -> Self {
        Self::from_static(text)
    }
}

impl From<String> for Utf8 {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<Utf8> for Bytes {
    fn from(text: Utf8) -> Self {
        text.0
    }
}

impl std::ops::Deref for Utf8 {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for Utf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Utf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete => f.write_str("complete"),
            Self::Disconnected { code: None } => f.write_str("the peer disconnected"),
            Self::Disconnected { code: Some(code) } => write!(f, "the peer disconnected with code {code}"),
            Self::Closed { code, reason, .. } if reason.is_empty() => write!(f, "closed with {code}"),
            Self::Closed { code, reason, .. } => write!(f, "closed with {code}: {reason}"),
            Self::BadRequest(BadRequest::Truncated) => f.write_str("the request body is truncated"),
            Self::BadRequest(BadRequest::Malformed) => f.write_str("the request body is malformed"),
            Self::BadRequest(BadRequest::TooLarge) => f.write_str("the request body is too large"),
            Self::Timeout => f.write_str("the peer made no progress in time"),
            Self::ServerShutdown => f.write_str("the server is shutting down"),
        }
    }
}
