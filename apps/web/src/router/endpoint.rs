use super::Routes;
use crate::response::{BoxFuture, Destination};
use crate::websocket::{Handshake, SocketHandler};
use crate::{Body, Error, Handler, IntoResponse, Problem, Request, RequestHead};
use std::marker::PhantomData;
use std::sync::Arc;
use transom::{App, BodyHint, BoxApp, HttpScope, Receiver, Scope, Sender, WebSocketScope};

/// What a route does with an exchange whose scope is `S`.
pub(crate) trait Endpoint<S>: Send + Sync {
    fn call<'a>(&'a self, call: Call<S>, routes: &'a Arc<Routes>) -> BoxFuture<'a, Result<(), Error>>;
}

/// An exchange, and what its router has found out.
pub(crate) struct Call<S> {
    pub(crate) scope: S,
    pub(crate) place: Place,
    pub(crate) receive: Receiver,
    pub(crate) send: Sender,
}

/// Where an exchange has come to.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// The node; `None` for what no route matches.
    pub(crate) node: Option<usize>,
    /// How long a request body may be.
    pub(crate) limit: Option<u64>,
}

/// A handler that somebody calls.
pub(crate) struct Handling<H, M>(H, PhantomData<fn() -> M>);

impl<H, M> Handling<H, M> {
    pub(crate) fn new(handler: H) -> Self {
        Self(handler, PhantomData)
    }
}

impl<H: Handler<M>, M: 'static> Endpoint<HttpScope> for Handling<H, M> {
    fn call<'a>(&'a self, call: Call<HttpScope>, routes: &'a Arc<Routes>) -> BoxFuture<'a, Result<(), Error>> {
        let Call { scope, place: Place { node, limit }, receive, mut send } = call;
        Box::pin(async move {
            let response = match (limit, scope.body()) {
                // Known before any of it is read.
                (Some(limit), BodyHint::Exact(length)) if length > limit => Problem::new(413).into_response(),
                _ => {
                    let head = RequestHead::new(scope.clone(), Arc::clone(routes), node);
                    let body = Body::new(&scope, receive, limit);
                    self.0.handle(Request::new(head, body)).await
                }
            };
            response.send(Destination { scope: &scope, send: &mut send, render: routes.render() }).await
        })
    }
}

/// The handler of a WebSocket.
pub(crate) struct Socket<H, M>(H, PhantomData<fn() -> M>);

impl<H, M> Socket<H, M> {
    pub(crate) fn new(handler: H) -> Self {
        Self(handler, PhantomData)
    }
}

impl<H: SocketHandler<M>, M: 'static> Endpoint<WebSocketScope> for Socket<H, M> {
    fn call<'a>(&'a self, call: Call<WebSocketScope>, routes: &'a Arc<Routes>) -> BoxFuture<'a, Result<(), Error>> {
        let Call { scope, place, receive, send } = call;
        let head = RequestHead::new(scope.http().clone(), Arc::clone(routes), place.node);
        Box::pin(self.0.handle(head, Handshake::new(scope, receive, send, Arc::clone(routes))))
    }
}

/// An endpoint as an application, for a layer to be put around it.
pub(crate) struct Inner<S>(Arc<dyn Endpoint<S>>);

/// An endpoint with a layer around it.
pub(crate) struct Layered(BoxApp);

/// Puts `layer` around an endpoint.
pub(crate) fn layered<S, A: App>(
    endpoint: Arc<dyn Endpoint<S>>,
    layer: impl FnOnce(BoxApp) -> A,
) -> Arc<dyn Endpoint<S>>
where
    Inner<S>: App,
    Layered: Endpoint<S>,
{
    Arc::new(Layered(BoxApp::new(layer(BoxApp::new(Inner(endpoint))))))
}

/// What gets through a layer.
#[derive(Clone)]
struct Passage {
    place: Place,
    routes: Arc<Routes>,
}

impl Passage {
    fn of(scope: &HttpScope) -> Result<Self, Error> {
        Ok(scope.extensions().get::<Self>().ok_or("a layer has lost the extensions of the scope")?.clone())
    }
}

impl Endpoint<HttpScope> for Layered {
    fn call<'a>(&'a self, call: Call<HttpScope>, routes: &'a Arc<Routes>) -> BoxFuture<'a, Result<(), Error>> {
        let Call { mut scope, place, receive, send } = call;
        scope.extensions_mut().insert(Passage { place, routes: Arc::clone(routes) });
        Box::pin(self.0.call(Scope::Http(scope), receive, send))
    }
}

impl Endpoint<WebSocketScope> for Layered {
    fn call<'a>(&'a self, call: Call<WebSocketScope>, routes: &'a Arc<Routes>) -> BoxFuture<'a, Result<(), Error>> {
        let Call { mut scope, place, receive, send } = call;
        scope.http_mut().extensions_mut().insert(Passage { place, routes: Arc::clone(routes) });
        Box::pin(self.0.call(Scope::WebSocket(scope), receive, send))
    }
}

impl App for Inner<HttpScope> {
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        let Scope::Http(scope) = scope else { return Err(Error::unsupported()) };
        let Passage { place, routes } = Passage::of(&scope)?;
        self.0.call(Call { scope, place, receive, send }, &routes).await
    }
}

impl App for Inner<WebSocketScope> {
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        let Scope::WebSocket(scope) = scope else { return Err(Error::unsupported()) };
        let Passage { place, routes } = Passage::of(scope.http())?;
        self.0.call(Call { scope, place, receive, send }, &routes).await
    }
}
