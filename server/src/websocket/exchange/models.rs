//! What handles on other threads and the connection do at the same time, in every order that there is; see the models of
//! [`http1`](crate::http1).

use super::*;
use crate::application::Application;
use crate::config::Config;
use crate::websocket::DeflateMode;
use crate::worker::Shared;
use loom::future::block_on;
use loom::thread;
use std::future::poll_fn;
use std::task::Poll;
use transom::{
    Head, HttpScope, HttpVersion, Incoming, Receiver, Scope, SendError, Sender, ServerInfo, State as AppState,
};

/// As for the exchanges of HTTP/1.
const PREEMPTIONS: usize = 2;

fn model(run: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS);
    builder.check(run);
}

/// An exchange, and its handles.
fn connecting(high_water: usize) -> (Arc<Exchange>, Receiver, Sender) {
    let app = async |_: Scope, _: Receiver, _: Sender| Ok::<(), Error>(());
    let mut config = Config::default();
    config.limits.high_water = high_water;
    let info = Arc::new(ServerInfo::new("test/1", Capabilities::NONE));
    let shared = Shared::new(config, Application::new(app), info, AppState::new());
    let worker = Arc::new(Worker::new(Arc::new(shared)));
    let fields = [("sec-websocket-version", "13"), ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")];
    let head = Head { headers: fields.into_iter().collect(), ..Head::default() };
    let scope = WebSocketScope::new(HttpScope::new(Arc::new(head), Capabilities::NONE));
    let handshake = Handshake::of(scope.http(), DeflateMode::Off).unwrap();
    let asked = Asked { version: HttpVersion::Http11, head: false, connect: false, keep_alive: true };
    let exchange = Arc::new(Exchange::new(&worker, &scope, handshake, asked, Instant::now()));
    let (receive, send) = (Receiver::new(Arc::clone(&exchange) as _, ID), Sender::new(Arc::clone(&exchange) as _, ID));
    (exchange, receive, send)
}

/// Does what a connection does while its call waits for others: writes, and delivers one message after the other, each
/// when the one before was received. Ends when it sees what is looked for, with everything written so far.
fn serve(exchange: &Exchange, mut messages: Vec<Message>, mut ends: impl FnMut(Progress) -> bool) -> u64 {
    let (mut waited, mut written) = (false, 0);
    block_on(poll_fn(|cx| {
        if std::mem::replace(&mut waited, true) {
            exchange.resume(Instant::now());
        }
        loop {
            let (output, progress) = exchange.collect();
            written += output.len();
            let mut may_go_on = exchange.written(0, cx.waker());
            if ends(progress) && messages.is_empty() {
                return Poll::Ready(());
            }
            if progress.accepted && !messages.is_empty() && !exchange.block(true) {
                let mut decoded = VecDeque::from([messages.remove(0)]);
                may_go_on |= exchange.deliver(&mut decoded, cx.waker());
                continue;
            }
            if !may_go_on && exchange.park(cx.waker()) {
                return Poll::Pending;
            }
        }
    }));
    written
}

fn accept() -> Outgoing {
    Outgoing::Accept { subprotocol: None, headers: Headers::new() }
}

fn text() -> Message {
    Message::Text("hello".into())
}

fn close() -> Outgoing {
    Outgoing::Close { code: 1000, reason: Utf8::default() }
}

#[test]
fn what_is_sent_on_another_thread_is_written() {
    for high_water in [1, 1000] {
        model(move || {
            let (exchange, _receive, mut send) = connecting(high_water);
            let handle = thread::spawn(move || {
                block_on(async {
                    send.send(accept()).await?;
                    send.send(close()).await
                })
            });
            let written = serve(&exchange, Vec::new(), |progress| progress.closing != Closing::Open);
            assert_eq!(handle.join().unwrap(), Ok(()));
            assert!(written > 100);
        });
    }
}

#[test]
fn who_waits_for_messages_is_woken_and_lets_the_connection_go_on() {
    model(|| {
        let (exchange, mut receive, mut send) = connecting(1000);
        block_on(send.send(accept())).unwrap();
        let handle = thread::spawn(move || block_on(async { [receive.recv().await, receive.recv().await] }));
        serve(&exchange, vec![text(), text()], |_| true);
        let received = handle.join().unwrap();
        assert!(received.iter().all(|event| matches!(event, Incoming::Message(message) if *message == text())));
    });
}

#[test]
fn a_sender_dropped_on_another_thread_is_noticed() {
    model(|| {
        let (exchange, _receive, mut send) = connecting(1000);
        block_on(send.send(accept())).unwrap();
        let handle = thread::spawn(move || drop(send));
        serve(&exchange, Vec::new(), |progress| progress.abandoned);
        handle.join().unwrap();
    });
}

#[test]
fn who_waits_when_the_call_returns_is_woken() {
    model(|| {
        let (exchange, mut receive, mut send) = connecting(1000);
        block_on(send.send(accept())).unwrap();
        let reader = thread::spawn(move || block_on(receive.recv()));
        let watcher = thread::spawn(move || block_on(send.closed()));
        exchange.finish(Ok(()));
        assert!(matches!(reader.join().unwrap(), Incoming::End(End::Complete)));
        assert_eq!(watcher.join().unwrap(), End::Complete);
    });
}

#[test]
fn who_waits_when_the_peer_is_gone_is_woken() {
    model(|| {
        let (exchange, mut receive, mut send) = connecting(1);
        block_on(send.send(accept())).unwrap();
        let gone = End::Closed { code: 1006, reason: Utf8::default(), clean: false };
        let reader = thread::spawn(move || block_on(receive.recv()));
        let writer = thread::spawn(move || block_on(send.send(Outgoing::Message(text()))));
        exchange.gone(Waker::noop());
        assert!(matches!(reader.join().unwrap(), Incoming::End(end) if end == gone));
        assert_eq!(writer.join().unwrap(), Err(SendError::Disconnected(gone)));
    });
}
