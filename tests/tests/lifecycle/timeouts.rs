use crate::{GET, LEFT, piece};
use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};
use transom::{End, Error, HttpScope, Receiver, SendError, Sender};
use transom_server::Config;
use transom_tests::{Client, Closed, PATIENCE, Running, http, last, more, quiet, respond, start, telling};

const SHORT: Option<Duration> = Some(Duration::from_millis(100));

fn with(change: impl FnOnce(&mut transom_server::Limits)) -> Config {
    let mut config = quiet();
    change(&mut config.limits);
    config
}

#[track_caller]
fn assert_closed(client: &mut Client) {
    let (rest, closed) = client.rest();
    assert_eq!((rest.escape_ascii().to_string(), closed), (String::new(), Closed::Orderly));
}

#[track_caller]
fn assert_refused(client: &mut Client, status: u16) {
    let response = client.response();
    assert_eq!((response.status, response.closes()), (status, true));
    assert_closed(client);
}

#[test]
fn a_head_without_an_end() {
    let server = Running::start(hello::app, with(|limits| limits.head_timeout = SHORT));
    let mut client = server.connect();
    client.send("GET / HTTP/1.1\r\nhost: a\r\n");
    assert_refused(&mut client, 408);

    let mut client = server.connect();
    client.send(GET);
    assert_eq!(client.response().status, 200);
    client.send("G");
    assert_refused(&mut client, 408);
}

/// The time begins with the first byte, and no other byte makes it longer.
#[test]
fn a_head_that_trickles() {
    let server = Running::start(hello::app, with(|limits| limits.head_timeout = SHORT));
    let mut client = server.connect();
    client.stream().set_read_timeout(Some(Duration::from_millis(5))).unwrap();
    client.send("GET / HTTP/1.1\r\n");
    let mut first = [0];
    let begun = Instant::now();
    let count = loop {
        assert!(begun.elapsed() < PATIENCE, "every byte makes it longer");
        client.send("x");
        match client.stream().read(&mut first) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            read => break read.unwrap(),
        }
    };
    assert_eq!(&first[..count], b"H");
    let (rest, _) = client.rest();
    assert!(rest.starts_with(b"TTP/1.1 408 "), "{}", rest.escape_ascii());
}

#[test]
fn an_idle_connection() {
    let server = Running::start(hello::app, with(|limits| limits.keep_alive = SHORT));
    assert_closed(&mut server.connect());
    let mut client = server.connect();
    client.send(GET.repeat(2));
    assert_eq!((client.response().status, client.response().status), (200, 200));
    assert_closed(&mut client);
}

/// A peer that was too slow and then leaves has left.
/// SPEC: CLOSED-2, CLOSED-4
#[test]
fn a_peer_that_leaves_after_its_timeout() {
    let (tell, told) = telling();
    let app = http(move |_, mut receive, mut send| {
        let tell = tell.clone();
        async move {
            tell.send(piece(&mut receive).await.unwrap_err())?;
            tell.send(send.closed().await)?;
            assert_eq!(piece(&mut receive).await, Err(End::Timeout));
            Ok(send.send(respond("late")).await?)
        }
    });
    let server = Running::start(app, with(|limits| limits.body_timeout = SHORT));
    for reset in [false, true] {
        let mut client = server.connect();
        client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n");
        assert_eq!(told.next(), End::Timeout);
        if reset {
            client.reset()
        } else {
            drop(client)
        }
        assert_eq!(told.next(), LEFT);
    }
}

/// SPEC: APP-3, HTTP-RECV-10, HTTP-RECV-11, END-3, RETURN-2
#[test]
fn a_body_that_stalls() {
    let (tell, told) = telling();
    let app = http(move |scope, mut receive, mut send| {
        let tell = tell.clone();
        async move {
            if scope.target() == b"/started" {
                send.send(start()).await?;
            }
            let (data, _) = piece(&mut receive).await.expect("the beginning");
            let ends = (piece(&mut receive).await, piece(&mut receive).await);
            tell.send((data, ends))?;
            match scope.target() {
                b"/answered" => send.send(respond("late")).await?,
                b"/started" => send.send(last("late")).await?,
                _ => {}
            }
            Ok(())
        }
    });
    let server = Running::start(app, with(|limits| limits.body_timeout = SHORT));
    let ask = |target: &str| {
        let mut client = server.connect();
        client.send(format!("POST {target} HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhe"));
        assert_eq!(told.next(), ("he".into(), (Err(End::Timeout), Err(End::Timeout))));
        client
    };
    assert_refused(&mut ask("/"), 408);

    let mut client = ask("/answered");
    assert_eq!(client.response().text(), "late");
    assert_closed(&mut client);

    let mut client = ask("/started");
    assert_eq!(client.response().text(), "late");
    assert_closed(&mut client);
}

/// SPEC: HTTP-RECV-12
#[test]
fn an_answer_after_a_stall_says_that_it_is_the_last() {
    let app = http(async |_, mut receive, mut send: Sender| {
        assert_eq!(piece(&mut receive).await, Err(End::Timeout));
        Ok(send.send(respond("late")).await?)
    });
    let server = Running::start(app, with(|limits| limits.body_timeout = SHORT));
    let mut client = server.connect();
    client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n");
    assert!(client.response().closes());
}

#[test]
fn a_body_that_nobody_reads() {
    let app = http(async |_, _, mut send: Sender| Ok(send.send(respond("unread")).await?));
    let server = Running::start(app, with(|limits| limits.body_timeout = SHORT));
    for framing in ["content-length: 5", "transfer-encoding: chunked"] {
        let mut client = server.connect();
        client.send(format!("POST / HTTP/1.1\r\nhost: a\r\n{framing}\r\n\r\n"));
        assert_eq!(client.response().text(), "unread");
        assert_closed(&mut client);
    }
}

/// Time without a byte counts, not the time that a body takes.
#[test]
fn a_body_that_is_slow_and_steady() {
    let timeout = Duration::from_secs(1);
    let app = http(async |_, mut receive, mut send: Sender| {
        let mut count = 0;
        while let Ok((data, more)) = piece(&mut receive).await {
            count += data.len();
            if !more {
                break;
            }
        }
        Ok(send.send(respond(count.to_string())).await?)
    });
    let server = Running::start(app, with(|limits| limits.body_timeout = Some(timeout)));
    let mut client = server.connect();
    client.send("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
    let mut count = 0;
    let begun = Instant::now();
    while begun.elapsed() < timeout * 5 / 4 {
        client.send("1\r\nx\r\n");
        count += 1;
    }
    client.send("0\r\n\r\n");
    assert_eq!(client.response().text(), count.to_string());
}

/// SPEC: DISC-5
#[test]
fn a_peer_that_takes_nothing() {
    let (tell, told) = telling();
    let app = http(move |_, mut receive, mut send| {
        let tell = tell.clone();
        async move {
            send.send(start()).await?;
            let error = loop {
                if let Err(error) = send.send(more(vec![b'x'; 64 << 10])).await {
                    break error;
                }
            };
            tell.send((error, piece(&mut receive).await.unwrap_err(), send.closed().await))?;
            Ok(())
        }
    });
    let server = Running::start(app, with(|limits| limits.write_timeout = SHORT));
    let mut client = Client::with_receive_buffer(server.address(), 64 << 10);
    client.send(GET);
    assert_eq!(told.next(), (SendError::Disconnected(LEFT), LEFT, LEFT));
    let (response, _) = client.rest();
    assert!(!response.ends_with(b"0\r\n\r\n"));
}

const LARGE: usize = 64 << 20;

/// `/whole` has its length, and `/stream` has it not, and so to HTTP/1.0 ends with the connection.
async fn large(scope: HttpScope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
    let body = vec![b'x'; LARGE];
    if scope.target() == b"/whole" {
        return Ok(send.send(respond(body)).await?);
    }
    send.send(start()).await?;
    send.send(more(body)).await?;
    Ok(send.send(last("")).await?)
}

/// What is written after the call has returned has its timeout too; and a response that was given up does not look complete.
/// SPEC: RETURN-4
#[test]
fn a_peer_that_takes_nothing_of_a_large_response() {
    for (target, ending) in [("/whole", None), ("/stream", Some(Closed::Reset))] {
        let mut server = Running::start(http(large), with(|limits| limits.write_timeout = SHORT));
        let mut client = Client::with_receive_buffer(server.address(), 64 << 10);
        client.send(format!("GET {target} HTTP/1.0\r\n\r\n"));
        assert_eq!(client.head().status, 200);
        // It stops when this connection is closed.
        server.stop();
        server.join().unwrap();
        let (response, closed) = client.rest();
        assert!(response.len() < LARGE && ending.is_none_or(|ending| ending == closed), "{target}: {closed:?}");
    }
}

/// Time without a byte counts, not the time that a response takes.
#[test]
fn a_peer_that_is_slow_and_steady() {
    let timeout = Duration::from_secs(1);
    let longer = timeout * 5 / 4;
    let server = Running::start(http(large), with(|limits| limits.write_timeout = Some(timeout)));
    for target in ["/whole", "/stream"] {
        let mut client = Client::with_receive_buffer(server.address(), 256 << 10);
        client.send(format!("GET {target} HTTP/1.0\r\n\r\n"));
        assert_eq!(client.head().status, 200);
        let mut taken = 0;
        let begun = Instant::now();
        while begun.elapsed() < longer {
            // As much as its share of the time, so that not all is taken before the time is over.
            if taken < (LARGE as f64 * 0.8 * begun.elapsed().div_duration_f64(longer)) as usize {
                taken += client.take(64 << 10).len();
            } else {
                std::thread::yield_now();
            }
        }
        let left = LARGE - taken;
        assert_eq!(client.take(left).len(), left, "{target}");
    }
}
