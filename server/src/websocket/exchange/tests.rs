use super::*;
use crate::application::Application;
use crate::config::Config;
use crate::websocket::frame::tests::bytes_of;
use crate::worker::{Shared, Worker};
use std::sync::Weak;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake};
use transom::{Exchange as _, Half, Head, HttpScope, HttpVersion, Incoming, Receiver, Scope, SendError, Sender};
use transom::{ServerInfo, State as AppState};

mod closing;
mod driving;
mod handles;
mod pongs;
mod wakers;

/// Where `send` begins to wait.
const HIGH_WATER: usize = 1000;

fn worker() -> Arc<Worker> {
    let app = async |_: Scope, _: Receiver, _: Sender| Ok::<(), Error>(());
    let mut config = Config::default();
    config.limits.high_water = HIGH_WATER;
    let info = Arc::new(ServerInfo::new("test/1", Capabilities::NONE));
    Arc::new(Worker::new(Arc::new(Shared::new(config, Application::new(app), info, AppState::new()))))
}

fn connecting_with(capabilities: Capabilities) -> Arc<Exchange> {
    let handshake = [
        ("upgrade", "websocket"),
        ("connection", "upgrade"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let head = Head { headers: handshake.into_iter().collect(), ..Head::default() };
    let scope = WebSocketScope::new(HttpScope::new(Arc::new(head), capabilities));
    let handshake = Handshake::of(scope.http(), crate::DeflateMode::Off).unwrap();
    let asked = Asked { version: HttpVersion::Http11, head: false, connect: false, keep_alive: true };
    Arc::new(Exchange::new(&worker(), &scope, handshake, asked, Instant::now()))
}

fn connecting() -> Arc<Exchange> {
    connecting_with(Capabilities::WEBSOCKET_DENIAL)
}

/// Accepted, and that is written.
fn open() -> Arc<Exchange> {
    let exchange = connecting();
    exchange.start_send(ID, accept()).unwrap();
    assert!(write(&exchange).starts_with(b"HTTP/1.1 101 "));
    exchange
}

fn accept() -> Outgoing {
    Outgoing::Accept { subprotocol: None, headers: Headers::new() }
}

fn text(text: &'static str) -> Message {
    Message::Text(text.into())
}

/// As long as the frame around it makes it exactly `bytes`.
fn frame_of(bytes: usize) -> Outgoing {
    let header = if bytes < 128 { 2 } else { 4 };
    Outgoing::Message(Message::Binary(vec![b'x'; bytes - header].into()))
}

fn close(code: u16) -> Outgoing {
    Outgoing::Close { code, reason: "".into() }
}

fn closed(code: u16, clean: bool) -> End {
    End::Closed { code, reason: Utf8::default(), clean }
}

/// Takes what is to be written and writes all of it, as the connection does.
fn write(exchange: &Exchange) -> Vec<u8> {
    let (output, _) = exchange.collect();
    let bytes = bytes_of(output);
    exchange.written(0, Waker::noop());
    bytes
}

fn deliver(exchange: &Exchange, messages: impl IntoIterator<Item = Message>) -> bool {
    exchange.deliver(&mut messages.into_iter().collect(), Waker::noop())
}

fn recv(exchange: &Exchange) -> Poll<Received> {
    recv_by(exchange, Waker::noop())
}

fn recv_by(exchange: &Exchange, waker: &Waker) -> Poll<Received> {
    exchange.poll_recv(ID, &mut Context::from_waker(waker)).map(|incoming| match incoming {
        Incoming::Message(message) => Received::Message(message),
        Incoming::End(end) => Received::End(end),
        other => panic!("{other:?} in a WebSocket"),
    })
}

/// What [`Incoming`] is here, comparable.
#[derive(Debug, PartialEq, Eq)]
enum Received {
    Message(Message),
    End(End),
}

/// A waker that counts how often it is woken, and then uses the exchange: so no lock may be held.
struct Task {
    /// Weak: the exchange keeps the task's waker.
    exchange: Weak<Exchange>,
    woken: AtomicUsize,
}

impl Task {
    fn new(exchange: &Arc<Exchange>) -> (Arc<Self>, Waker) {
        let task = Arc::new(Self { exchange: Arc::downgrade(exchange), woken: AtomicUsize::new(0) });
        (Arc::clone(&task), Waker::from(task))
    }

    /// How often it was woken since it was asked last.
    fn woken(&self) -> usize {
        self.woken.swap(0, Ordering::Relaxed)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, Ordering::Relaxed);
        let exchange = self.exchange.upgrade().expect("who wakes it has the exchange");
        assert!(exchange.state.try_lock().is_ok(), "woken with the lock held");
        let mut cx = Context::from_waker(Waker::noop());
        let _ = exchange.poll_ready(ID, &mut cx);
        let _ = exchange.start_send(ID, Outgoing::Ready(AppState::new()));
    }
}

/// The wakers of all that can wait for an exchange.
struct Tasks {
    receive: (Arc<Task>, Waker),
    room: (Arc<Task>, Waker),
    flush: (Arc<Task>, Waker),
    closed: (Arc<Task>, Waker),
}

impl Tasks {
    fn new(exchange: &Arc<Exchange>) -> Self {
        let task = || Task::new(exchange);
        Self { receive: task(), room: task(), flush: task(), closed: task() }
    }

    /// Each waits for its own; says which of them need not.
    fn wait(&self, exchange: &Exchange) -> [bool; 4] {
        let flush = exchange.poll_flush(ID, &mut Context::from_waker(&self.flush.1));
        [
            recv_by(exchange, &self.receive.1).is_ready(),
            exchange.poll_ready(ID, &mut Context::from_waker(&self.room.1)).is_ready(),
            flush.is_ready(),
            exchange.poll_closed(ID, &mut Context::from_waker(&self.closed.1)).is_ready(),
        ]
    }

    /// How often each was woken since this was asked last: receive, room, flush, closed.
    fn woken(&self) -> [usize; 4] {
        [&self.receive, &self.room, &self.flush, &self.closed].map(|(task, _)| task.woken())
    }
}
