use crate::{Error, IntoResponse, Problem, Response};
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use transom::{BadRequest, BodyHint, End, Headers, HttpScope, Incoming, Receiver, SendError};

/// The body of a request, which is received as it is read; a [`Stream`] of bytes.
#[derive(Debug)]
pub struct Body {
    receive: Receiver,
    hint: BodyHint,
    limit: Option<u64>,
    read: u64,
    over: bool,
    trailers: Option<Box<Headers>>,
}

/// How many bytes of a body are gathered in memory where nothing else is said: 2 MiB.
pub const DEFAULT_BODY_LIMIT: u64 = 2 << 20;

impl Body {
    pub(crate) fn new(scope: &HttpScope, receive: Receiver, limit: Option<u64>) -> Self {
        let hint = scope.body();
        Self { receive, hint, limit, read: 0, over: hint == BodyHint::None, trailers: None }
    }

    /// Whether there is one, and how long.
    pub fn hint(&self) -> BodyHint {
        self.hint
    }

    /// The limit of its route, in bytes, if that has one.
    pub fn limit(&self) -> Option<u64> {
        self.limit
    }

    /// Puts another limit in the place of the one there is.
    #[cfg(feature = "multipart")]
    pub(crate) fn set_limit(&mut self, limit: u64) {
        self.limit = Some(limit);
    }

    /// Whether its announced length is above the limit: that is known before any of it is read.
    pub(crate) fn check_length(&self) -> Result<(), BodyError> {
        match (self.limit, self.hint) {
            (Some(limit), BodyHint::Exact(length)) if length > limit => Err(BodyError::TooLarge { limit }),
            _ => Ok(()),
        }
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// [`BodyError`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        poll_fn(|cx| self.poll_chunk(cx)).await
    }

    /// All that is left of it, but no more than the limit of the route, or if that has none `default` bytes.
    ///
    /// # Errors
    /// [`BodyError`].
    pub async fn collect(mut self, default: u64) -> Result<Bytes, BodyError> {
        self.limit.get_or_insert(default);
        self.check_length()?;
        let Some(first) = self.chunk().await? else { return Ok(Bytes::new()) };
        // Nearly every body comes in one piece, which need not be copied.
        let Some(second) = self.chunk().await? else { return Ok(first) };
        let mut all = BytesMut::with_capacity(2 * (first.len() + second.len()));
        all.extend_from_slice(&first);
        all.extend_from_slice(&second);
        while let Some(chunk) = self.chunk().await? {
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }

    /// The trailer fields, once the end has been reached.
    pub fn trailers(&self) -> Option<&Headers> {
        self.trailers.as_deref()
    }

    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        while !self.over {
            match ready!(self.receive.poll_recv(cx)) {
                Incoming::Body { data, more } => {
                    self.over = !more;
                    self.read += data.len() as u64;
                    if let Some(limit) = self.limit.filter(|limit| self.read > *limit) {
                        return Poll::Ready(Err(BodyError::TooLarge { limit }));
                    }
                    if !data.is_empty() {
                        return Poll::Ready(Ok(Some(data)));
                    }
                }
                Incoming::Trailers(trailers) => {
                    self.over = true;
                    self.trailers = Some(trailers.into());
                }
                Incoming::End(end) => return Poll::Ready(Err(end.into())),
                _ => {}
            }
        }
        Poll::Ready(Ok(None))
    }
}

impl Stream for Body {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_chunk(cx).map(Result::transpose)
    }
}

/// Why a body could not be read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyError {
    /// It is longer than this limit, in bytes.
    TooLarge {
        /// The limit of the route, or of who gathers the body.
        limit: u64,
    },
    /// The server found it to be bad.
    Bad(BadRequest),
    /// Its bytes did not come in time.
    Timeout,
    /// The exchange is over.
    Lost(SendError),
}

impl From<End> for BodyError {
    fn from(end: End) -> Self {
        match end {
            End::BadRequest(why) => Self::Bad(why),
            End::Timeout => Self::Timeout,
            other => Self::Lost(SendError::Disconnected(other)),
        }
    }
}

impl BodyError {
    /// What the client is told, if it is there still.
    pub(crate) fn problem(&self) -> Option<Problem> {
        let status = match self {
            Self::TooLarge { .. } | Self::Bad(BadRequest::TooLarge) => 413,
            Self::Bad(_) => 400,
            Self::Timeout => 408,
            Self::Lost(_) => return None,
        };
        Some(Problem::new(status).detail(self.to_string()))
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "the request body is longer than {limit} bytes"),
            Self::Bad(why) => End::BadRequest(*why).fmt(f),
            Self::Timeout => f.write_str("the request body did not come in time"),
            Self::Lost(_) => f.write_str("the request body is lost"),
        }
    }
}

impl std::error::Error for BodyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // By it the loss of the peer is known for what it is (`Error::is_disconnect`).
        if let Self::Lost(cause) = self { Some(cause) } else { None }
    }
}

impl IntoResponse for BodyError {
    fn into_response(self) -> Response {
        Error::from(self).into_response()
    }
}
