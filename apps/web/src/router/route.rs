use super::endpoint::{Endpoint, Handling, Socket, layered};
use crate::Handler;
use crate::websocket::SocketHandler;
use std::fmt;
use std::sync::Arc;
use transom::{App, BoxApp, HttpScope, Method, WebSocketScope};

/// What one pattern has: a handler per method, and one for WebSockets.
///
/// ```
/// use transom_web::{Router, get};
///
/// async fn show() {}
/// async fn replace() {}
///
/// let page = get(show).put(replace).name("page").body_limit(64 << 10);
/// Router::new().route("/page", page);
/// ```
#[derive(Clone, Default)]
pub struct Route {
    pub(super) methods: Vec<(Method, Arc<dyn Endpoint<HttpScope>>)>,
    pub(super) any: Option<Arc<dyn Endpoint<HttpScope>>>,
    pub(super) socket: Option<Arc<dyn Endpoint<WebSocketScope>>>,
    pub(super) name: Option<String>,
    pub(super) limit: Option<u64>,
}

macro_rules! methods {
    ($($name:ident $method:ident $text:literal)*) => {
        $(
            #[doc = concat!("A route with a handler for `", $text, "`.")]
            pub fn $name<H: Handler<M>, M: 'static>(handler: H) -> Route {
                Route::default().$name(handler)
            }
        )*

        impl Route {$(
            #[doc = concat!("Adds a handler for `", $text, "`.")]
            ///
            /// # Panics
            /// If there is one.
            #[track_caller]
            pub fn $name<H: Handler<M>, M: 'static>(self, handler: H) -> Self {
                self.on(Method::$method, handler)
            }
        )*}
    };
}

methods! {
    get Get "GET"
    head Head "HEAD"
    post Post "POST"
    put Put "PUT"
    patch Patch "PATCH"
    delete Delete "DELETE"
    options Options "OPTIONS"
}

/// A route with a handler for `method`.
pub fn on<H: Handler<M>, M: 'static>(method: Method, handler: H) -> Route {
    Route::default().on(method, handler)
}

/// A route with a handler for every method.
pub fn any<H: Handler<M>, M: 'static>(handler: H) -> Route {
    Route { any: Some(Arc::new(Handling::new(handler))), ..Route::default() }
}

impl Route {
    /// A route with a handler for WebSockets.
    pub fn websocket<H: SocketHandler<M>, M: 'static>(handler: H) -> Self {
        Self { socket: Some(Arc::new(Socket::new(handler))), ..Self::default() }
    }

    /// Adds a handler for `method`.
    ///
    /// # Panics
    /// If there is one.
    #[track_caller]
    pub fn on<H: Handler<M>, M: 'static>(mut self, method: Method, handler: H) -> Self {
        assert!(self.get_method(&method).is_none(), "there is a handler for {method} already");
        self.methods.push((method, Arc::new(Handling::new(handler))));
        self
    }

    /// The name by which [`Urls`](super::Urls) makes its path.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How long a request body may be, in bytes.
    pub fn body_limit(mut self, bytes: u64) -> Self {
        self.limit = Some(bytes);
        self
    }

    /// Puts a layer around each handler so far. It is called where its handler would be: after the route is found.
    ///
    /// ```
    /// use transom_web::{get, Router};
    ///
    /// async fn show() {}
    ///
    /// let _ = Router::new().route("/", get(show).layer(transom::cancel_on_disconnect));
    /// ```
    pub fn layer<A: App>(mut self, layer: impl Fn(BoxApp) -> A) -> Self {
        for (_, endpoint) in &mut self.methods {
            *endpoint = layered(Arc::clone(endpoint), &layer);
        }
        self.any = self.any.map(|endpoint| layered(endpoint, &layer));
        self.socket = self.socket.map(|endpoint| layered(endpoint, &layer));
        self
    }

    /// Adds what `other` has.
    #[track_caller]
    pub(super) fn merge(&mut self, other: Self) {
        for (method, endpoint) in other.methods {
            assert!(self.get_method(&method).is_none(), "there is a handler for {method} already");
            self.methods.push((method, endpoint));
        }
        assert!(self.any.is_none() || other.any.is_none(), "there is a handler for every method already");
        self.any = self.any.take().or(other.any);
        assert!(self.socket.is_none() || other.socket.is_none(), "there is a handler for WebSockets already");
        self.socket = self.socket.take().or(other.socket);
        self.name = self.name.take().or(other.name);
        self.limit = self.limit.or(other.limit);
    }

    fn get_method(&self, method: &Method) -> Option<&Arc<dyn Endpoint<HttpScope>>> {
        self.methods.iter().find(|(own, _)| own == method).map(|(_, endpoint)| endpoint)
    }

    /// What answers `method`.
    pub(super) fn endpoint(&self, method: &Method) -> Option<&dyn Endpoint<HttpScope>> {
        let mut found = self.get_method(method);
        if found.is_none() && *method == Method::Head {
            found = self.get_method(&Method::Get);
        }
        found.or(self.any.as_ref()).map(|endpoint| &**endpoint)
    }

    /// The methods that are answered, those included that need no handler.
    pub(super) fn allowed(&self) -> impl Iterator<Item = &str> {
        let own = self.methods.iter().map(|(method, _)| method.as_str());
        let has = |method: &Method| self.get_method(method).is_some();
        let head = (has(&Method::Get) && !has(&Method::Head)).then_some("HEAD");
        own.chain(head).chain((!has(&Method::Options)).then_some("OPTIONS"))
    }

    /// Whether it answers no HTTP request at all.
    pub(super) fn is_socket_alone(&self) -> bool {
        self.methods.is_empty() && self.any.is_none()
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods: Vec<_> = self.methods.iter().map(|(method, _)| method).collect();
        let mut route = f.debug_struct("Route");
        route.field("methods", &methods).field("any", &self.any.is_some()).field("websocket", &self.socket.is_some());
        route.field("name", &self.name).field("body_limit", &self.limit).finish()
    }
}
