//! The in-memory exchange, and with it the handles, the layers and the kinds of applications.

mod call;
mod end;
mod handles;
mod http;
mod lifespan;
mod peer;
mod pressure;
mod websocket;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use transom::lint::lint;
use transom::memory::{Lifespan, Outcome, Script};
use transom::{App, Error, Headers, HttpScope, Incoming, Outgoing, Receiver, Scope, Sender, WebSocketScope};

/// Runs under a lint that panics: neither the application nor the exchange breaks the contract.
trait Checked {
    fn checked(self, app: impl App) -> Outcome;
}

impl Checked for Script<HttpScope> {
    #[track_caller]
    fn checked(self, app: impl App) -> Outcome {
        self.run(lint(app))
    }
}

impl Checked for Script<WebSocketScope> {
    #[track_caller]
    fn checked(self, app: impl App) -> Outcome {
        self.run(lint(app))
    }
}

impl Checked for Lifespan {
    #[track_caller]
    fn checked(self, app: impl App) -> Outcome {
        self.run(lint(app))
    }
}

/// Sends back what it receives, as it receives it.
async fn echo(_: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    send.send(start()).await?;
    loop {
        match receive.recv().await {
            Incoming::Body { data, more } => send.send(Outgoing::Body { data, more }).await?,
            Incoming::Trailers(fields) => send.send(Outgoing::Trailers(fields)).await?,
            _ => return Ok(()),
        }
    }
}

/// Answers at once.
async fn hello(_: Scope, _: Receiver, mut send: Sender) -> Result<(), Error> {
    let headers = Headers::from_static(&[("content-type", "text/plain")]);
    Ok(send.send(Outgoing::Response { status: 200, headers, body: "Hello, World!".into() }).await?)
}

fn start() -> Outgoing {
    Outgoing::Start { status: 200, headers: Headers::new() }
}

fn body(data: &'static str, more: bool) -> Outgoing {
    Outgoing::Body { data: data.into(), more }
}

fn respond(status: u16) -> Outgoing {
    Outgoing::Response { status, headers: Headers::new(), body: "".into() }
}

/// Polls a future once and drops it.
async fn give_up<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        Poll::Ready(match future.as_mut().poll(cx) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

/// Waits until this task is woken, by whatever it registered its waker with before.
async fn woken() {
    let mut is_first = true;
    poll_fn(|_| if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }).await;
}
