use crate::PATIENCE;
use std::future::Future;
use std::sync::mpsc;
use transom::{App, Capabilities, Error, HttpScope, Manifest, Outgoing, Receiver, Scope, Sender, WebSocketScope};

/// An application of HTTP alone.
pub fn http<F, Fut>(call: F) -> impl App
where
    F: Fn(HttpScope, Receiver, Sender) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Error>> + Send,
{
    Http(call)
}

/// An application of WebSockets. It answers every request of HTTP with its target.
pub fn sockets<F, Fut>(call: F) -> Sockets<F>
where
    F: Fn(WebSocketScope, Receiver, Sender) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Error>> + Send,
{
    Sockets { call, wants: Capabilities::NONE }
}

/// An application of WebSockets.
#[derive(Debug)]
pub struct Sockets<F> {
    call: F,
    wants: Capabilities,
}

impl<F> Sockets<F> {
    /// One that wants these capabilities too.
    pub fn wanting(self, wants: Capabilities) -> Self {
        Self { wants, ..self }
    }
}

/// What an application tells its test.
#[derive(Debug)]
pub struct Told<T>(mpsc::Receiver<T>);

/// A way for an application to tell its test something.
pub fn telling<T>() -> (mpsc::Sender<T>, Told<T>) {
    let (tell, told) = mpsc::channel();
    (tell, Told(told))
}

impl<T> Told<T> {
    /// What it tells next.
    #[track_caller]
    pub fn next(&self) -> T {
        self.0.recv_timeout(PATIENCE).expect("the application has something to tell")
    }

    /// What it has told by now and was not asked for.
    pub fn rest(&self) -> Vec<T> {
        self.0.try_iter().collect()
    }
}

/// A whole response.
pub fn respond(body: impl Into<bytes::Bytes>) -> Outgoing {
    Outgoing::Response { status: 200, headers: Default::default(), body: body.into() }
}

/// The start of a streamed response.
pub fn start() -> Outgoing {
    Outgoing::Start { status: 200, headers: Default::default() }
}

/// A piece of a streamed response.
pub fn more(data: impl Into<bytes::Bytes>) -> Outgoing {
    Outgoing::Body { data: data.into(), more: true }
}

/// The last piece of a streamed response.
pub fn last(data: impl Into<bytes::Bytes>) -> Outgoing {
    Outgoing::Body { data: data.into(), more: false }
}

struct Http<F>(F);

impl<F, Fut> App for Http<F>
where
    F: Fn(HttpScope, Receiver, Sender) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Error>> + Send,
{
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        let Scope::Http(scope) = scope else { return Err(Error::unsupported()) };
        (self.0)(scope, receive, send).await
    }
}

impl<F, Fut> App for Sockets<F>
where
    F: Fn(WebSocketScope, Receiver, Sender) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Error>> + Send,
{
    async fn call(&self, scope: Scope, receive: Receiver, mut send: Sender) -> Result<(), Error> {
        match scope {
            Scope::WebSocket(scope) => (self.call)(scope, receive, send).await,
            Scope::Http(scope) => Ok(send.send(respond(scope.target().to_vec())).await?),
            _ => Err(Error::unsupported()),
        }
    }

    fn manifest(&self) -> Manifest {
        Manifest::default().wanting(self.wants)
    }
}
