//! What is done when the server starts and stops.

mod conductor;
mod draining;

use crate::Error;
pub(crate) use conductor::Conductor;
pub use draining::Draining;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use transom::{App, Incoming, Outgoing, Receiver, Scope, Sender, ServerInfo, State};

/// The life of the server, in the hands of the function that a router is given for it: what it does first is startup,
/// then it says that it is ready, and what it does when the server has stopped is cleaning up.
///
/// ```
/// use transom_web::{Error, Lifespan, Router};
///
/// struct Pool;
///
/// impl Pool {
///     async fn open() -> Result<Self, Error> {
///         Ok(Pool)
///     }
/// }
///
/// async fn life(lifespan: Lifespan) -> Result<(), Error> {
///     let pool = Pool::open().await?; // an error here, and the server does not start
///     let running = lifespan.ready(transom::State::new().with(pool)).await?;
///     running.stopped().await;
///     println!("every request has been answered");
///     Ok(())
/// }
///
/// Router::new().lifespan(life);
/// ```
pub struct Lifespan {
    server: Arc<ServerInfo>,
    receive: Receiver,
    send: Sender,
}

impl Lifespan {
    /// The server.
    pub fn server(&self) -> &ServerInfo {
        &self.server
    }

    /// Startup is done, and requests may come: they find `state` by [`State`](crate::State).
    ///
    /// # Errors
    /// The server stops already.
    pub async fn ready(self, state: State) -> Result<Running, Error> {
        let Self { receive, mut send, .. } = self;
        send.send(Outgoing::Ready(state)).await?;
        Ok(Running { receive, _send: send })
    }
}

impl fmt::Debug for Lifespan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lifespan").field("server", &self.server).finish_non_exhaustive()
    }
}

/// The time in which requests are served.
#[derive(Debug)]
pub struct Running {
    receive: Receiver,
    _send: Sender,
}

impl Running {
    /// Returns when the server takes no more connections, with the time that requests are given to end; `None` when it
    /// has stopped.
    pub async fn draining(&mut self) -> Option<Duration> {
        loop {
            match self.receive.recv().await {
                Incoming::Draining { grace } => return Some(grace),
                Incoming::Shutdown | Incoming::End(_) => return None,
                _ => {}
            }
        }
    }

    /// Returns when every request has been answered, or dropped.
    pub async fn stopped(mut self) {
        while self.draining().await.is_some() {}
    }
}

/// A function for the lifespan, as an application.
pub(crate) struct Span<F>(F);

impl<F> Span<F> {
    pub(crate) fn new(function: F) -> Self {
        Self(function)
    }
}

impl<F, Fut> App for Span<F>
where
    F: Fn(Lifespan) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Error>> + Send + 'static,
{
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        let Scope::Lifespan(scope) = scope else { return Err(Error::unsupported()) };
        self.0(Lifespan { server: scope.server, receive, send }).await
    }
}
