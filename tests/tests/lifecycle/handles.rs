//! Handles that go to other tasks and threads, that outlive their call, or that are dropped before the end.

use crate::{GET, Gate, give_up, no_body, piece};
use bytes::Bytes;
use std::sync::Arc;
use std::thread;
use tokio::sync::oneshot;
use transom::{End, HttpScope, Incoming, Receiver, SendError, Sender};
use transom_tests::{Closed, Running, Watched, http, last, more, quiet, respond, start, telling};

const POST: &str = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello";

/// SPEC: HANDLE-1
#[test]
fn on_another_task() {
    let app = http(async |_, mut receive: Receiver, mut send: Sender| {
        let receiving = tokio::spawn(async move { piece(&mut receive).await.expect("a body").0 });
        let data = receiving.await?;
        let sending = tokio::spawn(async move {
            send.send(start()).await?;
            for byte in data {
                send.send(more(vec![byte])).await?;
                tokio::task::yield_now().await;
            }
            send.send(last("")).await
        });
        Ok(sending.await??)
    });
    let server = Running::start(app, quiet());
    let mut client = server.connect();
    for _ in 0..3 {
        client.send(POST);
        assert_eq!(client.response().text(), "hello");
    }
}

/// SPEC: HANDLE-1, WAKE-1
#[test]
fn on_another_thread() {
    let app = Arc::new(http(async |_, mut receive: Receiver, mut send: Sender| {
        let (done, sent) = oneshot::channel();
        thread::spawn(move || {
            let Incoming::Body { data, more: false } = receive.recv_blocking() else { panic!("a body of one piece") };
            let mut sent = send.send_blocking(start());
            for byte in data.iter().filter(|_| sent.is_ok()).copied().collect::<Vec<_>>() {
                sent = sent.and(send.send_blocking(more(vec![byte])));
            }
            done.send(sent.and_then(|()| send.send_blocking(last(""))))
        });
        Ok(sent.await??)
    }));
    for server in [Running::start(Arc::clone(&app), quiet()), Running::without_lint(app, quiet())] {
        let mut client = server.connect();
        for _ in 0..3 {
            client.send(POST);
            assert_eq!(client.response().text(), "hello");
        }
    }
}

/// A body that comes while another thread waits for it, and a slow reader while another thread sends.
/// SPEC: WAKE-4, WAKE-6
#[test]
fn on_another_thread_that_waits() {
    const SIZE: usize = 8 << 20;
    let app = Arc::new(http(async |_, mut receive: Receiver, mut send: Sender| {
        let (done, sent) = oneshot::channel();
        thread::spawn(move || {
            let mut echo = || -> Result<(), SendError> {
                send.send_blocking(start())?;
                loop {
                    match receive.recv_blocking() {
                        Incoming::Body { data, more: follows } => {
                            send.send_blocking(more(data))?;
                            if !follows {
                                return send.send_blocking(last(""));
                            }
                        }
                        other => panic!("received {other:?}"),
                    }
                }
            };
            done.send(echo())
        });
        Ok(sent.await??)
    }));
    for server in [Running::start(Arc::clone(&app), quiet()), Running::without_lint(app, quiet())] {
        let mut client = server.connect();
        let mut writer = transom_tests::Client::new(client.stream().try_clone().unwrap());
        let writing = thread::spawn(move || {
            writer.send(format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {SIZE}\r\n\r\n"));
            writer.send(vec![b'x'; SIZE]);
        });
        assert_eq!(client.response().body.len(), SIZE);
        writing.join().unwrap();
    }
}

/// The server reads ahead on one thread while another receives: whatever comes between them, nobody sleeps for ever.
/// SPEC: WAKE-1, WAKE-4
#[test]
fn on_another_thread_all_the_time() {
    const SIZE: usize = 5000;
    let app = http(async |_, mut receive: Receiver, mut send: Sender| {
        let (done, received) = oneshot::channel();
        thread::spawn(move || {
            let mut count = 0;
            while let Incoming::Body { data, more } = receive.recv_blocking() {
                count += data.len();
                if !more {
                    break;
                }
            }
            done.send(count)
        });
        Ok(send.send(respond(received.await?.to_string())).await?)
    });
    let server = Running::start(app, quiet());
    let mut client = server.connect();
    let head = format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {SIZE}\r\n\r\n");
    for _ in 0..1000 {
        client.send(&head);
        client.send([b'x'; SIZE]);
        assert_eq!(client.response().text(), SIZE.to_string());
    }
}

/// Handles that are left when the call has returned are dead, and no harm to the exchanges that come next.
/// SPEC: END-5, END-6, HANDLE-2
#[test]
fn after_the_call() {
    let (tell, told) = telling();
    let gate = Gate::new();
    let opened = gate.clone();
    let app = http(move |scope: HttpScope, receive: Receiver, mut send: Sender| {
        let (tell, gate) = (tell.clone(), opened.clone());
        async move {
            if scope.target() == b"/wait" {
                gate.pass().await;
            }
            send.send(respond(Bytes::copy_from_slice(scope.target()))).await?;
            tell.send((receive, send)).map_err(|_| "nobody wants them")?;
            Ok(())
        }
    });
    let server = Running::start(app, quiet()).careless();
    let mut client = server.connect();
    client.send(GET);
    assert_eq!(client.response().text(), "/");
    let (mut receive, mut send) = told.next();
    // It is certain that the first call has returned when the next one answers.
    client.send("GET /next HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(client.response().text(), "/next");
    let next = told.next();
    // Not to those of other connections either.
    let mut other = server.connect();
    for client in [&mut client, &mut other] {
        client.send("POST /wait HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello");
    }

    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        assert_eq!(piece(&mut receive).await, Err(End::Complete));
        assert_eq!(send.closed().await, End::Complete);
        assert_eq!(send.send(respond("stale")).await, Err(SendError::Finished));
        assert_eq!(send.start_send(more("stale")), Err(SendError::Finished));
        assert_eq!(send.flush().await, Err(SendError::Finished));
        assert_eq!(std::future::poll_fn(|cx| send.poll_ready(cx)).await, Ok(()));
    });
    drop((receive, send, next));
    gate.open();
    gate.open();
    for client in [&mut client, &mut other] {
        assert_eq!(client.response().text(), "/wait");
    }
}

/// Handles that still wait when the call returns are told.
/// SPEC: END-5, WAKE-4
#[test]
fn waiting_when_the_call_returns() {
    let (tell, told) = telling();
    let app = http(move |_, mut receive: Receiver, mut send: Sender| {
        let tell = tell.clone();
        async move {
            no_body(&mut receive).await;
            send.send(respond("ok")).await?;
            thread::spawn(move || tell.send((receive.recv_blocking(), send)));
            Ok(())
        }
    });
    let server = Running::start(app, quiet());
    let mut client = server.connect();
    for _ in 0..10 {
        client.send(GET);
        assert_eq!(client.response().text(), "ok");
        assert!(matches!(told.next().0, Incoming::End(End::Complete)));
    }
}

/// The call waits for the end of its exchange while another thread answers, and another request may be there already.
/// SPEC: HTTP-RECV-3, HTTP-RECV-5, WAKE-6
#[test]
fn waiting_for_the_end() {
    let gate = Gate::new();
    let (tell, told) = telling();
    let opened = gate.clone();
    let app = http(move |_, mut receive: Receiver, mut send: Sender| {
        let (tell, gate) = (tell.clone(), opened.clone());
        async move {
            no_body(&mut receive).await;
            let watched = Watched::current();
            tokio::spawn(async move {
                gate.pass().await;
                send.send(respond("ok")).await
            });
            tell.send(watched)?;
            assert_eq!(piece(&mut receive).await, Err(End::Complete));
            Ok(())
        }
    });
    let server = Running::start(app, quiet());
    for (with_it, later) in [("", ""), (GET, ""), ("", GET), ("GET", &GET[3..])] {
        let mut client = server.connect();
        client.send([GET, with_it].concat());
        let thread = told.next();
        assert!(thread.comes_to_rest());
        client.send(later);
        assert!(thread.comes_to_rest());
        gate.open();
        assert_eq!(client.response().text(), "ok");
        if !(with_it.is_empty() && later.is_empty()) {
            told.next();
            gate.open();
            assert_eq!(client.response().text(), "ok");
        }
    }
}

/// The answer goes out at once, and not when the call returns.
/// SPEC: RETURN-9
#[test]
fn a_sender_that_is_dropped() {
    let gate = Gate::new();
    let (tell, told) = telling();
    let opened = gate.clone();
    let app = http(move |scope: HttpScope, mut receive: Receiver, mut send: Sender| {
        let (tell, gate) = (tell.clone(), opened.clone());
        async move {
            no_body(&mut receive).await;
            if scope.target() == b"/started" {
                send.send(start()).await?;
                send.send(more("part")).await?;
            }
            drop(send);
            tell.send(piece(&mut receive).await)?;
            gate.pass().await;
            Ok(())
        }
    });
    let server = Running::start(app, quiet()).careless();

    let mut client = server.connect();
    client.send(GET);
    let response = client.response();
    assert_eq!((response.status, response.closes()), (500, true));
    assert_eq!(told.next(), Err(End::Complete));
    gate.open();
    assert_eq!(client.rest(), (vec![], Closed::Orderly));

    let mut client = server.connect();
    client.send("GET /started HTTP/1.1\r\nhost: a\r\n\r\n");
    let (response, _) = client.rest();
    assert!(response.ends_with(b"\r\n\r\n4\r\npart\r\n") || response.is_empty(), "{}", response.escape_ascii());
    assert_eq!(told.next(), Err(End::Disconnected { code: None }));
    gate.open();
}

/// A response that is complete leaves before the call returns.
/// SPEC: END-4
#[test]
fn a_call_that_goes_on() {
    let gate = Gate::new();
    let (tell, told) = telling();
    let opened = gate.clone();
    let app = http(move |_, _, mut send: Sender| {
        let (tell, gate) = (tell.clone(), opened.clone());
        async move {
            send.send(respond("ok")).await?;
            gate.pass().await;
            Ok(tell.send("returns")?)
        }
    });
    let server = Running::start(app, quiet());
    let mut client = server.connect();
    client.send(GET.repeat(2));
    for _ in 0..2 {
        assert_eq!(client.response().text(), "ok");
        assert!(told.rest().is_empty());
        gate.open();
        assert_eq!(told.next(), "returns");
    }
}

/// SPEC: HANDLE-3, HANDLE-4
#[test]
fn what_is_given_up_has_neither_taken_nor_sent_anything() {
    const MARK: usize = 64 << 10;
    let (tell, told) = telling();
    let app = Arc::new(http(move |_, mut receive: Receiver, mut send: Sender| {
        let tell = tell.clone();
        async move {
            assert!(give_up(receive.recv()).await.is_none());
            tell.send(())?;
            assert_eq!(piece(&mut receive).await, Ok(("hello".into(), false)));
            send.send(start()).await?;
            send.start_send(more(vec![b'x'; MARK]))?;
            // Nothing is written before the call waits.
            assert!(give_up(send.send(more("lost"))).await.is_none());
            Ok(send.send(last("kept")).await?)
        }
    }));
    for server in [Running::start(Arc::clone(&app), quiet()), Running::without_lint(app, quiet())] {
        let mut client = server.connect();
        client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n");
        told.next();
        client.send("hello");
        let body = client.response().body;
        assert_eq!((body.len(), &body[MARK..]), (MARK + 4, &b"kept"[..]));
    }
}

/// Whoever waits last is woken, and the halves do not take each other's wakers away.
/// SPEC: WAKE-3
#[test]
fn the_last_one_to_wait_is_woken() {
    let (tell, told) = telling();
    let app = http(move |_, mut receive: Receiver, mut send: Sender| {
        let tell = tell.clone();
        async move {
            assert!(give_up(receive.recv()).await.is_none());
            send.send(start()).await?;
            send.start_send(more(vec![b'x'; 64 << 20]))?;
            assert!(give_up(send.flush()).await.is_none());
            let receiving = tokio::spawn(async move { (piece(&mut receive).await, receive) });
            let sending = tokio::spawn(async move { (send.flush().await, send) });
            tell.send(Watched::current())?;
            let (received, _receive) = receiving.await?;
            assert_eq!(received, Ok(("hello".into(), false)));
            let (flushed, mut send) = sending.await?;
            flushed?;
            assert!(give_up(send.closed()).await.is_none());
            let closing = tokio::spawn(async move { send.closed().await });
            tell.send(Watched::current())?;
            assert_eq!(closing.await?, End::Disconnected { code: None });
            tell.send(Watched::current())?;
            Ok(())
        }
    });
    let server = Running::start(app, quiet());
    let mut client = server.connect();
    client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n");
    assert!(told.next().comes_to_rest());
    client.send("hello");
    assert_eq!(client.head().status, 200);
    assert_eq!(client.chunk().len(), 64 << 20);
    assert!(told.next().comes_to_rest());
    client.reset();
    told.next();
}
