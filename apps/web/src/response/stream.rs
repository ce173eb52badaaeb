use super::send::Destination;
use super::{BYTES, BoxFuture, IntoResponse, Respond, Response};
use crate::Error;
use bytes::Bytes;
use futures_core::Stream;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use transom::{End, Headers, HttpScope, Method, Outgoing, SendError, Sender};

/// A response whose body is a stream of bytes: sent as they come, as `application/octet-stream` unless another type is
/// set. No more is asked of the stream than the client takes; it is dropped when the client leaves.
///
/// The failure of the stream cuts the response off so that the client sees it.
///
/// ```
/// use transom_web::{Response, StreamBody, IntoResponse};
/// use tokio_stream::{StreamExt, iter};
///
/// async fn count() -> Response {
///     let lines = iter(1..=1000).map(|number| format!("{number}\n"));
///     StreamBody::new(lines).into_response().content_type("text/plain")
/// }
/// # transom_web::Router::new().get("/count", count);
/// ```
pub struct StreamBody(Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>);

impl StreamBody {
    /// A body of pieces that are always there.
    pub fn new<S, T>(stream: S) -> Self
    where
        S: Stream<Item = T> + Send + 'static,
        T: Into<Bytes>,
    {
        Self(Box::pin(Mapped { inner: Box::pin(stream), map: |piece: T| Ok(piece.into()) }))
    }

    /// A body of pieces that may fail to come.
    pub fn fallible<S, T, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<T, E>> + Send + 'static,
        T: Into<Bytes>,
        E: Into<Error>,
    {
        let map = |piece: Result<T, E>| piece.map(Into::into).map_err(Into::into);
        Self(Box::pin(Mapped { inner: Box::pin(stream), map }))
    }
}

impl fmt::Debug for StreamBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamBody")
    }
}

impl IntoResponse for StreamBody {
    fn into_response(self) -> Response {
        Response::respond(BYTES, self)
    }
}

impl Respond for StreamBody {
    fn respond<'a>(
        mut self: Box<Self>,
        status: u16,
        headers: Headers,
        to: Destination<'a>,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let Destination { scope, send, .. } = to;
            if has_no_body(scope, status) {
                send.send(Outgoing::Start { status, headers }).await?;
                return Ok(send.send(Outgoing::Body { data: Bytes::new(), more: false }).await?);
            }
            send.send(Outgoing::Start { status, headers }).await?;
            while let Some(data) = self.next(send).await? {
                if !data.is_empty() {
                    send.send(Outgoing::Body { data, more: true }).await?;
                }
            }
            Ok(send.send(Outgoing::Body { data: Bytes::new(), more: false }).await?)
        })
    }
}

impl StreamBody {
    /// The next piece, unless the client leaves before it comes.
    async fn next(&mut self, send: &mut Sender) -> Result<Option<Bytes>, Error> {
        poll_fn(|cx| {
            if let Poll::Ready(piece) = self.0.as_mut().poll_next(cx) {
                return Poll::Ready(piece.transpose());
            }
            match send.poll_closed(cx) {
                Poll::Ready(End::Complete) | Poll::Pending => Poll::Pending,
                Poll::Ready(end) => Poll::Ready(Err(SendError::Disconnected(end).into())),
            }
        })
        .await
    }
}

/// Whether a response has no content, whatever is sent (RFC 9110 section 6.4.1).
pub(crate) fn has_no_body(scope: &HttpScope, status: u16) -> bool {
    *scope.method() == Method::Head || matches!(status, 204 | 205 | 304)
}

/// A stream of what `map` makes of the items of another.
struct Mapped<S, F> {
    inner: Pin<Box<S>>,
    map: F,
}

impl<S: Stream, T, F: FnMut(S::Item) -> T + Unpin> Stream for Mapped<S, F> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<Option<T>> {
        self.inner.as_mut().poll_next(cx).map(|item| item.map(&mut self.map))
    }
}
