//! The closing handshake (RFC 6455 section 7).

use crate::{accept, binary, close as close_with, closed, echo, lost, message, open_at, text};
use std::io::Write;
use std::sync::LazyLock;
use std::time::Duration;
use transom::{App, End, Error, Outgoing, Receiver, SendError, Sender, Violation, WebSocketScope};
use transom_tests::websocket::{
    BINARY, CLOSE, CONTINUATION, FIN, HANDSHAKE, PING, SWITCHED, TEXT, close, frame, header,
};
use transom_tests::{Client, Closed, Gate, PATIENCE, Running, Told, Watched, quiet, sockets, telling};

/// SPEC: WS-12
#[test]
fn by_the_client() {
    let (app, told) = echo();
    let server = Running::start(app, quiet());
    static LONGEST: LazyLock<String> = LazyLock::new(|| "r".repeat(123));
    let reason: &'static str = &LONGEST;
    for (payload, answer, end) in [
        (close(1000, "bye"), close(1000, ""), closed(1000, "bye", true)),
        (close(1000, ""), close(1000, ""), closed(1000, "", true)),
        (vec![], vec![], closed(1005, "", true)),
        (close(1001, "away"), close(1001, ""), closed(1001, "away", true)),
        (close(1012, ""), close(1012, ""), closed(1012, "", true)),
        (close(3000, "é"), close(3000, ""), closed(3000, "é", true)),
        (close(4999, reason), close(4999, ""), closed(4999, reason, true)),
    ] {
        let mut client = server.open();
        client.send(frame(FIN | CLOSE, payload));
        client.hear_frame(FIN | CLOSE, answer);
        // The server is the first to close the connection (section 7.1.1).
        client.hear_end();
        assert_eq!(told.next(), Err(end));
    }
}

/// What came before is answered, and what comes behind is neither looked at nor a reason for a reset.
/// SPEC: WS-15
#[test]
fn what_stands_around_it() {
    let (app, told) = echo();
    let server = Running::start(app, quiet());
    for behind in [frame(FIN | TEXT, "behind"), vec![0xff; 300_000]] {
        let mut client = server.open();
        let close_frame = frame(FIN | CLOSE, close(1000, ""));
        client.send([frame(FIN | TEXT, "one"), frame(FIN | TEXT, "two"), close_frame, behind].concat());
        client.hear_frame(FIN | TEXT, "one");
        client.hear_frame(FIN | TEXT, "two");
        client.hear_close(1000, "");
        client.hear_end();
        assert_eq!([told.next(), told.next()], [Ok(text("one")), Ok(text("two"))]);
        assert_eq!(told.next(), Err(closed(1000, "", true)));
    }
    // A message that is not complete is none.
    let mut client = server.open();
    client.send([frame(TEXT, "un"), frame(FIN | CLOSE, close(1000, ""))].concat());
    client.hear_close(1000, "");
    client.hear_end();
    assert_eq!(told.next(), Err(closed(1000, "", true)));
}

/// A client that goes on talking gets no reset, on which it might forget what it has not read yet.
#[test]
fn a_client_that_goes_on_talking() {
    let (tell, told) = telling();
    let app = sockets(move |_, mut receive: Receiver, mut send: Sender| {
        let tell = tell.clone();
        async move {
            tell.send(Watched::current())?;
            send.send(accept()).await?;
            message(&mut receive).await.unwrap_err();
            Ok(())
        }
    });
    let mut config = quiet();
    config.limits.linger = PATIENCE;
    let server = Running::start(app, config);
    for payload in [close(1000, ""), b"x".to_vec()] {
        let mut client = server.open();
        client.send(frame(FIN | CLOSE, payload));
        assert_eq!(client.frame().0, FIN | CLOSE);
        client.hear_end();
        assert!(told.next().comes_to_rest());
        // After the end only writing tells of a reset.
        for _ in 0..10 {
            client.stream().write_all(&[0xff; 100_000]).expect("no reset");
        }
    }
}

/// The connection does not wait for the call. What comes with the handshake is answered when that is.
/// SPEC: APP-3, CLOSED-1, WS-12
#[test]
fn while_the_call_goes_on() {
    let gate = Gate::new();
    let (tell, told) = telling();
    let opened = gate.clone();
    let app = sockets(move |_, mut receive: Receiver, mut send: Sender| {
        let (gate, tell) = (opened.clone(), tell.clone());
        async move {
            send.send(accept()).await?;
            gate.pass().await;
            let end = message(&mut receive).await.unwrap_err();
            let sent = send.send(Outgoing::Message(text("late"))).await;
            tell.send((end, sent, send.closed().await, send.flush().await))?;
            Ok(())
        }
    });
    let server = Running::start(app, quiet());
    for (payload, code, answer, end) in [
        (close(1001, "away"), 1001, "", closed(1001, "away", true)),
        (b"x".to_vec(), 1002, "a close frame of one byte", closed(1002, "a close frame of one byte", false)),
    ] {
        for with_the_handshake in [false, true] {
            let mut client = server.connect();
            let frame = frame(FIN | CLOSE, &payload);
            if with_the_handshake {
                client.send([HANDSHAKE.as_bytes(), &frame].concat());
                client.hear(SWITCHED);
            } else {
                client.open();
                client.send(frame);
            }
            client.hear_close(code, answer);
            client.hear_end();
            gate.open();
            let error = Err(SendError::Disconnected(end.clone()));
            assert_eq!(told.next(), (end.clone(), error, end.clone(), Ok(())));
        }
    }
}

/// Receives one message, closes with 4000, and tells what it receives afterwards.
fn closing() -> (impl App, Told<crate::Received>) {
    let (tell, told) = telling();
    let app = sockets(move |_, mut receive: Receiver, mut send: Sender| {
        let tell = tell.clone();
        async move {
            send.send(accept()).await?;
            message(&mut receive).await.expect("a message");
            send.send(close_with(4000, "done")).await?;
            for event in [Outgoing::Message(text("late")), close_with(1000, ""), accept()] {
                assert_eq!(send.send(event).await, Err(SendError::Finished));
            }
            loop {
                let received = message(&mut receive).await;
                let end = received.clone().err();
                tell.send(received)?;
                if let Some(end) = end {
                    assert_eq!(send.closed().await, end);
                    assert_eq!(send.send(accept()).await, Err(SendError::Disconnected(end)));
                    return Ok(());
                }
            }
        }
    });
    (app, told)
}

/// SPEC: WS-2, WS-16
#[test]
fn by_the_application() {
    let (app, told) = closing();
    let server = Running::start(app, quiet()).careless();
    let mut client = server.open();
    client.send(frame(FIN | TEXT, "close"));
    client.hear_close(4000, "done");
    // What was on its way by then.
    client.send([frame(FIN | TEXT, "one"), frame(FIN | PING, ""), frame(BINARY, "tw")].concat());
    client.send([frame(FIN | CONTINUATION, "o"), frame(FIN | CLOSE, close(4001, "too"))].concat());
    client.hear_end();
    assert_eq!([told.next(), told.next()], [Ok(text("one")), Ok(binary("two"))]);
    assert_eq!(told.next(), Err(closed(4001, "too", true)));
}

/// SPEC: WS-16
#[test]
fn by_both_at_once() {
    let (app, told) = closing();
    let server = Running::start(app, quiet()).careless();
    let mut client = server.open();
    client.send([frame(FIN | TEXT, "close"), frame(FIN | CLOSE, close(1001, ""))].concat());
    client.hear_close(4000, "done");
    client.hear_end();
    assert_eq!(told.next(), Err(closed(1001, "", true)));
}

/// A fault instead of a close: there is one close frame, and no second.
#[test]
fn a_fault_while_the_close_is_awaited() {
    let (app, told) = closing();
    let server = Running::start(app, quiet()).careless();
    let mut client = server.open();
    client.send(frame(FIN | TEXT, "close"));
    client.hear_close(4000, "done");
    client.send(frame(FIN | CONTINUATION, ""));
    client.hear_end();
    assert_eq!(told.next(), Err(closed(1002, "there is no message to continue", false)));
}

/// A close that may not be sent changes nothing.
/// SPEC: ERROR-1, WS-6
#[test]
fn with_what_may_not_be_sent() {
    let app = sockets(async |_, mut receive: Receiver, mut send: Sender| {
        send.send(accept()).await?;
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535] {
            assert_eq!(send.send(close_with(code, "")).await, Err(Violation::BadCloseCode.into()));
        }
        let long = Outgoing::Close { code: 1000, reason: "x".repeat(124).into() };
        assert_eq!(send.send(long).await, Err(Violation::BadCloseCode.into()));
        send.send(Outgoing::Close { code: 3000, reason: "x".repeat(123).into() }).await?;
        message(&mut receive).await.unwrap_err();
        Ok(())
    });
    let server = Running::start(app, quiet()).careless();
    let mut client = server.open();
    client.hear_close(3000, &"x".repeat(123));
}

/// How a call ends that leaves its socket open.
fn leaving() -> impl App {
    sockets(async |scope: WebSocketScope, mut receive: Receiver, mut send: Sender| {
        send.send(accept()).await?;
        message(&mut receive).await.expect("a message");
        send.send(Outgoing::Message(text("last"))).await?;
        match scope.http().target() {
            b"/ok" => Ok(()),
            b"/fail" => Err("it fails".into()),
            b"/unsupported" => Err(Error::unsupported()),
            b"/panic" => panic!("it panics"),
            _ => unreachable!("no test asks for it"),
        }
    })
}

/// SPEC: WS-14
#[test]
fn by_the_end_of_the_call() {
    let server = Running::start(leaving(), quiet());
    for (target, code) in [("/ok", 1000), ("/fail", 1011), ("/unsupported", 1011), ("/panic", 1011)] {
        let mut client = open_at(&server, target);
        client.send(frame(FIN | TEXT, "go"));
        client.hear_frame(FIN | TEXT, "last");
        client.hear_close(code, "");
        // Nobody is there to receive it, and the server reads on up to the close.
        client.send(frame(FIN | BINARY, vec![b'x'; 1 << 20]));
        client.send([frame(FIN | TEXT, "late"), frame(FIN | PING, ""), frame(FIN | CLOSE, close(code, ""))].concat());
        client.hear_end();
    }
    // The client was first.
    let mut client = open_at(&server, "/ok");
    client.send([frame(FIN | TEXT, "go"), frame(FIN | CLOSE, close(1001, ""))].concat());
    client.hear_frame(FIN | TEXT, "last");
    let (_, payload) = client.frame();
    assert!(payload == close(1000, "") || payload == close(1001, ""), "{}", payload.escape_ascii());
    client.hear_end();
}

/// As by an error, at once; and the rest may be received.
/// SPEC: WS-16, WS-21
#[test]
fn by_the_loss_of_the_sender() {
    let (tell, told) = telling();
    let app = sockets(move |_, mut receive: Receiver, mut send: Sender| {
        let tell = tell.clone();
        async move {
            send.send(accept()).await?;
            drop(send);
            while let Ok(message) = message(&mut receive).await {
                tell.send(Ok(message))?;
            }
            tell.send(message(&mut receive).await)?;
            Ok(())
        }
    });
    let server = Running::start(app, quiet());
    let mut client = server.open();
    client.hear_close(1011, "");
    client.send([frame(FIN | TEXT, "hi"), frame(FIN | CLOSE, close(1011, ""))].concat());
    client.hear_end();
    assert_eq!(told.next(), Ok(text("hi")));
    assert_eq!(told.next(), Err(closed(1011, "", true)));
}

/// Everything that a socket says once its peer has vanished.
#[derive(Debug, PartialEq)]
struct Lost {
    closed: End,
    received: End,
    sent: SendError,
    flushed: SendError,
}

/// Waits in the way that the target names until the peer has left.
fn waiting() -> (impl App, Told<Watched>, Told<Lost>) {
    let (here, called) = telling();
    let (tell, told) = telling();
    let app = sockets(move |scope: WebSocketScope, mut receive: Receiver, mut send: Sender| {
        let (here, tell) = (here.clone(), tell.clone());
        async move {
            send.send(accept()).await?;
            here.send(Watched::current())?;
            match scope.http().target() {
                b"/closed" => drop(send.closed().await),
                b"/send" => while send.send(Outgoing::Message(binary(vec![b'x'; 64 << 10]))).await.is_ok() {},
                b"/flush" => {
                    send.start_send(Outgoing::Message(binary(vec![b'x'; 64 << 20])))?;
                    send.flush().await.unwrap_err();
                }
                _ => {}
            }
            let received = loop {
                if let Err(end) = message(&mut receive).await {
                    break end;
                }
            };
            tell.send(Lost {
                closed: send.closed().await,
                received,
                sent: send.send(Outgoing::Message(text("late"))).await.unwrap_err(),
                flushed: send.flush().await.unwrap_err(),
            })?;
            Ok(())
        }
    });
    (app, called, told)
}

fn leave(client: Client, way: Closed) {
    match way {
        Closed::Orderly => drop(client),
        _ => client.reset(),
    }
}

fn without_a_peer() -> Lost {
    let error = || SendError::Disconnected(lost());
    Lost { closed: lost(), received: lost(), sent: error(), flushed: error() }
}

/// SPEC: DISC-1, DISC-2, WS-12
#[test]
fn a_client_that_vanishes() {
    let (app, called, told) = waiting();
    let server = Running::start(app, quiet());
    for way in [Closed::Orderly, Closed::Reset] {
        for target in ["/recv", "/closed", "/send", "/flush"] {
            // With nothing, or something that is not complete.
            for said in [vec![], frame(TEXT, "part"), header(FIN | TEXT, 100)] {
                let mut client = open_at(&server, target);
                client.send(said);
                assert!(called.next().comes_to_rest());
                leave(client, way);
                assert_eq!(told.next(), without_a_peer(), "{target} {way:?}");
            }
        }
    }
}

/// The application waits for the end alone; the messages before it are not received.
/// SPEC: DISC-2
#[test]
fn a_client_that_is_reset_behind_messages_that_are_not_received() {
    let (app, called, told) = waiting();
    let server = Running::start(app, quiet());
    for count in [1, 2, 3, 300] {
        let mut client = open_at(&server, "/closed");
        client.send(frame(FIN | TEXT, "unread").repeat(count));
        assert!(called.next().comes_to_rest());
        client.reset();
        assert_eq!(told.next().closed, lost(), "behind {count} messages");
    }
}

/// The server gives up waiting for the answer to its close.
/// SPEC: WS-16
#[test]
fn a_client_that_never_closes() {
    let (app, told) = closing();
    let mut config = quiet();
    config.websocket.close_timeout = Duration::from_millis(100);
    let server = Running::start(app, config.clone()).careless();
    let mut client = server.open();
    client.send(frame(FIN | TEXT, "close"));
    client.hear_close(4000, "done");
    client.hear_end();
    assert_eq!(told.next(), Err(lost()));

    // After the call too, and though the client goes on talking.
    let server = Running::start(leaving(), config);
    let mut client = open_at(&server, "/ok");
    client.send(frame(FIN | TEXT, "go"));
    client.hear_frame(FIN | TEXT, "last");
    client.hear_close(1000, "");
    client.send(frame(FIN | PING, ""));
    client.hear_end();
}

/// What it does not want to hear keeps nothing from being seen, however much it is.
/// SPEC: WS-22
#[test]
fn while_the_receiver_is_gone() {
    let (tell, told) = telling();
    let app = sockets(move |_, receive: Receiver, mut send: Sender| {
        let tell = tell.clone();
        async move {
            send.send(accept()).await?;
            drop(receive);
            tell.send(send.closed().await)?;
            Ok(())
        }
    });
    let server = Running::start(app, quiet());
    let mut client = server.open();
    for _ in 0..40 {
        client.send(frame(FIN | TEXT, vec![b'x'; 100_000]));
    }
    client.send(frame(FIN | CLOSE, close(3000, "enough")));
    client.hear_close(3000, "");
    assert_eq!(told.next(), closed(3000, "enough", true));
}
