//! Which handler a request gets.

mod endpoint;
mod find;
mod host;
mod pattern;
mod reverse;
mod route;

use crate::lifespan::{Conductor, Lifespan, Span};
use crate::response::Destination;
use crate::websocket::{Handshake, SocketHandler};
use crate::{Error, Handler, IntoResponse, Problem, Redirect, Response};
use endpoint::{Call, Handling, Place};
pub(crate) use find::Routes;
use find::{Found, Node, Target};
use host::HostPattern;
pub(crate) use pattern::Pattern;
pub use reverse::{UrlError, Urls};
pub use route::{Route, any, delete, get, head, on, options, patch, post, put};
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use transom::{App, BoxApp, HttpScope, LifespanScope, Manifest, Receiver, Scope, Sender, WebSocketScope};

/// An application that hands each request to one of its handlers, by path and method.
///
/// ```
/// use transom_web::{Path, Router, get};
///
/// async fn home() -> &'static str {
///     "This is home."
/// }
///
/// async fn show(Path(id): Path<u64>) -> String {
///     format!("card {id}")
/// }
///
/// async fn remove(Path(_): Path<u64>) {}
///
/// let router = Router::new().get("/", home).route("/cards/{id:int}", get(show).delete(remove).name("card"));
/// ```
///
/// # Patterns
///
/// A pattern is a path in which a segment may have one parameter, `{name}` or `{name:kind}`, alone or with text around
/// it. The kinds are `str` (one character or more, and the default), `int`, `float`, `uuid`, and `path`, which takes the
/// rest of the path with all its slashes, and may be empty. Braces are doubled to stand for themselves.
///
/// Of several patterns that match, text comes before a parameter and a parameter before a `path`; among those of the
/// same shape the first. What is percent-encoded in the path of a request is compared decoded, but an encoded slash
/// divides no segments.
///
/// # What it answers itself
///
/// | | |
/// |---|---|
/// | `HEAD` of a route with `GET` | what `GET` gives, whose body the server leaves out |
/// | `OPTIONS` | 204 with `allow` |
/// | another method than the route has | 405 with `allow` |
/// | a path that has a route with one slash more or less at its end | 307 there ([`redirect_slashes`](Self::redirect_slashes)) |
/// | any other path | 404 ([`fallback`](Self::fallback)) |
/// | a request for a WebSocket's route that is no handshake | 426 |
///
/// # Panics
///
/// The methods that add routes do, if a pattern is none, or a route or a name is there already: what a program says
/// of itself is found out when it starts.
#[derive(Clone, Default)]
#[must_use = "a router is an application: serve it"]
pub struct Router {
    routes: Arc<Routes>,
}

macro_rules! methods {
    ($($name:ident $method:literal)*) => {$(
        #[doc = concat!("Adds a handler for `", $method, "` of `pattern`.")]
        #[track_caller]
        pub fn $name<H: Handler<M>, M: 'static>(self, pattern: &str, handler: H) -> Self {
            self.route(pattern, route::$name(handler))
        }
    )*};
}

impl Router {
    /// A router without routes.
    pub fn new() -> Self {
        Self::default()
    }

    methods! { get "GET" post "POST" put "PUT" patch "PATCH" delete "DELETE" }

    /// Adds handlers for `pattern`; a pattern may be given several times with different methods.
    #[track_caller]
    pub fn route(mut self, pattern: &str, route: Route) -> Self {
        let pattern = parse(pattern);
        self.edit().add(pattern, Target::Route(route));
        self
    }

    /// Adds a handler for the WebSockets of `pattern`; see [`Handshake`].
    #[track_caller]
    pub fn websocket<H: SocketHandler<M>, M: 'static>(self, pattern: &str, handler: H) -> Self {
        self.route(pattern, Route::websocket(handler))
    }

    /// Hands everything below `prefix` to `app`, whose [local path](HttpScope::local_path) is the rest. The prefix may
    /// have parameters.
    ///
    /// `app` is asked for its lifespan too: what it makes is added to the state of all.
    #[track_caller]
    pub fn mount(mut self, prefix: &str, app: impl App) -> Self {
        let app = BoxApp::new(app);
        let pattern = parse(prefix);
        let routes = self.edit();
        routes.lifespans.push(app.clone());
        routes.add(pattern.below(), Target::Mount(app));
        self
    }

    /// Adds the routes of `router` below `prefix`, as if they were this one's own, with their names. What it has for
    /// [problems](Self::problems) and [hosts](Self::host) is left behind; for a router that keeps those there is
    /// [`mount`](Self::mount).
    #[track_caller]
    pub fn nest(mut self, prefix: &str, router: Router) -> Self {
        let prefix = parse(prefix);
        let inner = Arc::unwrap_or_clone(router.routes);
        let routes = self.edit();
        routes.lifespans.extend(inner.lifespans);
        for Node { pattern, mut target, limit } in inner.nodes {
            let pattern = pattern.under(&prefix).unwrap_or_else(|error| panic!("{error}"));
            if let Target::Route(route) = &mut target {
                route.limit = route.limit.or(limit).or(inner.limit);
            }
            routes.add(pattern, target);
        }
        if let Some(fallback) = inner.fallback {
            routes.add(prefix.below(), Target::Fallback(fallback));
        }
        self
    }

    /// Puts `namespace:` in front of all names so far.
    pub fn namespace(mut self, namespace: &str) -> Self {
        let routes = self.edit();
        let names = std::mem::take(&mut routes.names);
        routes.names = names.into_iter().map(|(name, node)| (format!("{namespace}:{name}"), node)).collect();
        for node in &mut routes.nodes {
            if let Target::Route(Route { name: Some(name), .. }) = &mut node.target {
                *name = format!("{namespace}:{name}");
            }
        }
        self
    }

    /// Hands every request whose host matches to `app`, before any route is looked at: `api.example.com`, or
    /// `{tenant}.example.com`, whose parameter is a path parameter of `app`. The port is of no matter, nor the case.
    #[track_caller]
    pub fn host(mut self, host: &str, app: impl App) -> Self {
        let app = BoxApp::new(app);
        let pattern = HostPattern::parse(host).unwrap_or_else(|| panic!("`{host}` is not the pattern of a host"));
        let routes = self.edit();
        routes.lifespans.push(app.clone());
        routes.hosts.push((pattern, app));
        self
    }

    /// What answers the requests that no route matches, in place of a 404.
    pub fn fallback<H: Handler<M>, M: 'static>(mut self, handler: H) -> Self {
        self.edit().fallback = Some(Arc::new(Handling::new(handler)));
        self
    }

    /// Whether a path that has a route with one slash more or less at its end is redirected there (307). On by default.
    pub fn redirect_slashes(mut self, redirect: bool) -> Self {
        self.edit().keep_slashes = !redirect;
        self
    }

    /// How long a request body may be, in bytes, on routes that say nothing else. Without it
    /// [2 MiB](crate::DEFAULT_BODY_LIMIT) are gathered in memory, and what is read piece by piece has no limit.
    pub fn body_limit(mut self, bytes: u64) -> Self {
        self.edit().limit = Some(bytes);
        self
    }

    /// How [problems](Problem) are shown, in place of JSON.
    ///
    /// ```
    /// use transom_web::{Html, IntoResponse, Router};
    ///
    /// Router::new().problems(|problem, _| Html(format!("<h1>{}</h1>", problem.status())).into_response());
    /// ```
    pub fn problems(mut self, render: impl Fn(&Problem, &HttpScope) -> Response + Send + Sync + 'static) -> Self {
        self.edit().render = Some(Arc::new(render));
        self
    }

    /// What is done when the server starts and stops; see [`Lifespan`].
    pub fn lifespan<F, Fut>(mut self, lifespan: F) -> Self
    where
        F: Fn(Lifespan) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Error>> + Send + 'static,
    {
        self.edit().lifespans.push(BoxApp::new(Span::new(lifespan)));
        self
    }

    /// The paths of the routes that have names.
    pub fn urls(&self) -> Urls {
        Urls::new(Arc::clone(&self.routes), String::new())
    }

    fn edit(&mut self) -> &mut Routes {
        Arc::make_mut(&mut self.routes)
    }

    async fn http(&self, mut scope: HttpScope, receive: Receiver, mut send: Sender) -> Result<(), Error> {
        if let Some(app) = self.routes.host(&mut scope) {
            return app.call(Scope::Http(scope), receive, send).await;
        }
        let response = match self.routes.find(&scope) {
            Found::Endpoint(endpoint, node, limit) => {
                let place = Place { node: Some(node), limit };
                return endpoint.call(Call { scope, place, receive, send }, &self.routes).await;
            }
            Found::Mount(app, node) => {
                self.routes.enter(node, &mut scope);
                return app.call(Scope::Http(scope), receive, send).await;
            }
            Found::Allow(allow) => Response::new("").status(204).header("allow", allow),
            Found::NotAllowed(allow) => Problem::new(405).header("allow", allow).into_response(),
            Found::UpgradeRequired => Problem::new(426).header("upgrade", "websocket").into_response(),
            Found::Redirect(location) => Redirect::temporary(&location).into_response(),
            Found::Nothing => match &self.routes.fallback {
                Some(fallback) => {
                    let place = Place { node: None, limit: self.routes.limit };
                    return fallback.call(Call { scope, place, receive, send }, &self.routes).await;
                }
                None => Problem::new(404).into_response(),
            },
        };
        response.send(Destination { scope: &scope, send: &mut send, render: self.routes.render() }).await
    }

    async fn socket(&self, mut scope: WebSocketScope, receive: Receiver, send: Sender) -> Result<(), Error> {
        if let Some(app) = self.routes.host(scope.http_mut()) {
            return app.call(Scope::WebSocket(scope), receive, send).await;
        }
        match self.routes.find_socket(scope.http()) {
            Found::Endpoint(endpoint, node, limit) => {
                let place = Place { node: Some(node), limit };
                endpoint.call(Call { scope, place, receive, send }, &self.routes).await
            }
            Found::Mount(app, node) => {
                self.routes.enter(node, scope.http_mut());
                app.call(Scope::WebSocket(scope), receive, send).await
            }
            _ => Handshake::new(scope, receive, send, Arc::clone(&self.routes)).deny(Problem::new(404)).await,
        }
    }
}

impl App for Router {
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        match scope {
            Scope::Http(scope) => self.http(scope, receive, send).await,
            // Boxed: it is not what every connection has to have room for.
            Scope::WebSocket(scope) => Box::pin(self.socket(scope, receive, send)).await,
            Scope::Lifespan(scope) => {
                let LifespanScope { server, .. } = scope;
                Box::pin(Conductor::run(&self.routes.lifespans, server, receive, send)).await
            }
            _ => Err(Error::unsupported()),
        }
    }

    fn manifest(&self) -> Manifest {
        let apps = self.routes.lifespans.iter().map(App::manifest);
        apps.fold(Manifest::default(), |all, one| {
            all.wanting(all.wants.union(one.wants)).requiring(all.requires.union(one.requires))
        })
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Router").field(&self.routes).finish()
    }
}

#[track_caller]
fn parse(pattern: &str) -> Pattern {
    Pattern::parse(pattern).unwrap_or_else(|error| panic!("`{pattern}` is not the pattern of a path: {error}"))
}
