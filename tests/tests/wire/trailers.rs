//! Trailer fields, in both directions (RFC 9110 section 6.5, RFC 9112 section 7.1.2).

use crate::row::{Row, Then, run};
use crate::script::{last, more, refused, start, trailers};
use transom::{Capabilities, SendError, Violation};
use transom_tests::quiet;

/// SPEC: TRAILERS-3, TRAILERS-4
#[test]
fn of_requests() {
    let head = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    let row = |name, body: &str, seen: &str| {
        let seen = format!("POST / HTTP/1.1\nhost: a\ntransfer-encoding: chunked\n\n{seen}");
        Row::served(name, format!("{head}{body}"), &[&seen])
    };
    run(
        quiet(),
        vec![
            row("one", "2\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n", "hi\nx-sum: 1"),
            row("two", "2\r\nhi\r\n0\r\na: 1\r\nb:\r\n\r\n", "hi\na: 1\nb: "),
            row("of no data", "0\r\na: 1\r\n\r\n", "\na: 1"),
            row("a length is dropped", "2\r\nhi\r\n0\r\ncontent-length: 9\r\n\r\n", "hi"),
            row("framing is dropped", "2\r\nhi\r\n0\r\na: 1\r\ntransfer-encoding: x\r\n\r\n", "hi\na: 1"),
            row("credentials are dropped", "2\r\nhi\r\n0\r\nauthorization: x\r\ncookie: y\r\na: 1\r\n\r\n", "hi\na: 1"),
            row("routing is dropped", "2\r\nhi\r\n0\r\nhost: b\r\nx-forwarded-for: c\r\na: 1\r\n\r\n", "hi\na: 1"),
        ],
    );
}

/// SPEC: CAP-2, CAP-3, TRAILERS-1, TRAILERS-2
#[test]
fn of_responses() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    run(
        quiet(),
        vec![
            Row::answered(
                "one",
                || vec![start(200, &[]), more("hi"), trailers(&[("x-sum", "1")])],
                format!("{head}2\r\nhi\r\n0\r\nx-sum: 1\r\n\r\n"),
            ),
            Row::answered(
                "none at all",
                || vec![start(200, &[]), more("hi"), trailers(&[])],
                format!("{head}2\r\nhi\r\n0\r\n\r\n"),
            ),
            Row::answered(
                "of no data, announced",
                || vec![start(200, &[("trailer", "a")]), trailers(&[("a", "1"), ("a", "2")])],
                "HTTP/1.1 200 OK\r\ntrailer: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\na: 1\r\na: 2\r\n\r\n",
            ),
            Row::asked(
                "are not sent to HEAD",
                "HEAD / HTTP/1.1\r\nhost: a\r\n\r\n",
                || vec![start(200, &[]), more("hi"), trailers(&[("a", "1")])],
                head,
            ),
            Row::answered(
                "may not frame",
                || {
                    let violation = Violation::BadHeader;
                    vec![
                        start(200, &[]),
                        refused(trailers(&[("content-length", "1")]), violation),
                        refused(trailers(&[("transfer-encoding", "chunked")]), violation),
                        refused(trailers(&[("trailer", "a")]), violation),
                        refused(trailers(&[("host", "a")]), violation),
                        refused(trailers(&[("set-cookie", "a=1")]), violation),
                        refused(trailers(&[("authorization", "x")]), violation),
                        refused(trailers(&[("content-type", "x")]), violation),
                        refused(trailers(&[("a", "b\r\nc: d")]), violation),
                        refused(trailers(&[("a b", "")]), violation),
                        last("ok"),
                    ]
                },
                format!("{head}2\r\nok\r\n0\r\n\r\n"),
            ),
            Row::answered(
                "need chunks",
                || {
                    let absent = SendError::Unsupported(Capabilities::TRAILERS);
                    vec![
                        start(200, &[("content-length", "2")]),
                        more("ok"),
                        refused(trailers(&[("a", "1")]), absent),
                        last(""),
                    ]
                },
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            ),
            Row::asked(
                "which 1.0 does not have",
                "GET / HTTP/1.0\r\n\r\n",
                || {
                    let absent = SendError::Unsupported(Capabilities::TRAILERS);
                    vec![start(200, &[]), more("ok"), refused(trailers(&[("a", "1")]), absent), last("")]
                },
                "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nok",
            )
            .then(Then::Closed),
            Row::answered(
                "end the response",
                || vec![start(200, &[]), trailers(&[]), refused(last("more"), SendError::Finished)],
                format!("{head}0\r\n\r\n"),
            ),
        ],
    );
}
