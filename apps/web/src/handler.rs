use crate::blocking::run_blocking;
use crate::{Error, FromHead, FromRequest, IntoResponse, Request, Response};
use std::fmt;
use std::future::Future;
use std::sync::Arc;

/// A function that answers requests: an `async fn` whose arguments are [`FromHead`], the last one [`FromRequest`], and
/// whose result is [`IntoResponse`]; or one that [blocks](blocking).
///
/// ```
/// use transom_web::{Error, Json, Path, Problem, Query, Router};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Paging {
///     #[serde(default)]
///     page: u32,
/// }
///
/// async fn list(Path(board): Path<u64>, Query(paging): Query<Paging>) -> Result<Json<Vec<u32>>, Error> {
///     if board == 0 {
///         return Err(Problem::new(404).into());
///     }
///     Ok(Json(vec![paging.page]))
/// }
/// # Router::new().get("/boards/{board:int}/cards", list);
/// ```
pub trait Handler<M>: Send + Sync + 'static {
    /// Answers a request.
    fn handle(&self, request: Request) -> impl Future<Output = Response> + Send;
}

/// A handler of a function that may block. It is run on the server's threads for that, so that it stalls nobody.
///
/// ```
/// use transom_web::{Error, Router, blocking, get};
///
/// fn report() -> Result<String, Error> {
///     Ok(std::fs::read_to_string("/proc/loadavg")?)
/// }
///
/// Router::new().get("/report", blocking(report));
/// ```
///
/// What it takes is received before it is run. Once it runs it goes on, whatever becomes of the client.
pub fn blocking<F>(function: F) -> Blocking<F> {
    Blocking(Arc::new(function))
}

/// What [`blocking`] makes.
pub struct Blocking<F>(Arc<F>);

impl<F> Clone for Blocking<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F> fmt::Debug for Blocking<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blocking")
    }
}

impl<F, Fut, R> Handler<()> for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = R> + Send,
    R: IntoResponse,
{
    async fn handle(&self, _: Request) -> Response {
        self().await.into_response()
    }
}

impl<F, R> Handler<()> for Blocking<F>
where
    F: Fn() -> R + Send + Sync + 'static,
    R: IntoResponse,
{
    async fn handle(&self, request: Request) -> Response {
        let function = Arc::clone(&self.0);
        let server = Arc::clone(&request.head().scope().connection().server_info);
        run_blocking(&server, move || function().into_response()).await.unwrap_or_else(failure)
    }
}

/// There is no thread to run the function on.
fn failure(error: std::io::Error) -> Response {
    Error::from(error).into_response()
}

macro_rules! handlers {
    ($($head:ident)*) => {
        #[allow(non_snake_case)]
        impl<F, Fut, R, M, $($head,)* L> Handler<(M, $($head,)* L)> for F
        where
            F: Fn($($head,)* L) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = R> + Send,
            R: IntoResponse,
            $($head: FromHead,)*
            L: FromRequest<M>,
        {
            fn handle(&self, request: Request) -> impl Future<Output = Response> + Send {
                // Outside, so that the future has no room for the request as a whole.
                #[allow(unused_mut)]
                let (mut head, body) = request.into_parts();
                async move {
                $(let $head = match $head::from_head(&mut head).await {
                    Ok(argument) => argument,
                    Err(rejection) => return rejection.into_response(),
                };)*
                match L::from_request(Request::new(head, body)).await {
                    Ok(last) => self($($head,)* last).await.into_response(),
                    Err(rejection) => rejection.into_response(),
                }
                }
            }
        }

        #[allow(non_snake_case)]
        impl<F, R, M, $($head,)* L> Handler<(M, $($head,)* L)> for Blocking<F>
        where
            F: Fn($($head,)* L) -> R + Send + Sync + 'static,
            R: IntoResponse,
            $($head: FromHead + 'static,)*
            L: FromRequest<M> + 'static,
        {
            async fn handle(&self, request: Request) -> Response {
                #[allow(unused_mut)]
                let (mut head, body) = request.into_parts();
                let function = Arc::clone(&self.0);
                let server = Arc::clone(&head.scope().connection().server_info);
                $(let $head = match $head::from_head(&mut head).await {
                    Ok(argument) => argument,
                    Err(rejection) => return rejection.into_response(),
                };)*
                match L::from_request(Request::new(head, body)).await {
                    Ok(last) => run_blocking(&server, move || function($($head,)* last).into_response())
                        .await
                        .unwrap_or_else(failure),
                    Err(rejection) => rejection.into_response(),
                }
            }
        }
    };
}

each_arity!(handlers);
