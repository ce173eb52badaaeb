//! One connection over a pair of sockets, with the clock in hand.

use crate::application::Application;
use crate::config::Config;
use crate::transport::Transport;
use crate::worker::{Shared, Worker};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use transom::{
    Address, App, Capabilities, End, Error, Headers, Incoming, Manifest, Message, Outgoing, Receiver, Scope,
};
use transom::{SendError, Sender, ServerInfo, State};

const HANDSHAKE: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// An application that asks for pings and pongs too.
#[derive(Clone)]
struct Control<A>(A);

impl<A: App> App for Control<A> {
    fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> impl Future<Output = Result<(), Error>> + Send {
        self.0.call(scope, receive, send)
    }

    fn manifest(&self) -> Manifest {
        Manifest::default().wanting(Capabilities::WEBSOCKET_CONTROL)
    }
}

/// Serves one client, which has sent its handshake.
async fn client_of(app: impl App) -> (UnixStream, JoinHandle<()>) {
    let (mut client, server) = UnixStream::pair().unwrap();
    let info = Arc::new(ServerInfo::new("test/1", Capabilities::NONE));
    let shared = Shared::new(Config::default(), Application::new(app), Arc::clone(&info), State::new());
    let worker = Arc::new(Worker::new(Arc::new(shared)));
    let peer = transom::Connection::new(0, Address::Unknown, Address::Unknown, State::new(), info);
    client.write_all(HANDSHAKE).await.unwrap();
    (client, tokio::spawn(crate::connection::serve(Transport::Unix(server), peer, worker)))
}

async fn accept(send: &mut Sender) -> Result<(), SendError> {
    send.send(Outgoing::Accept { subprotocol: None, headers: Headers::new() }).await
}

async fn accepted(client: &mut UnixStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
}

/// A frame with a mask of zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    assert!(payload.len() < 126);
    [&[first, 0x80 | payload.len() as u8, 0, 0, 0, 0], payload].concat()
}

fn binary(len: usize) -> Outgoing {
    Outgoing::Message(Message::Binary(vec![b'x'; len].into()))
}

/// It tells what it receives, once it is told to go on.
fn receiving_later(tell: UnboundedSender<Incoming>) -> (Arc<tokio::sync::Notify>, impl App) {
    let go_on = Arc::new(tokio::sync::Notify::new());
    let told = Arc::clone(&go_on);
    let app = move |_: Scope, mut receive: Receiver, mut send: Sender| {
        let (tell, told) = (tell.clone(), Arc::clone(&told));
        async move {
            accept(&mut send).await?;
            told.notified().await;
            loop {
                let incoming = receive.recv().await;
                let over = matches!(incoming, Incoming::End(_));
                let _ = tell.send(incoming);
                if over {
                    return Ok(());
                }
            }
        }
    };
    (go_on, app)
}

async fn end_of(told: &mut UnboundedReceiver<Incoming>) -> (Vec<Message>, End) {
    let mut messages = Vec::new();
    loop {
        match told.recv().await {
            Some(Incoming::Message(message)) => messages.push(message),
            Some(Incoming::End(end)) => return (messages, end),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn pings_that_nobody_receives_do_not_pile_up() {
    let (tell, mut told) = unbounded_channel();
    let (go_on, app) = receiving_later(tell);
    let (mut client, _server) = client_of(Control(app)).await;
    accepted(&mut client).await;
    let ping = |number: u32| frame(0x89, &number.to_be_bytes());
    let (mut written, mut rest) = (0, Vec::new());
    // It stalls once there is more than the server reads ahead.
    while written < 1_000_000 {
        let ping = ping(written);
        let mut at = 0;
        let stalled = timeout(Duration::from_secs(1), async {
            while at < ping.len() {
                at += client.write(&ping[at..]).await.unwrap();
            }
        });
        if stalled.await.is_err() {
            rest = ping[at..].to_vec();
            written += 1;
            break;
        }
        written += 1;
    }
    assert!(written < 1_000_000, "all is read though nothing is received");
    go_on.notify_one();
    client.write_all(&rest).await.unwrap();
    client.write_all(&frame(0x88, b"\x03\xe8")).await.unwrap();
    let (messages, end) = end_of(&mut told).await;
    assert_eq!(messages.len(), written as usize);
    assert!(
        messages
            .into_iter()
            .zip(0u32..)
            .all(|(message, number)| { message == Message::Ping(number.to_be_bytes().to_vec().into()) })
    );
    assert_eq!(end, End::Closed { code: 1000, reason: "".into(), clean: true });
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_before_a_close_may_take_longer_than_the_answer_to_it() {
    const LEN: usize = 4 << 20;
    let app = async |_: Scope, _: Receiver, mut send: Sender| {
        accept(&mut send).await?;
        send.send(binary(LEN)).await?;
        send.start_send(Outgoing::Close { code: 1000, reason: "".into() })?;
        Ok::<(), Error>(())
    };
    let (mut client, _server) = client_of(app).await;
    accepted(&mut client).await;
    let mut all = vec![0; 10 + LEN + 4];
    for part in all.chunks_mut(LEN / 8) {
        sleep(Duration::from_secs(5)).await;
        client.read_exact(part).await.unwrap();
    }
    assert!(all.ends_with(b"x\x88\x02\x03\xe8"));
    client.write_all(&frame(0x88, b"\x03\xe8")).await.unwrap();
    assert_eq!(client.read(&mut all).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_a_close_that_does_not_come_is_not_awaited_for_ever() {
    let app = async |_: Scope, _: Receiver, mut send: Sender| {
        accept(&mut send).await?;
        Ok::<(), Error>(())
    };
    let (mut client, server) = client_of(app).await;
    accepted(&mut client).await;
    let begun = tokio::time::Instant::now();
    server.await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), Config::default().websocket.close_timeout.as_secs());
}

#[tokio::test(start_paused = true)]
async fn the_close_of_a_peer_that_is_gone_before_it_is_answered_counts() {
    let (tell, mut told) = unbounded_channel();
    let app = move |_: Scope, mut receive: Receiver, mut send: Sender| {
        let tell = tell.clone();
        async move {
            accept(&mut send).await?;
            loop {
                let incoming = receive.recv().await;
                if let Incoming::Message(message) = &incoming {
                    send.start_send(Outgoing::Message(message.clone()))?;
                }
                let over = matches!(incoming, Incoming::End(_));
                let _ = tell.send(incoming);
                if over {
                    return Ok(());
                }
            }
        }
    };
    let (mut client, _server) = client_of(app).await;
    accepted(&mut client).await;
    let said = [frame(0x81, b"answer me"), frame(0x88, b"\x0f\xa0enough")].concat();
    assert_eq!(client.try_write(&said).unwrap(), said.len());
    drop(client);
    let (messages, end) = end_of(&mut told).await;
    assert_eq!(messages, [Message::Text("answer me".into())]);
    let End::Closed { code, reason, .. } = end else { panic!("{end}") };
    assert_eq!((code, reason), (4000, "enough".into()));
}

/// It would run in circles, and never come to the timeout.
#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_is_waited_for() {
    let (tell, mut told) = unbounded_channel();
    let app = move |_: Scope, _: Receiver, mut send: Sender| {
        let tell = tell.clone();
        async move {
            accept(&mut send).await?;
            loop {
                if let Err(error) = send.send(binary(1000)).await {
                    let _ = tell.send(error.clone());
                    return Err(error.into());
                }
            }
        }
    };
    let (mut client, _server) = client_of(app).await;
    accepted(&mut client).await;
    let begun = tokio::time::Instant::now();
    assert!(matches!(told.recv().await, Some(SendError::Disconnected(End::Closed { code: 1006, .. }))));
    assert_eq!(Some(begun.elapsed().as_secs()), Config::default().limits.write_timeout.map(|time| time.as_secs()));
}
