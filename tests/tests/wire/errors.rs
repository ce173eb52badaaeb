//! Applications that fail: an answer where there is none yet, and after that a cut that shows.

use crate::row::{GET, OK, OK_CLOSE, Row, SEEN_GET, Then, hear, own, own_close, run, say};
use crate::script::{Script, Step, fail, inform, last, more, refused, respond, start, trailers};
use transom::{End, Error, SendError, Violation};
use transom_tests::quiet;

const FAILED: &str = "500 Internal Server Error";

/// SPEC: APP-5, RETURN-1, RETURN-3, RETURN-8, ERROR-2
#[test]
fn before_the_response() {
    run(
        quiet(),
        vec![
            Row::answered("an error", || vec![fail()], own(FAILED)),
            Row::answered("a panic", || vec![Step::Panic], own(FAILED)),
            Row::answered("nothing", Vec::new, own(FAILED)),
            Row::answered(
                "an unsupported scope",
                || vec![Step::Return(Err(Error::unsupported()))],
                own("501 Not Implemented"),
            ),
            Row::answered("a refused event", || vec![refused(more("x"), Violation::OutOfOrder), fail()], own(FAILED)),
            Row::answered(
                "a field that splits",
                || vec![refused(respond(200, &[("a", "b\r\nc: d")], "ok"), Violation::BadHeader), fail()],
                own(FAILED),
            ),
            Row::answered("a bad status", || vec![refused(start(999, &[]), Violation::BadStatus), fail()], own(FAILED)),
            Row::answered(
                "after an interim response",
                || vec![inform(103, &[]), fail()],
                format!("HTTP/1.1 103 Early Hints\r\n\r\n{}", own(FAILED)),
            ),
            Row::answered(
                "nobody left, whatever it says",
                || vec![Step::Return(Err(SendError::Disconnected(End::Disconnected { code: None }).into()))],
                own(FAILED),
            ),
            Row::asked("to HEAD", "HEAD / HTTP/1.1\r\nhost: a\r\n\r\n", || vec![fail()], bodiless(own(FAILED))),
            Row::asked("to 1.0", "GET / HTTP/1.0\r\n\r\n", || vec![fail()], own_close(FAILED)).then(Then::Closed),
            Row::asked(
                "to 1.0 that is kept",
                "GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n",
                || vec![fail()],
                own_close(FAILED).replace("connection: close", "connection: keep-alive"),
            ),
            Row::asked(
                "to one that closes",
                "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
                || vec![fail()],
                own_close(FAILED),
            )
            .then(Then::Closed),
            Row::talk(
                "then a good one",
                vec![say(GET.repeat(3)), hear([own(FAILED), own(FAILED), OK.into()].concat())],
            )
            .scripts(&[|| vec![fail()], || vec![Step::Panic]])
            .saw(&[SEEN_GET; 3]),
            Row::asked(
                "a tunnel that is refused by silence",
                "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n",
                Vec::new,
                own(FAILED),
            ),
        ],
    );
}

/// SPEC: APP-5, RETURN-1, RETURN-4, RETURN-5
#[test]
fn within_the_response() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n";
    let length = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\npart";
    let cut = |name, script: Script, response: &str| Row::answered(name, script, response).then(Then::Closed);
    run(
        quiet(),
        vec![
            cut("an error: no last chunk", || vec![start(200, &[]), more("part"), fail()], chunked),
            cut("a panic", || vec![start(200, &[]), more("part"), Step::Panic], chunked),
            cut("the end of the call", || vec![start(200, &[]), more("part")], chunked),
            cut(
                "before the body",
                || vec![start(200, &[]), fail()],
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            ),
            cut(
                "an error: less than the length",
                || vec![start(200, &[("content-length", "10")]), more("part"), fail()],
                length,
            ),
            cut(
                "too little",
                || {
                    let short = Violation::LengthMismatch;
                    vec![start(200, &[("content-length", "10")]), more("part"), refused(last(""), short), fail()]
                },
                length,
            ),
            cut(
                "too much",
                || {
                    let long = Violation::LengthMismatch;
                    vec![
                        start(200, &[("content-length", "10")]),
                        more("part"),
                        refused(last("and more than that"), long),
                        fail(),
                    ]
                },
                length,
            ),
            cut(
                "a second start",
                || vec![start(200, &[]), more("part"), refused(start(200, &[]), Violation::OutOfOrder), fail()],
                chunked,
            ),
            cut(
                "trailers that split",
                || vec![start(200, &[]), more("part"), refused(trailers(&[("a", "\n")]), Violation::BadHeader), fail()],
                chunked,
            ),
            Row::talk("nothing behind it is answered", vec![say(GET.repeat(2)), hear(chunked)])
                .scripts(&[|| vec![start(200, &[]), more("part"), fail()]])
                .saw(&[SEEN_GET])
                .then(Then::Closed),
            Row::asked(
                "where only the end of the connection says that all is there, a reset",
                "GET / HTTP/1.0\r\n\r\n",
                || vec![start(200, &[]), more("part"), fail()],
                "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\npart",
            )
            .then(Then::Reset),
            Row::asked(
                "for a panic too",
                "GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n",
                || vec![start(200, &[]), more("part"), Step::Panic],
                "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\npart",
            )
            .then(Then::Reset),
        ],
    );
}

/// SPEC: HTTP-RECV-2, HTTP-RECV-5, END-1, END-3, RETURN-1
#[test]
fn after_the_response() {
    run(
        quiet(),
        vec![
            Row::answered("an error", || vec![respond(200, &[], "ok"), fail()], OK),
            Row::answered("a panic", || vec![respond(200, &[], "ok"), Step::Panic], OK),
            Row::answered(
                "an error after a stream",
                || vec![start(200, &[]), last("ok"), fail()],
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            ),
            Row::answered(
                "a body too many",
                || vec![respond(200, &[], "ok"), refused(more("x"), SendError::Finished), fail()],
                OK,
            ),
            Row::asked(
                "an error where it closes",
                "GET / HTTP/1.0\r\n\r\n",
                || vec![respond(200, &[], "ok"), fail()],
                OK_CLOSE,
            )
            .then(Then::Closed),
            Row::answered(
                "the call ends with the exchange",
                || vec![Step::Read, respond(200, &[], "ok"), Step::Ends(End::Complete)],
                OK,
            ),
            Row::answered(
                "which stays ended",
                || {
                    vec![
                        Step::Read,
                        respond(200, &[], "ok"),
                        Step::Ends(End::Complete),
                        Step::Flush,
                        Step::Ends(End::Complete),
                    ]
                },
                OK,
            ),
            Row::asked(
                "after the body was read",
                "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi",
                || vec![Step::Read, respond(200, &[], "ok"), Step::Ends(End::Complete)],
                OK,
            ),
        ],
    );
}

/// A sender that is gone before its response is complete cannot complete it, so the peer is told at once.
/// SPEC: RETURN-9, RETURN-10
#[test]
fn senders_that_are_dropped() {
    run(
        quiet(),
        vec![
            Row::answered(
                "before the response",
                || vec![Step::Read, Step::DropSender, Step::Ends(End::Complete)],
                own_close(FAILED),
            )
            .then(Then::Closed),
            Row::answered(
                "after it",
                || vec![Step::Read, respond(200, &[], "ok"), Step::DropSender, Step::Ends(End::Complete)],
                OK,
            ),
            Row::answered(
                "within it",
                || {
                    vec![
                        Step::Read,
                        start(200, &[]),
                        more("part"),
                        Step::Flush,
                        Step::DropSender,
                        Step::Ends(End::Disconnected { code: None }),
                    ]
                },
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n",
            )
            .then(Then::Closed),
        ],
    );
}

fn bodiless(response: String) -> String {
    let end = response.find("\r\n\r\n").expect("a head") + 4;
    response[..end].to_owned()
}
