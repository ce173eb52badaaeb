//! Shows from outside what a server hands to an application and does with its answers.
//!
//! Test suites start a server with this application and look at it through a socket: [`app`] has a path, matched
//! percent-decoded, for each thing that an application may do, and for each that it may do wrong. It sleeps by
//! tokio's timers, and so needs a server that runs tokio.

#![forbid(unsafe_code)]

mod call;
mod cookie;
mod failure;
mod inspect;
mod query;
mod record;
mod reply;
mod route;
mod stream;
mod text;
mod websocket;

use call::Call;
use record::{Record, Startup};
use transom::{App, Error, Incoming, Outgoing, Receiver, Scope, Sender, State};

/// The application, with nothing recorded yet.
pub fn app() -> impl App {
    Probe::default()
}

#[derive(Default)]
struct Probe {
    record: Record,
}

impl App for Probe {
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        match scope {
            Scope::Http(http) => route::serve(Call::new(http, receive, send, &self.record)).await,
            Scope::WebSocket(socket) => websocket::serve(socket, receive, send, &self.record).await,
            Scope::Lifespan(_) => self.live(receive, send).await,
            _ => Err(Error::unsupported()),
        }
    }
}

impl Probe {
    /// Counts the startup, and lets the count travel through the server's state.
    async fn live(&self, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        let startup = Startup(self.record.started());
        send.send(Outgoing::Ready(State::new().with(startup))).await?;
        loop {
            if let Incoming::Shutdown | Incoming::End(_) = receive.recv().await {
                return Ok(());
            }
        }
    }
}
