//! Peers that leave: the application is told, whatever it waits for, and goes on.

use crate::{GET, Gate, LEFT, OnUnix, no_body, piece};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use transom::{App, End, Error, FileBody, FileSource, HttpScope, Outgoing, Receiver, SendError, Sender};
use transom_server::Config;
use transom_tests::{Client, Closed, Running, Told, Watched, http, last, more, quiet, respond, start, telling};

/// Everything that an exchange says once it is lost.
#[derive(Debug, PartialEq)]
struct Lost {
    closed: End,
    received: End,
    received_again: End,
    sent: SendError,
    flushed: SendError,
}

impl Lost {
    async fn look(receive: &mut Receiver, send: &mut Sender) -> Self {
        Self {
            closed: send.closed().await,
            received: piece(receive).await.unwrap_err(),
            received_again: piece(receive).await.unwrap_err(),
            sent: send.send(respond("too late")).await.unwrap_err(),
            flushed: send.flush().await.unwrap_err(),
        }
    }

    fn because(end: &End) -> Self {
        let error = || SendError::Disconnected(end.clone());
        Self {
            closed: end.clone(),
            received: end.clone(),
            received_again: end.clone(),
            sent: error(),
            flushed: error(),
        }
    }
}

enum What {
    Called(Watched),
    Lost(Lost),
}

/// Waits in the way that the path names until the peer has left.
fn app() -> (impl App, Told<What>) {
    let (tell, told) = telling();
    let app = http(move |scope: HttpScope, mut receive, mut send| {
        let tell = tell.clone();
        async move {
            match scope.target() {
                b"/ok" => return Ok(send.send(respond("ok")).await?),
                b"/send" => {
                    tell.send(What::Called(Watched::current()))?;
                    send.send(start()).await?;
                    while send.send(more(vec![b'x'; 64 << 10])).await.is_ok() {}
                }
                b"/flush" => {
                    send.send(start()).await?;
                    send.start_send(more(vec![b'x'; 64 << 20]))?;
                    tell.send(What::Called(Watched::current()))?;
                    send.flush().await.unwrap_err();
                }
                b"/closed" => {
                    tell.send(What::Called(Watched::current()))?;
                    send.closed().await;
                }
                b"/recv" => {
                    no_body(&mut receive).await;
                    tell.send(What::Called(Watched::current()))?;
                    piece(&mut receive).await.unwrap_err();
                }
                b"/body" => {
                    assert_eq!(piece(&mut receive).await, Ok(("part".into(), true)));
                    tell.send(What::Called(Watched::current()))?;
                    piece(&mut receive).await.unwrap_err();
                }
                _ => return Err("unknown".into()),
            }
            Ok(tell.send(What::Lost(Lost::look(&mut receive, &mut send).await))?)
        }
    });
    (app, told)
}

pub(crate) fn leave(client: Client, way: Closed) {
    match way {
        Closed::Orderly => drop(client),
        _ => client.reset(),
    }
}

/// SPEC: END-2, END-3, FLUSH-1, CLOSED-1, CLOSED-3, DISC-1, DISC-2
#[test]
fn whatever_the_application_waits_for() {
    let (app, told) = app();
    let server = Running::start(app, quiet());
    for way in [Closed::Orderly, Closed::Reset] {
        for target in ["/closed", "/recv", "/send", "/flush", "/body"] {
            let mut client = server.connect();
            let length = if target == "/body" { 10 } else { 0 };
            let body = &"part"[..length.min(4)];
            client.send(format!("POST {target} HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n{body}"));
            assert!(matches!(told.next(), What::Called(_)));
            leave(client, way);
            let What::Lost(lost) = told.next() else { panic!("called twice") };
            assert_eq!(lost, Lost::because(&LEFT), "{target} {way:?}");
        }
    }
    let mut client = server.connect();
    client.send("GET /ok HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(client.response().text(), "ok");
}

/// More than the server reads ahead: the end is behind bytes that nobody wants yet.
/// SPEC: DISC-2
#[test]
fn behind_a_body_that_is_not_read() {
    let (app, told) = app();
    let server = Running::start(app, quiet());
    // An orderly end comes behind all the bytes, of which the system holds only so many; a reset overtakes them.
    for (way, most) in [(Closed::Orderly, 50_000), (Closed::Reset, 300_000)] {
        for size in [100, 16 << 10, 17 << 10, most] {
            let mut client = server.connect();
            client.send(format!("POST /closed HTTP/1.1\r\nhost: a\r\ncontent-length: {size}\r\n\r\n"));
            assert!(matches!(told.next(), What::Called(_)));
            client.send(vec![b'x'; size - 1]);
            leave(client, way);
            let What::Lost(lost) = told.next() else { panic!("called twice") };
            assert_eq!(lost.closed, LEFT, "{size} {way:?}");
            assert_eq!(lost.sent, SendError::Disconnected(LEFT), "{size} {way:?}");
        }
    }
}

/// Another request behind the one that is served, there at once or later.
/// SPEC: END-7, DISC-1, DISC-2
#[test]
fn behind_another_request() {
    let (app, told) = app();
    let server = Running::start(app, quiet());
    for way in [Closed::Orderly, Closed::Reset] {
        for target in ["/closed", "/recv", "/send", "/flush"] {
            for (with_it, later) in [(GET, ""), ("", GET), (GET, GET), ("GE", "T /")] {
                let mut client = server.connect();
                client.send(format!("GET {target} HTTP/1.1\r\nhost: a\r\n\r\n{with_it}"));
                let What::Called(thread) = told.next() else { panic!("called twice") };
                assert!(thread.comes_to_rest());
                client.send(later);
                assert!(thread.comes_to_rest());
                leave(client, way);
                let What::Lost(lost) = told.next() else { panic!("called twice") };
                assert_eq!(lost, Lost::because(&LEFT), "{target} {way:?} {with_it:?} {later:?}");
            }
        }
    }
}

/// A client that closes its sending side leaves, too.
/// SPEC: DISC-4
#[test]
fn half_closed_is_closed() {
    let (app, told) = app();
    let server = Running::start(app, quiet());
    let mut client = server.connect();
    client.send("GET /ok HTTP/1.1\r\nhost: a\r\n\r\nGET /closed HTTP/1.1\r\nhost: a\r\n\r\n");
    assert!(matches!(told.next(), What::Called(_)));
    client.half_close();
    let What::Lost(lost) = told.next() else { panic!("called twice") };
    assert_eq!(lost, Lost::because(&LEFT));
    // No reset takes away the answer to the earlier request.
    assert_eq!(client.response().text(), "ok");
    assert_eq!(client.rest(), (vec![], Closed::Orderly));
}

fn half_close() -> Config {
    let mut config = quiet();
    config.half_close = true;
    config
}

/// Unless the server is told otherwise.
/// SPEC: DISC-4
#[test]
fn half_closed_is_open_by_choice() {
    let gate = Gate::new();
    let (tell, told) = telling();
    let opened = gate.clone();
    let app = http(move |_, _, mut send| {
        let (gate, tell) = (opened.clone(), tell.clone());
        async move {
            tell.send(Watched::current())?;
            gate.pass().await;
            Ok(send.send(respond("late")).await?)
        }
    });
    let server = Running::start(app, half_close());
    let mut client = server.connect();
    client.send(GET.repeat(2));
    client.half_close();
    for _ in 0..2 {
        assert!(told.next().comes_to_rest());
        gate.open();
        assert_eq!(client.response().text(), "late");
    }
    assert_eq!(client.rest(), (vec![], Closed::Orderly));
}

/// SPEC: HTTP-RECV-9, END-3, RETURN-2
#[test]
fn a_body_that_is_cut_off() {
    let (tell, told) = telling();
    let app = http(move |_, mut receive, send| {
        let tell = tell.clone();
        async move {
            let _kept = send;
            let pieces = [piece(&mut receive).await, piece(&mut receive).await, piece(&mut receive).await];
            Ok(tell.send(pieces)?)
        }
    });
    let server = Running::start(app, half_close());
    let mut client = server.connect();
    client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\npart");
    client.half_close();
    let truncated = || Err(End::BadRequest(transom::BadRequest::Truncated));
    assert_eq!(told.next(), [Ok(("part".into(), true)), truncated(), truncated()]);
    let response = client.response();
    assert_eq!((response.status, response.closes()), (400, true));
    assert_eq!(client.rest(), (vec![], Closed::Orderly));
}

/// A reset is the end even then.
/// SPEC: DISC-1
#[test]
fn a_reset_after_a_half_close() {
    let (app, told) = app();
    let server = Running::start(app, half_close());
    for target in ["/send", "/flush", "/recv", "/closed"] {
        let mut client = server.connect();
        client.send(format!("GET {target} HTTP/1.1\r\nhost: a\r\n\r\n"));
        client.half_close();
        let What::Called(thread) = told.next() else { panic!("called twice") };
        assert!(thread.comes_to_rest());
        client.reset();
        let What::Lost(lost) = told.next() else { panic!("called twice") };
        assert_eq!(lost, Lost::because(&LEFT), "{target}");
    }

    // A Unix socket has no reset; closed in both directions is as much.
    let (app, told) = self::app();
    let server = OnUnix::start(app, half_close());
    for target in ["/send", "/flush", "/recv", "/closed"] {
        let mut client = server.connect();
        client.send(format!("GET {target} HTTP/1.1\r\nhost: a\r\n\r\n"));
        client.stream().shutdown(Shutdown::Write).unwrap();
        let What::Called(thread) = told.next() else { panic!("called twice") };
        assert!(thread.comes_to_rest());
        drop(client);
        let What::Lost(lost) = told.next() else { panic!("called twice") };
        assert_eq!(lost, Lost::because(&LEFT), "{target}");
    }
}

/// Where half-closed peers are served an end behind the bytes that nobody reads is none, and a reset overtakes them.
#[test]
fn a_reset_behind_a_body_that_is_not_read() {
    let (app, told) = app();
    let server = Running::start(app, half_close());
    let mut client = server.connect();
    client.send("POST /closed HTTP/1.1\r\nhost: a\r\ncontent-length: 50000\r\n\r\n");
    let What::Called(thread) = told.next() else { panic!("called twice") };
    client.send(vec![b'x'; 50_000]);
    client.half_close();
    assert!(thread.comes_to_rest());
    assert!(told.rest().is_empty());
    client.reset();
    let What::Lost(lost) = told.next() else { panic!("called twice") };
    assert_eq!(lost, Lost::because(&LEFT));
}

/// A watch for the reset takes nothing from what is written later, much or little, and does not keep the server busy.
#[test]
fn half_closed_and_answered_at_length() {
    const SIZE: usize = 8 << 20;
    let gate = Gate::new();
    let (tell, told) = telling();
    let app = |gate: Gate, tell: mpsc::Sender<Watched>| {
        http(move |_, mut receive, mut send| {
            let (gate, tell) = (gate.clone(), tell.clone());
            async move {
                no_body(&mut receive).await;
                send.send(start()).await?;
                for _ in 0..2 {
                    tell.send(Watched::current())?;
                    gate.pass().await;
                    send.send(more("little")).await?;
                }
                tell.send(Watched::current())?;
                gate.pass().await;
                send.send(more(vec![b'x'; SIZE])).await?;
                let file = tempfile::tempfile()?;
                file.set_len(SIZE as u64)?;
                let file = FileBody { source: FileSource::File(Arc::new(file)), offset: 0, len: SIZE as u64 };
                send.send(Outgoing::File { file, more: true }).await?;
                send.flush().await?;
                tell.send(Watched::current())?;
                gate.pass().await;
                Ok(send.send(last("the end")).await?)
            }
        })
    };
    fn check<S: Read + Write>(client: &mut Client<S>, gate: &Gate, told: &Told<Watched>) {
        assert_eq!(client.head().status, 200);
        for _ in 0..2 {
            assert!(told.next().comes_to_rest(), "the server is busy, with nothing to do");
            gate.open();
            assert_eq!(client.chunk(), b"little");
        }
        assert!(told.next().comes_to_rest(), "the server is busy, with nothing to do");
        gate.open();
        assert!(client.chunk() == vec![b'x'; SIZE]);
        assert!(client.chunk() == vec![0; SIZE]);
        assert!(told.next().comes_to_rest(), "the server is busy, with nothing to do");
        gate.open();
        assert_eq!((client.chunk(), client.chunk()), (b"the end".to_vec(), vec![]));
    }

    let server = Running::start(app(gate.clone(), tell.clone()), half_close());
    let mut client = server.connect();
    client.send(GET);
    client.half_close();
    check(&mut client, &gate, &told);

    let server = OnUnix::start(app(gate.clone(), tell), half_close());
    let mut client = server.connect();
    client.send(GET);
    client.stream().shutdown(Shutdown::Write).unwrap();
    check(&mut client, &gate, &told);
}

/// The call is not dropped, and not hurried.
/// SPEC: APP-3, APP-4
#[test]
fn the_call_goes_on() {
    let (tell, told) = telling();
    let app = http(move |_, _, mut send: Sender| {
        let tell = tell.clone();
        async move {
            tell.send("called")?;
            send.closed().await;
            tokio::time::sleep(Duration::from_millis(1)).await;
            tokio::task::spawn_blocking(|| {}).await?;
            Ok(tell.send("returns")?)
        }
    });
    let server = Running::start(app, quiet());
    let mut client = server.connect();
    client.send(GET);
    assert_eq!(told.next(), "called");
    drop(client);
    assert_eq!(told.next(), "returns");
}

/// Clients that are reset at any point of a request cost nobody else anything.
/// SPEC: RETURN-8
#[test]
fn the_server_goes_on() {
    let app = http(async |_, mut receive, mut send: Sender| {
        while let Ok((_, true)) = piece(&mut receive).await {}
        Ok::<_, Error>(send.send(respond(vec![b'x'; 100_000])).await?)
    });
    let server = Running::start(app, quiet());
    let request = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    for end in 0..=request.len() {
        let mut client = server.connect();
        client.send(&request[..end]);
        client.reset();
    }
    let mut client = server.connect();
    client.send(request);
    assert_eq!(client.response().body.len(), 100_000);
}

/// A call that is woken while it waits for the peer too comes to rest again, whatever else has come from the peer.
#[test]
fn waiting_costs_nothing() {
    let gate = Gate::new();
    let (tell, told) = telling();
    let opened = gate.clone();
    let app = http(move |_, mut receive: Receiver, mut send: Sender| {
        let (gate, tell) = (opened.clone(), tell.clone());
        async move {
            no_body(&mut receive).await;
            send.send(start()).await?;
            tell.send(Watched::current())?;
            loop {
                tokio::select! {
                    () = gate.pass() => {
                        send.send(more("x")).await?;
                        tell.send(Watched::current())?;
                    }
                    _ = receive.recv() => return Ok(()),
                    _ = send.closed() => return Ok(()),
                }
            }
        }
    });
    let server = Running::start(app, quiet());
    for behind in ["", "G", GET, "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello"] {
        let mut client = server.connect();
        client.send([GET, behind].concat());
        assert_eq!(client.head().status, 200);
        assert!(told.next().comes_to_rest(), "the server is busy, with nothing to do");
        for _ in 0..3 {
            gate.open();
            assert_eq!(client.chunk(), b"x");
            assert!(told.next().comes_to_rest(), "the server is busy, with nothing to do");
        }
    }
}
