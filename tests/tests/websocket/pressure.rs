//! Back-pressure, over a Unix socket where what its two ends hold must be small and not grow.

use crate::{accept, binary, lost, message, text};
use std::future::{Future, poll_fn};
use std::io::{ErrorKind, Write};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;
use transom::{Message, Outgoing, Receiver, SendError, Sender};
use transom_tests::websocket::{BINARY, FIN, TEXT, frame};
use transom_tests::{Client, Closed, Gate, OnUnix, Running, Watched, quiet, sockets, telling};

/// More than a Unix socket holds, in both directions together (unix(7): as `net.core.wmem_default` says, twice 208 KiB).
const HELD: usize = 1 << 20;

/// The high-water mark, and one message.
const MARK: usize = 64 << 10;
const MESSAGE: usize = 32 << 10;

/// What the server reads at once of a long message, at most.
const AHEAD: usize = 256 << 10;

/// SPEC: FLOW-1
#[test]
fn a_slow_reader_holds_the_application_back() {
    const COUNT: usize = 400;
    let accepted = Arc::new(AtomicUsize::new(0));
    let (tell, told) = telling();
    let counted = Arc::clone(&accepted);
    let app = sockets(move |_, _, mut send: Sender| {
        let (tell, accepted) = (tell.clone(), Arc::clone(&counted));
        async move {
            tell.send(Watched::current())?;
            send.send(accept()).await?;
            for _ in 0..COUNT {
                send.send(Outgoing::Message(binary(vec![b'x'; MESSAGE]))).await?;
                accepted.fetch_add(MESSAGE, Ordering::SeqCst);
            }
            Ok(())
        }
    });
    let server = OnUnix::start(app, quiet());
    let mut client = server.connect();
    client.open();
    assert!(told.next().comes_to_rest());
    let held_back = accepted.load(Ordering::SeqCst);
    assert!((MARK..HELD + MARK + MESSAGE).contains(&held_back), "{held_back} bytes");
    for _ in 0..COUNT {
        client.hear_frame(FIN | BINARY, [b'x'; MESSAGE]);
    }
    client.hear_close(1000, "");
}

/// With `poll_ready` before each `start_send` there is never more than the mark and one message. A `send` that is given up
/// has sent nothing.
/// SPEC: FLOW-1, FLOW-3, FLOW-5, HANDLE-4
#[test]
fn readiness_ends_at_the_mark() {
    let (tell, told) = telling();
    let app = sockets(move |_, _, mut send: Sender| {
        let tell = tell.clone();
        async move {
            let ready = async |send: &mut Sender| poll_fn(|cx| Poll::Ready(send.poll_ready(cx).is_ready())).await;
            send.start_send(accept())?;
            let mut steps = Vec::new();
            // Nothing is written before the call waits.
            for size in [MARK / 2, MARK / 2 + 1, 1] {
                steps.push(ready(&mut send).await);
                send.start_send(Outgoing::Message(binary(vec![b'x'; size])))?;
            }
            steps.push(ready(&mut send).await);
            {
                let mut given_up = pin!(send.send(Outgoing::Message(text("given up"))));
                steps.push(poll_fn(|cx| Poll::Ready(given_up.as_mut().poll(cx).is_ready())).await);
            }
            send.start_send(crate::close(1000, ""))?;
            // What is closed waits for nothing.
            steps.push(ready(&mut send).await);
            tell.send(steps)?;
            assert_eq!(send.send(Outgoing::Message(text("late"))).await, Err(SendError::Finished));
            Ok(())
        }
    });
    let server = OnUnix::start(app, quiet()).careless();
    let mut client = server.connect();
    client.open();
    for size in [MARK / 2, MARK / 2 + 1, 1] {
        client.hear_frame(FIN | BINARY, vec![b'x'; size]);
    }
    client.hear_close(1000, "");
    assert_eq!(told.next(), [true, true, false, false, false, true]);
}

/// SPEC: FLOW-10
#[test]
fn an_application_that_does_not_receive_holds_the_client_back() {
    const TOTAL: usize = 8 << 20;
    for size in [100, 1000, 300_000] {
        let gate = Gate::new();
        let (tell, told) = telling();
        let opened = gate.clone();
        let app = sockets(move |_, mut receive: Receiver, mut send: Sender| {
            let (gate, tell) = (opened.clone(), tell.clone());
            async move {
                send.send(accept()).await?;
                tell.send(Watched::current())?;
                gate.pass().await;
                let mut count = 0;
                while let Ok(Message::Binary(data)) = message(&mut receive).await {
                    assert_eq!(data.len(), size);
                    count += 1;
                }
                Ok(send.send(Outgoing::Message(text(count.to_string()))).await?)
            }
        });
        let server = OnUnix::start(app, quiet());
        let mut client = server.connect();
        client.open();
        let thread = told.next();
        let messages = TOTAL / size;
        let said = frame(FIN | BINARY, vec![b'x'; size]).repeat(messages);
        let mut sent = 0;
        client.stream().set_nonblocking(true).unwrap();
        // Until it cannot, though the server has nothing to do.
        loop {
            match client.stream().write(&said[sent..]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    assert!(thread.comes_to_rest());
                    match client.stream().write(&said[sent..]) {
                        Ok(count) => sent += count,
                        Err(_) => break,
                    }
                }
                Err(error) => panic!("{error}"),
            }
            assert!(sent < said.len(), "the server takes everything");
        }
        assert!(sent < HELD + AHEAD + 2 * size, "{sent} bytes of messages of {size}");
        client.stream().set_nonblocking(false).unwrap();
        gate.open();
        client.send(&said[sent..]);
        client.send(frame(FIN | TEXT, "all"));
        client.hear_frame(FIN | TEXT, messages.to_string());
    }
}

/// It is given up, whatever the application waits for.
/// SPEC: DISC-5
#[test]
fn a_client_that_takes_nothing() {
    let (tell, told) = telling();
    let app = sockets(move |_, mut receive: Receiver, mut send: Sender| {
        let tell = tell.clone();
        async move {
            send.send(accept()).await?;
            let error = loop {
                if let Err(error) = send.send(Outgoing::Message(binary(vec![b'x'; 64 << 10]))).await {
                    break error;
                }
            };
            tell.send((error, message(&mut receive).await, send.closed().await, send.flush().await))?;
            Ok(())
        }
    });
    let mut config = quiet();
    config.limits.write_timeout = Some(Duration::from_millis(100));
    let server = Running::start(app, config);
    let mut client = Client::with_receive_buffer(server.address(), 64 << 10);
    client.open();
    let error = SendError::Disconnected(lost());
    assert_eq!(told.next(), (error.clone(), Err(lost()), lost(), Err(error)));
    assert_eq!(client.rest().1, Closed::Reset);
}

/// What is left when the call has returned has its time too.
#[test]
fn a_client_that_takes_nothing_of_the_rest() {
    let app = sockets(async |_, _, mut send: Sender| {
        send.send(accept()).await?;
        Ok(send.send(Outgoing::Message(binary(vec![b'x'; 64 << 20]))).await?)
    });
    let mut config = quiet();
    config.limits.write_timeout = Some(Duration::from_millis(100));
    let server = Running::start(app, config);
    let mut client = Client::with_receive_buffer(server.address(), 64 << 10);
    client.open();
    // The server closes the connection by itself: this waits for it without reading.
    let (tell, told) = telling();
    let mut watched = client.stream().try_clone().unwrap();
    let watch = std::thread::spawn(move || {
        while watched.write(&frame(FIN | TEXT, "x")).is_ok() {
            std::thread::yield_now();
        }
        tell.send(())
    });
    told.next();
    watch.join().unwrap().unwrap();
}
