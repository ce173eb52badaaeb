//! Field lines (RFC 9112 section 5, RFC 9110 section 5).

use crate::row::{Row, run};
use transom_tests::quiet;

/// SPEC: HEADERS-1, HEADERS-2, HEADERS-3, HEADERS-4
#[test]
fn as_they_came() {
    run(
        quiet(),
        vec![
            fields("order and duplicates", "b: 1\r\na: 2\r\nb: 3\r\n", "b: 1\na: 2\nb: 3\n"),
            fields("names are in lower case", "X-Request-ID: AbC\r\n", "x-request-id: AbC\n"),
            fields("an underscore is no hyphen", "content_length: 5\r\n", "content_length: 5\n"),
            fields("every character of a token", "!#$%&'*+-.^_`|~09azAZ: 1\r\n", "!#$%&'*+-.^_`|~09azaz: 1\n"),
            fields("no white space", "x:y\r\n", "x: y\n"),
            fields("white space around a value", "x: \t y z \t \r\n", "x: y z\n"),
            fields("white space within", "x: a\t \tb\r\n", "x: a\t \tb\n"),
            fields("of nothing", "x:\r\n", "x: \n"),
            fields("of white space", "x: \t \r\n", "x: \n"),
            fields("a colon in a value", "x: :a:b:\r\n", "x: :a:b:\n"),
            fields("quotes and commas", "x: \"a, b\", c;q=\"\\\"\"\r\n", "x: \"a, b\", c;q=\"\\\"\"\n"),
            fields("two cookies", "cookie: a=1\r\ncookie: b=2\r\n", "cookie: a=1\ncookie: b=2\n"),
            fields("UTF-8", "x: tsch\u{fc}ss\r\n", "x: tsch\u{fc}ss\n"),
            fields("a value of 8 KiB", &format!("x: {}\r\n", "y".repeat(8192)), &format!("x: {}\n", "y".repeat(8192))),
            Row::served("bytes of no encoding", b"GET / HTTP/1.1\r\nhost: a\r\nx: \x80\xff\r\n\r\n", &[""])
                .saw_bytes(vec![b"GET / HTTP/1.1\nhost: a\nx: \x80\xff\n\n".to_vec()]),
        ],
    );
}

/// SPEC: HEADERS-1
#[test]
fn names() {
    let characters = "()<>@,;[]{}=\"\\/? \t\0\x01\x1f\x7f\u{e4}";
    let mut rows: Vec<_> =
        characters.chars().map(|character| bad("a bad name", &format!("x{character}y: 1\r\n"))).collect();
    rows.extend([
        bad("of nothing", ": 1\r\n"),
        bad("of a space", " : 1\r\n"),
        bad("no colon", "x\r\n"),
        bad("no colon, but a value", "x y\r\n"),
        bad("a space behind it", "x : 1\r\n"),
        bad("a tab behind it", "x\t: 1\r\n"),
        bad("a space behind content-length", "content-length : 5\r\n"),
        bad("a space behind transfer-encoding", "transfer-encoding : chunked\r\n"),
        bad("a CR behind it", "x\r: 1\r\n"),
        bad("a CR in front of it", "\rx: 1\r\n"),
    ]);
    run(quiet(), rows);
}

/// SPEC: HEADERS-2
#[test]
fn values() {
    let characters = "\0\x01\x08\x0b\x0c\x0e\x1b\x1f\x7f\r";
    let mut rows: Vec<_> =
        characters.chars().map(|character| bad("a bad value", &format!("x: a{character}b\r\n"))).collect();
    rows.extend([
        bad("a folded line", "x: a\r\n b\r\n"),
        bad("a line folded with a tab", "x: a\r\n\tb\r\n"),
        bad("a line folded behind nothing", "x:\r\n y\r\n"),
        bad("a fold of content-length", "content-length:\r\n 5\r\n"),
        Row::refused("a fold of the first line", "GET / HTTP/1.1\r\n host: a\r\n\r\n", "400 Bad Request"),
        Row::refused("a line of white space", "GET / HTTP/1.1\r\nhost: a\r\n \r\n\r\n", "400 Bad Request"),
        bad("a CR at its end", "x: a\r\r\n"),
    ]);
    run(quiet(), rows);
}

#[test]
fn line_ends() {
    let refused = |name, request: &str| Row::refused(name, request, "400 Bad Request");
    run(
        quiet(),
        vec![
            refused("LF behind a field", "GET / HTTP/1.1\r\nhost: a\nx: y\r\n\r\n"),
            refused("LF behind the last field", "GET / HTTP/1.1\r\nhost: a\n\r\n"),
            refused("LF for the empty line", "GET / HTTP/1.1\r\nhost: a\r\n\n"),
            refused("LF everywhere", "GET / HTTP/1.1\nhost: a\n\n"),
            refused("LF everywhere but behind the request line", "GET / HTTP/1.1\r\nhost: a\n\n"),
            refused("CR for the empty line", "GET / HTTP/1.1\r\nhost: a\r\n\rx\r\n\r\n"),
            refused("CR behind a field", "GET / HTTP/1.1\r\nhost: a\rx: y\r\n\r\n"),
            refused("LF within a value", "GET / HTTP/1.1\r\nhost: a\r\nx: a\nb: c\r\n\r\n"),
        ],
    );
}

#[track_caller]
fn fields(name: &'static str, lines: &str, seen: &str) -> Row {
    let request = format!("GET / HTTP/1.1\r\nhost: a\r\n{lines}\r\n");
    Row::served(name, request, &[&format!("GET / HTTP/1.1\nhost: a\n{seen}\n")])
}

#[track_caller]
fn bad(name: &'static str, lines: &str) -> Row {
    Row::refused(name, format!("GET / HTTP/1.1\r\nhost: a\r\n{lines}\r\n"), "400 Bad Request")
}
