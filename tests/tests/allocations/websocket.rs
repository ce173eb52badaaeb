//! WebSockets.

use crate::{MEASURED, WARM_UP};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use transom::{Capabilities, Error, Headers, Incoming, Message, Outgoing, Receiver, Sender, WebSocketScope};
use transom_server::Config;
use transom_tests::websocket::{BINARY, FIN, PING, PONG, TEXT, frame, plain};
use transom_tests::{Client, Gate, Running, Watched, allocator, sockets, telling};

const ACCEPT: Outgoing = Outgoing::Accept { subprotocol: None, headers: Headers::new() };

async fn echo(_scope: WebSocketScope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    send.send(ACCEPT).await?;
    while let Incoming::Message(message) = receive.recv().await {
        send.send(Outgoing::Message(message)).await?;
    }
    Ok(())
}

fn one_worker() -> Config {
    let mut config = Config::default();
    config.workers = 1;
    config.server_header = None;
    config.date_header = false;
    config
}

/// The connection of a client that is open, whose reads and writes ask for nothing.
fn open(server: &Running) -> TcpStream {
    server.open().stream().try_clone().expect("one more descriptor")
}

/// What is asked for to answer `MEASURED` times what is said, in as many writes as there are pieces.
fn measure(said: &[&[u8]], heard: &[u8]) -> u64 {
    let server = Running::without_lint(sockets(echo), one_worker());
    let mut stream = open(&server);
    let mut buffer = vec![0; heard.len()];
    let mut ask = || {
        for piece in said {
            stream.write_all(piece).expect("it reads");
        }
        stream.read_exact(&mut buffer).expect("it answers");
        assert!(buffer == heard);
    };
    for _ in 0..WARM_UP {
        ask();
    }
    let before = allocator::count();
    for _ in 0..MEASURED {
        ask();
    }
    allocator::count() - before
}

pub(crate) fn per_message() {
    let (hi, plain_hi) = (frame(FIN | TEXT, "hi"), plain(FIN | TEXT, "hi"));
    let (data, plain_data) = (frame(FIN | BINARY, [b'x'; 1000]), plain(FIN | BINARY, [b'x'; 1000]));
    let (ping, pong) = (frame(FIN | PING, "x"), plain(FIN | PONG, "x"));
    let counts = [
        ("a text", measure(&[&hi], &plain_hi)),
        ("a text in two pieces", measure(&[&hi[..4], &hi[4..]], &plain_hi)),
        ("a thousand bytes", measure(&[&data], &plain_data)),
        ("in two pieces", measure(&[&data[..500], &data[500..]], &plain_data)),
        ("16 at once", measure(&[&hi.repeat(16)], &plain_hi.repeat(16))),
        ("a ping", measure(&[&ping], &pong)),
    ];
    assert_eq!(counts, counts.map(|(name, _)| (name, 0)));
}

/// Of the server, of which the client is silent otherwise.
pub(crate) fn per_ping() {
    let mut config = one_worker();
    config.websocket.ping_interval = Some(Duration::from_millis(5));
    let server = Running::without_lint(sockets(echo), config);
    let mut stream = open(&server);
    let answer = frame(FIN | PONG, "");
    let mut pings = |count: usize| {
        let mut ping = [0; 2];
        for _ in 0..count {
            stream.read_exact(&mut ping).expect("it pings");
            assert_eq!(ping, [FIN | PING, 0]);
            stream.write_all(&answer).expect("it reads");
        }
    };
    pings(20);
    let before = allocator::count();
    pings(100);
    assert_eq!(allocator::count() - before, 0, "of 100 pings");
}

/// As many as there are descriptors for where the limit is 1024.
const SOCKETS: usize = 400;

/// What is held for each of so many sockets, when `talk` has been had with each of them and the server is at rest.
fn held_for_each(sockets: usize, wants: Capabilities, call: Call, talk: impl Fn(&mut Client)) -> usize {
    let (tell, told) = telling();
    let gate = Gate::new();
    let opened = gate.clone();
    let app = transom_tests::sockets(move |_, receive: Receiver, mut send: Sender| {
        let (tell, gate) = (tell.clone(), opened.clone());
        async move {
            tell.send(Watched::current())?;
            send.send(ACCEPT).await?;
            match call {
                Call::Echo => echo_on(receive, send).await,
                Call::Send => loop {
                    send.send(Outgoing::Message(Message::Binary(vec![b'x'; 8 << 10].into()))).await?;
                },
                Call::Wait => {
                    gate.pass().await;
                    Ok(())
                }
            }
        }
    });
    let server = Running::without_lint(app.wanting(wants), one_worker());
    let mut clients = Vec::with_capacity(sockets);
    let mut connect = || {
        let mut client = Client::with_receive_buffer(server.address(), 4 << 10);
        client.open();
        talk(&mut client);
        clients.push(client);
    };
    // What is held once for all.
    connect();
    let thread = told.next();
    assert!(thread.comes_to_rest());
    let before = allocator::held();
    for _ in 1..sockets {
        connect();
        told.next();
    }
    assert!(thread.comes_to_rest());
    allocator::held().saturating_sub(before) / (sockets - 1)
}

#[derive(Clone, Copy)]
enum Call {
    Echo,
    /// Until it cannot.
    Send,
    /// For nothing, receiving nothing.
    Wait,
}

async fn echo_on(mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    while let Incoming::Message(message) = receive.recv().await {
        send.send(Outgoing::Message(message)).await?;
    }
    Ok(())
}

/// No buffers: those that a socket needs while it talks are lent.
pub(crate) fn held_while_idle() {
    let talk = |client: &mut Client| {
        client.send(frame(FIN | BINARY, [b'x'; 1000]));
        client.hear_frame(FIN | BINARY, [b'x'; 1000]);
    };
    let each = held_for_each(SOCKETS, Capabilities::NONE, Call::Echo, talk);
    assert!(each < 8 << 10, "{each} bytes");
}

/// The high-water mark and one message, in a buffer that doubled when it grew.
pub(crate) fn held_for_clients_that_never_read() {
    let each = held_for_each(SOCKETS, Capabilities::NONE, Call::Send, |_| {});
    assert!(each < 160 << 10, "{each} bytes");
}

/// However many, whether the client takes the answers or not, and whether the application wants them or not.
pub(crate) fn held_for_pings() {
    let pings = frame(FIN | PING, [b'x'; 125]).repeat(1000);
    for wants in [Capabilities::NONE, Capabilities::WEBSOCKET_CONTROL] {
        let talk = |client: &mut Client| {
            client.stream().set_nonblocking(true).expect("a TCP socket");
            // As many as it reads.
            for _ in 0..4 {
                let _ = client.stream().write_all(&pings);
            }
            client.stream().set_nonblocking(false).expect("a TCP socket");
        };
        let each = held_for_each(50, wants, Call::Wait, talk);
        assert!(each < 160 << 10, "{each} bytes, wanting {wants}");
    }
}
