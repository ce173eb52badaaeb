//! Responses: what the application sends, framed (RFC 9112 section 6), and what is not its to say.

use crate::row::{GET, OK, Row, Then, hear, run, say};
use crate::script::{Step, last, more, refused, respond, start};
use transom::{SendError, Violation};
use transom_tests::quiet;

const HEAD: &str = "HEAD / HTTP/1.1\r\nhost: a\r\n\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

/// SPEC: EVENT-4, HTTP-SEND-15, HTTP-SEND-16
#[test]
fn bodies() {
    let megabyte = "HTTP/1.1 200 OK\r\ncontent-length: 1048576\r\n\r\n".to_owned() + &"x".repeat(1 << 20);
    let chunk = format!("186a0\r\n{}\r\n", "y".repeat(100_000));
    run(
        quiet(),
        vec![
            Row::answered("whole", || vec![respond(200, &[], "ok")], OK),
            Row::answered(
                "whole, and empty",
                || vec![respond(200, &[], "")],
                "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            ),
            Row::answered("whole, its length given", || vec![respond(200, &[("content-length", "2")], "ok")], OK),
            Row::answered("whole, and large", || vec![respond(200, &[], "x".repeat(1 << 20))], megabyte),
            Row::answered(
                "a stream",
                || vec![start(200, &[]), more("a"), more("bc"), last("")],
                format!("{CHUNKED}1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"),
            ),
            Row::answered(
                "a stream that ends with data",
                || vec![start(200, &[]), last("ok")],
                format!("{CHUNKED}2\r\nok\r\n0\r\n\r\n"),
            ),
            Row::answered("a stream of nothing", || vec![start(200, &[]), last("")], format!("{CHUNKED}0\r\n\r\n")),
            Row::answered(
                "nothing within a stream is no end",
                || vec![start(200, &[]), more(""), more("a"), more(""), last("b")],
                format!("{CHUNKED}1\r\na\r\n1\r\nb\r\n0\r\n\r\n"),
            ),
            Row::answered(
                "a stream of large pieces",
                || vec![start(200, &[]), more("y".repeat(100_000)), more("y".repeat(100_000)), last("z")],
                format!("{CHUNKED}{chunk}{chunk}1\r\nz\r\n0\r\n\r\n"),
            ),
            Row::answered(
                "the head alone comes at once",
                || vec![start(200, &[]), Step::Flush, last("ok")],
                format!("{CHUNKED}2\r\nok\r\n0\r\n\r\n"),
            ),
            Row::answered(
                "a stream of a length",
                || vec![start(200, &[("content-length", "3")]), more("a"), more(""), last("bc")],
                "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc",
            ),
            Row::answered(
                "a stream of a length, its end apart",
                || vec![start(200, &[("content-length", "3")]), more("abc"), last("")],
                "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc",
            ),
            Row::answered(
                "a length of nothing",
                || vec![start(200, &[("content-length", "0")]), last("")],
                "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            ),
            Row::talk(
                "a large one, and the next",
                vec![say(GET.repeat(2)), hear(format!("{CHUNKED}{chunk}0\r\n\r\n{OK}"))],
            )
            .scripts(&[|| vec![start(200, &[]), more("y".repeat(100_000)), last("")]]),
        ],
    );
}

/// SPEC: HTTP-SEND-9, HTTP-SEND-10, HTTP-SEND-13, HTTP-SEND-15, HTTP-SEND-17
#[test]
fn heads_alone() {
    run(
        quiet(),
        vec![
            Row::asked("HEAD", HEAD, || vec![respond(200, &[], "ok")], "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"),
            Row::asked("HEAD, of a stream", HEAD, || vec![start(200, &[]), more("a"), last("b")], CHUNKED),
            Row::asked(
                "HEAD, of a stream of a length",
                HEAD,
                || vec![start(200, &[("content-length", "3")]), more("abc"), last("")],
                "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n",
            ),
            Row::asked(
                "HEAD, the length of what is not sent",
                HEAD,
                || vec![start(200, &[("content-length", "3")]), last("")],
                "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n",
            ),
            Row::asked(
                "HEAD, the same at once",
                HEAD,
                || vec![respond(200, &[("content-length", "3")], "")],
                "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n",
            ),
            Row::answered("204", || vec![respond(204, &[], "")], "HTTP/1.1 204 No Content\r\n\r\n"),
            Row::answered("204, of a stream", || vec![start(204, &[]), last("")], "HTTP/1.1 204 No Content\r\n\r\n"),
            Row::answered(
                "204 has no length",
                || vec![respond(204, &[("content-length", "0")], "")],
                "HTTP/1.1 204 No Content\r\n\r\n",
            ),
            Row::answered(
                "304",
                || vec![respond(304, &[("etag", "\"a\"")], "")],
                "HTTP/1.1 304 Not Modified\r\netag: \"a\"\r\n\r\n",
            ),
            Row::answered(
                "304 may have the length of what is not sent",
                || vec![respond(304, &[("content-length", "9")], "")],
                "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n",
            ),
            Row::answered("304, of a stream", || vec![start(304, &[]), last("")], "HTTP/1.1 304 Not Modified\r\n\r\n"),
            Row::answered(
                "205",
                || vec![respond(205, &[], "")],
                "HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\n\r\n",
            ),
            Row::answered(
                "205, of a stream",
                || vec![start(205, &[]), last("")],
                "HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\n\r\n",
            ),
            Row::answered(
                "what they may not carry is refused",
                || {
                    vec![
                        refused(respond(204, &[], "x"), Violation::LengthMismatch),
                        refused(respond(205, &[], "x"), Violation::LengthMismatch),
                        refused(respond(304, &[], "x"), Violation::LengthMismatch),
                        start(204, &[]),
                        refused(more("x"), Violation::LengthMismatch),
                        refused(last("x"), Violation::LengthMismatch),
                        last(""),
                    ]
                },
                "HTTP/1.1 204 No Content\r\n\r\n",
            ),
            Row::talk(
                "and are followed by the next",
                vec![
                    say(format!("{HEAD}{GET}{GET}{GET}")),
                    hear(format!("{CHUNKED}HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n{OK}")),
                ],
            )
            .scripts(&[
                || vec![start(200, &[]), last("not sent")],
                || vec![respond(204, &[], "")],
                || vec![start(304, &[]), last("")],
            ]),
        ],
    );
}

/// SPEC: HTTP-SEND-4
#[test]
fn statuses() {
    let row =
        |name, script, line: &str| Row::answered(name, script, format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\n\r\n"));
    run(
        quiet(),
        vec![
            row("the lowest", || vec![respond(200, &[], "")], "200 OK"),
            row("404", || vec![respond(404, &[], "")], "404 Not Found"),
            row("418", || vec![respond(418, &[], "")], "418 I'm a teapot"),
            row("one of no registry", || vec![respond(299, &[], "")], "299 "),
            row("the highest", || vec![respond(599, &[], "")], "599 "),
            Row::answered(
                "others are refused",
                || {
                    let statuses = [0, 99, 100, 101, 199, 600, 999, 65535];
                    let steps = statuses.into_iter().flat_map(|status| [respond(status, &[], ""), start(status, &[])]);
                    steps.map(|step| refused(step, Violation::BadStatus)).chain([respond(200, &[], "ok")]).collect()
                },
                OK,
            ),
        ],
    );
}

/// SPEC: HTTP-SEND-5, HTTP-SEND-6, HTTP-SEND-7, HTTP-SEND-8, HTTP-SEND-14, HTTP-SEND-17, HTTP-SEND-20, HTTP-SEND-22
#[test]
fn fields() {
    run(
        quiet(),
        vec![
            Row::answered(
                "order, duplicates and bytes",
                || {
                    vec![respond(
                        200,
                        &[("b", "1"), ("A", "\t2 \u{e4}"), ("b", ""), ("content-type", "text/plain")],
                        "ok",
                    )]
                },
                "HTTP/1.1 200 OK\r\nb: 1\r\na: \t2 \u{e4}\r\nb: \r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok",
            ),
            Row::answered(
                "what the server decides is taken out",
                || {
                    let fields = [
                        ("transfer-encoding", "gzip"),
                        ("connection", "x-foo"),
                        ("keep-alive", "timeout=5"),
                        ("proxy-connection", "keep-alive"),
                        ("te", "trailers"),
                        ("upgrade", "foo"),
                        ("x-foo", "stays"),
                    ];
                    vec![respond(200, &fields, "ok")]
                },
                "HTTP/1.1 200 OK\r\nx-foo: stays\r\ncontent-length: 2\r\n\r\nok",
            ),
            Row::answered(
                "of a stream too",
                || vec![start(200, &[("transfer-encoding", "chunked"), ("connection", "upgrade")]), last("ok")],
                format!("{CHUNKED}2\r\nok\r\n0\r\n\r\n"),
            ),
            Row::answered(
                "of a stream of a length too",
                || vec![start(200, &[("transfer-encoding", "chunked"), ("content-length", "2")]), last("ok")],
                OK,
            ),
            Row::answered(
                "426 names what to upgrade to",
                || vec![respond(426, &[("upgrade", "websocket")], "")],
                "HTTP/1.1 426 Upgrade Required\r\nupgrade: websocket\r\ncontent-length: 0\r\nconnection: upgrade\r\n\r\n",
            ),
            Row::answered(
                "what splits a message is refused",
                || {
                    let bad = [
                        ("x", "a\r\nb: c"),
                        ("x", "a\nb"),
                        ("x", "a\rb"),
                        ("x", "\0"),
                        ("x", "\x1b"),
                        ("x", "\x7f"),
                        ("x\r\ny", "a"),
                        ("x y", "a"),
                        ("x:", "a"),
                        ("", "a"),
                        ("\u{e4}", "a"),
                        ("content-length", "x"),
                        ("content-length", "-1"),
                        ("content-length", "1, 1"),
                    ];
                    let steps = bad.into_iter().flat_map(|field| [respond(200, &[field], "ok"), start(200, &[field])]);
                    steps.map(|step| refused(step, Violation::BadHeader)).chain([respond(200, &[], "ok")]).collect()
                },
                OK,
            ),
            Row::answered(
                "and so are two lengths",
                || {
                    vec![
                        refused(start(200, &[("content-length", "2"), ("content-length", "2")]), Violation::BadHeader),
                        refused(
                            respond(200, &[("content-length", "2"), ("content-length", "2")], "ok"),
                            Violation::BadHeader,
                        ),
                        refused(respond(200, &[("content-length", "3")], "ok"), Violation::BadHeader),
                        refused(start(205, &[("content-length", "3")]), Violation::BadHeader),
                        respond(200, &[], "ok"),
                    ]
                },
                OK,
            ),
        ],
    );
}

/// SPEC: HTTP-SEND-1, HTTP-SEND-11, HTTP-SEND-12, HTTP-SEND-13, ERROR-1, ERROR-2, ERROR-3
#[test]
fn order() {
    run(
        quiet(),
        vec![
            Row::answered(
                "what is out of order is refused, and nothing of it is sent",
                || {
                    vec![
                        refused(more("x"), Violation::OutOfOrder),
                        refused(last("x"), Violation::OutOfOrder),
                        start(200, &[]),
                        refused(start(200, &[]), Violation::OutOfOrder),
                        refused(respond(200, &[], "x"), Violation::OutOfOrder),
                        last("ok"),
                        refused(last("x"), SendError::Finished),
                        refused(respond(200, &[], "x"), SendError::Finished),
                        refused(start(200, &[]), SendError::Finished),
                    ]
                },
                format!("{CHUNKED}2\r\nok\r\n0\r\n\r\n"),
            ),
            Row::answered(
                "a body of another length is refused, and can be put right",
                || {
                    vec![
                        start(200, &[("content-length", "2")]),
                        refused(more("too much"), Violation::LengthMismatch),
                        refused(last("o"), Violation::LengthMismatch),
                        more("o"),
                        refused(last(""), Violation::LengthMismatch),
                        refused(last("kk"), Violation::LengthMismatch),
                        last("k"),
                    ]
                },
                OK,
            ),
            Row::asked(
                "to HEAD the length counts too",
                HEAD,
                || {
                    vec![
                        start(200, &[("content-length", "2")]),
                        refused(more("too much"), Violation::LengthMismatch),
                        more("o"),
                        refused(last(""), Violation::LengthMismatch),
                        last("k"),
                    ]
                },
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n",
            ),
            Row::asked(
                "a tunnel nobody asked for is refused",
                "GET / HTTP/1.0\r\nupgrade: foo\r\nconnection: upgrade\r\n\r\n",
                || vec![refused(start(101, &[]), Violation::BadStatus), respond(200, &[], "ok")],
                crate::row::OK_CLOSE,
            )
            .then(Then::Closed),
        ],
    );
}
