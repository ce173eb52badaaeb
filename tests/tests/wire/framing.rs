//! Where a request body ends (RFC 9112 section 6): one way, or none.

use crate::row::{Row, SEEN_GET, Then, hear, own_close, run, say};
use transom_tests::quiet;

/// SPEC: SCOPE-10, EVENT-1, EVENT-2, HTTP-RECV-1, HTTP-RECV-3, HTTP-RECV-4
#[test]
fn lengths() {
    run(
        quiet(),
        vec![
            post("a length", "content-length: 5\r\n", "hello", "content-length: 5\n\nhello"),
            post("of nothing", "content-length: 0\r\n", "", "content-length: 0\n\n"),
            post("with zeros in front", "content-length: 0005\r\n", "hello", "content-length: 0005\n\nhello"),
            post("with white space around", "content-length: \t5 \r\n", "hello", "content-length: 5\n\nhello"),
            post("no framing is no body", "", "", "\n"),
            post("line ends are data", "content-length: 4\r\n", "\r\n\r\n", "content-length: 4\n\n\r\n\r\n"),
            Row::served(
                "a body of GET",
                "GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello",
                &["GET / HTTP/1.1\nhost: a\ncontent-length: 5\n\nhello"],
            ),
            Row::last_served(
                "in 1.0",
                "POST / HTTP/1.0\r\ncontent-length: 5\r\n\r\nhello",
                &["POST / HTTP/1.0\ncontent-length: 5\n\nhello"],
            ),
            Row::last_served("none in 1.0", "POST / HTTP/1.0\r\n\r\n", &["POST / HTTP/1.0\n\n"]),
            bad("with a minus", "content-length: -1\r\n"),
            bad("with a plus", "content-length: +5\r\n"),
            bad("of letters", "content-length: abc\r\n"),
            bad("hexadecimal", "content-length: 0x5\r\n"),
            bad("with a fraction", "content-length: 5.0\r\n"),
            bad("with an exponent", "content-length: 5e0\r\n"),
            bad("with a separator", "content-length: 1_0\r\n"),
            bad("of no digits", "content-length:\r\n"),
            bad("with white space within", "content-length: 1 0\r\n"),
            bad("as a list", "content-length: 5, 5\r\n"),
            bad("as a list of one", "content-length: 5,\r\n"),
            bad("in quotes", "content-length: \"5\"\r\n"),
            bad("with a parameter", "content-length: 5;a\r\n"),
            bad("twice", "content-length: 5\r\ncontent-length: 5\r\n"),
            bad("twice, and not the same", "content-length: 5\r\nContent-Length: 6\r\n"),
            bad("of 20 digits", "content-length: 00000000000000000005\r\n"),
            bad("above 63 bits", "content-length: 9223372036854775808\r\n"),
            bad("above 64 bits", "content-length: 18446744073709551621\r\n"),
            Row::refused(
                "of digits that are not ASCII",
                "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: \u{b2}\r\n\r\n",
                "400 Bad Request",
            ),
        ],
    );
}

#[test]
fn transfer_codings() {
    let chunks = "5\r\nhello\r\n0\r\n\r\n";
    let unknown = |name, coding: &str| {
        let request = format!("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: {coding}\r\n\r\n{chunks}");
        Row::refused(name, request, "501 Not Implemented")
    };
    run(
        quiet(),
        vec![
            post("chunked", "transfer-encoding: chunked\r\n", chunks, "transfer-encoding: chunked\n\nhello"),
            post("has no case", "Transfer-Encoding: CHUNKED\r\n", chunks, "transfer-encoding: CHUNKED\n\nhello"),
            post(
                "white space around",
                "transfer-encoding: \tchunked \r\n",
                chunks,
                "transfer-encoding: chunked\n\nhello",
            ),
            Row::served(
                "a body of GET",
                format!("GET / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n{chunks}"),
                &["GET / HTTP/1.1\nhost: a\ntransfer-encoding: chunked\n\nhello"],
            ),
            bad("and a length", "transfer-encoding: chunked\r\ncontent-length: 5\r\n"),
            bad("a length, and", "content-length: 5\r\ntransfer-encoding: chunked\r\n"),
            bad("and a length of nothing", "content-length: 0\r\ntransfer-encoding: chunked\r\n"),
            bad("another coding and a length", "content-length: 5\r\ntransfer-encoding: gzip\r\n"),
            bad("twice", "transfer-encoding: chunked, chunked\r\n"),
            bad("twice, in two fields", "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n"),
            bad("not last", "transfer-encoding: chunked, gzip\r\n"),
            bad("not last, in two fields", "transfer-encoding: chunked\r\ntransfer-encoding: gzip\r\n"),
            bad("chunked, then identity", "transfer-encoding: chunked, identity\r\n"),
            bad("of nothing", "transfer-encoding:\r\n"),
            bad("of commas", "transfer-encoding: ,\r\n"),
            bad("no token", "transfer-encoding: chun ked\r\n"),
            bad("in quotes", "transfer-encoding: \"chunked\"\r\n"),
            bad("with a parameter", "transfer-encoding: chunked;q=1\r\n"),
            bad("with a control", "transfer-encoding: \x0bchunked\r\n"),
            bad("a NUL behind it", "transfer-encoding: chunked\0\r\n"),
            bad("folded", "transfer-encoding:\r\n chunked\r\n"),
            unknown("gzip", "gzip"),
            unknown("gzip, then chunked", "gzip, chunked"),
            unknown("identity", "identity"),
            unknown("nearly chunked", "xchunked"),
            unknown("nearly chunked, at the other end", "chunkedx"),
            unknown("gzip, then chunked, in two fields", "gzip\r\ntransfer-encoding: chunked"),
            Row::refused(
                "chunked in 1.0",
                format!("POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n{chunks}"),
                "400 Bad Request",
            ),
            Row::refused(
                "in 1.0, kept alive and with a length",
                "POST / HTTP/1.0\r\nconnection: keep-alive\r\ncontent-length: 1\r\ntransfer-encoding: x\r\n\r\n",
                "400 Bad Request",
            ),
        ],
    );
}

/// What is no framing leaves the body to be read as the next request, which it is not.
#[test]
fn what_looks_like_framing() {
    let misread = |name, fields: &str, seen: &str| {
        let request = format!("POST / HTTP/1.1\r\nhost: a\r\n{fields}\r\nhello\r\n\r\n");
        let answers = [crate::row::OK, &own_close("400 Bad Request")].concat();
        Row::talk(name, vec![say(request), hear(answers)])
            .saw(&[&format!("POST / HTTP/1.1\nhost: a\n{seen}\n")])
            .then(Then::Closed)
    };
    run(
        quiet(),
        vec![
            misread("an underscore", "content_length: 5\r\n", "content_length: 5\n"),
            misread("another name", "x-content-length: 5\r\n", "x-content-length: 5\n"),
            misread("no coding of the transfer", "content-encoding: chunked\r\n", "content-encoding: chunked\n"),
            misread("TE", "te: chunked\r\n", "te: chunked\n"),
            Row::served(
                "the next request is not the body of this one",
                format!("POST / HTTP/1.1\r\nhost: a\r\n\r\n{}", crate::row::GET),
                &["POST / HTTP/1.1\nhost: a\n\n", SEEN_GET],
            ),
        ],
    );
}

#[track_caller]
fn post(name: &'static str, fields: &str, body: &str, seen: &str) -> Row {
    let request = format!("POST / HTTP/1.1\r\nhost: a\r\n{fields}\r\n{body}");
    Row::served(name, request, &[&format!("POST / HTTP/1.1\nhost: a\n{seen}")])
}

#[track_caller]
fn bad(name: &'static str, fields: &str) -> Row {
    Row::refused(name, format!("POST / HTTP/1.1\r\nhost: a\r\n{fields}\r\nhello"), "400 Bad Request")
}
