//! Tunnels over time: both directions, and their ends.

use crate::{Gate, LEFT, OnUnix, no_body, piece};
use std::net::Shutdown;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;
use transom::{App, End, Headers, HttpScope, Outgoing, Receiver, SendError, Sender};
use transom_tests::{Client, Closed, Running, Told, Watched, http, last, more, quiet, telling};

const UPGRADE: &str = "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n";

async fn open(send: &mut Sender) -> Result<(), SendError> {
    send.send(Outgoing::Start { status: 101, headers: Headers::new() }).await
}

fn enter(server: &Running) -> Client {
    let mut client = server.connect();
    client.send(UPGRADE);
    assert_eq!(client.head().status, 101);
    client
}

/// Sends back what it receives, to the end.
async fn echo(mut receive: Receiver, mut send: Sender) -> Result<(), SendError> {
    loop {
        match piece(&mut receive).await {
            Ok((data, follows)) => {
                send.send(more(data)).await?;
                if !follows {
                    return send.send(last("")).await;
                }
            }
            Err(end) => return Err(SendError::Disconnected(end)),
        }
    }
}

fn check_echo(app: impl App) {
    const SIZE: usize = 16 << 20;
    let server = Running::start(app, quiet());
    let mut client = enter(&server);
    let mut writer = Client::new(client.stream().try_clone().unwrap());
    let writing = thread::spawn(move || {
        writer.send(vec![b'x'; SIZE]);
        writer.half_close();
    });
    let (received, closed) = client.rest();
    assert_eq!((received.len(), closed), (SIZE, Closed::Orderly));
    writing.join().unwrap();
}

/// SPEC: TUNNEL-5
#[test]
fn much_both_ways() {
    check_echo(http(async |_, receive, mut send| {
        open(&mut send).await?;
        Ok(echo(receive, send).await?)
    }));
}

#[test]
fn much_both_ways_on_another_thread() {
    check_echo(http(async |_, receive, mut send| {
        open(&mut send).await?;
        let (done, result) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        thread::spawn(move || done.send(runtime.block_on(echo(receive, send))));
        Ok(result.await??)
    }));
}

/// The timeouts of a request are none of a tunnel: they pass for one that came later, and the tunnel is still there.
/// SPEC: HTTP-RECV-10
#[test]
fn silence() {
    let short = Duration::from_millis(20);
    let gate = Gate::new();
    let opened = gate.clone();
    let app = http(move |scope: HttpScope, mut receive, mut send: Sender| {
        let gate = opened.clone();
        async move {
            if scope.target() != b"/" {
                assert_eq!(piece(&mut receive).await, Err(End::Timeout));
                return Ok(());
            }
            open(&mut send).await?;
            tokio::select! {
                biased;
                _ = receive.recv() => Err("nothing was sent".into()),
                () = gate.pass() => Ok(send.send(last("still here")).await?),
            }
        }
    });
    let mut config = quiet();
    config.limits.body_timeout = Some(short);
    config.limits.head_timeout = Some(short);
    config.limits.keep_alive = Some(short);
    let server = Running::start(app, config);
    let mut client = enter(&server);
    let mut later = server.connect();
    later.send("POST /later HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\n");
    assert_eq!(later.response().status, 408);
    assert_eq!(server.connect().rest(), (vec![], Closed::Orderly));
    gate.open();
    assert_eq!(client.rest(), (b"still here".to_vec(), Closed::Orderly));
}

/// Opens a tunnel, and waits in the way that the path names until it is lost.
fn watching() -> (impl App, Told<Result<Watched, (End, End)>>) {
    let (tell, told) = telling();
    let app = http(move |scope: HttpScope, mut receive, mut send| {
        let tell = tell.clone();
        async move {
            open(&mut send).await?;
            if scope.target() == b"/half" {
                assert_eq!(piece(&mut receive).await, Ok(("".into(), false)));
            }
            tell.send(Ok(Watched::current()))?;
            if scope.target() == b"/send" {
                while send.send(more(vec![b'x'; 64 << 10])).await.is_ok() {}
            }
            let closed = send.closed().await;
            Ok(tell.send(Err((closed, piece(&mut receive).await.unwrap_err())))?)
        }
    });
    (app, told)
}

/// SPEC: DISC-1
#[test]
fn a_peer_that_leaves() {
    let (app, told) = watching();
    let server = Running::start(app, quiet());
    for target in ["/", "/send", "/half"] {
        let mut client = server.connect();
        client.send(UPGRADE.replace("GET /", &format!("GET {target}")));
        assert_eq!(client.head().status, 101);
        if target == "/half" {
            client.half_close();
        }
        let thread = told.next().expect("it opened");
        if target != "/send" {
            assert!(thread.comes_to_rest());
        }
        client.reset();
        assert_eq!(told.next().expect_err("it is lost"), (LEFT, LEFT), "{target}");
    }
}

/// Nothing of a tunnel is left for a request that was refused one.
#[test]
fn a_tunnel_and_the_next_connection() {
    let app = http(async |_, mut receive, mut send: Sender| {
        open(&mut send).await?;
        assert_eq!(piece(&mut receive).await, Ok(("ping".into(), true)));
        send.send(last("pong")).await?;
        Ok(())
    });
    let server = Running::start(app, quiet());
    for _ in 0..50 {
        let mut client = enter(&server);
        client.send("ping");
        assert_eq!(client.rest(), (b"pong".to_vec(), Closed::Orderly));
    }
}

/// What is sent and received after each direction has ended.
/// SPEC: TUNNEL-7, TUNNEL-8
#[test]
fn after_the_end_of_both() {
    let (tell, told) = telling();
    let app = http(move |_, mut receive: Receiver, mut send: Sender| {
        let tell = tell.clone();
        async move {
            no_body(&mut receive).await;
            open(&mut send).await?;
            send.send(last("")).await?;
            assert_eq!(send.closed().await, End::Complete);
            let pieces = [piece(&mut receive).await, piece(&mut receive).await, piece(&mut receive).await];
            tell.send((pieces, send.send(more("x")).await))?;
            Ok(())
        }
    });
    let server = Running::start(app, quiet()).careless();
    let mut client = enter(&server);
    assert_eq!(client.rest(), (vec![], Closed::Orderly));
    client.send("late");
    client.half_close();
    let (pieces, sent) = told.next();
    assert_eq!(pieces, [Ok(("late".into(), true)), Ok(("".into(), false)), Err(End::Complete)]);
    assert_eq!(sent, Err(SendError::Finished));
}

/// All that is received: how many bytes, whether their end was orderly, and the reason why there is no more.
async fn everything(receive: &mut Receiver) -> (usize, bool, End) {
    let (mut count, mut orderly) = (0, false);
    loop {
        match piece(receive).await {
            Ok((data, follows)) => (count, orderly) = (count + data.len(), !follows),
            Err(end) => return (count, orderly, end),
        }
    }
}

/// The loss is told at once, and what came before it is received: more than is read ahead, too.
/// SPEC: TUNNEL-10
#[test]
fn what_came_before_the_peer_left() {
    let (tell, told) = telling();
    let (watch, watched) = telling();
    let app = |tell: mpsc::Sender<_>, watch: mpsc::Sender<_>| {
        http(move |_, mut receive: Receiver, mut send: Sender| {
            let (tell, watch) = (tell.clone(), watch.clone());
            async move {
                open(&mut send).await?;
                watch.send(Watched::current())?;
                let closed = send.closed().await;
                let received = everything(&mut receive).await;
                Ok(tell.send((closed, received, send.send(more("x")).await))?)
            }
        })
    };
    let refused = || Err(SendError::Disconnected(LEFT));
    let server = Running::start(app(tell.clone(), watch.clone()), quiet());
    for size in [3, 40_000] {
        for half_close in [true, false] {
            let mut client = enter(&server);
            client.send(vec![b'x'; size]);
            if half_close {
                client.half_close();
            }
            assert!(watched.next().comes_to_rest());
            client.reset();
            // An end behind what is read ahead was not seen before the reset, and is none after it.
            assert_eq!(told.next(), (LEFT, (size, half_close && size == 3, LEFT), refused()));
        }
    }
    let server = OnUnix::start(app(tell, watch), quiet());
    for size in [3, 40_000] {
        let mut client = server.connect();
        client.send(UPGRADE);
        assert_eq!(client.head().status, 101);
        client.send(vec![b'x'; size]);
        assert!(watched.next().comes_to_rest());
        drop(client);
        assert_eq!(told.next(), (LEFT, (size, size == 3, LEFT), refused()));
    }
}

/// That the application has closed its own direction is no reset, whatever comes from the peer meanwhile, and hides none.
/// SPEC: TUNNEL-8
#[test]
fn after_the_end_of_one() {
    let gate = Gate::new();
    let (tell, told) = telling();
    let (watch, watched) = telling();
    let app = |gate: Gate, tell: mpsc::Sender<_>, watch: mpsc::Sender<_>| {
        http(move |_, mut receive: Receiver, mut send: Sender| {
            let (gate, tell, watch) = (gate.clone(), tell.clone(), watch.clone());
            async move {
                no_body(&mut receive).await;
                open(&mut send).await?;
                send.send(last("")).await?;
                watch.send(Watched::current())?;
                gate.pass().await;
                let received = everything(&mut receive).await;
                Ok(tell.send((received, send.closed().await))?)
            }
        })
    };
    let server = Running::start(app(gate.clone(), tell.clone(), watch.clone()), quiet());
    let on_unix = OnUnix::start(app(gate.clone(), tell, watch), quiet());
    for size in [3, 40_000] {
        let mut client = enter(&server);
        client.send(vec![b'x'; size]);
        client.half_close();
        assert!(watched.next().comes_to_rest());
        gate.open();
        assert_eq!(told.next(), ((size, true, End::Complete), End::Complete));
        assert_eq!(client.rest(), (vec![], Closed::Orderly));

        let mut client = on_unix.connect();
        client.send(UPGRADE);
        assert_eq!(client.head().status, 101);
        client.send(vec![b'x'; size]);
        client.stream().shutdown(Shutdown::Write).unwrap();
        assert!(watched.next().comes_to_rest());
        gate.open();
        assert_eq!(told.next(), ((size, true, End::Complete), End::Complete));
        assert_eq!(client.rest(), (vec![], Closed::Orderly));

        let mut client = enter(&server);
        client.send(vec![b'x'; size]);
        let thread = watched.next();
        gate.open();
        assert!(thread.comes_to_rest());
        client.reset();
        assert_eq!(told.next(), ((size, false, LEFT), End::Complete));
    }
}
