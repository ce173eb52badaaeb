use super::Routes;
use crate::path::Params;
use crate::response::{BoxFuture, Destination};
use crate::websocket::{Handshake, SocketHandler};
use crate::{Body, Error, Handler, IntoResponse, Problem, Request, RequestHead};
use std::marker::PhantomData;
use std::sync::Arc;
use transom::{App, BodyHint, BoxApp, HttpScope, Manifest, Receiver, Scope, Sender, WebSocketScope};

/// What a route does with an exchange whose scope is `S`.
pub(crate) trait Endpoint<S>: Send + Sync {
    fn call(&self, call: Call<S>) -> BoxFuture<'_, Result<(), Error>>;
}

/// An exchange, and what its route has found out.
pub(crate) struct Call<S> {
    pub(crate) scope: S,
    pub(crate) context: Context,
    pub(crate) receive: Receiver,
    pub(crate) send: Sender,
}

/// What a route adds to a scope.
#[derive(Clone)]
pub(crate) struct Context {
    routes: Arc<Routes>,
    params: Params,
    limit: Option<u64>,
}

impl Context {
    pub(crate) fn new(routes: &Arc<Routes>, params: Params, limit: Option<u64>) -> Self {
        Self { routes: Arc::clone(routes), params, limit }
    }

    pub(crate) fn head(self, scope: HttpScope) -> RequestHead {
        RequestHead::new(scope, self.params, self.routes)
    }
}

/// A handler that somebody calls.
pub(crate) struct Handling<H, M>(H, PhantomData<fn() -> M>);

impl<H, M> Handling<H, M> {
    pub(crate) fn new(handler: H) -> Self {
        Self(handler, PhantomData)
    }
}

/// The handler of what no route matches.
pub(crate) type Fallback<H, M> = Handling<H, M>;

impl<H: Handler<M>, M: 'static> Endpoint<HttpScope> for Handling<H, M> {
    fn call(&self, call: Call<HttpScope>) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let Call { scope, context, receive, mut send } = call;
            let routes = Arc::clone(&context.routes);
            let limit = context.limit;
            let response = match (limit, scope.body()) {
                // Known before any of it is read.
                (Some(limit), BodyHint::Exact(length)) if length > limit => Problem::new(413).into_response(),
                _ => {
                    let body = Body::new(&scope, receive, limit);
                    self.0.handle(Request::new(context.head(scope.clone()), body)).await
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
    fn call(&self, call: Call<WebSocketScope>) -> BoxFuture<'_, Result<(), Error>> {
        let Call { scope, context, receive, send } = call;
        let routes = Arc::clone(&context.routes);
        let head = context.head(scope.http().clone());
        Box::pin(self.0.handle(head, Handshake::new(scope, receive, send, routes)))
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

impl Endpoint<HttpScope> for Layered {
    fn call(&self, call: Call<HttpScope>) -> BoxFuture<'_, Result<(), Error>> {
        let Call { mut scope, context, receive, send } = call;
        scope.extensions_mut().insert(context);
        Box::pin(self.0.call(Scope::Http(scope), receive, send))
    }
}

impl Endpoint<WebSocketScope> for Layered {
    fn call(&self, call: Call<WebSocketScope>) -> BoxFuture<'_, Result<(), Error>> {
        let Call { mut scope, context, receive, send } = call;
        scope.http_mut().extensions_mut().insert(context);
        Box::pin(self.0.call(Scope::WebSocket(scope), receive, send))
    }
}

impl App for Inner<HttpScope> {
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        let Scope::Http(scope) = scope else { return Err(Error::unsupported()) };
        let context = scope.extensions().get::<Context>().ok_or("the layer has lost the scope's extensions")?.clone();
        self.0.call(Call { scope, context, receive, send }).await
    }

    fn manifest(&self) -> Manifest {
        Manifest::default()
    }
}

impl App for Inner<WebSocketScope> {
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        let Scope::WebSocket(scope) = scope else { return Err(Error::unsupported()) };
        let context = scope.http().extensions().get::<Context>();
        let context = context.ok_or("the layer has lost the scope's extensions")?.clone();
        self.0.call(Call { scope, context, receive, send }).await
    }
}
