use super::*;
use crate::output::Next;

const GET: Asked = Asked { version: HttpVersion::Http11, head: false, connect: false, keep_alive: true };
const LAST: Asked = Asked { keep_alive: false, ..GET };
const HEAD: Asked = Asked { head: true, ..GET };
const CONNECT: Asked = Asked { connect: true, ..GET };
const OLD: Asked = Asked { version: HttpVersion::Http10, ..GET };
const OLD_LAST: Asked = Asked { keep_alive: false, ..OLD };
const OLD_HEAD: Asked = Asked { head: true, ..OLD };

type Fields = &'static [(&'static str, &'static str)];

/// Nothing that the application did not ask for.
fn plain() -> Config {
    Config { server_header: None, date_header: false, ..Config::default() }
}

/// A head as text, and what it says of its body and of the connection.
fn written(
    status: u16,
    fields: Fields,
    whole: Option<usize>,
    asked: Asked,
    config: &Config,
) -> (String, Framing, bool) {
    let mut out = b"before".to_vec();
    let headers = Headers::from_static(fields);
    let protocol = (status == 101).then_some("foo");
    let (framing, keep_alive) = head(
        &mut out,
        &Head { status, headers: &headers, whole, protocol },
        asked,
        &Fixed::new(config),
        Instant::now(),
    );
    let text = String::from_utf8(out).unwrap();
    (text.strip_prefix("before").expect("it appends").to_owned(), framing, keep_alive)
}

/// What is asked, what the application says, the lines behind the status, and what they mean.
type Row = (Asked, u16, Fields, Option<usize>, &'static str, Framing, bool);

const LENGTH: Fields = &[("content-length", "7")];
const UPGRADE: Fields = &[("upgrade", "bar")];
const CLOSE: Fields = &[("connection", "x, Close")];

const ROWS: &[Row] = &[
    (GET, 200, &[], Some(0), "content-length: 0\r\n", Framing::Length, true),
    (GET, 200, &[], Some(7), "content-length: 7\r\n", Framing::Length, true),
    (GET, 200, LENGTH, Some(7), "content-length: 7\r\n", Framing::Length, true),
    (GET, 200, LENGTH, None, "content-length: 7\r\n", Framing::Length, true),
    (GET, 200, &[], None, "transfer-encoding: chunked\r\n", Framing::Chunked, true),
    (GET, 200, CLOSE, Some(7), "content-length: 7\r\nconnection: close\r\n", Framing::Length, false),
    (GET, 200, CLOSE, None, "transfer-encoding: chunked\r\nconnection: close\r\n", Framing::Chunked, false),
    (LAST, 200, &[], Some(7), "content-length: 7\r\nconnection: close\r\n", Framing::Length, false),
    (LAST, 200, CLOSE, None, "transfer-encoding: chunked\r\nconnection: close\r\n", Framing::Chunked, false),
    (HEAD, 200, &[], Some(7), "content-length: 7\r\n", Framing::Absent, true),
    (HEAD, 200, &[], None, "transfer-encoding: chunked\r\n", Framing::Absent, true),
    (HEAD, 200, LENGTH, None, "content-length: 7\r\n", Framing::Absent, true),
    (OLD, 200, &[], Some(7), "content-length: 7\r\nconnection: keep-alive\r\n", Framing::Length, true),
    (OLD, 200, LENGTH, None, "content-length: 7\r\nconnection: keep-alive\r\n", Framing::Length, true),
    (OLD, 200, &[], None, "connection: close\r\n", Framing::UntilClose, false),
    (OLD, 204, &[], None, "connection: keep-alive\r\n", Framing::Absent, true),
    (OLD_LAST, 200, &[], Some(7), "content-length: 7\r\nconnection: close\r\n", Framing::Length, false),
    (OLD_LAST, 200, &[], None, "connection: close\r\n", Framing::UntilClose, false),
    (OLD_HEAD, 200, &[], None, "connection: keep-alive\r\n", Framing::Absent, true),
    (GET, 204, &[], Some(0), "", Framing::Absent, true),
    (GET, 204, LENGTH, None, "", Framing::Absent, true),
    (GET, 205, &[], None, "content-length: 0\r\n", Framing::Absent, true),
    (GET, 205, &[("content-length", "0")], Some(0), "content-length: 0\r\n", Framing::Absent, true),
    (GET, 304, &[], Some(0), "", Framing::Absent, true),
    (GET, 304, LENGTH, None, "content-length: 7\r\n", Framing::Absent, true),
    (GET, 304, CLOSE, None, "connection: close\r\n", Framing::Absent, false),
    (GET, 101, UPGRADE, None, "upgrade: bar\r\nconnection: upgrade\r\n", Framing::Tunnel, false),
    (GET, 101, LENGTH, None, "connection: upgrade\r\nupgrade: foo\r\n", Framing::Tunnel, false),
    (GET, 426, UPGRADE, Some(0), "upgrade: bar\r\ncontent-length: 0\r\nconnection: upgrade\r\n", Framing::Length, true),
    (
        OLD,
        426,
        UPGRADE,
        Some(0),
        "upgrade: bar\r\ncontent-length: 0\r\nconnection: upgrade, keep-alive\r\n",
        Framing::Length,
        true,
    ),
    (CONNECT, 200, LENGTH, None, "", Framing::Tunnel, false),
    (CONNECT, 299, CLOSE, None, "", Framing::Tunnel, false),
    (CONNECT, 407, &[], Some(7), "content-length: 7\r\n", Framing::Length, true),
    (CONNECT, 300, &[], None, "transfer-encoding: chunked\r\n", Framing::Chunked, true),
];

/// SPEC: HTTP-SEND-14, HTTP-SEND-15, HTTP-SEND-17, HTTP-SEND-18
#[test]
fn framing() {
    for &(asked, status, fields, whole, lines, framing, keep_alive) in ROWS {
        let expected = format!("HTTP/1.1 {status} {}\r\n{lines}\r\n", reason(status));
        let what = format!("{status} {fields:?} {whole:?} to {asked:?}");
        assert_eq!(written(status, fields, whole, asked, &plain()), (expected, framing, keep_alive), "{what}");
    }
}

/// SPEC: HTTP-SEND-17, HTTP-SEND-19, HTTP-SEND-20
#[test]
fn fields_of_one_hop_are_left_out() {
    let fields: Fields = &[
        ("a", "1"),
        ("te", "x"),
        ("connection", "keep-alive"),
        ("keep-alive", "x"),
        ("proxy-connection", "x"),
        ("transfer-encoding", "x"),
        ("upgrade", "x"),
        ("trailer", "b"),
        ("a", "2"),
    ];
    let (text, ..) = written(200, fields, Some(0), GET, &plain());
    assert_eq!(text, "HTTP/1.1 200 OK\r\na: 1\r\ntrailer: b\r\na: 2\r\ncontent-length: 0\r\n\r\n");
    let mut out = Vec::new();
    informational(&mut out, 103, &Headers::from_static(fields));
    assert_eq!(out, b"HTTP/1.1 103 Early Hints\r\na: 1\r\ntrailer: b\r\na: 2\r\n\r\n");
}

/// SPEC: HTTP-SEND-21
#[test]
fn what_the_application_sets_is_not_set_again() {
    let mut config = Config::default();
    config.headers.push("a", b"1");
    config.headers.push("b", b"2");
    let (text, ..) = written(200, &[], Some(0), GET, &config);
    let rest = text.strip_prefix("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nserver: transom\r\ndate: ").unwrap();
    assert_eq!(&rest[29..], "\r\na: 1\r\nb: 2\r\n\r\n");
    let (text, ..) = written(200, &[("server", "s"), ("date", "d"), ("b", "3")], Some(0), GET, &config);
    assert_eq!(text, "HTTP/1.1 200 OK\r\nserver: s\r\ndate: d\r\nb: 3\r\ncontent-length: 0\r\na: 1\r\n\r\n");
}

#[test]
fn bodies() {
    let sent = |framing, trailers: Option<&Headers>| {
        let mut out = Output::default();
        for piece in ["", "hello, ", "", "world, 16 and more"] {
            body(&mut out, framing, Bytes::from_static(piece.as_bytes()));
        }
        end(&mut out, framing, trailers);
        match out.next() {
            Next::Flat(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            Next::Nothing => String::new(),
            _ => panic!("small pieces are written at once"),
        }
    };
    let fields = Headers::from_static(&[("a", "1"), ("b", "")]);
    let chunks = "7\r\nhello, \r\n12\r\nworld, 16 and more\r\n0\r\n";
    assert_eq!(sent(Framing::Chunked, None), format!("{chunks}\r\n"));
    assert_eq!(sent(Framing::Chunked, Some(&fields)), format!("{chunks}a: 1\r\nb: \r\n\r\n"));
    for framing in [Framing::Length, Framing::UntilClose, Framing::Tunnel] {
        assert_eq!(sent(framing, None), "hello, world, 16 and more");
    }
    assert_eq!(sent(Framing::Absent, Some(&fields)), "");
}

#[test]
fn sizes_of_chunks() {
    for size in [0, 1, 9, 10, 15, 16, 255, 256, 4095, 65536, u64::from(u32::MAX), i64::MAX as u64, u64::MAX] {
        let mut out = Vec::new();
        chunk_size(&mut out, size);
        assert_eq!(out, format!("{size:x}\r\n").into_bytes());
    }
}

#[test]
fn answers_of_the_server() {
    let answer = |status, asked, extra: Fields| {
        let mut out = Vec::new();
        own(&mut out, status, asked, &Headers::from_static(extra), &Fixed::new(&plain()), Instant::now());
        String::from_utf8(out).unwrap()
    };
    let head = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\n";
    assert_eq!(
        answer(503, LAST, &[("retry-after", "1")]),
        format!("{head}retry-after: 1\r\ncontent-length: 20\r\nconnection: close\r\n\r\nService Unavailable\n")
    );
    assert_eq!(answer(503, HEAD, &[]), format!("{head}content-length: 20\r\n\r\n"));
}
