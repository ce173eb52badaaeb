//! How large a request may be, and what it gets that is larger.

use crate::row::{OK, Row, Then, hear, own_close, run, say};
use crate::script::{Step, respond};
use transom::{BadRequest, End};
use transom_server::Config;
use transom_tests::quiet;

const TOO_LONG: &str = "414 URI Too Long";
const TOO_MUCH: &str = "431 Request Header Fields Too Large";
const TOO_LARGE: &str = "413 Content Too Large";

#[test]
fn by_default() {
    run(
        quiet(),
        vec![
            target("a target of 8 KiB", 8192),
            Row::refused("a longer one", get(&path(8193), ""), TOO_LONG),
            Row::refused("one longer than a whole head may be", get(&path(100_000), ""), TOO_LONG),
            Row::refused("one without an end", format!("GET {}", path(9000)), TOO_LONG),
            Row::refused("one of another form", get(&format!("http://b{}", path(9000)), ""), TOO_LONG),
            Row::refused("one that is bad besides", get(&format!("{}\u{e4}", path(9000)), ""), TOO_LONG),
            head("a head of 32 KiB", 32768),
            Row::refused("a longer one", head_of(32769), TOO_MUCH),
            Row::refused("one without an end", format!("GET / HTTP/1.1\r\nx: {}", "y".repeat(40_000)), TOO_MUCH),
            Row::refused("a name without an end", format!("GET / HTTP/1.1\r\n{}", "y".repeat(40_000)), TOO_MUCH),
            Row::refused("70 KB of fields", get("/", &format!("x: {}\r\n", "y".repeat(700)).repeat(99)), TOO_MUCH),
            fields("100 fields", 99),
            Row::refused("101 fields", get("/", &"x: y\r\n".repeat(100)), TOO_MUCH),
            Row::refused("1000 fields", get("/", &"x: y\r\n".repeat(1000)), TOO_MUCH),
            Row::refused("fields without an end", format!("GET / HTTP/1.1\r\n{}", "x: y\r\n".repeat(1000)), TOO_MUCH),
        ],
    );
}

#[test]
fn as_configured() {
    let mut config = quiet();
    config.limits.target = 10;
    config.limits.head = 60;
    config.limits.headers = 2;
    run(
        config,
        vec![
            target("the longest target", 10),
            Row::refused("a longer one", get(&path(11), ""), TOO_LONG),
            head("the longest head", 60),
            Row::refused("a longer one", head_of(61), TOO_MUCH),
            Row::refused("one without an end", format!("GET / HTTP/1.1\r\nx: {}", "y".repeat(60)), TOO_MUCH),
            fields("the most fields", 1),
            Row::refused("one more", get("/", "x: y\r\nx: y\r\n"), TOO_MUCH),
        ],
    );
}

/// More fields than there is room for without an allocation.
#[test]
fn as_configured_generously() {
    let mut config = quiet();
    config.limits.target = 100_000;
    config.limits.head = 1 << 20;
    config.limits.headers = 1000;
    run(
        config,
        vec![
            target("a long target", 100_000),
            Row::refused("a longer one", get(&path(100_001), ""), TOO_LONG),
            head("a long head", 1 << 20),
            fields("many fields", 999),
            Row::refused("one more", get("/", &"x: y\r\n".repeat(1000)), TOO_MUCH),
        ],
    );
}

/// SPEC: HTTP-RECV-8, RETURN-2
#[test]
fn bodies() {
    let chunked = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    let seen = "POST / HTTP/1.1\nhost: a\ntransfer-encoding: chunked\n\n";
    let answer = || vec![respond(200, &[], "ok")];
    run(
        with_body_limit(),
        vec![
            Row::served(
                "as much as is allowed",
                post(10, "0123456789"),
                &["POST / HTTP/1.1\nhost: a\ncontent-length: 10\n\n0123456789"],
            ),
            Row::refused("more is announced", post(11, "0123456789a"), TOO_LARGE),
            Row::refused("as much as can be announced", post(i64::MAX as usize, ""), TOO_LARGE),
            Row::refused(
                "and 100 is expected",
                "POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 11\r\n\r\n",
                TOO_LARGE,
            ),
            Row::refused("to 1.0", "POST / HTTP/1.0\r\ncontent-length: 11\r\n\r\n", TOO_LARGE),
            Row::talk(
                "to HEAD",
                vec![
                    say("HEAD / HTTP/1.1\r\nhost: a\r\ncontent-length: 11\r\n\r\n"),
                    hear(own_close(TOO_LARGE).strip_suffix("Content Too Large\n").expect("the body")),
                ],
            )
            .then(Then::Closed),
            Row::served(
                "as much in chunks",
                format!("{chunked}5\r\n01234\r\n5;x\r\n56789\r\n0\r\na: b\r\n\r\n"),
                &[&format!("{seen}0123456789\na: b")],
            ),
            Row::talk(
                "more in chunks",
                vec![say(format!("{chunked}5\r\n01234\r\n6\r\n56789a\r\n0\r\n\r\n")), hear(own_close(TOO_LARGE))],
            )
            .saw(&[&format!("{seen}01234!BadRequest(TooLarge)")])
            .then(Then::Closed),
            Row::talk("a chunk that is announced", vec![say(format!("{chunked}b\r\n")), hear(own_close(TOO_LARGE))])
                .saw(&[&format!("{seen}!BadRequest(TooLarge)")])
                .then(Then::Closed),
            Row::asked(
                "which the application may answer by itself",
                format!("{chunked}b\r\n"),
                || vec![Step::ReadAnyhow, Step::Ends(End::BadRequest(BadRequest::TooLarge)), respond(400, &[], "no")],
                "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno",
            )
            .then(Then::Closed),
            Row::asked("unread chunks that are too many", format!("{chunked}b\r\n"), answer, OK).then(Then::Closed),
        ],
    );
}

/// SPEC: HTTP-RECV-8
#[test]
fn trailers() {
    let chunked = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n";
    let too_large = |name, fields: String| {
        Row::talk(name, vec![say(format!("{chunked}{fields}\r\n")), hear(own_close(TOO_LARGE))]).then(Then::Closed)
    };
    let most = format!("a: {}\r\n", "b".repeat(8192 - 5));
    run(
        quiet(),
        vec![
            Row::asked("8 KiB", format!("{chunked}{most}\r\n"), || vec![Step::Read, respond(200, &[], "ok")], OK),
            too_large("more", format!("{most}c:\r\n")),
            Row::asked(
                "100 fields",
                format!("{chunked}{}\r\n", "a:\r\n".repeat(100)),
                || vec![Step::Read, respond(200, &[], "ok")],
                OK,
            ),
            too_large("101 fields", "a:\r\n".repeat(101)),
        ],
    );
}

fn with_body_limit() -> Config {
    let mut config = quiet();
    config.limits.body = Some(10);
    config
}

fn get(target: &str, fields: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nhost: a\r\n{fields}\r\n")
}

fn post(announced: usize, body: &str) -> String {
    format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {announced}\r\n\r\n{body}")
}

/// A target of this many bytes.
fn path(len: usize) -> String {
    "/".to_owned() + &"a".repeat(len - 1)
}

#[track_caller]
fn target(name: &'static str, len: usize) -> Row {
    Row::served(name, get(&path(len), ""), &[&format!("GET {} HTTP/1.1\nhost: a\n\n", path(len))])
}

/// A head of this many bytes.
fn head_of(len: usize) -> String {
    get("/", &format!("x: {}\r\n", "y".repeat(len - get("/", "x: \r\n").len())))
}

#[track_caller]
fn head(name: &'static str, len: usize) -> Row {
    let request = head_of(len);
    let seen = request.replace("\r\n", "\n");
    Row::served(name, request, &[&seen])
}

/// So many fields beside `host`.
#[track_caller]
fn fields(name: &'static str, count: usize) -> Row {
    let request = get("/", &"x: y\r\n".repeat(count));
    Row::served(name, request, &[&format!("GET / HTTP/1.1\nhost: a\n{}\n", "x: y\n".repeat(count))])
}
