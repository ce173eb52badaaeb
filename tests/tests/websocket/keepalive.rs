//! Signs of life: a ping when nothing was heard for a time, and the end when nothing answers it.

use crate::{accept, closed, echo, message, open_at, text};
use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};
use transom::{Outgoing, Receiver, Sender, WebSocketScope};
use transom_server::Config;
use transom_tests::websocket::{CLOSE, FIN, PING, PONG, TEXT, close, frame};
use transom_tests::{Gate, PATIENCE, Running, Watched, quiet, sockets, telling};

const SHORT: Option<Duration> = Some(Duration::from_millis(100));

const SILENT: &str = "no answer to a ping";

fn with(interval: Option<Duration>, timeout: Option<Duration>) -> Config {
    let mut config = quiet();
    config.websocket.ping_interval = interval;
    config.websocket.ping_timeout = timeout;
    config
}

/// SPEC: WS-19
#[test]
fn a_client_that_is_silent() {
    let (app, told) = echo();
    let server = Running::start(app, with(SHORT, SHORT));
    let mut client = server.open();
    client.hear_frame(FIN | PING, "");
    client.hear_close(1011, SILENT);
    client.hear_end();
    assert_eq!(told.next(), Err(closed(1011, SILENT, false)));
}

/// Each answer is good until the next ping.
#[test]
fn a_client_that_answers() {
    let (app, told) = echo();
    let server = Running::start(app, with(SHORT, Some(PATIENCE)));
    let mut client = server.open();
    for answer in [frame(FIN | PONG, ""), frame(FIN | PONG, "anything"), frame(FIN | TEXT, "hi")] {
        client.hear_frame(FIN | PING, "");
        client.send(answer);
    }
    client.hear_frame(FIN | TEXT, "hi");
    assert_eq!(told.next(), Ok(text("hi")));
    // A single byte of something is a sign too.
    client.hear_frame(FIN | PING, "");
    let (first, rest) = (&frame(FIN | TEXT, "ho")[..1], &frame(FIN | TEXT, "ho")[1..]);
    client.send(first);
    client.hear_frame(FIN | PING, "");
    client.send(rest);
    client.hear_frame(FIN | TEXT, "ho");
}

/// A message that takes longer than the time without a byte.
#[test]
fn a_client_that_is_slow_and_steady() {
    let interval = Duration::from_secs(2);
    let server = Running::start(echo().0, with(Some(interval), SHORT));
    let mut client = server.open();
    let mut said = frame(FIN | TEXT, "x".repeat(10_000));
    let mut place = 0;
    let begun = Instant::now();
    client.stream().set_read_timeout(Some(Duration::from_millis(5))).unwrap();
    while begun.elapsed() < interval * 5 / 4 {
        client.send(&said[place..=place]);
        place += 1;
        match client.stream().read(&mut [0]) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            read => panic!("heard {read:?}"),
        }
    }
    client.stream().set_read_timeout(Some(PATIENCE)).unwrap();
    client.send(said.split_off(place));
    client.hear_frame(FIN | TEXT, "x".repeat(10_000));
}

/// Pings that nobody has to answer keep the way open.
#[test]
fn without_a_limit_for_the_answer() {
    let server = Running::start(echo().0, with(SHORT, None));
    let mut client = server.open();
    for _ in 0..3 {
        client.hear_frame(FIN | PING, "");
    }
    client.send(frame(FIN | TEXT, "hi"));
    client.hear_frame(FIN | TEXT, "hi");
}

/// Waits until a silent client of a server with short times has been given up, and that twice.
fn time_passes() {
    let server = Running::start(echo().0, with(SHORT, SHORT));
    for _ in 0..2 {
        let mut client = server.open();
        client.hear_frame(FIN | PING, "");
        client.hear_close(1011, SILENT);
    }
}

#[test]
fn switched_off() {
    let server = Running::start(echo().0, with(None, SHORT));
    let mut client = server.open();
    time_passes();
    client.send(frame(FIN | TEXT, "hi"));
    client.hear_frame(FIN | TEXT, "hi");
}

/// A client that is not listened to cannot answer: what it said waits for the application.
/// SPEC: WS-19
#[test]
fn while_the_application_does_not_receive() {
    let gate = Gate::new();
    let (tell, told) = telling();
    let opened = gate.clone();
    let app = sockets(move |scope: WebSocketScope, mut receive: Receiver, mut send: Sender| {
        let (gate, tell) = (opened.clone(), tell.clone());
        async move {
            send.send(accept()).await?;
            if scope.http().target() == b"/wait" {
                tell.send(Watched::current())?;
                gate.pass().await;
            }
            while let Ok(message) = message(&mut receive).await {
                send.send(Outgoing::Message(message)).await?;
            }
            Ok(())
        }
    });
    let server = Running::start(app, with(SHORT, SHORT));
    let mut client = open_at(&server, "/wait");
    let thread = told.next();
    for _ in 0..3 {
        // Behind the first one the server does not look.
        client.send(frame(FIN | TEXT, "hi"));
        assert!(thread.comes_to_rest());
    }
    time_passes();
    // On the same thread too.
    let mut silent = server.open();
    silent.hear_frame(FIN | PING, "");
    silent.hear_close(1011, SILENT);
    gate.open();
    for _ in 0..3 {
        client.hear_frame(FIN | TEXT, "hi");
    }
    client.send(frame(FIN | CLOSE, close(1000, "")));
    // It may be asked for a sign again by now.
    while client.frame() != (FIN | CLOSE, close(1000, "")) {}
    client.hear_end();
}

/// Until the application has decided there is no WebSocket to be kept alive.
#[test]
fn before_the_handshake_is_answered() {
    let gate = Gate::new();
    let opened = gate.clone();
    let app = sockets(move |_, mut receive: Receiver, mut send: Sender| {
        let gate = opened.clone();
        async move {
            gate.pass().await;
            send.send(accept()).await?;
            let message = message(&mut receive).await.expect("a message");
            Ok(send.send(Outgoing::Message(message)).await?)
        }
    });
    let server = Running::start(app, with(SHORT, Some(PATIENCE)));
    let mut client = server.connect();
    client.send(transom_tests::websocket::HANDSHAKE);
    time_passes();
    gate.open();
    client.hear(transom_tests::websocket::SWITCHED);
    client.hear_frame(FIN | PING, "");
    client.send(frame(FIN | TEXT, "hi"));
    client.hear_frame(FIN | TEXT, "hi");
}
