use super::Error;
use super::exchange::{Exchange, Interim};
use super::uri::Uri;
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use serde::de::DeserializeOwned;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use transom::memory::Verdict;
use transom::{Headers, Outgoing};

/// A response, from its head on. The body comes as it is read.
///
/// A response that is not read makes the application's `send` wait at the high-water mark, and one that is dropped
/// before the application has sent the end of it disconnects the application.
#[derive(Debug)]
pub struct Response {
    uri: Uri,
    status: u16,
    headers: Headers,
    interim: Vec<Interim>,
    history: Vec<Redirect>,
    /// What is there and was not read.
    next: Option<Bytes>,
    /// Where more comes from; `None` once all is there.
    exchange: Option<Exchange>,
    /// The body broke off.
    is_cut: bool,
    trailers: Option<Headers>,
    /// What was read at once.
    whole: Option<Bytes>,
}

/// A response that was followed to another one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Redirect {
    /// The URL of the request.
    pub url: String,
    /// The status.
    pub status: u16,
    /// The fields, among them `location`.
    pub headers: Headers,
}

impl Response {
    /// The response of `exchange` whose first event is `head`.
    pub(super) fn new(
        uri: Uri,
        exchange: Exchange,
        interim: Vec<Interim>,
        head: Option<Outgoing>,
    ) -> Result<Self, Error> {
        let (status, headers, next, exchange) = match head {
            Some(Outgoing::Response { status, headers, body }) => (status, headers, Some(body), None),
            Some(Outgoing::Start { status, headers }) => (status, headers, None, Some(exchange)),
            // A WebSocket is denied with it.
            Some(Outgoing::Close { .. }) => (403, Headers::new(), None, None),
            _ => match exchange.verdict()? {
                Verdict::Respond(status) => (status, Headers::new(), None, None),
                _ => return Err(Error::Incomplete),
            },
        };
        let headers = received(status, &headers);
        let (history, is_cut, trailers, whole) = (Vec::new(), false, None, None);
        Ok(Self { uri, status, headers, interim, history, next, exchange, is_cut, trailers, whole })
    }

    pub(super) fn with_history(self, history: Vec<Redirect>) -> Self {
        Self { history, ..self }
    }

    pub(super) fn into_redirect(self) -> Redirect {
        Redirect { url: self.uri.to_string(), status: self.status, headers: self.headers }
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The header fields, as they would have crossed the wire, less those of the connection.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The first value of this field, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.headers.get(&name.to_ascii_lowercase())?).ok()
    }

    /// The interim responses that came first.
    pub fn interim(&self) -> &[Interim] {
        &self.interim
    }

    /// The URL of the request that this is the response to.
    pub fn url(&self) -> String {
        self.uri.to_string()
    }

    /// The redirects that led here, the first one first.
    pub fn history(&self) -> &[Redirect] {
        &self.history
    }

    /// The trailer fields, once the body was read.
    pub fn trailers(&self) -> Option<&Headers> {
        self.trailers.as_ref()
    }

    /// The next bytes of the body; `None` at its end.
    ///
    /// # Errors
    /// [`Error::Application`] when the application does not send the rest, [`Error::Incomplete`] with
    /// [`answer_failures`](super::ClientBuilder::answer_failures), [`Error::Stopped`] when the client was closed.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        poll_fn(|cx| self.poll_chunk(cx)).await
    }

    /// The body, piece by piece as it comes.
    pub fn chunks(&mut self) -> Chunks<'_> {
        Chunks(self)
    }

    /// The rest of the body; the same again when there is none left.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk).
    pub async fn bytes(&mut self) -> Result<Bytes, Error> {
        if let Some(whole) = &self.whole {
            return Ok(whole.clone());
        }
        let mut whole = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            whole.extend_from_slice(&chunk);
        }
        Ok(self.whole.insert(whole.freeze()).clone())
    }

    /// [`bytes`](Self::bytes) as text, which is to be UTF-8.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk), and [`Error::Content`].
    pub async fn text(&mut self) -> Result<String, Error> {
        String::from_utf8(self.bytes().await?.into()).map_err(Error::content)
    }

    /// [`bytes`](Self::bytes) as JSON, whatever `content-type` says.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk), and [`Error::Content`].
    pub async fn json<T: DeserializeOwned>(&mut self) -> Result<T, Error> {
        serde_json::from_slice(&self.bytes().await?).map_err(Error::content)
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        loop {
            if let Some(data) = self.next.take().filter(|data| !data.is_empty()) {
                return Poll::Ready(Ok(Some(data)));
            }
            let Some(exchange) = &mut self.exchange else {
                return Poll::Ready(if self.is_cut { Err(Error::Incomplete) } else { Ok(None) });
            };
            let is_last = match ready!(exchange.poll_next(cx)) {
                Some(Outgoing::Body { data, more }) => {
                    self.next = Some(data);
                    !more
                }
                Some(Outgoing::Trailers(fields)) => {
                    self.trailers = Some(fields);
                    true
                }
                // Nothing else is legal within a body.
                Some(_) => false,
                None => {
                    self.is_cut = true;
                    let verdict = exchange.verdict();
                    self.exchange = None;
                    return Poll::Ready(verdict.and(Err(Error::Incomplete)));
                }
            };
            if is_last {
                self.exchange = None;
            }
        }
    }
}

/// The body of a [`Response`], as it comes. Made by [`Response::chunks`].
#[derive(Debug)]
pub struct Chunks<'a>(&'a mut Response);

impl Stream for Chunks<'_> {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_chunk(cx).map(Result::transpose)
    }
}

/// The fields that a server lets through (HTTP-SEND-17, HTTP-SEND-18).
fn received(status: u16, headers: &Headers) -> Headers {
    let passes = |name: &str, value: &[u8]| match name {
        "keep-alive" | "proxy-connection" | "te" | "transfer-encoding" => false,
        "upgrade" => status == 426,
        "content-length" => status != 204,
        "connection" => value.eq_ignore_ascii_case(b"close"),
        _ => true,
    };
    headers.iter().filter(|(name, value)| passes(name, value)).collect()
}
