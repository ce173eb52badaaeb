//! Back-pressure, over a Unix socket: what its two ends hold is small and does not grow.

use crate::{GET, Gate, OnUnix, piece};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use transom::{App, FileBody, FileSource, HttpScope, Outgoing, Receiver, SendError, Sender};
use transom_tests::{Client, Watched, http, last, more, quiet, respond, start, telling};

/// More than a Unix socket holds, in both directions together (unix(7): as `net.core.wmem_default` says, twice 208 KiB).
const HELD: usize = 1 << 20;

/// The high-water mark, and one event.
const MARK: usize = 64 << 10;
const EVENT: usize = 32 << 10;

/// What the server reads ahead of a body, at most.
const AHEAD: usize = 64 << 10;

fn serve(app: impl App) -> (OnUnix, Client<UnixStream>) {
    let server = OnUnix::start(app, quiet());
    let client = server.connect();
    (server, client)
}

/// SPEC: FLOW-1
#[test]
fn a_slow_reader_holds_the_application_back() {
    const EVENTS: usize = 400;
    let accepted = Arc::new(AtomicUsize::new(0));
    let (tell, told) = telling();
    let counted = Arc::clone(&accepted);
    let app = http(move |_, _, mut send: Sender| {
        let (tell, accepted) = (tell.clone(), Arc::clone(&counted));
        async move {
            tell.send(Watched::current())?;
            send.send(start()).await?;
            for _ in 0..EVENTS {
                send.send(more(vec![b'x'; EVENT])).await?;
                accepted.fetch_add(EVENT, Ordering::SeqCst);
            }
            Ok(send.send(last("")).await?)
        }
    });
    let (_server, mut client) = serve(app);
    client.send(GET);
    assert!(told.next().comes_to_rest());
    let held_back = accepted.load(Ordering::SeqCst);
    assert!((MARK..HELD + MARK + EVENT).contains(&held_back), "{held_back} bytes");
    let response = client.response();
    assert_eq!(response.body.len(), EVENTS * EVENT);
    assert_eq!(accepted.load(Ordering::SeqCst), EVENTS * EVENT);
}

/// With `poll_ready` before each `start_send` there is never more than the mark and one event.
/// SPEC: FLOW-1, FLOW-2, FLOW-3, FLOW-4, FLOW-5
#[test]
fn readiness_ends_at_the_mark() {
    let (tell, told) = telling();
    let app = http(move |_, _, mut send: Sender| {
        let tell = tell.clone();
        async move {
            let ready = async |send: &mut Sender| {
                std::future::poll_fn(|cx| std::task::Poll::Ready(send.poll_ready(cx).is_ready())).await
            };
            send.start_send(start())?;
            let mut steps = Vec::new();
            // Nothing is written before the call waits.
            for size in [MARK / 2, MARK / 2 + 1, 1] {
                steps.push(ready(&mut send).await);
                // It says the same again, and to have asked takes no room.
                assert_eq!(ready(&mut send).await, *steps.last().expect("it was pushed"));
                send.start_send(more(vec![b'x'; size]))?;
            }
            steps.push(ready(&mut send).await);
            send.start_send(last(""))?;
            // What is complete waits for nothing.
            steps.push(ready(&mut send).await);
            tell.send(steps)?;
            assert_eq!(send.send(last("")).await, Err(SendError::Finished));
            Ok(())
        }
    });
    let server = OnUnix::start(app, quiet()).careless();
    let mut client = server.connect();
    client.send(GET);
    assert_eq!(client.response().body.len(), MARK + 2);
    assert_eq!(told.next(), [true, true, false, false, true]);
}

/// SPEC: FLOW-10, DISC-3
#[test]
fn an_application_that_does_not_read_holds_the_client_back() {
    const SIZE: usize = 10 << 20;
    let gate = Gate::new();
    let (tell, told) = telling();
    let opened = gate.clone();
    let app = http(move |scope: HttpScope, mut receive: Receiver, mut send: Sender| {
        let (gate, tell) = (opened.clone(), tell.clone());
        async move {
            tell.send(Watched::current())?;
            gate.pass().await;
            let mut count = 0;
            if scope.target() == b"/read" {
                while let Ok((data, more)) = piece(&mut receive).await {
                    count += data.len();
                    if !more {
                        break;
                    }
                }
            }
            Ok(send.send(respond(count.to_string())).await?)
        }
    });
    let (_server, mut client) = serve(app);
    client.send(format!("POST /read HTTP/1.1\r\nhost: a\r\ncontent-length: {SIZE}\r\n\r\n"));
    let thread = told.next();
    let mut sent = 0;
    client.stream().set_nonblocking(true).unwrap();
    // Until it cannot, though the server has nothing to do.
    loop {
        match client.stream().write(&[b'x'; 4096]) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                assert!(thread.comes_to_rest());
                match client.stream().write(&[b'x'; 4096]) {
                    Ok(count) => sent += count,
                    Err(_) => break,
                }
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(sent < HELD + AHEAD, "{sent} bytes");
    client.stream().set_nonblocking(false).unwrap();
    gate.open();
    client.send(vec![b'x'; SIZE - sent]);
    assert_eq!(client.response().text(), SIZE.to_string());
}

/// SPEC: FLUSH-1
#[test]
fn flush_waits_for_the_last_byte() {
    const SIZE: usize = 4 << 20;
    let gate = Gate::new();
    let (tell, told) = telling();
    let opened = gate.clone();
    let app = http(move |_, _, mut send: Sender| {
        let (gate, tell) = (opened.clone(), tell.clone());
        async move {
            send.send(start()).await?;
            send.flush().await?;
            tell.send(("head", Watched::current()))?;
            gate.pass().await;
            send.send(more(vec![b'x'; SIZE])).await?;
            tell.send(("accepted", Watched::current()))?;
            send.flush().await?;
            tell.send(("flushed", Watched::current()))?;
            Ok(send.send(last("")).await?)
        }
    });
    let (_server, mut client) = serve(app);
    client.send(GET);
    assert_eq!(told.next().0, "head");
    // It was handed over: it is here before the call goes on.
    assert_eq!(client.head().status, 200);
    gate.open();
    let (what, thread) = told.next();
    assert_eq!(what, "accepted");
    assert!(thread.comes_to_rest());
    assert!(told.rest().is_empty(), "flushed, though the client has taken nothing");
    assert_eq!(client.chunk().len(), SIZE);
    assert_eq!(told.next().0, "flushed");
    assert_eq!(client.chunk(), b"");
}

/// The peer takes nothing more, and far less than the mark is left.
#[test]
fn flush_of_small_pieces_waits_too() {
    const PIECES: usize = 2000;
    let (tell, told) = telling();
    let app = http(move |_, _, mut send: Sender| {
        let tell = tell.clone();
        async move {
            tell.send(Watched::current())?;
            send.send(start()).await?;
            for _ in 0..PIECES {
                send.send(more(vec![b'x'; 1024])).await?;
                send.flush().await?;
            }
            Ok(send.send(last("")).await?)
        }
    });
    let (_server, mut client) = serve(app);
    client.send(GET);
    assert!(told.next().comes_to_rest(), "the server is busy, with nothing to do");
    assert_eq!(client.response().body.len(), PIECES * 1024);
}

/// Accepted bytes leave before the call waits for anything, so that events need no flush.
/// SPEC: FLOW-8
#[test]
fn nothing_has_to_be_flushed() {
    let gate = Gate::new();
    let opened = gate.clone();
    let app = http(move |_, _, mut send: Sender| {
        let gate = opened.clone();
        async move {
            send.send(start()).await?;
            for event in ["one", "two", "three"] {
                send.send(more(event)).await?;
                gate.pass().await;
            }
            Ok(send.send(last("")).await?)
        }
    });
    let (_server, mut client) = serve(app);
    client.send(GET);
    assert_eq!(client.head().status, 200);
    for event in ["one", "two", "three"] {
        assert_eq!(client.chunk(), event.as_bytes());
        gate.open();
    }
    assert_eq!(client.chunk(), b"");
}

/// A file counts as long as it is, though it takes no memory.
/// SPEC: FLOW-7
#[test]
fn files_count_too() {
    const SIZE: u64 = 8 << 20;
    let (tell, told) = telling();
    let app = http(move |_, _, mut send: Sender| {
        let tell = tell.clone();
        async move {
            tell.send(("called", Watched::current()))?;
            send.send(start()).await?;
            for what in ["first", "second"] {
                let file = FileBody { source: FileSource::File(sparse(SIZE)), offset: 0, len: SIZE };
                send.send(Outgoing::File { file, more: true }).await?;
                tell.send((what, Watched::current()))?;
            }
            send.send(last("")).await?;
            Ok(tell.send(("last", Watched::current()))?)
        }
    });
    let (_server, mut client) = serve(app);
    client.send(GET);
    for what in ["called", "first"] {
        let (told, thread) = told.next();
        assert!(told == what && thread.comes_to_rest());
    }
    assert!(told.rest().is_empty());
    assert_eq!(client.head().status, 200);
    assert_eq!(client.chunk().len(), SIZE as usize);
    assert_eq!(told.next().0, "second");
    assert_eq!((client.chunk().len(), client.chunk().len()), (SIZE as usize, 0));
    assert_eq!(told.next().0, "last");
}

/// What is no longer there when its turn comes cannot be sent, and that shows.
/// SPEC: RETURN-4, FILE-3
#[test]
fn a_file_that_becomes_shorter() {
    const SIZE: u64 = 8 << 20;
    for length in [Some(SIZE), None] {
        let file = sparse(SIZE);
        let (tell, told) = telling();
        let sent = Arc::clone(&file);
        let app = http(move |_, _, mut send: Sender| {
            let (tell, file) = (tell.clone(), Arc::clone(&sent));
            async move {
                let headers = length.map(|length| ("content-length", length.to_string())).into_iter().collect();
                send.send(Outgoing::Start { status: 200, headers }).await?;
                let file = FileBody { source: FileSource::File(file), offset: 0, len: SIZE };
                send.send(Outgoing::File { file, more: true }).await?;
                tell.send(Watched::current())?;
                send.send(last("")).await.unwrap_err();
                Ok(())
            }
        });
        let (_server, mut client) = serve(app);
        client.send(GET);
        assert!(told.next().comes_to_rest());
        file.set_len(1 << 20).unwrap();
        assert_eq!(client.head().status, 200);
        let (rest, _) = client.rest();
        assert!(rest.len() < SIZE as usize && !rest.ends_with(b"0\r\n\r\n"));
    }
}

fn sparse(len: u64) -> Arc<File> {
    let file = tempfile::tempfile().expect("room for a file");
    file.set_len(len).expect("a file without content");
    Arc::new(file)
}

/// One read takes all of them, for one write gave them away.
/// SPEC: FLOW-9
#[test]
fn a_head_and_its_body_leave_together() {
    let app = http(async |scope: HttpScope, _, mut send: Sender| {
        if scope.target() == b"/whole" {
            return Ok(send.send(respond("ok")).await?);
        }
        send.send(start()).await?;
        send.send(more("a")).await?;
        Ok(send.send(last("b")).await?)
    });
    let (_server, mut client) = serve(app);
    let mut buffer = [0; 4096];
    for (target, end) in [("/whole", "\r\n\r\nok"), ("/stream", "\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n")].repeat(50) {
        client.send(format!("GET {target} HTTP/1.1\r\nhost: a\r\n\r\n"));
        let count = client.stream().read(&mut buffer).expect("it is answered");
        assert!(buffer[..count].ends_with(end.as_bytes()), "{}", buffer[..count].escape_ascii());
    }
}
