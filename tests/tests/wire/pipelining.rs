//! Requests that do not wait for the answer to the one before (RFC 9112 section 9.3.2): each is answered, in order.

use crate::row::{GET, OK, OK_CLOSE, Row, SEEN_GET, Then, hear, own_close, run, say};
use crate::script::{Script, Step, last, more, respond, start};
use transom_tests::quiet;

/// SPEC: APP-1
#[test]
fn in_order() {
    run(
        quiet(),
        vec![
            Row::served("three", GET.repeat(3), &[SEEN_GET; 3]),
            Row::served("fifty", GET.repeat(50), &[SEEN_GET; 50]),
            Row::served(
                "bodies",
                "POST /1 HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\n1\
                 POST /2 HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\n2\r\n0\r\n\r\n\
                 POST /3 HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n\
                 GET /4 HTTP/1.1\r\nhost: a\r\n\r\n",
                &[
                    "POST /1 HTTP/1.1\nhost: a\ncontent-length: 1\n\n1",
                    "POST /2 HTTP/1.1\nhost: a\ntransfer-encoding: chunked\n\n2",
                    "POST /3 HTTP/1.1\nhost: a\ncontent-length: 0\n\n",
                    "GET /4 HTTP/1.1\nhost: a\n\n",
                ],
            ),
            Row::talk(
                "the first one is slower",
                vec![
                    say(GET.repeat(2)),
                    hear("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n"),
                    hear(OK),
                ],
            )
            .scripts(&[|| vec![start(200, &[]), more("a"), Step::Flush, more("b"), Step::Flush, last("")]]),
            Row::talk(
                "HEAD among them",
                vec![
                    say(format!("HEAD / HTTP/1.1\r\nhost: a\r\n\r\n{GET}")),
                    hear("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"),
                    hear(OK),
                ],
            ),
            Row::talk("more answers than are gathered", vec![say(GET.repeat(12)), hear(long().repeat(12))])
                .scripts(&[LONG_ANSWER; 12]),
            Row::talk(
                "a second request in two pieces",
                vec![say(format!("{GET}GET / HT")), hear(OK), say("TP/1.1\r\nhost: a\r\n\r\n"), hear(OK)],
            )
            .saw(&[SEEN_GET; 2]),
        ],
    );
}

#[test]
fn up_to_the_last() {
    run(
        quiet(),
        vec![
            Row::last_served(
                "nothing behind close is answered",
                format!("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n{GET}"),
                &["GET / HTTP/1.1\nhost: a\nconnection: close\n\n"],
            ),
            Row::last_served(
                "close may come later",
                format!("{GET}{GET}GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n{GET}"),
                &[SEEN_GET, SEEN_GET, "GET / HTTP/1.1\nhost: a\nconnection: close\n\n"],
            ),
            Row::last_served("nor behind 1.0", format!("GET / HTTP/1.0\r\n\r\n{GET}"), &["GET / HTTP/1.0\n\n"]),
            Row::talk("nor where the application closes", vec![say(GET.repeat(2)), hear(OK_CLOSE)])
                .scripts(&[|| vec![respond(200, &[("connection", "close")], "ok")]])
                .saw(&[SEEN_GET])
                .then(Then::Closed),
            Row::talk(
                "nor behind a bad one",
                vec![say(format!("{GET}GET\r\n\r\n{GET}")), hear([OK, &own_close("400 Bad Request")].concat())],
            )
            .saw(&[SEEN_GET])
            .then(Then::Closed),
            Row::talk(
                "nor behind one that is too much",
                vec![
                    say(format!("{GET}GET / HTTP/2.0\r\n\r\n{GET}")),
                    hear([OK, &own_close("505 HTTP Version Not Supported")].concat()),
                ],
            )
            .saw(&[SEEN_GET])
            .then(Then::Closed),
        ],
    );
}

const LONG: usize = 10_000;

const LONG_ANSWER: Script = || vec![respond(200, &[], "x".repeat(LONG))];

fn long() -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {LONG}\r\n\r\n{}", "x".repeat(LONG))
}
