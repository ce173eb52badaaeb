//! Handles that go to other tasks and threads, on every runtime; what `closed` and `flush` wait for.

use crate::{accept, binary, closed, echo, message, text};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use tokio::sync::oneshot;
use transom::{App, End, Incoming, Message, Outgoing, Receiver, SendError, Sender};
use transom_server::{Config, Runtime};
use transom_tests::websocket::{BINARY, CLOSE, FIN, TEXT, close, frame, plain};
use transom_tests::{Gate, OnUnix, Running, Watched, quiet, sockets, telling};

const RUNTIMES: [Runtime; 3] = [Runtime::PerCore, Runtime::ReusePort, Runtime::WorkStealing];

fn on(runtime: Runtime, workers: usize) -> Config {
    let mut config = quiet();
    (config.runtime, config.workers) = (runtime, workers);
    config
}

/// Receives on one thread and sends on another, neither of them the server's.
fn apart() -> impl App {
    sockets(async |_, mut receive: Receiver, mut send: Sender| {
        let (pass, passed) = mpsc::channel();
        thread::spawn(move || {
            while let Incoming::Message(message) = receive.recv_blocking() {
                if pass.send(message).is_err() {
                    return;
                }
            }
        });
        let (done, sent) = oneshot::channel();
        thread::spawn(move || {
            let mut result = send.send_blocking(accept());
            for message in passed {
                result = result.and_then(|()| send.send_blocking(Outgoing::Message(message)));
            }
            done.send(result)
        });
        // The end of the receiving thread is that of the sending one.
        Ok(sent.await??)
    })
}

/// One after the other, so that each finds the server asleep; and many together.
/// SPEC: HANDLE-1, WAKE-1, WAKE-6
#[test]
fn on_other_threads() {
    const COUNT: usize = 300;
    for runtime in RUNTIMES {
        for server in [Running::start(apart(), on(runtime, 2)), Running::without_lint(apart(), on(runtime, 2))] {
            let mut client = server.open();
            for at in 0..COUNT {
                client.send(frame(FIN | TEXT, at.to_string()));
                client.hear_frame(FIN | TEXT, at.to_string());
            }
            let number = |at: usize| at.to_string();
            client.send((0..COUNT).flat_map(|at| frame(FIN | TEXT, number(at))).collect::<Vec<_>>());
            client.hear((0..COUNT).flat_map(|at| plain(FIN | TEXT, number(at))).collect::<Vec<_>>());
            client.send(frame(FIN | CLOSE, close(1000, "")));
            client.hear_close(1000, "");
            client.hear_end();
        }
    }
}

/// Long messages both ways, while other threads wait for room and for bytes.
/// SPEC: WAKE-4
#[test]
fn on_other_threads_under_pressure() {
    const COUNT: usize = 40;
    const SIZE: usize = 200_000;
    let server = Running::start(apart(), quiet());
    let mut client = server.open();
    let mut writer = transom_tests::Client::new(client.stream().try_clone().unwrap());
    let writing = thread::spawn(move || {
        for at in 0..COUNT {
            writer.send(frame(FIN | BINARY, vec![at as u8; SIZE]));
        }
    });
    for at in 0..COUNT {
        client.hear_frame(FIN | BINARY, vec![at as u8; SIZE]);
    }
    writing.join().unwrap();
}

#[test]
fn many_sockets_on_every_runtime() {
    for runtime in RUNTIMES {
        let server = Running::start(echo().0, on(runtime, 4));
        let mut clients: Vec<_> = (0..16).map(|_| server.open()).collect();
        for round in 0..50 {
            for (at, client) in clients.iter_mut().enumerate() {
                client.send(frame(FIN | TEXT, format!("{round} {at}")).repeat(3));
            }
            for (at, client) in clients.iter_mut().enumerate() {
                client.hear(plain(FIN | TEXT, format!("{round} {at}")).repeat(3));
            }
        }
        for client in &mut clients {
            client.send(frame(FIN | CLOSE, ""));
            client.hear_frame(FIN | CLOSE, "");
            client.hear_end();
        }
    }
}

/// The call waits for the end alone, while another task talks.
#[test]
fn closed_beside_another_task() {
    for runtime in RUNTIMES {
        let (tell, told) = telling();
        let app = sockets(move |_, mut receive: Receiver, mut send: Sender| {
            let tell = tell.clone();
            async move {
                send.send(accept()).await?;
                let told = tell.clone();
                let task = tokio::spawn(async move {
                    loop {
                        let received = message(&mut receive).await;
                        let is_end = received.is_err();
                        told.send(received).expect("the test is there");
                        if is_end {
                            return;
                        }
                    }
                });
                let end = send.closed().await;
                task.await?;
                Ok(tell.send(Err(end))?)
            }
        });
        let server = Running::start(app, on(runtime, 2));
        let mut client = server.open();
        client.send([frame(FIN | TEXT, "hi"), frame(FIN | CLOSE, close(3000, "bye"))].concat());
        client.hear_close(3000, "");
        client.hear_end();
        let end = Err(closed(3000, "bye", true));
        assert_eq!([told.next(), told.next(), told.next()], [Ok(text("hi")), end.clone(), end]);
    }
}

/// The application's own close is the end when the client has answered it.
/// SPEC: CLOSED-1
#[test]
fn closed_after_a_close() {
    let (tell, told) = telling();
    let app = sockets(move |_, _, mut send: Sender| {
        let tell = tell.clone();
        async move {
            send.send(accept()).await?;
            send.send(crate::close(3000, "")).await?;
            send.flush().await?;
            tell.send(Err(Watched::current()))?;
            Ok(tell.send(Ok(send.closed().await))?)
        }
    });
    let server = Running::start(app, quiet());
    let mut client = server.open();
    client.hear_close(3000, "");
    let thread = told.next().unwrap_err();
    assert!(thread.comes_to_rest());
    assert!(told.rest().is_empty(), "over, though the client has said nothing");
    client.send(frame(FIN | CLOSE, close(3001, "")));
    client.hear_end();
    assert_eq!(told.next().unwrap(), closed(3001, "", true));
}

/// SPEC: FLUSH-1
#[test]
fn flush_waits_for_the_last_byte() {
    const SIZE: usize = 4 << 20;
    let gate = Gate::new();
    let (tell, told) = telling();
    let opened = gate.clone();
    let app = sockets(move |_, _, mut send: Sender| {
        let (gate, tell) = (opened.clone(), tell.clone());
        async move {
            send.send(accept()).await?;
            send.flush().await?;
            tell.send(("accepted", Watched::current()))?;
            gate.pass().await;
            send.send(Outgoing::Message(binary(vec![b'x'; SIZE]))).await?;
            tell.send(("sent", Watched::current()))?;
            send.flush().await?;
            tell.send(("flushed", Watched::current()))?;
            Ok(())
        }
    });
    let server = OnUnix::start(app, quiet());
    let mut client = server.connect();
    client.open();
    assert_eq!(told.next().0, "accepted");
    gate.open();
    let (what, thread) = told.next();
    assert_eq!(what, "sent");
    assert!(thread.comes_to_rest());
    assert!(told.rest().is_empty(), "flushed, though the client has taken nothing");
    client.hear_frame(FIN | BINARY, vec![b'x'; SIZE]);
    assert_eq!(told.next().0, "flushed");
    client.hear_close(1000, "");
}

/// Handles that are left when the call has returned are dead.
/// SPEC: END-5, END-6
#[test]
fn after_the_call() {
    let (tell, told) = telling();
    let app = sockets(move |_, receive: Receiver, mut send: Sender| {
        let tell = tell.clone();
        async move {
            send.send(accept()).await?;
            tell.send((receive, send)).map_err(|_| "nobody wants them")?;
            Ok(())
        }
    });
    let server = Running::start(app, quiet()).careless();
    let mut client = server.open();
    client.hear_close(1000, "");
    let (mut receive, mut send) = told.next();
    client.send(frame(FIN | TEXT, "nobody receives it"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        assert_eq!(message(&mut receive).await, Err(End::Complete));
        assert_eq!(send.closed().await, End::Complete);
        assert_eq!(send.send(Outgoing::Message(text("stale"))).await, Err(SendError::Finished));
        assert_eq!(send.start_send(crate::close(1000, "")), Err(SendError::Finished));
        assert_eq!(send.flush().await, Err(SendError::Finished));
        assert_eq!(poll_fn(|cx| send.poll_ready(cx)).await, Ok(()));
    });
    drop((receive, send));
    client.send(frame(FIN | CLOSE, close(1000, "")));
    client.hear_end();
}

/// A `recv` that is given up has taken nothing; a receiver that is dropped ends nothing.
/// SPEC: HANDLE-3
#[test]
fn given_up() {
    let (tell, told) = telling();
    let app = sockets(move |_, mut receive: Receiver, mut send: Sender| {
        let tell = tell.clone();
        async move {
            send.send(accept()).await?;
            {
                let mut given_up = pin!(receive.recv());
                assert!(poll_fn(|cx| Poll::Ready(given_up.as_mut().poll(cx).is_pending())).await);
            }
            let Ok(Message::Text(text)) = message(&mut receive).await else { return Err("no text".into()) };
            drop(receive);
            send.send(Outgoing::Message(Message::Text(text))).await?;
            Ok(tell.send(send.closed().await)?)
        }
    });
    let server = Running::start(app, quiet());
    let mut client = server.open();
    client.send(frame(FIN | TEXT, "hi"));
    client.hear_frame(FIN | TEXT, "hi");
    client.send(frame(FIN | CLOSE, close(1000, "")));
    client.hear_close(1000, "");
    client.hear_end();
    assert_eq!(told.next(), closed(1000, "", true));
}
