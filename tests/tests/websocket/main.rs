//! WebSockets over real sockets: the bytes of a client, what the application saw of them and did, the bytes of the server,
//! and what became of the connection.
//!
//! Nothing here asserts that something did not happen within a time. "It waits" is said of a thread that came to rest, and
//! timeouts are short where they are to pass.

mod close;
mod control;
mod deflate;
mod denial;
mod faults;
mod handshake;
mod keepalive;
mod lifecycle;
mod messages;
mod pressure;
mod threads;

use bytes::Bytes;
use transom::{App, Capabilities, End, Headers, Incoming, Message, Outgoing, Receiver, Sender, Utf8};
use transom_tests::websocket::{HANDSHAKE, SWITCHED};
use transom_tests::{Client, Running, Told, sockets, telling};

/// What is received: a message, or the end.
type Received = Result<Message, End>;

async fn message(receive: &mut Receiver) -> Received {
    match receive.recv().await {
        Incoming::Message(message) => Ok(message),
        Incoming::End(end) => Err(end),
        other => panic!("received {other:?}"),
    }
}

fn accept() -> Outgoing {
    Outgoing::Accept { subprotocol: None, headers: Headers::new() }
}

fn close(code: u16, reason: &'static str) -> Outgoing {
    Outgoing::Close { code, reason: reason.into() }
}

fn text(text: impl Into<String>) -> Message {
    Message::Text(text.into().into())
}

fn binary(data: impl Into<Bytes>) -> Message {
    Message::Binary(data.into())
}

fn closed(code: u16, reason: &'static str, clean: bool) -> End {
    End::Closed { code, reason: Utf8::from_static(reason), clean }
}

/// The connection is gone, without a close frame of the peer's.
fn lost() -> End {
    closed(1006, "", false)
}

/// Accepts, sends every message back, and tells what it receives.
fn echo() -> (impl App, Told<Received>) {
    echo_wanting(Capabilities::NONE)
}

/// The same application, wanting these capabilities.
fn echo_wanting(wants: Capabilities) -> (impl App, Told<Received>) {
    let (tell, told) = telling();
    let app = sockets(move |_, mut receive: Receiver, mut send: Sender| {
        let tell = tell.clone();
        async move {
            send.send(accept()).await?;
            loop {
                let received = message(&mut receive).await;
                // A test that does not care has gone.
                let _ = tell.send(received.clone());
                match received {
                    Ok(message) => send.send(Outgoing::Message(message)).await?,
                    Err(_) => return Ok(()),
                }
            }
        }
    });
    (app.wanting(wants), told)
}

/// A new WebSocket whose handshake is for this target.
#[track_caller]
fn open_at(server: &Running, target: &str) -> Client {
    let mut client = server.connect();
    client.send(HANDSHAKE.replacen("GET /", &format!("GET {target}"), 1));
    client.hear(SWITCHED);
    client
}
