//! Which connections live on (RFC 9112 section 9.3), and what is said of it.

use crate::row::{GET, OK, OK_CLOSE, Row, SEEN_GET, Then, hear, run, say};
use crate::script::{last, more, respond, start};
use transom_tests::quiet;

const KEPT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok";

#[test]
fn as_the_client_asks() {
    run(
        quiet(),
        vec![
            Row::served("1.1", GET, &[SEEN_GET]),
            Row::talk("1.1, keep-alive", asked("1.1", "connection: keep-alive\r\n", OK)),
            Row::talk("1.1, something else", asked("1.1", "connection: x-foo\r\n", OK)),
            Row::talk("1.1, nearly close", asked("1.1", "connection: closed, xclose\r\n", OK)),
            Row::talk("1.1, another field", asked("1.1", "proxy-connection: close\r\n", OK)),
            Row::talk("1.1, close", asked("1.1", "connection: close\r\n", OK_CLOSE)).then(Then::Closed),
            Row::talk("which has no case", asked("1.1", "Connection: CLOSE\r\n", OK_CLOSE)).then(Then::Closed),
            Row::talk("in a list", asked("1.1", "connection: keep-alive, close\r\n", OK_CLOSE)).then(Then::Closed),
            Row::talk("in a loose list", asked("1.1", "connection:  ,keep-alive ,\t CLOSE ,\r\n", OK_CLOSE))
                .then(Then::Closed),
            Row::talk("in a second field", asked("1.1", "connection: x\r\nconnection: close\r\n", OK_CLOSE))
                .then(Then::Closed),
            Row::talk("1.0", asked("1.0", "", OK_CLOSE)).then(Then::Closed),
            Row::talk("1.0, keep-alive", asked("1.0", "connection: keep-alive\r\n", KEPT)),
            Row::talk("which has no case", asked("1.0", "connection: Keep-Alive\r\n", KEPT)),
            Row::talk("in a list", asked("1.0", "connection: te, keep-alive\r\n", KEPT)),
            Row::talk("1.0, both", asked("1.0", "connection: close, keep-alive\r\n", OK_CLOSE)).then(Then::Closed),
            Row::talk("1.0, another field", asked("1.0", "keep-alive: timeout=5\r\n", OK_CLOSE)).then(Then::Closed),
            Row::talk(
                "1.0 three times",
                vec![say("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n".repeat(3)), hear(KEPT.repeat(3))],
            ),
        ],
    );
}

/// SPEC: HTTP-SEND-18
#[test]
fn as_the_application_asks() {
    run(
        quiet(),
        vec![
            Row::answered("close", || vec![respond(200, &[("connection", "close")], "ok")], OK_CLOSE)
                .then(Then::Closed),
            Row::answered("in any case", || vec![respond(200, &[("Connection", "Close")], "ok")], OK_CLOSE)
                .then(Then::Closed),
            Row::answered("in a list", || vec![respond(200, &[("connection", "x, close")], "ok")], OK_CLOSE)
                .then(Then::Closed),
            Row::answered(
                "keep-alive goes without saying",
                || vec![respond(200, &[("connection", "keep-alive")], "ok")],
                OK,
            ),
            Row::answered(
                "of a stream",
                || vec![start(200, &[("connection", "close")]), last("ok")],
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            )
            .then(Then::Closed),
            Row::asked(
                "cannot keep what the client closes",
                "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
                || vec![respond(200, &[("connection", "keep-alive")], "ok")],
                OK_CLOSE,
            )
            .then(Then::Closed),
            Row::asked(
                "close where both do",
                "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
                || vec![respond(200, &[("connection", "close")], "ok")],
                OK_CLOSE,
            )
            .then(Then::Closed),
        ],
    );
}

/// To HTTP/1.0 a body of no announced length ends with the connection.
/// SPEC: HTTP-SEND-16
#[test]
fn as_the_framing_asks() {
    let kept = "GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n";
    run(
        quiet(),
        vec![
            Row::asked(
                "a stream to 1.0",
                "GET / HTTP/1.0\r\n\r\n",
                || vec![start(200, &[]), more("a"), more(""), last("b")],
                "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nab",
            )
            .then(Then::Closed),
            Row::asked(
                "though it would be kept",
                kept,
                || vec![start(200, &[]), more("a"), last("b")],
                "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nab",
            )
            .then(Then::Closed),
            Row::asked(
                "a stream of a length to 1.0",
                kept,
                || vec![start(200, &[("content-length", "2")]), more("a"), last("b")],
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nab",
            ),
            Row::asked(
                "no body to 1.0",
                kept,
                || vec![start(204, &[]), last("")],
                "HTTP/1.1 204 No Content\r\nconnection: keep-alive\r\n\r\n",
            ),
            Row::asked(
                "the head of a stream to 1.0",
                "HEAD / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n",
                || vec![start(200, &[]), more("a"), last("b")],
                "HTTP/1.1 200 OK\r\nconnection: keep-alive\r\n\r\n",
            ),
        ],
    );
}

fn asked(version: &str, fields: &str, answer: &str) -> Vec<crate::row::Part> {
    vec![say(format!("GET / HTTP/{version}\r\nhost: a\r\n{fields}\r\n")), hear(answer)]
}
