//! The graceful stop.

use crate::{GET, Gate, piece};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::time::Duration;
use transom::{App, End, Error, Incoming, Outgoing, Receiver, Scope, SendError, Sender, State};
use transom_server::{Config, Runtime};
use transom_tests::{Closed, Running, Told, Watched, last, quiet, respond, start, telling};

/// Tells what happens to it, in order. Calls wait for the gate, but for those to `/now`.
#[derive(Clone)]
struct Witness {
    tell: mpsc::Sender<&'static str>,
    gate: Gate,
    thread: Arc<OnceLock<Watched>>,
    /// The handles of the call to `/keep`.
    kept: Arc<Mutex<Option<(Receiver, Sender)>>>,
    grace: Duration,
}

impl Witness {
    fn new(config: &Config) -> (Self, Told<&'static str>) {
        let (tell, told) = telling();
        let (gate, grace) = (Gate::new(), config.grace);
        (Self { tell, gate, thread: Arc::default(), kept: Arc::default(), grace }, told)
    }

    fn start(config: Config) -> (Running, Self, Told<&'static str>) {
        let (witness, told) = Self::new(&config);
        (Running::start(witness.clone(), config), witness, told)
    }

    async fn lifespan(&self, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        send.send(Outgoing::Ready(State::new())).await?;
        loop {
            match receive.recv().await {
                Incoming::Draining { grace } if grace == self.grace => self.tell.send("draining")?,
                Incoming::Shutdown => return Ok(self.tell.send("shut down")?),
                other => return Err(format!("received {other:?}").into()),
            }
        }
    }

    /// Nothing more happens before something else does.
    fn rests(&self) -> bool {
        self.thread.get().expect("a call began").comes_to_rest()
    }
}

impl App for Witness {
    async fn call(&self, scope: Scope, receive: Receiver, mut send: Sender) -> Result<(), Error> {
        let Scope::Http(scope) = scope else { return self.lifespan(receive, send).await };
        self.thread.get_or_init(Watched::current);
        self.tell.send("called")?;
        let mut over = Over { tell: &self.tell, how: "dropped" };
        match scope.target() {
            b"/now" => send.send(respond("now")).await?,
            b"/keep" => {
                *self.kept.lock().unwrap() = Some((receive, send));
                self.gate.pass().await;
            }
            b"/large" => {
                send.send(start()).await?;
                send.send(last(vec![b'x'; 64 << 20])).await?;
            }
            b"/stream" => {
                send.send(start()).await?;
                self.gate.pass().await;
                send.send(last("late")).await?;
            }
            _ => {
                self.gate.pass().await;
                send.send(respond("late")).await?;
            }
        }
        over.how = "returned";
        Ok(())
    }
}

/// Tells how a call came to its end.
struct Over<'a> {
    tell: &'a mpsc::Sender<&'static str>,
    how: &'static str,
}

impl Drop for Over<'_> {
    fn drop(&mut self) {
        let _ = self.tell.send(self.how);
    }
}

fn names<const N: usize>(told: &Told<&'static str>) -> [&'static str; N] {
    std::array::from_fn(|_| told.next())
}

/// SPEC: APP-4, LIFE-8, LIFE-9
#[test]
fn idle_connections_are_closed_and_running_calls_end() {
    for runtime in [Runtime::PerCore, Runtime::ReusePort, Runtime::WorkStealing] {
        for workers in [1, 2] {
            let mut config = quiet();
            config.workers = workers;
            config.runtime = runtime;
            let (mut server, witness, told) = Witness::start(config);
            let (mut fresh, mut idle, mut whole, mut stream) =
                (server.connect(), server.connect(), server.connect(), server.connect());
            idle.send("GET /now HTTP/1.1\r\nhost: a\r\n\r\n");
            assert_eq!(idle.response().text(), "now");
            assert_eq!(names(&told), ["called", "returned"]);
            whole.send(GET);
            stream.send("GET /stream HTTP/1.1\r\nhost: a\r\n\r\n");
            assert!(!stream.head().closes());
            assert_eq!(names(&told), ["called", "called"]);

            server.stop();
            assert_eq!(told.next(), "draining");
            assert_eq!(fresh.rest(), (vec![], Closed::Orderly));
            assert_eq!(idle.rest(), (vec![], Closed::Orderly));
            while TcpStream::connect(server.address()).is_ok() {}
            assert!(told.rest().is_empty());

            witness.gate.open();
            witness.gate.open();
            let response = whole.response();
            assert_eq!((response.text(), response.closes()), ("late", true));
            assert_eq!(whole.rest(), (vec![], Closed::Orderly));
            assert_eq!((stream.chunk(), stream.chunk()), (b"late".to_vec(), vec![]));
            stream.expect(b"\r\n").unwrap();
            assert_eq!(stream.rest(), (vec![], Closed::Orderly));
            // The server waits a little for clients to close too.
            drop((whole, stream));
            assert_eq!(names(&told), ["returned", "returned", "shut down"]);
            server.join().unwrap();
        }
    }
}

/// A request that has begun to arrive is served, and nothing behind it.
#[test]
fn requests_that_are_on_their_way() {
    let (mut server, witness, told) = Witness::start(quiet());
    let mut client = server.connect();
    client.send("GET /now HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(client.response().text(), "now");
    assert_eq!(names(&told), ["called", "returned"]);
    client.send("GET /now HTTP/1.1\r\n");
    let mut idle = server.connect();
    assert!(witness.rests());
    server.stop();
    assert_eq!((told.next(), idle.rest()), ("draining", (vec![], Closed::Orderly)));
    client.send("host: a\r\n\r\nGET /now HTTP/1.1\r\nhost: a\r\n\r\n");
    let response = client.response();
    assert_eq!((response.text(), response.closes()), ("now", true));
    assert_eq!(client.rest(), (vec![], Closed::Orderly));
    drop(client);
    assert_eq!(names(&told), ["called", "returned", "shut down"]);
    server.join().unwrap();
}

/// The rest of a body that only makes room for the next request is not waited for.
#[test]
fn a_body_that_nobody_reads() {
    let (mut server, witness, told) = Witness::start(quiet());
    let mut client = server.connect();
    client.send("POST /now HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhe");
    let response = client.response();
    assert_eq!((response.text(), response.closes()), ("now", false));
    assert_eq!(names(&told), ["called", "returned"]);
    assert!(witness.rests());
    server.stop();
    assert_eq!((told.next(), client.rest()), ("draining", (vec![], Closed::Orderly)));
    drop(client);
    assert_eq!(told.next(), "shut down");
    server.join().unwrap();
}

/// Of what is pipelined behind a running call nothing is begun after the stop.
/// SPEC: END-7
#[test]
fn requests_behind_a_running_call() {
    let (mut server, witness, told) = Witness::start(quiet());
    let mut idle = server.connect();
    let mut client = server.connect();
    client.send(GET.repeat(3));
    assert_eq!(told.next(), "called");
    server.stop();
    assert_eq!((told.next(), idle.rest()), ("draining", (vec![], Closed::Orderly)));
    witness.gate.open();
    let response = client.response();
    assert_eq!((response.text(), response.closes()), ("late", true));
    assert_eq!(client.rest(), (vec![], Closed::Orderly));
    drop(client);
    assert_eq!(names(&told), ["returned", "shut down"]);
    server.join().unwrap();
}

/// SPEC: END-6, LIFE-9
#[test]
fn after_the_grace_calls_are_dropped() {
    for runtime in [Runtime::PerCore, Runtime::WorkStealing] {
        let mut config = quiet();
        config.grace = Duration::from_millis(50);
        config.runtime = runtime;
        let (mut server, witness, told) = Witness::start(config);
        let mut whole = server.connect();
        whole.send(GET);
        assert_eq!(told.next(), "called");
        let mut stream = server.connect();
        stream.send("GET /stream HTTP/1.0\r\n\r\n");
        assert_eq!((stream.head().status, told.next()), (200, "called"));
        let mut unread = server.connect();
        unread.send("GET /large HTTP/1.0\r\n\r\n");
        assert_eq!((unread.head().status, names(&told)), (200, ["called", "returned"]));
        let mut kept = server.connect();
        kept.send("POST /keep HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n");
        assert_eq!(told.next(), "called");
        server.stop();
        assert_eq!(names(&told), ["draining", "dropped", "dropped", "dropped", "shut down"]);
        server.join().unwrap();
        for mut client in [whole, kept] {
            assert_eq!(client.rest().0, b"");
        }
        // The end of the connection would be the end of the body.
        for mut client in [stream, unread] {
            assert_eq!(client.rest().1, Closed::Reset);
        }

        // Handles that went elsewhere are told why.
        let (mut receive, mut send) = witness.kept.lock().unwrap().take().expect("it was called");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            assert_eq!(piece(&mut receive).await, Err(End::ServerShutdown));
            assert_eq!(send.closed().await, End::ServerShutdown);
            let error = SendError::Disconnected(End::ServerShutdown);
            assert_eq!(send.send(respond("stale")).await, Err(error.clone()));
            assert_eq!(send.flush().await, Err(error));
        });
    }
}

/// A server that is dropped takes everything with it.
#[test]
fn dropped() {
    let (server, _witness, told) = Witness::start(quiet());
    let mut client = server.connect();
    client.send(GET);
    assert_eq!(told.next(), "called");
    drop(server);
    assert_eq!(told.next(), "dropped");
    assert_eq!(client.rest().0, b"");
}
