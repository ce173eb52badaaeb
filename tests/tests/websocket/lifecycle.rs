//! The stop, the limit of calls, and what is recorded.

use crate::{accept, closed, echo, lost, message, open_at, text};
use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use transom::{App, End, Error, Outgoing, Receiver, SendError, Sender, WebSocketScope};
use transom_server::{AccessLog, Runtime};
use transom_tests::websocket::{CLOSE, FIN, HANDSHAKE, PING, SWITCHED, TEXT, close, frame};
use transom_tests::{Client, Gate, Running, Told, Watched, quiet, sockets, telling};

/// Waits until the server has stopped by itself, sooner than any time that it would wait for something.
#[track_caller]
fn stopped(server: Running) {
    let (tell, told) = telling();
    thread::spawn(move || tell.send(server.join()));
    told.next().expect("it ends well");
}

/// Begins the stop, and waits until connections know of it.
fn stop(server: &mut Running) {
    let mut idle = server.connect();
    idle.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(idle.response().text(), "/");
    server.stop();
    idle.hear_end();
}

/// SPEC: WS-20
#[test]
fn open_sockets_are_closed() {
    for runtime in [Runtime::PerCore, Runtime::WorkStealing] {
        let (app, told) = echo();
        let mut config = quiet();
        config.runtime = runtime;
        let mut server = Running::start(app, config);
        let mut clients: Vec<_> = (0..3).map(|_| server.open()).collect();
        for client in &mut clients {
            client.send(frame(FIN | TEXT, "hi"));
            client.hear_frame(FIN | TEXT, "hi");
            assert_eq!(told.next(), Ok(text("hi")));
        }
        stop(&mut server);
        for client in &mut clients {
            client.hear_close(1012, "");
            assert_eq!(told.rest(), []);
            client.send(frame(FIN | CLOSE, close(1012, "")));
            client.hear_end();
            assert_eq!(told.next(), Err(closed(1012, "", true)));
        }
        drop(clients);
        stopped(server);
    }
}

/// What was on its way is received, and nothing is sent any more.
/// SPEC: WS-20
#[test]
fn in_the_middle_of_a_message() {
    let (tell, told) = telling();
    let app = sockets(move |_, mut receive: Receiver, mut send: Sender| {
        let tell = tell.clone();
        async move {
            send.send(accept()).await?;
            let received = message(&mut receive).await;
            let sent = send.send(Outgoing::Message(text("late"))).await;
            tell.send((received, sent))?;
            let end = message(&mut receive).await;
            let sent = send.send(Outgoing::Message(text("late"))).await;
            Ok(tell.send((end, sent))?)
        }
    });
    let mut server = Running::start(app, quiet());
    let mut client = server.open();
    let message = frame(FIN | TEXT, "a message");
    client.send(&message[..10]);
    stop(&mut server);
    client.hear_close(1012, "");
    client.send(&message[10..]);
    let refused = |clean| Err(SendError::Disconnected(closed(1012, "", clean)));
    assert_eq!(told.next(), (Ok(text("a message")), refused(false)));
    client.send(frame(FIN | CLOSE, close(1012, "")));
    client.hear_end();
    assert_eq!(told.next(), (Err(closed(1012, "", true)), refused(true)));
    drop(client);
    stopped(server);
}

/// SPEC: WS-16, WS-20
#[test]
fn a_client_that_does_not_answer() {
    let (app, told) = echo();
    let mut config = quiet();
    config.websocket.close_timeout = Duration::from_millis(100);
    let mut server = Running::start(app, config);
    let mut client = server.open();
    stop(&mut server);
    client.hear_close(1012, "");
    client.hear_end();
    assert_eq!(told.next(), Err(lost()));
    stopped(server);
}

/// The application decides after the stop.
#[test]
fn in_the_middle_of_a_handshake() {
    let gate = Gate::new();
    let (tell, told) = telling();
    let opened = gate.clone();
    let app = sockets(move |scope: WebSocketScope, mut receive: Receiver, mut send: Sender| {
        let (gate, tell) = (opened.clone(), tell.clone());
        async move {
            tell.send(None)?;
            gate.pass().await;
            if scope.http().target() == b"/deny" {
                return Ok(send.send(crate::close(1000, "")).await?);
            }
            send.send(accept()).await?;
            Ok(tell.send(Some(message(&mut receive).await))?)
        }
    });
    let mut server = Running::start(app, quiet());
    let mut denied = server.connect();
    denied.send(HANDSHAKE.replacen("GET /", "GET /deny", 1));
    let mut accepted = server.connect();
    accepted.send(HANDSHAKE);
    assert_eq!([told.next(), told.next()], [None, None]);
    stop(&mut server);
    gate.open();
    gate.open();
    let response = denied.response();
    assert_eq!((response.status, response.closes()), (403, true));
    denied.hear_end();
    accepted.hear(SWITCHED);
    accepted.hear_close(1012, "");
    accepted.send(frame(FIN | CLOSE, close(1012, "")));
    accepted.hear_end();
    assert_eq!(told.next(), Some(Err(closed(1012, "", true))));
    drop((denied, accepted));
    stopped(server);
}

/// Calls that go on are dropped, and handles that went elsewhere are told why.
/// SPEC: APP-4, END-6
#[test]
fn after_the_grace() {
    let gate = Gate::new();
    let (tell, told) = telling();
    let opened = gate.clone();
    let app = sockets(move |scope: WebSocketScope, receive: Receiver, mut send: Sender| {
        let (gate, tell) = (opened.clone(), tell.clone());
        async move {
            if scope.http().target() != b"/undecided" {
                send.send(accept()).await?;
            }
            tell.send((receive, send)).map_err(|_| "nobody wants them")?;
            gate.pass().await;
            Ok(())
        }
    });
    let mut config = quiet();
    config.grace = Duration::from_millis(50);
    let mut server = Running::start(app, config);
    let mut open = server.open();
    let mut handles = vec![told.next()];
    let mut undecided = server.connect();
    undecided.send(HANDSHAKE.replacen("GET /", "GET /undecided", 1));
    handles.push(told.next());
    server.stop();
    open.hear_close(1012, "");
    stopped(server);
    assert_eq!(undecided.rest().0, b"");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for (mut receive, mut send) in handles {
            assert_eq!(message(&mut receive).await, Err(End::ServerShutdown));
            assert_eq!(send.closed().await, End::ServerShutdown);
            let error = SendError::Disconnected(End::ServerShutdown);
            assert_eq!(send.flush().await, Err(error.clone()));
            assert_eq!(send.send(Outgoing::Message(text("stale"))).await, Err(error));
        }
    });
}

#[test]
fn more_calls_than_the_limit() {
    let (app, told) = echo();
    let mut config = quiet();
    config.limits.in_flight = Some(1);
    let server = Running::start(app, config);
    let mut first = server.open();
    let ask = || {
        let mut client = server.connect();
        client.send(HANDSHAKE);
        let response = client.head();
        (response.status == 503).then(|| assert_eq!(response.field("retry-after"), Some("1")));
        (client, response.status)
    };
    assert_eq!(ask().1, 503);
    first.send(frame(FIN | CLOSE, ""));
    first.hear_frame(FIN | CLOSE, "");
    first.hear_end();
    assert_eq!(told.next(), Err(closed(1005, "", true)));
    // Its place is free when its call has ended, which is not to be seen from here.
    let begun = std::time::Instant::now();
    let mut second = loop {
        match ask() {
            (client, 101) => break client,
            (_, status) => assert_eq!(status, 503),
        }
        assert!(begun.elapsed() < transom_tests::PATIENCE, "the place is never free");
    };
    second.send(frame(FIN | TEXT, "hi"));
    second.hear_frame(FIN | TEXT, "hi");
}

/// Gives each line of a log to the test.
struct Lines {
    tell: mpsc::Sender<String>,
    line: Vec<u8>,
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for &byte in bytes {
            match byte {
                b'\n' => {
                    let line = std::mem::take(&mut self.line);
                    let _ = self.tell.send(String::from_utf8(line).expect("a line is UTF-8"));
                }
                byte => self.line.push(byte),
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const FORMAT: &str = "%U %s %B %X %{event}W %{code}W %{messages-received}W/%{bytes-received}W \
    %{messages-sent}W/%{bytes-sent}W";

fn logged(app: impl App, change: impl FnOnce(&mut transom_server::Config)) -> (Running, Told<String>) {
    let (tell, told) = telling();
    let mut config = quiet();
    let lines = Lines { tell, line: Vec::new() };
    config.access_log = Some(AccessLog::to_writer(FORMAT.parse().expect("a format"), lines).expect("a thread"));
    change(&mut config);
    (Running::start(app, config), told)
}

/// Echoes two messages and goes on, or ends as the target says.
fn recorded(gate: &Gate) -> impl App {
    let gate = gate.clone();
    sockets(move |scope: WebSocketScope, mut receive: Receiver, mut send: Sender| {
        let gate = gate.clone();
        async move {
            match scope.http().target() {
                b"/deny" => return Ok(send.send(crate::close(1000, "")).await?),
                b"/undecided" => {
                    send.closed().await;
                    return Ok(());
                }
                _ => send.send(accept()).await?,
            }
            for _ in 0..2 {
                match message(&mut receive).await {
                    Ok(message) => send.send(Outgoing::Message(message)).await?,
                    Err(_) => return Ok(()),
                }
            }
            match scope.http().target() {
                b"/close" => send.send(crate::close(4000, "")).await?,
                b"/fail" => return Err(Error::from("it fails")),
                b"/wait" => gate.pass().await,
                _ => {}
            }
            message(&mut receive).await.unwrap_err();
            Ok(())
        }
    })
}

/// Says two messages and hears them again.
#[track_caller]
fn talk(client: &mut Client) {
    client.send([frame(FIN | TEXT, "one"), frame(FIN | PING, "not counted"), frame(FIN | TEXT, "four")].concat());
    let mut heard = [client.frame(), client.frame(), client.frame()].map(|(_, payload)| payload);
    heard.sort();
    assert_eq!(heard, [&b"four"[..], b"not counted", b"one"]);
}

#[test]
fn recorded_when_accepted_and_when_over() {
    let gate = Gate::new();
    let (server, lines) = logged(recorded(&gate), |config| {
        config.websocket.ping_interval = None;
    });
    let begin = |target: &str| {
        let mut client = open_at(&server, target);
        assert_eq!(lines.next(), format!("{target} 101 0 complete accepted - -/- -/-"));
        talk(&mut client);
        assert_eq!(lines.rest(), [""; 0]);
        client
    };
    let end = |target: &str, outcome: &str, code: u16| {
        assert_eq!(lines.next(), format!("{target} 101 7 {outcome} closed {code} 2/7 2/7"));
    };
    let mut client = begin("/");
    client.send(frame(FIN | CLOSE, close(1000, "")));
    client.hear_close(1000, "");
    end("/", "complete", 1000);

    let mut client = begin("/");
    client.send(frame(FIN | CLOSE, ""));
    client.hear_frame(FIN | CLOSE, "");
    end("/", "complete", 1005);

    let mut client = begin("/close");
    client.hear_close(4000, "");
    client.send(frame(FIN | CLOSE, close(4001, "")));
    end("/close", "complete", 4001);

    drop(begin("/"));
    end("/", "disconnected", 1006);

    let mut client = begin("/");
    client.send([0x80]);
    client.send([0x00]);
    client.hear_close(1002, "a frame is not masked");
    end("/", "disconnected", 1002);

    let mut client = begin("/fail");
    client.hear_close(1011, "");
    client.send(frame(FIN | CLOSE, close(1011, "")));
    end("/fail", "aborted", 1011);

    let mut client = server.connect();
    client.send(HANDSHAKE.replacen("GET /", "GET /deny", 1));
    assert_eq!(client.response().status, 403);
    assert_eq!(lines.next(), "/deny 403 0 complete - - -/- -/-");

    let mut client = server.connect();
    client.send(HANDSHAKE.replacen("sec-websocket-version: 13", "sec-websocket-version: 8", 1));
    assert_eq!(client.response().status, 426);
    assert_eq!(lines.next(), "/ 426 0 complete - - -/- -/-");

    let mut client = server.connect();
    client.send(HANDSHAKE.replacen("GET /", "GET /undecided", 1));
    drop(client);
    assert_eq!(lines.next(), "/undecided - 0 disconnected - - -/- -/-");
    assert_eq!(lines.rest(), [""; 0]);
}

#[test]
fn recorded_when_it_is_given_up_or_stopped() {
    let gate = Gate::new();
    let short = Some(Duration::from_millis(100));
    let (server, lines) = logged(recorded(&gate), |config| {
        (config.websocket.ping_interval, config.websocket.ping_timeout) = (short, short);
    });
    let mut client = open_at(&server, "/");
    assert_eq!(lines.next(), "/ 101 0 complete accepted - -/- -/-");
    client.hear_frame(FIN | PING, "");
    client.hear_close(1011, "no answer to a ping");
    assert_eq!(lines.next(), "/ 101 0 timeout closed 1011 0/0 0/0");

    let (mut server, lines) = logged(recorded(&gate), |config| config.grace = Duration::from_millis(50));
    let mut client = open_at(&server, "/wait");
    assert_eq!(lines.next(), "/wait 101 0 complete accepted - -/- -/-");
    talk(&mut client);
    server.stop();
    client.hear_close(1012, "");
    assert_eq!(lines.next(), "/wait 101 7 stopped closed 1006 2/7 2/7");
    stopped(server);
}

/// A call that goes on keeps its connection, but not the server's other sockets, from ending.
#[test]
fn while_a_call_goes_on() {
    let gate = Gate::new();
    let (tell, told) = telling();
    let opened = gate.clone();
    let app = sockets(move |_, _, mut send: Sender| {
        let (gate, tell) = (opened.clone(), tell.clone());
        async move {
            send.send(accept()).await?;
            tell.send(Watched::current())?;
            gate.pass().await;
            assert_eq!(send.closed().await, closed(1012, "", true));
            Ok(())
        }
    });
    let mut server = Running::start(app, quiet());
    let mut client = server.open();
    assert!(told.next().comes_to_rest());
    stop(&mut server);
    client.hear_close(1012, "");
    client.send(frame(FIN | CLOSE, close(1012, "")));
    client.hear_end();
    drop(client);
    gate.open();
    stopped(server);
}
