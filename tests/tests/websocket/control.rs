//! Pings and pongs (RFC 6455 sections 5.5.2 and 5.5.3).

use crate::{accept, echo, echo_wanting, message, text};
use bytes::Bytes;
use std::io::Write;
use transom::{Capabilities, Message, Outgoing, Receiver, SendError, Sender, Violation};
use transom_tests::websocket::{CLOSE, FIN, HANDSHAKE, PING, PONG, SWITCHED, TEXT, close, frame};
use transom_tests::{Client, Gate, Running, Watched, quiet, sockets, telling};

/// SPEC: WS-10, WS-11
#[test]
fn pings_are_answered() {
    let (app, told) = echo();
    let server = Running::start(app, quiet());
    let mut client = server.open();
    for len in [0, 1, 124, 125] {
        client.send(frame(FIN | PING, vec![0xff; len]));
        client.hear_frame(FIN | PONG, vec![0xff; len]);
    }
    client.send([frame(FIN | PONG, "nobody asked"), frame(FIN | TEXT, "hi")].concat());
    client.hear_frame(FIN | TEXT, "hi");
    assert_eq!((told.next(), told.rest()), (Ok(text("hi")), vec![]));
}

/// As soon as there is a socket.
#[test]
fn a_ping_with_the_handshake() {
    let server = Running::start(echo().0, quiet());
    let mut client = server.connect();
    client.send([HANDSHAKE.as_bytes(), &frame(FIN | PING, "early")].concat());
    client.hear(SWITCHED);
    client.hear_frame(FIN | PONG, "early");
}

/// The application awaits something else, and its messages may wait for it.
/// SPEC: WS-11
#[test]
fn while_the_application_is_busy() {
    let gate = Gate::new();
    let opened = gate.clone();
    let app = sockets(move |_, mut receive: Receiver, mut send: Sender| {
        let gate = opened.clone();
        async move {
            send.send(accept()).await?;
            gate.pass().await;
            while let Ok(message) = message(&mut receive).await {
                send.send(Outgoing::Message(message)).await?;
            }
            Ok(())
        }
    });
    let server = Running::start(app, quiet());
    let mut client = server.open();
    for at in 0..3 {
        client.send(frame(FIN | PING, [at]));
        client.hear_frame(FIN | PONG, [at]);
    }
    client.send([frame(FIN | TEXT, "unread"), frame(FIN | PING, "behind it")].concat());
    client.hear_frame(FIN | PONG, "behind it");
    client.send(frame(FIN | PING, "later"));
    client.hear_frame(FIN | PONG, "later");
    gate.open();
    client.hear_frame(FIN | TEXT, "unread");
    client.send(frame(FIN | CLOSE, close(1000, "")));
    client.hear_close(1000, "");
    client.hear_end();
}

/// What a client does not take is not kept for it: of the pings that find no room the last is answered.
#[test]
fn more_than_the_client_takes() {
    const COUNT: u32 = 100_000;
    let server = Running::start(echo().0, quiet());
    let mut client = Client::with_receive_buffer(server.address(), 64 << 10);
    client.open();
    let payload = |at: u32| [&at.to_be_bytes()[..], &[b'x'; 121]].concat();
    for at in 0..COUNT {
        client.stream().write_all(&frame(FIN | PING, payload(at))).expect("the server reads on");
    }
    let mut next = 0;
    let mut count = 0;
    while next < COUNT {
        let (first, heard) = client.frame();
        assert_eq!((first, heard.len()), (FIN | PONG, 125));
        let at = u32::from_be_bytes(heard[..4].try_into().expect("4 bytes"));
        assert!(at >= next, "{at} after {next}");
        assert_eq!(heard, payload(at));
        next = at + 1;
        count += 1;
    }
    assert!(count < COUNT, "every ping was answered, though the client did not read");
    client.send(frame(FIN | TEXT, "hi"));
    client.hear_frame(FIN | TEXT, "hi");
}

/// SPEC: APP-11, WS-10, WS-11
#[test]
fn for_an_application_that_wants_them() {
    let (app, told) = echo_wanting(Capabilities::WEBSOCKET_CONTROL);
    let server = Running::start(app, quiet());
    let mut client = server.open();
    client.send(frame(FIN | PING, "one"));
    client.hear_frame(FIN | PONG, "one");
    client.hear_frame(FIN | PING, "one");
    client.send(frame(FIN | PONG, "two"));
    client.hear_frame(FIN | PONG, "two");
    let (one, two) = (Bytes::from("one"), Bytes::from("two"));
    assert_eq!([told.next(), told.next()], [Ok(Message::Ping(one)), Ok(Message::Pong(two))]);
}

/// They wait for the application, as messages do: none is forgotten, however many there are.
#[test]
fn for_an_application_that_is_busy() {
    const COUNT: u32 = 1000;
    let gate = Gate::new();
    let (tell, told) = telling();
    let opened = gate.clone();
    let app = sockets(move |_, mut receive: Receiver, mut send: Sender| {
        let (gate, tell) = (opened.clone(), tell.clone());
        async move {
            send.send(accept()).await?;
            tell.send(Err(Watched::current()))?;
            gate.pass().await;
            while let Ok(message) = message(&mut receive).await {
                tell.send(Ok(message))?;
            }
            Ok(())
        }
    });
    let server = Running::start(app.wanting(Capabilities::WEBSOCKET_CONTROL), quiet());
    let mut client = server.open();
    let thread = told.next().unwrap_err();
    for at in 0..COUNT {
        client.send(frame(FIN | if at % 2 == 0 { PING } else { PONG }, at.to_string()));
    }
    client.send(frame(FIN | CLOSE, ""));
    assert!(thread.comes_to_rest());
    gate.open();
    for at in 0..COUNT {
        let expected = if at % 2 == 0 { Message::Ping } else { Message::Pong };
        assert_eq!(told.next().unwrap(), expected(at.to_string().into()));
    }
    for at in (0..COUNT).step_by(2) {
        client.hear_frame(FIN | PONG, at.to_string());
    }
    client.hear_frame(FIN | CLOSE, "");
    client.hear_end();
}

/// `wants` of the manifest decides.
/// SPEC: APP-11, WS-8
#[test]
fn sent_by_the_application() {
    for wants in [Capabilities::NONE, Capabilities::WEBSOCKET_CONTROL] {
        let app = sockets(move |_, _, mut send: Sender| async move {
            send.send(accept()).await?;
            for (event, len) in [
                (Message::Ping as fn(Bytes) -> Message, 0),
                (Message::Ping, 125),
                (Message::Pong, 125),
                (Message::Ping, 126),
                (Message::Pong, 126),
            ] {
                let expected = match len {
                    _ if wants.is_empty() => Err(SendError::Unsupported(Capabilities::WEBSOCKET_CONTROL)),
                    126 => Err(Violation::LengthMismatch.into()),
                    _ => Ok(()),
                };
                assert_eq!(send.send(Outgoing::Message(event(vec![b'x'; len].into()))).await, expected);
            }
            Ok(())
        });
        let server = Running::start(app.wanting(wants), quiet()).careless();
        let mut client = server.open();
        if !wants.is_empty() {
            client.hear_frame(FIN | PING, "");
            client.hear_frame(FIN | PING, [b'x'; 125]);
            client.hear_frame(FIN | PONG, [b'x'; 125]);
        }
        client.hear_close(1000, "");
    }
}
