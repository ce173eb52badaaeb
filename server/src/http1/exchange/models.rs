//! What handles on other threads and the connection do at the same time, in every order that there is: a wake-up that is
//! lost in one of them leaves all threads waiting, which loom reports.
//!
//! `tests/run models` runs them; all else that is tested does not work with loom's types.

use super::*;
use crate::application::Application;
use crate::config::Config;
use crate::output::Next;
use crate::worker::Shared;
use loom::future::block_on;
use loom::thread;
use std::future::poll_fn;
use std::task::{Context, Poll};
use transom::{Incoming, Receiver, Scope, SendError, Sender, ServerInfo, State as AppState};

/// How often a thread may be stopped where it could have gone on: what loom recommends, since nearly all faults take no
/// more.
const PREEMPTIONS: usize = 2;

fn model(run: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS);
    builder.check(run);
}

/// The connection's side of exchanges: what it has read and written.
struct Connection {
    exchanges: Arc<Exchanges>,
    lent: Box<Lent>,
    /// What the peer sends.
    input: &'static [u8],
    /// It is read before the call waits for it.
    reads_ahead: bool,
    written: Vec<u8>,
}

impl Connection {
    fn new(high_water: usize) -> Self {
        let app = async |_: Scope, _: Receiver, _: Sender| Ok::<(), Error>(());
        let mut config = Config::default();
        config.limits.high_water = high_water;
        let info = Arc::new(ServerInfo::new("test/1", Capabilities::NONE));
        let shared = Shared::new(config, Application::new(app), info, AppState::new());
        let worker = Arc::new(Worker::new(Arc::new(shared)));
        let exchanges = Arc::new(Exchanges::new(worker));
        Self { exchanges, lent: Box::default(), input: b"", reads_ahead: false, written: Vec::new() }
    }

    /// Begins an exchange with a body of as many bytes.
    fn begin(&mut self, body: u64) -> (Receiver, Sender) {
        let capabilities = Capabilities::NONE;
        let hint = if body == 0 { BodyHint::None } else { BodyHint::Exact(body) };
        let id = self.exchanges.begin(Begin {
            rules: HttpRules { capabilities, head: false, connect: false, upgrade: false },
            asked: Asked { version: HttpVersion::Http11, head: false, connect: false, keep_alive: true },
            expects_continue: false,
            protocol: None,
            lent: &mut self.lent,
            decoder: Decoder::new(hint, NO_BODY),
            now: Instant::now(),
        });
        (Receiver::new(Arc::clone(&self.exchanges) as _, id), Sender::new(Arc::clone(&self.exchanges) as _, id))
    }

    /// Does what a connection does while its call waits for others, until the response is written and the request read.
    fn serve(&mut self) {
        let mut waited = false;
        block_on(poll_fn(|cx| {
            if std::mem::replace(&mut waited, true) {
                self.exchanges.resume(cx.waker());
            }
            loop {
                let (done, may_go_on) = self.turn(cx);
                if done {
                    return Poll::Ready(());
                }
                if !may_go_on && self.exchanges.park(cx.waker()) {
                    return Poll::Pending;
                }
            }
        }));
    }

    /// Whether that is all, and whether the call may go on.
    fn turn(&mut self, cx: &mut Context<'_>) -> (bool, bool) {
        let demand = self.exchanges.collect(&mut self.lent.output, Instant::now());
        if demand.abandoned {
            return (false, self.exchanges.answer_for(500));
        }
        let mut may_go_on = false;
        if let Next::Flat(bytes) = self.lent.output.next() {
            self.written.extend_from_slice(bytes);
            self.lent.output.clear();
            may_go_on |= self.exchanges.written(0, cx.waker());
        }
        if demand.input || self.reads_ahead {
            let mut input = self.exchanges.take_input();
            let read = std::mem::take(&mut self.input);
            input.extend_from_slice(read);
            may_go_on |= self.exchanges.put_input(input, !read.is_empty(), cx.waker());
        }
        (demand.done && self.input.is_empty(), may_go_on)
    }

    fn has_written(&self, start: &str, end: &str) -> bool {
        self.written.starts_with(start.as_bytes()) && self.written.ends_with(end.as_bytes())
    }
}

fn response() -> Outgoing {
    Outgoing::Response { status: 200, headers: Headers::new(), body: "all".into() }
}

fn start() -> Outgoing {
    Outgoing::Start { status: 200, headers: Headers::new() }
}

fn body(data: &'static str, more: bool) -> Outgoing {
    Outgoing::Body { data: data.into(), more }
}

fn is_body(event: &Incoming, expected: &[u8]) -> bool {
    matches!(event, Incoming::Body { data, more: false } if data == expected)
}

#[test]
fn what_is_sent_on_another_thread_is_written() {
    model(|| {
        let mut connection = Connection::new(1000);
        let (_receive, mut send) = connection.begin(0);
        let handle = thread::spawn(move || block_on(send.send(response())));
        connection.serve();
        assert!(connection.has_written("HTTP/1.1 200 OK\r\n", "\r\n\r\nall"));
        assert_eq!(handle.join().unwrap(), Ok(()));
    });
}

#[test]
fn who_waits_for_room_is_woken() {
    model(|| {
        let mut connection = Connection::new(1);
        let (_receive, mut send) = connection.begin(0);
        let handle = thread::spawn(move || {
            block_on(async {
                send.send(start()).await?;
                send.send(body("x", false)).await
            })
        });
        connection.serve();
        assert!(connection.has_written("HTTP/1.1 200 OK\r\n", "\r\n\r\n1\r\nx\r\n0\r\n\r\n"));
        assert_eq!(handle.join().unwrap(), Ok(()));
    });
}

#[test]
fn who_waits_for_the_flush_is_woken() {
    model(|| {
        let mut connection = Connection::new(1000);
        let (_receive, mut send) = connection.begin(0);
        let handle = thread::spawn(move || {
            block_on(async {
                send.send(start()).await?;
                send.flush().await?;
                send.send(body("", false)).await
            })
        });
        connection.serve();
        assert!(connection.has_written("HTTP/1.1 200 OK\r\n", "\r\n\r\n0\r\n\r\n"));
        assert_eq!(handle.join().unwrap(), Ok(()));
    });
}

#[test]
fn two_handles_on_two_threads() {
    model(|| {
        let mut connection = Connection::new(1000);
        let (mut receive, mut send) = connection.begin(3);
        connection.input = b"abc";
        let reader = thread::spawn(move || block_on(receive.recv()));
        let writer = thread::spawn(move || block_on(send.send(response())));
        connection.serve();
        assert!(is_body(&reader.join().unwrap(), b"abc"));
        assert_eq!(writer.join().unwrap(), Ok(()));
        assert!(connection.has_written("HTTP/1.1 200 OK\r\n", "\r\n\r\nall"));
    });
}

#[test]
fn what_is_received_on_another_thread_is_read() {
    for reads_ahead in [false, true] {
        model(move || {
            let mut connection = Connection::new(1000);
            let (mut receive, mut send) = connection.begin(3);
            (connection.input, connection.reads_ahead) = (b"abc", reads_ahead);
            let handle = thread::spawn(move || {
                block_on(async {
                    let event = receive.recv().await;
                    send.send(response()).await.map(|()| event)
                })
            });
            connection.serve();
            assert!(is_body(&handle.join().unwrap().unwrap(), b"abc"));
        });
    }
}

#[test]
fn a_sender_dropped_on_another_thread_is_noticed() {
    model(|| {
        let mut connection = Connection::new(1000);
        let (_receive, send) = connection.begin(0);
        let handle = thread::spawn(move || drop(send));
        connection.serve();
        assert!(connection.has_written("HTTP/1.1 500 ", "\n"));
        handle.join().unwrap();
    });
}

#[test]
fn a_sender_dropped_late_is_not_that_of_the_next_exchange() {
    for sends in [false, true] {
        model(move || {
            let mut connection = Connection::new(1000);
            let (_receive, mut send) = connection.begin(0);
            let handle = thread::spawn(move || {
                let sent = sends.then(|| block_on(send.send(response())));
                drop(send);
                sent
            });
            // The call has returned, whatever its handles do.
            if !connection.exchanges.finish_smoothly(&mut connection.lent) {
                let finished = connection.exchanges.finish(Ok(()), &mut connection.lent);
                assert!(matches!(finished.returned, Returned::Nothing | Returned::Respond(500)));
            }
            let complete = !connection.lent.output.is_empty();
            let sent = connection.written.len();
            connection.lent.output.clear();
            let (_receive, _send) = connection.begin(0);
            let demand = connection.exchanges.collect(&mut connection.lent.output, Instant::now());
            assert!(!demand.abandoned && !demand.done && sent == 0);
            // All of the response, or nothing and a refusal.
            let expected = sends.then_some(if complete { Ok(()) } else { Err(SendError::Finished) });
            assert_eq!(handle.join().unwrap(), expected);
            assert!(!connection.exchanges.collect(&mut connection.lent.output, Instant::now()).abandoned);
        });
    }
}

#[test]
fn who_waits_when_the_call_returns_is_woken() {
    model(|| {
        let mut connection = Connection::new(1000);
        let (mut receive, mut send) = connection.begin(3);
        let reader = thread::spawn(move || block_on(receive.recv()));
        let watcher = thread::spawn(move || block_on(send.closed()));
        let finished = connection.exchanges.finish(Ok(()), &mut connection.lent);
        assert_eq!(finished.returned, Returned::Respond(500));
        assert!(matches!(reader.join().unwrap(), Incoming::End(End::Complete)));
        assert_eq!(watcher.join().unwrap(), End::Complete);
    });
}

#[test]
fn who_waits_when_the_peer_is_lost_is_woken() {
    model(|| {
        let mut connection = Connection::new(1);
        let (mut receive, mut send) = connection.begin(3);
        let left = End::Disconnected { code: None };
        let reader = thread::spawn(move || block_on(receive.recv()));
        let writer = thread::spawn(move || {
            block_on(async {
                send.send(start()).await?;
                send.send(body("x", true)).await
            })
        });
        connection.exchanges.lost(left.clone(), std::task::Waker::noop());
        assert!(matches!(reader.join().unwrap(), Incoming::End(end) if end == left));
        assert_eq!(writer.join().unwrap(), Err(SendError::Disconnected(left)));
    });
}
