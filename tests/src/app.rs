use crate::PATIENCE;
use std::future::Future;
use std::sync::mpsc;
use transom::{App, Error, HttpScope, Outgoing, Receiver, Scope, Sender};

/// An application of HTTP alone.
pub fn http<F, Fut>(call: F) -> impl App
where
    F: Fn(HttpScope, Receiver, Sender) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Error>> + Send,
{
    Http(call)
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
