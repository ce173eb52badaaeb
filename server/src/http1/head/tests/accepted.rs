use super::*;

/// A head, and what must be so of it.
type Row = (&'static str, fn(&Accepted) -> bool);

/// Each is good as it stands.
const GOOD: &[Row] = &[
    ("GET / HTTP/1.1\r\nhost: a\r\n\r\n", |head| {
        head.method == Method::Get
            && head.version == HttpVersion::Http11
            && head.target == b"/"
            && head.path_len == 1
            && head.headers == Headers::from_static(&[("host", "a")])
            && head.body == BodyHint::None
            && head.protocol.is_none()
            && head.request.keep_alive
            && !head.request.expects_continue
    }),
    ("GET / HTTP/1.0\r\n\r\n", |head| {
        head.version == HttpVersion::Http10 && !head.request.keep_alive && head.headers.is_empty()
    }),
    ("\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n", |head| head.request.len == 29),
    ("GET / HTTP/1.7\r\nhost: a\r\n\r\n", |head| head.version == HttpVersion::Http11),
    ("get /a?b?c HTTP/1.1\r\nhost:a\r\n\r\n", |head| {
        head.method == Method::Other("get".into()) && head.target == b"/a?b?c" && head.path_len == 2
    }),
    ("GET http://b?c HTTP/1.1\r\nx: y\r\nhost: a\r\n\r\n", |head| {
        head.target == b"/?c"
            && head.path_len == 1
            && head.headers == Headers::from_static(&[("x", "y"), ("host", "b")])
    }),
    ("OPTIONS * HTTP/1.1\r\nhost:\r\n\r\n", |head| head.target == b"*" && head.headers.get("host") == Some(b"")),
    ("CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n", |head| head.target == b"a:1" && head.path_len == 3),
    ("GET / HTTP/1.1\r\nHOST: a\r\nX-Y:\t1 \t\r\nx-y:\r\nz: \u{e4}\"\t,\r\n\r\n", |head| {
        let fields: [(_, &[u8]); 4] = [("host", b"a"), ("x-y", b"1"), ("x-y", b""), ("z", b"\xc3\xa4\"\t,")];
        head.headers.iter().eq(fields)
    }),
    ("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 010\r\n\r\n", |head| head.body == BodyHint::Exact(10)),
    ("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n", |head| head.body == BodyHint::None),
    ("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9223372036854775807\r\n\r\n", |head| {
        head.body == BodyHint::Exact(i64::MAX as u64)
    }),
    ("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: ChUnKeD\r\n\r\n", |head| head.body == BodyHint::Unknown),
    ("GET / HTTP/1.1\r\nhost: a\r\nconnection: x, Close\r\n\r\n", |head| !head.request.keep_alive),
    ("GET / HTTP/1.1\r\nhost: a\r\nconnection: x\r\nconnection: close\r\n\r\n", |head| !head.request.keep_alive),
    ("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n", |head| head.request.keep_alive),
    ("GET / HTTP/1.0\r\nconnection: keep-alive, close\r\n\r\n", |head| !head.request.keep_alive),
    ("POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-Continue\r\ncontent-length: 1\r\n\r\n", |head| {
        head.request.expects_continue
    }),
    ("POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\n\r\n", |head| !head.request.expects_continue),
    ("POST / HTTP/1.0\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\n", |head| !head.request.expects_continue),
    ("POST / HTTP/1.0\r\nexpect: x\r\n\r\n", |head| head.body == BodyHint::None),
    ("GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: foo/1, bar\r\n\r\n", |head| {
        head.protocol.as_deref() == Some("foo/1")
    }),
    ("GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: foo\r\nupgrade: WebSocket\r\n\r\n", |head| {
        head.protocol.as_deref() == Some("websocket")
    }),
    ("GET / HTTP/1.1\r\nhost: a\r\nupgrade: foo\r\n\r\n", |head| head.protocol.is_none()),
    ("GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\n\r\n", |head| head.protocol.is_none()),
    ("GET / HTTP/1.0\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n", |head| head.protocol.is_none()),
];

/// SPEC: SCOPE-9, SCOPE-10, SCOPE-11, PATH-1, PATH-2, HEADERS-1, HEADERS-2, HEADERS-3, HEADERS-5
#[test]
fn good() {
    let config = Config::default();
    for (input, is_right) in GOOD {
        let text = input.escape_default();
        let Outcome::Accepted(head) = cut_everywhere(&config, input.as_bytes()) else { panic!("refused: {text}") };
        assert!(is_right(&head), "{text}: {head:?}");
        assert_eq!(head.request.len, input.len(), "{text}");
        // Whatever follows it is not touched.
        for rest in ["GET", "\r\n", "\n", "\0"] {
            assert_eq!(whole(&config, [input, rest].concat().as_bytes()), Outcome::Accepted(head.clone()), "{text}");
        }
        for end in 0..input.len() {
            assert_eq!(whole(&config, &input.as_bytes()[..end]), Outcome::Open, "{end} bytes of {text}");
        }
    }
}

/// One parser for all the requests of a connection.
#[test]
fn one_after_the_other() {
    let config = Config::default();
    let mut parser = Parser::default();
    for (input, is_right) in GOOD.iter().chain(GOOD) {
        assert!(parser.is_fresh());
        for len in 0..input.len() {
            assert_eq!(parse(&mut parser, &config, &input.as_bytes()[..len]), Outcome::Open);
        }
        let Outcome::Accepted(head) = parse(&mut parser, &config, input.as_bytes()) else { panic!("{input:?}") };
        assert!(is_right(&head), "{input:?}: {head:?}");
    }
}

/// A long head, byte by byte: if all of it were parsed again for every byte, this would take minutes.
#[test]
fn a_long_head_that_trickles() {
    let mut config = Config::default();
    config.limits.head = 256 << 10;
    let line = format!("x: {}\r\n", "y".repeat(2500));
    let input = format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", line.repeat(99));
    let Outcome::Accepted(head) = grown(&config, input.as_bytes(), 0..=input.len()) else { panic!("refused") };
    assert_eq!((head.headers.len(), head.request.len), (100, input.len()));
}

/// SPEC: PATH-8
#[test]
fn the_published_path() {
    let published = |target: &str| {
        let path_len = target.find('?').unwrap_or(target.len()) as u32;
        let mut head = Head { target: target.as_bytes().to_vec(), path_len, ..Head::default() };
        publish(&mut head, b"/app");
        (String::from_utf8(head.target).unwrap(), head.path_len)
    };
    for (target, expected) in [
        ("/", ("/app/", 5)),
        ("/x?y", ("/app/x?y", 6)),
        ("/app", ("/app", 4)),
        ("/app/x", ("/app/x", 6)),
        ("/app?x", ("/app?x", 4)),
        ("/apple", ("/app/apple", 10)),
        ("*", ("*", 1)),
        ("a:1", ("a:1", 3)),
    ] {
        assert_eq!(published(target), (expected.0.to_owned(), expected.1), "{target}");
    }
}
