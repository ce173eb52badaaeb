use crate::body::DEFAULT_BODY_LIMIT;
use crate::problem::Part;
use crate::{BodyError, FromHead, FromRequest, IntoResponse, Problem, Request, RequestHead, Response};
use bytes::Bytes;
use std::convert::Infallible;
use transom::{Headers, HttpScope, Method};

/// The body, gathered in memory: 413 if it is longer than the limit of its route.
impl FromRequest for Bytes {
    type Rejection = BodyError;

    async fn from_request(request: Request) -> Result<Self, BodyError> {
        request.into_parts().1.collect(DEFAULT_BODY_LIMIT).await
    }
}

/// The body as text, whatever its type: 400 if it is not UTF-8, 413 as for bytes.
impl FromRequest for String {
    type Rejection = Response;

    async fn from_request(request: Request) -> Result<Self, Response> {
        let body = Bytes::from_request(request).await.map_err(IntoResponse::into_response)?;
        Self::from_utf8(body.into()).map_err(|error| {
            let detail = "the request body is not UTF-8";
            Problem::new(400).detail(detail).fault(Part::Body, "", error.to_string()).into_response()
        })
    }
}

impl FromHead for Method {
    type Rejection = Infallible;

    async fn from_head(head: &mut RequestHead) -> Result<Self, Infallible> {
        Ok(head.method().clone())
    }
}

impl FromHead for Headers {
    type Rejection = Infallible;

    async fn from_head(head: &mut RequestHead) -> Result<Self, Infallible> {
        Ok(head.headers().clone())
    }
}

impl FromHead for HttpScope {
    type Rejection = Infallible;

    async fn from_head(head: &mut RequestHead) -> Result<Self, Infallible> {
        Ok(head.scope().clone())
    }
}

/// `None` where it would be rejected.
impl<T: FromHead> FromHead for Option<T> {
    type Rejection = Infallible;

    async fn from_head(head: &mut RequestHead) -> Result<Self, Infallible> {
        Ok(T::from_head(head).await.ok())
    }
}

/// The rejection, to be answered by the handler.
impl<T: FromHead> FromHead for Result<T, T::Rejection> {
    type Rejection = Infallible;

    async fn from_head(head: &mut RequestHead) -> Result<Self, Infallible> {
        Ok(T::from_head(head).await)
    }
}
