//! What handlers give back.

mod hints;
mod json;
mod redirect;
mod send;
mod stream;

use crate::{BodyError, Error, Problem};
use bytes::Bytes;
use cookie::Cookie;
pub use hints::EarlyHints;
pub use json::Json;
pub use redirect::Redirect;
pub(crate) use send::{BoxFuture, Destination, Render, Respond};
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
pub use stream::StreamBody;
use transom::Headers;

/// A response.
///
/// ```
/// use transom_web::{IntoResponse, Json, Response};
///
/// async fn create() -> Response {
///     Json("made").into_response().status(201).header("location", "/things/1").background(async {
///         println!("the client has its answer");
///         Ok(())
///     })
/// }
/// # transom_web::Router::new().post("/things", create);
/// ```
#[must_use = "a response is sent when a handler gives it back"]
pub struct Response {
    status: u16,
    headers: Headers,
    content: Content,
    background: Vec<BoxFuture<'static, Result<(), Error>>>,
}

/// What there is to be sent.
enum Content {
    Bytes(Bytes),
    Problem(Problem),
    Failure(Error),
    Respond(Box<dyn Respond>),
}

impl Response {
    /// Status 200 and these bytes, without a `content-type`.
    pub fn new(body: impl Into<Bytes>) -> Self {
        Self::of(Headers::new(), Content::Bytes(body.into()))
    }

    /// Status 200, and a body that takes more than one event.
    pub(crate) fn respond(headers: Headers, respond: impl Respond + 'static) -> Self {
        Self::of(headers, Content::Respond(Box::new(respond)))
    }

    fn of(headers: Headers, content: Content) -> Self {
        Self { status: 200, headers, content, background: Vec::new() }
    }

    /// Sets the status, 200 to 599.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a field. There is one `content-type`: another takes its place.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        add(&mut self.headers, [(name, value.as_ref())]);
        self
    }

    /// Puts a type in the place of the one there is.
    pub fn content_type(mut self, media_type: &str) -> Self {
        self.headers.set("content-type", media_type.as_bytes());
        self
    }

    /// Sets a cookie. To remove one, its path and domain have to be those it was set with:
    ///
    /// ```
    /// use transom_web::{Cookie, Response};
    ///
    /// let gone = Cookie::build(("session", "")).path("/").removal();
    /// Response::new("goodbye").cookie(gone.into());
    /// ```
    pub fn cookie(self, cookie: Cookie<'_>) -> Self {
        let value = cookie.encoded().to_string();
        self.header("set-cookie", value)
    }

    /// Adds work that is done after the response, in the order in which it was added; the first failure is the last.
    ///
    /// It is a part of the call: the server waits for it when it stops, and the connection takes its next request when
    /// it is done. It is done also when the client does not wait for the response. Who wants neither starts a task.
    pub fn background(mut self, work: impl Future<Output = Result<(), Error>> + Send + 'static) -> Self {
        self.background.push(Box::pin(work));
        self
    }

    /// The header fields.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The header fields, to be changed.
    pub fn headers_mut(&mut self) -> &mut Headers {
        &mut self.headers
    }
}

/// Adds fields, a type in the place of the one there is.
fn add<'a>(headers: &mut Headers, fields: impl IntoIterator<Item = (&'a str, &'a [u8])>) {
    for (name, value) in fields {
        if name.eq_ignore_ascii_case("content-type") {
            headers.set("content-type", value);
        } else {
            headers.push(name, value);
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status).field("headers", &self.headers).finish_non_exhaustive()
    }
}

/// What a handler may give back.
///
/// | | |
/// |---|---|
/// | `()` | 204 |
/// | text | 200, `text/plain` |
/// | bytes | 200, `application/octet-stream` |
/// | [`Html`], [`Json`], [`Redirect`], [`StreamBody`] ... | as their pages tell |
/// | `(status, content)`, `(headers, content)`, `(status, headers, content)` | the content with another status, with more fields |
/// | `Option` | 404 for `None` |
/// | `Result` | either |
/// | [`Error`] | the [`Problem`] that it is, or that a [`BodyError`] tells of; of any other failure the client learns nothing but that it is a 500, and the server logs it |
pub trait IntoResponse {
    /// Makes the response.
    fn into_response(self) -> Response;
}

const TEXT: Headers = Headers::from_static(&[("content-type", "text/plain; charset=utf-8")]);
const BYTES: Headers = Headers::from_static(&[("content-type", "application/octet-stream")]);
const HTML: Headers = Headers::from_static(&[("content-type", "text/html; charset=utf-8")]);

/// HTML, as `text/html`. It is sent as it is: what comes from elsewhere has to be escaped before.
#[derive(Clone, Debug)]
pub struct Html<T>(pub T);

impl<T: Into<Bytes>> IntoResponse for Html<T> {
    fn into_response(self) -> Response {
        Response::of(HTML, Content::Bytes(self.0.into()))
    }
}

impl IntoResponse for Response {
    fn into_response(self) -> Response {
        self
    }
}

impl IntoResponse for () {
    fn into_response(self) -> Response {
        Response::new(Bytes::new()).status(204)
    }
}

impl IntoResponse for Infallible {
    fn into_response(self) -> Response {
        match self {}
    }
}

impl IntoResponse for &'static str {
    fn into_response(self) -> Response {
        Response::of(TEXT, Content::Bytes(self.into()))
    }
}

impl IntoResponse for String {
    fn into_response(self) -> Response {
        Response::of(TEXT, Content::Bytes(self.into()))
    }
}

impl IntoResponse for Bytes {
    fn into_response(self) -> Response {
        Response::of(BYTES, Content::Bytes(self))
    }
}

impl IntoResponse for Vec<u8> {
    fn into_response(self) -> Response {
        Bytes::from(self).into_response()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        Response::of(Headers::new(), Content::Problem(self)).status(status)
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        match self.into_inner().downcast() {
            Ok(problem) => Problem::into_response(*problem),
            Err(other) => match told(&*other) {
                Some(problem) => problem.into_response(),
                None => Response::of(Headers::new(), Content::Failure(other.into())).status(500),
            },
        }
    }
}

/// What the client is told of an error that is its own, passed up with `?`.
fn told(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<Problem> {
    #[cfg(feature = "multipart")]
    if let Some(error) = error.downcast_ref::<crate::multipart::MultipartError>() {
        return error.problem();
    }
    error.downcast_ref::<BodyError>()?.problem()
}

impl<T: IntoResponse> IntoResponse for (u16, T) {
    fn into_response(self) -> Response {
        self.1.into_response().status(self.0)
    }
}

impl<T: IntoResponse> IntoResponse for (Headers, T) {
    fn into_response(self) -> Response {
        let mut response = self.1.into_response();
        add(&mut response.headers, &self.0);
        response
    }
}

impl<T: IntoResponse> IntoResponse for (u16, Headers, T) {
    fn into_response(self) -> Response {
        (self.1, self.2).into_response().status(self.0)
    }
}

impl<T: IntoResponse> IntoResponse for Option<T> {
    fn into_response(self) -> Response {
        self.map_or_else(|| Problem::new(404).into_response(), T::into_response)
    }
}

impl<T: IntoResponse, E: IntoResponse> IntoResponse for Result<T, E> {
    fn into_response(self) -> Response {
        self.map_or_else(E::into_response, T::into_response)
    }
}
