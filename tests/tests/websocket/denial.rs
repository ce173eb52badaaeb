//! Handshakes that are not accepted: the answer is one of HTTP, and the connection goes on.

use crate::{accept, message};
use std::io::Write;
use std::sync::Arc;
use transom::{App, End, Error, FileBody, FileSource, Headers, Outgoing, Receiver, SendError, Sender, WebSocketScope};
use transom_tests::websocket::{FIN, HANDSHAKE, SWITCHED, TEXT, frame};
use transom_tests::{Closed, Running, Told, Watched, last, more, quiet, sockets, telling};

const LEFT: End = End::Disconnected { code: None };

fn handshake_at(target: &str) -> String {
    HANDSHAKE.replacen("GET /", &format!("GET {target}"), 1)
}

fn response(status: u16, fields: &'static [(&'static str, &'static str)], body: &'static str) -> Outgoing {
    Outgoing::Response { status, headers: Headers::from_static(fields), body: body.into() }
}

fn start(status: u16, fields: &'static [(&'static str, &'static str)]) -> Outgoing {
    Outgoing::Start { status, headers: Headers::from_static(fields) }
}

/// What the server says by itself.
fn own(status: &str) -> String {
    let length = status[4..].len() + 1;
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {length}\r\n");
    format!("{head}\r\n{}\n", &status[4..])
}

fn file(content: &str) -> FileBody {
    let mut file = tempfile::tempfile().expect("a temporary file");
    file.write_all(content.as_bytes()).expect("room for it");
    FileBody { source: FileSource::File(Arc::new(file)), offset: 1, len: content.len() as u64 - 2 }
}

/// Denies as the target says; what is behind it tells what it gets afterwards.
async fn deny(scope: WebSocketScope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    match scope.http().target() {
        b"/" => {
            send.send(accept()).await?;
            return message(&mut receive).await.map(drop).map_err(|end| end.to_string().into());
        }
        b"/ok" => return Ok(()),
        b"/fail" => return Err("it fails".into()),
        b"/unsupported" => return Err(Error::unsupported()),
        b"/panic" => panic!("it panics"),
        b"/dropped" => {
            drop(send);
            assert_eq!(message(&mut receive).await, Err(End::Complete));
            return Ok(());
        }
        b"/close" => send.send(crate::close(4000, "not told")).await?,
        b"/response" => send.send(response(401, &[("www-authenticate", "Basic")], "who?")).await?,
        b"/empty" => send.send(response(404, &[], "")).await?,
        b"/redirect" => send.send(response(302, &[("location", "/other")], "")).await?,
        b"/last" => send.send(response(403, &[("connection", "close")], "no")).await?,
        b"/stream" => {
            for event in [start(404, &[]), more("not "), more(""), more("he"), last("re")] {
                send.send(event).await?;
            }
        }
        b"/counted" => {
            for event in [start(404, &[("content-length", "4")]), more("no"), last("ne")] {
                send.send(event).await?;
            }
        }
        b"/early" => {
            let headers = Headers::from_static(&[("link", "</a>")]);
            send.send(Outgoing::Informational { status: 103, headers }).await?;
            send.send(response(403, &[], "no")).await?;
        }
        b"/file" => {
            send.send(start(403, &[])).await?;
            send.send(Outgoing::File { file: file("(a file)"), more: false }).await?;
        }
        b"/trailers" => {
            send.send(start(403, &[])).await?;
            send.send(more("no")).await?;
            send.send(Outgoing::Trailers(Headers::from_static(&[("x-t", "1")]))).await?;
        }
        _ => unreachable!("no test asks for it"),
    }
    assert_eq!(send.send(accept()).await, Err(SendError::Finished));
    assert_eq!(send.flush().await, Ok(()));
    assert_eq!(send.closed().await, End::Complete);
    assert_eq!(message(&mut receive).await, Err(End::Complete));
    assert_eq!(message(&mut receive).await, Err(End::Complete));
    assert_eq!(send.send(response(403, &[], "")).await, Err(SendError::Finished));
    Ok(())
}

fn answers() -> Vec<(&'static str, String)> {
    let chunked = "transfer-encoding: chunked\r\n\r\n";
    vec![
        ("/close", own("403 Forbidden")),
        ("/ok", own("403 Forbidden")),
        ("/fail", own("500 Internal Server Error")),
        ("/panic", own("500 Internal Server Error")),
        ("/dropped", own("500 Internal Server Error")),
        ("/unsupported", own("501 Not Implemented")),
        ("/response", "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Basic\r\ncontent-length: 4\r\n\r\nwho?".into()),
        ("/empty", "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".into()),
        ("/redirect", "HTTP/1.1 302 Found\r\nlocation: /other\r\ncontent-length: 0\r\n\r\n".into()),
        ("/stream", format!("HTTP/1.1 404 Not Found\r\n{chunked}4\r\nnot \r\n2\r\nhe\r\n2\r\nre\r\n0\r\n\r\n")),
        ("/counted", "HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\nnone".into()),
        (
            "/early",
            "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno"
                .into(),
        ),
        ("/file", format!("HTTP/1.1 403 Forbidden\r\n{chunked}6\r\na file\r\n0\r\n\r\n")),
        ("/trailers", format!("HTTP/1.1 403 Forbidden\r\n{chunked}2\r\nno\r\n0\r\nx-t: 1\r\n\r\n")),
    ]
}

const GET: &str = "GET /next HTTP/1.1\r\nhost: a\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n/next";

/// Afterwards the connection is good for a request, and for another handshake.
/// SPEC: WS-7, WS-13, WS-14, WS-21
#[test]
fn in_every_way() {
    let server = Running::start(sockets(deny), quiet()).careless();
    for (target, answer) in answers() {
        let mut client = server.connect();
        client.send(handshake_at(target));
        client.hear(&answer);
        client.send(GET);
        client.hear(OK);
        client.send(handshake_at(target));
        client.hear(&answer);
        client.send(HANDSHAKE);
        client.hear(SWITCHED);
        client.send(frame(FIN | TEXT, "hi"));
        client.hear_close(1000, "");
    }
}

/// Without waiting for the answers.
#[test]
fn pipelined() {
    let server = Running::start(sockets(deny), quiet()).careless();
    for (target, answer) in answers() {
        let handshake = handshake_at(target);
        let mut client = server.connect();
        client.send([GET, &handshake, &handshake, GET, &handshake, HANDSHAKE].concat());
        client.send(frame(FIN | TEXT, "hi"));
        client.hear([OK, &answer, &answer, OK, &answer, SWITCHED].concat());
        client.hear_close(1000, "");
    }
}

#[test]
fn as_the_last_of_its_connection() {
    let server = Running::start(sockets(deny), quiet()).careless();
    let mut client = server.connect();
    client.send([&handshake_at("/last"), GET].concat());
    client.hear("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno");
    client.hear_end();

    let mut client = server.connect();
    client
        .send([&handshake_at("/close").replacen("connection: upgrade", "connection: upgrade, close", 1), GET].concat());
    client.hear(own("403 Forbidden").replacen("\r\n\r\n", "\r\nconnection: close\r\n\r\n", 1));
    client.hear_end();
}

/// A denial that is given up does not look complete.
/// SPEC: RETURN-4, WS-14
#[test]
fn in_part() {
    let app = sockets(async |scope: WebSocketScope, _, mut send: Sender| {
        send.send(start(403, &[])).await?;
        send.send(more("part")).await?;
        match scope.http().target() {
            b"/ok" => Ok(()),
            b"/unsupported" => Err(Error::unsupported()),
            _ => Err("it fails".into()),
        }
    });
    let server = Running::start(app, quiet()).careless();
    for target in ["/ok", "/fail", "/unsupported"] {
        let mut client = server.connect();
        client.send(handshake_at(target));
        client.hear("HTTP/1.1 403 Forbidden\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n");
        client.hear_end();
    }
}

/// Waits in the way that the target names for a client that leaves.
fn undecided() -> (impl App, Told<Watched>, Told<(End, End, SendError)>) {
    let (here, called) = telling();
    let (tell, told) = telling();
    let app = sockets(move |scope: WebSocketScope, mut receive: Receiver, mut send: Sender| {
        let (here, tell) = (here.clone(), tell.clone());
        async move {
            here.send(Watched::current())?;
            if scope.http().target() == b"/closed" {
                send.closed().await;
            }
            let received = message(&mut receive).await.unwrap_err();
            assert_eq!(message(&mut receive).await, Err(received.clone()));
            let closed = send.closed().await;
            let sent = send.send(accept()).await.unwrap_err();
            assert_eq!(send.send(response(403, &[], "")).await, Err(sent.clone()));
            assert_eq!(send.flush().await, Err(sent.clone()));
            Ok(tell.send((received, closed, sent))?)
        }
    });
    (app, called, told)
}

/// SPEC: DISC-1, WS-9, WS-13
#[test]
fn a_client_that_leaves_first() {
    let (app, called, told) = undecided();
    let server = Running::start(app, quiet());
    for target in ["/recv", "/closed"] {
        for way in [Closed::Orderly, Closed::Reset] {
            // More than is read ahead too.
            for frames in [0, 1, 50] {
                let mut client = server.connect();
                client.send(handshake_at(target));
                client.send(frame(FIN | TEXT, vec![b'x'; 1000]).repeat(frames));
                assert!(called.next().comes_to_rest());
                match way {
                    Closed::Orderly => drop(client),
                    _ => client.reset(),
                }
                let expected = (LEFT, LEFT, SendError::Disconnected(LEFT));
                assert_eq!(told.next(), expected, "{target} {way:?} {frames}");
            }
        }
    }
}
