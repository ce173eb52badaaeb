use super::calls::Aside;
use super::exchange::Exchange;
use super::redirects::Redirects;
use super::shared::Shared;
use super::uri::{Uri, add_query};
use super::{Error, Response};
use bytes::Bytes;
use futures_core::Stream;
use serde::Serialize;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use transom::memory::{self, Peer};
use transom::{BadRequest, End, Headers, Incoming, field};

/// A request that is being put together. Made by [`Client::get`](super::Client::get) and its like.
///
/// What is wrong with it is said when it is [sent](Self::send).
#[must_use = "nothing happens before `send`"]
pub struct RequestBuilder {
    shared: Arc<Shared>,
    method: String,
    uri: Result<Uri, Error>,
    headers: Headers,
    cookies: Vec<(String, String)>,
    body: Body,
    trailers: Headers,
    redirects: Redirects,
}

enum Body {
    None,
    Whole(Bytes),
    Stream(Chunks),
    /// It was sent, and cannot be sent again.
    Gone,
}

type Chunks = Pin<Box<dyn Stream<Item = Bytes> + Send>>;

impl RequestBuilder {
    pub(super) fn new(shared: &Arc<Shared>, method: &str, url: &str) -> Self {
        let uri = match field::is_token(method.as_bytes()) {
            true => shared.base.request(method, url),
            false => Err(Error::request(format!("the method {method:?}"))),
        };
        Self {
            shared: Arc::clone(shared),
            method: method.into(),
            uri,
            headers: Headers::new(),
            cookies: Vec::new(),
            body: Body::None,
            trailers: Headers::new(),
            redirects: shared.settings.redirects,
        }
    }

    /// Adds a header field. The first of a name takes the place of those that the client sends by default.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push(name, value.as_ref());
        self
    }

    /// Adds to the query: a struct, a map or a list of pairs.
    ///
    /// ```no_run
    /// # async fn example(client: transom_web::client::Client) {
    /// client.get("/search?q=oak").query(&[("page", "2"), ("sort", "age")]);
    /// # }
    /// ```
    pub fn query(mut self, query: &(impl Serialize + ?Sized)) -> Self {
        self.uri = add_query(self.uri, query);
        self
    }

    /// Sends this cookie, too, with this request alone.
    pub fn cookie(mut self, name: &str, value: &str) -> Self {
        self.cookies.push((name.into(), value.into()));
        self
    }

    /// The body, as it is.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Body::Whole(body.into());
        self
    }

    /// A JSON body, with `content-type: application/json` unless there is one.
    pub fn json(self, value: &(impl Serialize + ?Sized)) -> Self {
        self.encoded(serde_json::to_vec(value).map_err(Error::request), "application/json")
    }

    /// The body of an HTML form: a struct, a map or a list of pairs; with its `content-type` unless there is one.
    pub fn form(self, form: &(impl Serialize + ?Sized)) -> Self {
        let form = serde_html_form::to_string(form).map_err(Error::request);
        self.encoded(form.map(String::into_bytes), "application/x-www-form-urlencoded")
    }

    /// A body that comes piece by piece, each when the application waits for it. Its length is not announced, unless
    /// there is a `content-length`: then a body that ends too early is cut off, and what is beyond is not sent.
    ///
    /// ```
    /// # use transom::{Error, Headers, Incoming, Outgoing, Receiver, Scope, Sender};
    /// # async fn echo(scope: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    /// #     let Scope::Http(_) = scope else { return Err(Error::unsupported()) };
    /// #     send.send(Outgoing::Start { status: 200, headers: Headers::new() }).await?;
    /// #     while let Incoming::Body { data, more } = receive.recv().await {
    /// #         send.send(Outgoing::Body { data, more }).await?;
    /// #     }
    /// #     Ok(())
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), transom_web::client::Error> {
    /// # let client = transom_web::client::Client::new(echo).await?;
    /// let mut response = client.post("/").stream(tokio_stream::iter(["Hello, ", "World!"])).send().await?;
    /// assert_eq!(response.text().await?, "Hello, World!");
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream<S>(mut self, chunks: S) -> Self
    where
        S: Stream + Send + 'static,
        S::Item: Into<Bytes>,
    {
        self.body = Body::Stream(Box::pin(IntoBytes(Box::pin(chunks))));
        self
    }

    /// A body that comes out of a channel; it ends when the channel does. Otherwise as [`stream`](Self::stream).
    pub fn channel<B: Into<Bytes> + Send + 'static>(self, chunks: mpsc::Receiver<B>) -> Self {
        self.stream(Channel(chunks))
    }

    /// The trailer fields, which need a body without `content-length`. Those that may not be there are left out.
    pub fn trailers(mut self, fields: &Headers) -> Self {
        self.trailers = fields.iter().filter(|(name, _)| !field::is_forbidden_in_trailers(name)).collect();
        self
    }

    /// What is done about redirects, in place of what the client does.
    pub fn redirects(mut self, redirects: Redirects) -> Self {
        self.redirects = redirects;
        self
    }

    /// Sends the request, follows redirects, and comes back with the head of the response. The application may still
    /// be at work on the body then, and on what it does after the response.
    ///
    /// Dropping the future disconnects the application.
    ///
    /// # Errors
    /// [`Error::Request`], [`Error::Redirects`]; [`Error::Application`] when the application did not respond; and
    /// [`Error::Stopped`] when the client was closed.
    pub async fn send(mut self) -> Result<Response, Error> {
        let mut uri = std::mem::replace(&mut self.uri, Err(Error::Stopped))?;
        let mut history = Vec::new();
        loop {
            let mut exchange = self.begin(&uri)?;
            let (interim, head) = exchange.head().await;
            let mut response = Response::new(uri.clone(), exchange, interim, head)?;
            self.shared.jar().store(&uri, response.headers());
            let Some(location) = self.redirects.location(response.status(), response.headers()) else {
                return Ok(response.with_history(history));
            };
            let limit = self.redirects.limit.unwrap_or_default();
            if history.len() == limit {
                return Err(Error::Redirects(limit));
            }
            let next = uri.redirect(location)?;
            self.redirect(response.status(), !next.same_origin(&uri));
            // So that the application is not disconnected where a client would read what little there is.
            response.bytes().await?;
            history.push(response.into_redirect());
            uri = next;
        }
    }

    /// Changes the request to the one that follows a redirect.
    fn redirect(&mut self, status: u16, elsewhere: bool) {
        if self.redirects.becomes_get(status, &self.method) {
            self.method = "GET".into();
            (self.body, self.trailers) = (Body::None, Headers::new());
            for name in ["content-encoding", "content-language", "content-length", "content-location", "content-type"] {
                self.headers.remove(name);
            }
        }
        if elsewhere {
            self.cookies.clear();
            for name in ["authorization", "cookie", "host", "proxy-authorization"] {
                self.headers.remove(name);
            }
        }
    }

    fn begin(&mut self, uri: &Uri) -> Result<Exchange, Error> {
        let mut headers = self.shared.headers(uri, &self.headers, &self.cookies);
        let mut script = memory::http(&self.method, &self.shared.target(uri));
        let mut stream = None;
        match std::mem::replace(&mut self.body, Body::Gone) {
            Body::None => {
                // RFC 9110 section 8.6: where the method anticipates content.
                if matches!(self.method.as_str(), "POST" | "PUT" | "PATCH") && headers.get("content-length").is_none() {
                    headers.push("content-length", b"0");
                }
                self.body = Body::None;
            }
            Body::Whole(data) => {
                self.body = Body::Whole(data.clone());
                if self.trailers.is_empty() && headers.get("content-length").is_none() {
                    script = script.body(data);
                } else {
                    stream = Some(Box::pin(Once(Some(data))) as Chunks);
                }
            }
            Body::Stream(chunks) => stream = Some(chunks),
            Body::Gone => return Err(Error::request("the body was a stream, which cannot be sent again")),
        }
        let length = match headers.get("content-length").map(field::content_length) {
            Some(None) => return Err(Error::request("the content-length is not a number")),
            length => length.flatten(),
        };
        if !self.trailers.is_empty() && length.is_some() {
            return Err(Error::request("there can be no trailers with a content-length"));
        }
        let trailers = self.trailers.clone();
        let unfinished = stream.is_some() || length.is_some_and(|length| length > 0);
        let script = if unfinished { script.unfinished() } else { script };
        let capabilities = self.shared.capabilities(false);
        self.shared.begin(script, uri, &headers, capabilities, |peer| {
            let stream = stream.or_else(|| unfinished.then(|| Box::pin(Once(None)) as Chunks))?;
            Some(Box::pin(feed(peer, stream, length, trailers)) as Aside)
        })
    }

    fn encoded(mut self, body: Result<Vec<u8>, Error>, content_type: &str) -> Self {
        match body {
            Ok(body) => self.body = Body::Whole(body.into()),
            Err(error) => self.uri = self.uri.and(Err(error)),
        }
        if self.headers.get("content-type").is_none() {
            self.headers.push("content-type", content_type.as_bytes());
        }
        self
    }
}

/// Sends the body of a request, when it is wanted.
async fn feed(mut peer: Peer, mut chunks: Chunks, mut left: Option<u64>, trailers: Headers) {
    while peer.wanted().await {
        let Some(mut data) = poll_fn(|cx| chunks.as_mut().poll_next(cx)).await else {
            return match left {
                Some(1..) => peer.end(End::BadRequest(BadRequest::Truncated)),
                _ if trailers.is_empty() => peer.push(Incoming::Body { data: Bytes::new(), more: false }),
                _ => peer.push(Incoming::Trailers(trailers)),
            };
        };
        if let Some(left) = &mut left {
            // What is beyond the announced length is no part of this request.
            data.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= data.len() as u64;
        }
        let more = left != Some(0);
        if !more || !data.is_empty() {
            peer.push(Incoming::Body { data, more });
        }
        if !more {
            return;
        }
    }
}

/// A body in one piece, or none.
struct Once(Option<Bytes>);

impl Stream for Once {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Bytes>> {
        Poll::Ready(self.0.take())
    }
}

struct Channel<B>(mpsc::Receiver<B>);

impl<B> Stream for Channel<B> {
    type Item = B;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<B>> {
        self.0.poll_recv(cx)
    }
}

struct IntoBytes<S>(Pin<Box<S>>);

impl<S: Stream<Item: Into<Bytes>>> Stream for IntoBytes<S> {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.0.as_mut().poll_next(cx).map(|item| item.map(Into::into))
    }
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBuilder")
            .field("method", &self.method)
            .field("uri", &self.uri)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}
