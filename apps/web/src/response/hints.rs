use super::send::Destination;
use super::{BoxFuture, IntoResponse, Respond, Response, add};
use crate::Error;
use std::fmt;
use std::future::Future;
use transom::{Capabilities, Headers, Outgoing};

/// A response that is announced: what it will want is told in a 103 (RFC 8297) while it is being made.
///
/// ```
/// use transom_web::{EarlyHints, Html, IntoResponse};
///
/// async fn page() -> impl IntoResponse {
///     EarlyHints::new().link("</style.css>; rel=preload; as=style").then(async {
///         let rows = "".to_owned(); // a query that takes its time
///         Html(rows)
///     })
/// }
/// # transom_web::Router::new().get("/", page);
/// ```
#[derive(Clone, Debug, Default)]
pub struct EarlyHints {
    headers: Headers,
}

impl EarlyHints {
    /// No hints yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a `link` field (RFC 8288).
    pub fn link(self, link: &str) -> Self {
        self.header("link", link)
    }

    /// Adds another field.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push(name, value.as_ref());
        self
    }

    /// The response itself. Where the exchange cannot have interim responses, as in HTTP/1.0, it is all there is.
    pub fn then<F, R>(self, response: F) -> Announced
    where
        F: Future<Output = R> + Send + 'static,
        R: IntoResponse,
    {
        let response = Box::pin(async move { response.await.into_response() });
        Announced { hints: self.headers, response }
    }
}

/// What [`EarlyHints::then`] makes.
pub struct Announced {
    hints: Headers,
    response: BoxFuture<'static, Response>,
}

impl fmt::Debug for Announced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Announced").field("hints", &self.hints).finish_non_exhaustive()
    }
}

impl IntoResponse for Announced {
    fn into_response(self) -> Response {
        // The final response has a status and fields of its own; what is added here comes on top of them.
        Response::respond(Headers::new(), self).status(200)
    }
}

impl Respond for Announced {
    fn respond<'a>(
        self: Box<Self>,
        status: u16,
        headers: Headers,
        to: Destination<'a>,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            if to.scope.capabilities().contains(Capabilities::INFORMATIONAL) {
                to.send.send(Outgoing::Informational { status: 103, headers: self.hints }).await?;
            }
            let mut response = self.response.await;
            add(&mut response.headers, &headers);
            if status != 200 {
                response.status = status;
            }
            response.send(to).await
        })
    }
}
