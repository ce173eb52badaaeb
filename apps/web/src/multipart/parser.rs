use super::MultipartError;
use crate::{Body, BodyError};
use bytes::Bytes;
use futures_core::Stream;
use std::convert::Infallible;
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

/// The parser of `multer`, fed by hand: left to itself it reads all that there is before it gives any of it back.
#[derive(Debug)]
pub(super) struct Parser {
    inner: multer::Multipart<'static>,
    /// The part whose data is being read.
    field: Option<multer::Field<'static>>,
    feed: Feed,
    body: Body,
    /// How much was fed in search of the next part.
    searched: usize,
    is_starved: bool,
}

/// What is wrong, by who does not know where.
#[derive(Debug)]
pub(super) enum Fault {
    Malformed,
    Truncated,
    HeadTooLarge(usize),
    Body(BodyError),
}

impl Parser {
    pub(super) fn new(boundary: String, body: Body) -> Self {
        let feed = Feed::default();
        let inner = multer::Multipart::new(feed.clone(), boundary);
        Self { inner, field: None, feed, body, searched: 0, is_starved: false }
    }

    pub(super) fn set_body_limit(&mut self, bytes: u64) {
        self.body.set_limit(bytes);
    }

    /// The name of the part whose data is being read.
    pub(super) fn name(&self) -> &str {
        self.field.as_ref().and_then(multer::Field::name).unwrap_or_default()
    }

    /// The part whose data is being read.
    pub(super) fn field(&self) -> Option<&multer::Field<'static>> {
        self.field.as_ref()
    }

    /// Goes on to the next part, if there is one, once the data of the one before is read; what stands behind the last
    /// one is read too.
    pub(super) async fn advance(&mut self, limit: usize) -> Result<bool, Fault> {
        self.field = None;
        self.searched = 0;
        self.body.check_length()?;
        self.field = poll_fn(|cx| self.poll_field(limit, cx)).await?;
        let Some(field) = &self.field else {
            while self.body.chunk().await?.is_some() {}
            return Ok(false);
        };
        // It may have come at once, in a piece that was longer.
        let lines = field.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
        if lines.sum::<usize>() > limit {
            return Err(Fault::HeadTooLarge(limit));
        }
        Ok(true)
    }

    /// The next data of the part.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Fault> {
        poll_fn(|cx| self.poll_chunk(cx)).await
    }

    pub(super) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Fault>> {
        loop {
            let Some(field) = &mut self.field else { return Poll::Ready(Ok(None)) };
            match Pin::new(field).poll_next(cx) {
                Poll::Ready(Some(Ok(data))) if data.is_empty() => {}
                Poll::Ready(data) => return Poll::Ready(Ok(data.transpose()?)),
                Poll::Pending => ready!(self.poll_feed(cx))?,
            }
        }
    }

    fn poll_field(
        &mut self,
        limit: usize,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<multer::Field<'static>>, Fault>> {
        loop {
            match self.inner.poll_next_field(cx) {
                Poll::Ready(field) => return Poll::Ready(Ok(field?)),
                Poll::Pending if self.searched > limit => return Poll::Ready(Err(Fault::HeadTooLarge(limit))),
                Poll::Pending => ready!(self.poll_feed(cx))?,
            }
        }
    }

    /// Feeds the next piece of the body.
    fn poll_feed(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        if self.is_starved {
            return Poll::Ready(Err(Fault::Truncated));
        }
        let fed = match ready!(self.body.poll_chunk(cx))? {
            Some(data) => Fed::Piece(data),
            None => Fed::Over,
        };
        match &fed {
            Fed::Piece(data) => self.searched += data.len(),
            _ => self.is_starved = true,
        }
        self.feed.put(fed);
        Poll::Ready(Ok(()))
    }
}

/// Where the parser reads: a piece at a time.
#[derive(Clone, Debug, Default)]
struct Feed(Arc<Mutex<Fed>>);

#[derive(Debug, Default)]
enum Fed {
    #[default]
    Nothing,
    Piece(Bytes),
    Over,
}

impl Feed {
    fn put(&self, fed: Fed) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = fed;
    }
}

impl Stream for Feed {
    type Item = Result<Bytes, Infallible>;

    /// Who polls feeds, and knows by itself when to poll again.
    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut fed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match mem::take(&mut *fed) {
            Fed::Nothing => Poll::Pending,
            Fed::Piece(data) => Poll::Ready(Some(Ok(data))),
            Fed::Over => Poll::Ready(None),
        }
    }
}

impl Fault {
    /// Found in search of the part with this number.
    pub(super) fn at(self, part: usize) -> MultipartError {
        match self {
            Self::Malformed => MultipartError::Malformed { part },
            Self::Truncated => MultipartError::Truncated { part: format!("[{part}]") },
            Self::HeadTooLarge(limit) => MultipartError::HeadTooLarge { part, limit },
            Self::Body(error) => MultipartError::Body(error),
        }
    }

    /// Found in the data of the part with this name.
    pub(super) fn within(self, name: &str) -> MultipartError {
        match self {
            Self::Body(error) => MultipartError::Body(error),
            _ => MultipartError::Truncated { part: name.to_owned() },
        }
    }
}

impl From<BodyError> for Fault {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

impl From<multer::Error> for Fault {
    fn from(error: multer::Error) -> Self {
        match error {
            multer::Error::IncompleteFieldData { .. } => Self::Truncated,
            _ => Self::Malformed,
        }
    }
}
