//! Requests.

use crate::{MEASURED, WARM_UP};
use std::io::{Read, Write};
use std::net::TcpStream;
use transom::{App, BoxApp, Error, Headers, HttpScope, Incoming, Outgoing, Receiver, Sender};
use transom_server::Config;
use transom_tests::allocator;
use transom_tests::{Running, http, last, start};

const GET: &str = "GET /path?query HTTP/1.1\r\nhost: example.org\r\nuser-agent: test\r\naccept: */*\r\n\r\n";
const POST: &str = "POST / HTTP/1.1\r\nhost: example.org\r\ncontent-length: 1000\r\n\r\n";
const CHUNKED: &str = "POST / HTTP/1.1\r\nhost: example.org\r\ntransfer-encoding: chunked\r\n\r\n3e8\r\n";
const HEADERS: Headers = Headers::from_static(&[("content-type", "text/plain")]);

async fn respond(_scope: HttpScope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
    Ok(send.send(Outgoing::Response { status: 200, headers: HEADERS, body: "Hello, World!".into() }).await?)
}

async fn stream(_scope: HttpScope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
    send.send(start()).await?;
    Ok(send.send(last("Hello, World!")).await?)
}

async fn read(_scope: HttpScope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    let mut count = 0;
    while let Incoming::Body { data, more } = receive.recv().await {
        count += data.len();
        if !more {
            break;
        }
    }
    let body = if count == 1000 { "all of it" } else { "not all" };
    Ok(send.send(Outgoing::Response { status: 200, headers: HEADERS, body: body.into() }).await?)
}

async fn echo(_scope: HttpScope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    send.send(start()).await?;
    while let Incoming::Body { data, more } = receive.recv().await {
        send.send(Outgoing::Body { data, more }).await?;
        if !more {
            break;
        }
    }
    Ok(())
}

/// What is asked for to answer `MEASURED` times what `pieces` say, each in a write of its own.
fn measure(app: impl App, pieces: &[&[u8]], answers: usize) -> u64 {
    let mut config = Config::default();
    config.workers = 1;
    let server = Running::without_lint(app, config);
    let mut stream = TcpStream::connect(server.address()).expect("it listens");
    stream.set_nodelay(true).expect("a TCP socket");
    let mut buffer = vec![0; 64 << 10];

    let mut ask = |stream: &mut TcpStream, len: usize| {
        for piece in pieces {
            stream.write_all(piece).expect("it reads");
        }
        stream.read_exact(&mut buffer[..len]).expect("it answers");
        assert!(buffer.starts_with(b"HTTP/1.1 200 OK\r\n") && !buffer[..len].windows(7).any(|part| part == b"not all"));
    };
    let len = length_of_an_answer(&server, pieces, answers);
    for _ in 0..WARM_UP {
        ask(&mut stream, len);
    }
    let before = allocator::count();
    for _ in 0..MEASURED {
        ask(&mut stream, len);
    }
    allocator::count() - before
}

/// Asked on a connection of its own, with a bad request behind it that ends it.
fn length_of_an_answer(server: &Running, pieces: &[&[u8]], answers: usize) -> usize {
    let mut client = server.connect();
    pieces.iter().for_each(|piece| client.send(piece));
    client.send("bad\r\n\r\n");
    let (all, _) = client.rest();
    let places = || all.windows(9).enumerate().filter(|(_, part)| part == b"HTTP/1.1 ").map(|(place, _)| place);
    assert_eq!(places().count(), answers + 1);
    places().next_back().expect("counted above")
}

pub(crate) fn per_request() {
    let body = vec![b'x'; 1000];
    let post = [POST.as_bytes(), &body].concat();
    let chunked = [CHUNKED.as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
    let browser = GET.replace("accept: */*\r\n", &"sec-ch-ua-platform: \"Linux, or whatever it is\"\r\n".repeat(15));

    let none = [
        ("a whole response", measure(http(respond), &[GET.as_bytes()], 1)),
        ("with the fields of a browser", measure(http(respond), &[browser.as_bytes()], 1)),
        ("a streamed response", measure(http(stream), &[GET.as_bytes()], 1)),
        ("the whole function as it stands", measure(hello::app, &[GET.as_bytes()], 1)),
        ("a head in two pieces", measure(http(respond), &[&GET.as_bytes()[..30], &GET.as_bytes()[30..]], 1)),
        ("a body that is read", measure(http(read), &[&post], 1)),
        ("a body that comes behind its head", measure(http(read), &[POST.as_bytes(), &body], 1)),
        ("a chunked body", measure(http(read), &[&chunked], 1)),
        ("a body that is sent back", measure(http(echo), &[&post], 1)),
        ("a body that is not read", measure(http(respond), &[&post], 1)),
        ("16 pipelined requests", measure(http(respond), &[GET.repeat(16).as_bytes()], 16)),
    ];
    let one = measure(BoxApp::new(http(respond)), &[GET.as_bytes()], 1);
    assert_eq!(none.map(|(name, count)| (name, count)), none.map(|(name, _)| (name, 0)));
    assert_eq!(one, MEASURED as u64, "of an application whose type is hidden: its future");
}
