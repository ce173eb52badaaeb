//! The opening handshake (RFC 6455 section 4.2).

use crate::{accept, echo, message, text};
use transom::{Capabilities, Headers, Outgoing, Receiver, SendError, Sender, Violation, WebSocketScope};
use transom_tests::websocket::{FIN, HANDSHAKE, SWITCHED, TEXT, frame, plain};
use transom_tests::{Gate, Running, Watched, http, last, quiet, respond, sockets, start, telling};

/// The handshake with further fields.
fn with(fields: &str) -> String {
    HANDSHAKE.replacen("\r\n\r\n", &format!("\r\n{fields}\r\n"), 1)
}

/// The handshake, a part of it replaced.
#[track_caller]
fn changed(from: &str, to: &str) -> String {
    assert!(HANDSHAKE.contains(from));
    HANDSHAKE.replacen(from, to, 1)
}

const BAD_REQUEST: &str = "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 12\r\n\
    connection: close\r\n\r\nBad Request\n";

const ANOTHER_VERSION: &str = "HTTP/1.1 426 Upgrade Required\r\ncontent-type: text/plain; charset=utf-8\r\n\
    upgrade: websocket\r\nsec-websocket-version: 13\r\ncontent-length: 17\r\nconnection: upgrade, close\r\n\r\n\
    Upgrade Required\n";

const KEY: &str = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const VERSION: &str = "sec-websocket-version: 13\r\n";

/// SPEC: APP-1, WS-1
#[test]
fn what_is_no_handshake() {
    let (tell, told) = telling();
    let app = sockets(move |_, _, _| {
        tell.send("called").expect("the test is there");
        async { Ok(()) }
    });
    let server = Running::start(app, quiet());
    for (what, request, answer) in [
        ("another method", changed("GET", "POST"), BAD_REQUEST),
        ("an unknown method", changed("GET", "get"), BAD_REQUEST),
        ("no key", changed(KEY, ""), BAD_REQUEST),
        ("a key of nothing", changed(KEY, "sec-websocket-key:\r\n"), BAD_REQUEST),
        ("two keys", with(KEY), BAD_REQUEST),
        ("a key that is no base64", changed("dGhlI", "!!!!!"), BAD_REQUEST),
        ("a key without its padding", changed("Q==", "Q"), BAD_REQUEST),
        ("a key of 15 bytes", changed("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j"), BAD_REQUEST),
        ("a key of 17 bytes", changed("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZWE="), BAD_REQUEST),
        ("no version", changed(VERSION, ""), ANOTHER_VERSION),
        ("another version", changed(VERSION, "sec-websocket-version: 8\r\n"), ANOTHER_VERSION),
        ("a list of versions", changed(VERSION, "sec-websocket-version: 13, 8\r\n"), ANOTHER_VERSION),
        ("two versions", with(VERSION), ANOTHER_VERSION),
        ("a body", format!("{}x", with("content-length: 1\r\n")), BAD_REQUEST),
        ("a chunked body", format!("{}0\r\n\r\n", with("transfer-encoding: chunked\r\n")), BAD_REQUEST),
        ("a subprotocol that is no token", with("sec-websocket-protocol: a b\r\n"), BAD_REQUEST),
        ("one of them", with("sec-websocket-protocol: chat, a/b\r\n"), BAD_REQUEST),
        ("an extension that is none", with("sec-websocket-extensions: permessage-deflate; =\r\n"), BAD_REQUEST),
        ("no extension at all", with("sec-websocket-extensions: ,\r\n"), BAD_REQUEST),
    ] {
        let mut client = server.connect();
        client.send(&request);
        if let Err(heard) = client.expect(answer.as_bytes()) {
            panic!("{what}: {}", heard.escape_ascii());
        }
        client.hear_end();
    }
    assert_eq!(told.rest(), [""; 0]);
}

/// In one write, and with each byte in a write of its own.
#[test]
fn the_example_of_the_rfc() {
    let server = Running::start(echo().0, quiet());
    drop(server.open());
    let mut client = server.connect();
    for byte in HANDSHAKE.bytes() {
        client.send([byte]);
    }
    client.hear(SWITCHED);
    // As browsers write it.
    for request in [
        changed("upgrade: websocket\r\nconnection: upgrade", "Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade"),
        changed("upgrade: websocket", "upgrade: foo/1, websocket"),
        with("content-length: 0\r\n"),
        with("sec-websocket-protocol:\r\n"),
        with("sec-websocket-extensions: permessage-deflate; client_max_window_bits, x-other\r\n"),
    ] {
        let mut client = server.connect();
        client.send(&request);
        client.hear(SWITCHED);
        client.send(frame(FIN | TEXT, "hi"));
        client.hear_frame(FIN | TEXT, "hi");
    }
}

/// SPEC: APP-11, CAP-1, SCOPE-11
#[test]
fn what_the_application_is_told() {
    let (tell, told) = telling();
    let call = move |scope: WebSocketScope, _, _| {
        let http = scope.http();
        let show = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("these tests send UTF-8");
        let subprotocols: Vec<_> = scope.subprotocols().map(str::to_owned).collect();
        let paths = [http.raw_path(), http.root_path(), http.local_path()].map(show);
        let query = http.query().map(show);
        let told = (paths, query, http.protocol().map(str::to_owned), subprotocols, http.capabilities());
        tell.send(told).expect("the test is there");
        async { Ok(()) }
    };
    let mut config = quiet();
    config.root_path = "/api".into();
    let capabilities = Capabilities::INFORMATIONAL
        | Capabilities::TRAILERS
        | Capabilities::FILE
        | Capabilities::FULL_DUPLEX
        | Capabilities::WEBSOCKET_DENIAL
        | Capabilities::CLOSED_WATCH;
    let offered = "sec-websocket-protocol: chat, superchat\r\nsec-websocket-protocol: ,x,\r\n";
    let request = with(offered).replacen("GET / ", "GET /chat?room=1 ", 1);
    for (wants, capabilities) in [
        (Capabilities::NONE, capabilities),
        (Capabilities::WEBSOCKET_CONTROL, capabilities | Capabilities::WEBSOCKET_CONTROL),
    ] {
        let server = Running::start(sockets(call.clone()).wanting(wants), config.clone());
        let mut client = server.connect();
        client.send(&request);
        let (paths, query, protocol, subprotocols, there) = told.next();
        assert_eq!(paths, ["/api/chat", "/api", "/chat"]);
        assert_eq!((query.as_deref(), protocol.as_deref()), (Some("room=1"), Some("websocket")));
        assert_eq!(subprotocols, ["chat", "superchat", "x"]);
        assert_eq!(there, capabilities);
    }
}

/// SPEC: HTTP-SEND-5, HTTP-SEND-20, HTTP-SEND-21, WS-2, WS-3, WS-4
#[test]
fn what_the_application_adds() {
    let (tell, told) = telling();
    let app = sockets(move |_, mut receive: Receiver, mut send: Sender| {
        let tell = tell.clone();
        async move {
            let mut accept = async |subprotocol: Option<&'static str>, fields: &[(&'static str, &'static str)]| {
                let headers = fields.iter().copied().collect();
                send.send(Outgoing::Accept { subprotocol: subprotocol.map(Into::into), headers }).await
            };
            for (subprotocol, fields) in [
                (Some("other"), &[][..]),
                (Some("Chat"), &[]),
                (None, &[("connection", "close")]),
                (None, &[("content-length", "0")]),
                (None, &[("keep-alive", "1")]),
                (None, &[("transfer-encoding", "chunked")]),
                (None, &[("upgrade", "foo")]),
                (None, &[("sec-websocket-protocol", "chat")]),
                (None, &[("sec-websocket-anything", "x")]),
                (None, &[("a b", "x")]),
                (None, &[("x", "a\r\nb: c")]),
            ] {
                tell.send(accept(subprotocol, fields).await)?;
            }
            accept(Some("superchat"), &[("set-cookie", "a=b"), ("set-cookie", "c=d"), ("x-y", "z")]).await?;
            tell.send(accept(None, &[]).await)?;
            message(&mut receive).await.unwrap_err();
            Ok(())
        }
    });
    let mut config = quiet();
    config.server_header = Some("test".into());
    config.headers = Headers::from_static(&[("x-y", "operator"), ("x-z", "operator")]);
    let server = Running::start(app, config).careless();
    let mut client = server.connect();
    client.send(with("sec-websocket-protocol: chat, superchat\r\n"));
    client.hear(
        "HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
        sec-websocket-protocol: superchat\r\nset-cookie: a=b\r\nset-cookie: c=d\r\nx-y: z\r\n\
        connection: upgrade\r\nupgrade: websocket\r\nserver: test\r\nx-z: operator\r\n\r\n",
    );
    let refused = |violation: Violation| Err(SendError::from(violation));
    for _ in 0..2 {
        assert_eq!(told.next(), refused(Violation::BadSubprotocol));
    }
    for _ in 2..11 {
        assert_eq!(told.next(), refused(Violation::BadHeader));
    }
    assert_eq!(told.next(), refused(Violation::OutOfOrder));
}

/// What is sent too early changes nothing, and nothing reaches the client before the application has decided.
/// SPEC: WS-2, WS-9
#[test]
fn nothing_before_the_application_accepts() {
    let gate = Gate::new();
    let (tell, told) = telling();
    let opened = gate.clone();
    let app = sockets(move |_, mut receive: Receiver, mut send: Sender| {
        let (gate, tell) = (opened.clone(), tell.clone());
        async move {
            let too_early = send.send(Outgoing::Message(text("too early"))).await;
            tell.send((Watched::current(), too_early))?;
            gate.pass().await;
            send.send(accept()).await?;
            let message = message(&mut receive).await.expect("a message");
            Ok(send.send(Outgoing::Message(message)).await?)
        }
    });
    let server = Running::start(app, quiet()).careless();
    let mut client = server.connect();
    client.send(HANDSHAKE);
    let (thread, too_early) = told.next();
    assert_eq!(too_early, Err(Violation::OutOfOrder.into()));
    client.send(frame(FIN | TEXT, "hi"));
    assert!(thread.comes_to_rest());
    assert!(client.hears_nothing());
    gate.open();
    client.hear(SWITCHED);
    client.hear_frame(FIN | TEXT, "hi");
}

#[test]
fn with_something_before_and_behind_it() {
    let (app, _told) = echo();
    let server = Running::start(app, quiet());
    let request = "GET /first HTTP/1.1\r\nhost: a\r\n\r\n";
    let all = [request.as_bytes(), HANDSHAKE.as_bytes(), &frame(FIN | TEXT, "hi"), &frame(FIN | TEXT, "ho")].concat();
    let heard = ["HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n/first".as_bytes(), SWITCHED.as_bytes()].concat();
    let heard = [heard, plain(FIN | TEXT, "hi"), plain(FIN | TEXT, "ho")].concat();
    for place in 0..all.len() {
        let mut client = server.connect();
        client.send(&all[..place]);
        client.send(&all[place..]);
        client.hear(&heard);
    }
}

/// What asks for no WebSocket is a request of HTTP like any other.
#[test]
fn what_is_plain_http() {
    let (tell, told) = telling();
    let app = http(move |scope: transom::HttpScope, _, mut send: Sender| {
        let tell = tell.clone();
        async move {
            tell.send(scope.protocol().map(str::to_owned))?;
            Ok(send.send(respond("ok")).await?)
        }
    });
    let server = Running::start(app, quiet());
    for (request, protocol, closes) in [
        (changed("connection: upgrade\r\n", ""), None, false),
        (changed("connection: upgrade", "connection: keep-alive"), None, false),
        (changed("upgrade: websocket\r\n", ""), None, false),
        (changed("HTTP/1.1", "HTTP/1.0"), None, true),
        (changed("upgrade: websocket", "upgrade: foo"), Some("foo"), false),
        (changed("upgrade: websocket", "upgrade: websockets"), Some("websockets"), false),
    ] {
        let mut client = server.connect();
        client.send(&request);
        let response = client.response();
        assert_eq!((response.text(), response.closes()), ("ok", closes), "{request}");
        assert_eq!(told.next().as_deref(), protocol, "{request}");
    }
}

/// SPEC: SCOPE-2, TUNNEL-1, TUNNEL-5
#[test]
fn switched_off() {
    let app = http(async |scope: transom::HttpScope, mut receive: Receiver, mut send: Sender| {
        assert_eq!(scope.protocol(), Some("websocket"));
        if scope.target() == b"/declined" {
            return Ok(send.send(respond("no")).await?);
        }
        send.send(Outgoing::Start { status: 101, headers: Headers::new() }).await?;
        let mut heard = Vec::new();
        while heard.len() < 4 {
            match receive.recv().await {
                transom::Incoming::Body { data, .. } => heard.extend_from_slice(&data),
                other => panic!("received {other:?}"),
            }
        }
        Ok(send.send(last(heard)).await?)
    });
    let mut config = quiet();
    config.websocket.enabled = false;
    let server = Running::start(app, config);
    let mut client = server.connect();
    // It is not looked at.
    client.send(changed("GET /", "GET /declined").replacen("websocket-version: 13", "websocket-version: x", 1));
    assert_eq!(client.response().text(), "no");
    client.send(HANDSHAKE);
    client.hear("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    client.send("raw\0");
    client.hear("raw\0");
    client.hear_end();
}

/// A handshake that the server would complete is not one that a tunnel may answer.
/// SPEC: WS-5, WS-14
#[test]
fn no_tunnel() {
    let (tell, told) = telling();
    let app = sockets(move |_, _, mut send: Sender| {
        let tell = tell.clone();
        async move {
            for event in [Outgoing::Start { status: 101, headers: Headers::new() }, start(), respond("ok"), last("")] {
                tell.send(send.send(event).await)?;
            }
            Ok(())
        }
    });
    let server = Running::start(app, quiet()).careless();
    let mut client = server.connect();
    client.send(HANDSHAKE);
    assert_eq!(client.response().status, 403);
    assert_eq!(told.next(), Err(Violation::BadStatus.into()));
    assert_eq!(told.next(), Err(Violation::BadStatus.into()));
    assert_eq!(told.next(), Err(Violation::BadStatus.into()));
    assert_eq!(told.next(), Err(Violation::OutOfOrder.into()));
}
