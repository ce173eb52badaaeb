use crate::path::Params;
use crate::router::Routes;
use crate::{Body, IntoResponse};
use std::future::{Future, ready};
use std::sync::Arc;
use transom::{Headers, HttpScope, Method};

/// A request, as a handler gets it that takes no other argument, or takes it last.
///
/// ```
/// use transom_web::Request;
///
/// async fn mirror(request: Request) -> Result<Vec<u8>, transom_web::BodyError> {
///     let (_head, body) = request.into_parts();
///     Ok(body.collect(1 << 20).await?.into())
/// }
/// # transom_web::Router::new().post("/", mirror);
/// ```
#[derive(Debug)]
pub struct Request {
    head: RequestHead,
    body: Body,
}

impl Request {
    pub(crate) fn new(head: RequestHead, body: Body) -> Self {
        Self { head, body }
    }

    /// Everything but the body.
    pub fn head(&self) -> &RequestHead {
        &self.head
    }

    /// The body.
    pub fn body_mut(&mut self) -> &mut Body {
        &mut self.body
    }

    /// The two of them.
    pub fn into_parts(self) -> (RequestHead, Body) {
        (self.head, self.body)
    }
}

/// A request without its body: its scope, and what its route made of the path.
#[derive(Debug)]
pub struct RequestHead {
    scope: HttpScope,
    routes: Arc<Routes>,
    /// Where in them; `None` for what no route matches.
    node: Option<usize>,
}

impl RequestHead {
    pub(crate) fn new(scope: HttpScope, routes: Arc<Routes>, node: Option<usize>) -> Self {
        Self { scope, routes, node }
    }

    /// The scope of the exchange.
    pub fn scope(&self) -> &HttpScope {
        &self.scope
    }

    /// The request method.
    pub fn method(&self) -> &Method {
        self.scope.method()
    }

    /// The header fields.
    pub fn headers(&self) -> &Headers {
        self.scope.headers()
    }

    /// The value of the field `name` (in lower case), if there is one and it is UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.scope.headers().get(name)?).ok()
    }

    /// The path parameters.
    pub fn params(&self) -> Params<'_> {
        Params::new(&self.scope, self.node.map(|node| self.routes.pattern(node)))
    }

    /// The pattern of the route, for logs and figures; `None` for what no route matches.
    pub fn pattern(&self) -> Option<String> {
        self.node.map(|node| self.routes.pattern(node).to_string())
    }

    pub(crate) fn routes(&self) -> &Arc<Routes> {
        &self.routes
    }
}

/// An argument of a handler that is made of the head of the request.
///
/// ```
/// use transom_web::{FromHead, Problem, RequestHead};
///
/// struct Tenant(String);
///
/// impl FromHead for Tenant {
///     type Rejection = Problem;
///
///     async fn from_head(head: &mut RequestHead) -> Result<Self, Problem> {
///         let tenant = head.header("x-tenant").ok_or(Problem::new(401))?;
///         Ok(Self(tenant.to_owned()))
///     }
/// }
///
/// async fn home(Tenant(tenant): Tenant) -> String {
///     format!("This is the home of {tenant}.")
/// }
/// # transom_web::Router::new().get("/", home);
/// ```
pub trait FromHead: Sized + Send {
    /// The response when it cannot be made.
    type Rejection: IntoResponse + Send;

    /// Makes the argument.
    ///
    /// # Errors
    /// The response that is sent in place of the handler's.
    fn from_head(head: &mut RequestHead) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;
}

/// The last argument of a handler, which may be made of the body too. Everything that is [`FromHead`] is this as well.
pub trait FromRequest<M = ByRequest>: Sized + Send {
    /// The response when it cannot be made.
    type Rejection: IntoResponse + Send;

    /// Makes the argument.
    ///
    /// # Errors
    /// The response that is sent in place of the handler's.
    fn from_request(request: Request) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;
}

/// Marks what is made of a whole request.
#[derive(Debug)]
pub enum ByRequest {}

/// Marks what is made of the head.
#[derive(Debug)]
pub enum ByHead {}

impl<T: FromHead> FromRequest<ByHead> for T {
    type Rejection = T::Rejection;

    async fn from_request(mut request: Request) -> Result<Self, T::Rejection> {
        T::from_head(&mut request.head).await
    }
}

impl FromRequest for Request {
    type Rejection = std::convert::Infallible;

    fn from_request(request: Request) -> impl Future<Output = Result<Self, Self::Rejection>> + Send {
        ready(Ok(request))
    }
}

impl FromRequest for Body {
    type Rejection = std::convert::Infallible;

    fn from_request(request: Request) -> impl Future<Output = Result<Self, Self::Rejection>> + Send {
        ready(Ok(request.body))
    }
}
