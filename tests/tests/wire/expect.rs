//! `expect` (RFC 9110 section 10.1.1): 100 is sent when the application asks for the body, and not otherwise.

use crate::row::{OK, OK_CLOSE, Part, Row, Then, hear, own, own_close, run, say};
use crate::script::{Step, fail, inform, last, respond, start};
use transom_tests::quiet;

const HEAD: &str = "POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n";
const SEEN: &str = "POST / HTTP/1.1\nhost: a\nexpect: 100-continue\ncontent-length: 5\n\nhello";
const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";

/// SPEC: CONTINUE-1, CONTINUE-2, CONTINUE-3
#[test]
fn the_application_reads() {
    let usual = || vec![say(HEAD), hear(CONTINUE), say("hello"), hear(OK)];
    run(
        quiet(),
        vec![
            Row::talk("100, then the body", usual()).saw(&[SEEN]),
            Row::talk("again on the same connection", usual().into_iter().chain(usual()).collect()).saw(&[SEEN, SEEN]),
            Row::talk(
                "chunks",
                vec![
                    say("POST / HTTP/1.1\r\nhost: a\r\nExpect: 100-Continue\r\ntransfer-encoding: chunked\r\n\r\n"),
                    hear(CONTINUE),
                    say("5\r\nhello\r\n0\r\n\r\n"),
                    hear(OK),
                ],
            ),
            Row::talk("the body came with the head", vec![say(format!("{HEAD}hello")), hear(OK)])
                .saw(&[SEEN])
                .at_once(),
            Row::talk("its beginning came with the head", vec![say(format!("{HEAD}h")), say("ello"), hear(OK)])
                .saw(&[SEEN])
                .at_once(),
            Row::last_served(
                "1.0 does not know 100",
                "POST / HTTP/1.0\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\nhello",
                &["POST / HTTP/1.0\nexpect: 100-continue\ncontent-length: 5\n\nhello"],
            ),
            Row::talk(
                "there is no body",
                vec![say("POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\n\r\n"), hear(OK)],
            ),
            Row::talk(
                "it is of no bytes",
                vec![say("POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 0\r\n\r\n"), hear(OK)],
            ),
            Row::talk(
                "after 103",
                vec![
                    say(HEAD),
                    hear("HTTP/1.1 103 Early Hints\r\na: b\r\n\r\n"),
                    hear(CONTINUE),
                    say("hello"),
                    hear(OK),
                ],
            )
            .scripts(&[|| vec![inform(103, &[("a", "b")]), Step::Read, respond(200, &[], "ok")]])
            .saw(&[SEEN]),
            Row::talk("after a 100 of its own", usual())
                .scripts(&[|| vec![inform(100, &[]), Step::Read, respond(200, &[], "ok")]])
                .saw(&[SEEN]),
            Row::talk(
                "after it began to answer: 100 would be too late",
                vec![
                    say(HEAD),
                    hear("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"),
                    say("hello"),
                    hear("2\r\nok\r\n0\r\n\r\n"),
                ],
            )
            .scripts(&[|| vec![start(200, &[]), Step::Read, last("ok")]])
            .saw(&[SEEN])
            .then(Then::Closed),
        ],
    );
}

/// A client that was not told to go on may send the body or leave it out, so the connection is of no more use.
/// SPEC: CONTINUE-2, CONTINUE-3
#[test]
fn the_application_does_not_read() {
    let closed = |name, talk: Vec<Part>| Row::talk(name, talk).then(Then::Closed);
    let answer = || vec![respond(200, &[], "ok")];
    run(
        quiet(),
        vec![
            closed("no body comes", vec![say(HEAD), hear(OK_CLOSE)]).scripts(&[answer]),
            closed("it comes all the same", vec![say(HEAD), hear(OK_CLOSE), say("hello")]).scripts(&[answer]),
            closed("another request comes", vec![say(HEAD), hear(OK_CLOSE), say(crate::row::GET)])
                .scripts(&[answer])
                .saw(&[SEEN.strip_suffix("hello").expect("the body")]),
            closed(
                "a stream",
                vec![
                    say(HEAD),
                    hear("HTTP/1.1 403 Forbidden\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n0\r\n\r\n"),
                ],
            )
            .scripts(&[|| vec![start(403, &[]), last("")]]),
            closed("it fails", vec![say(HEAD), hear(own_close("500 Internal Server Error"))])
                .scripts(&[|| vec![fail()]]),
            Row::talk("the body came with the head", vec![say(format!("{HEAD}hello")), hear(OK)])
                .scripts(&[answer])
                .at_once(),
            Row::talk("and it fails", vec![say(format!("{HEAD}hello")), hear(own("500 Internal Server Error"))])
                .scripts(&[|| vec![fail()]])
                .at_once(),
            Row::talk("it said 100 by itself", vec![say(HEAD), hear(CONTINUE), hear(OK), say("hello")])
                .scripts(&[|| vec![inform(100, &[]), respond(200, &[], "ok")]]),
        ],
    );
}

#[test]
fn other_expectations() {
    let refused = |name, value: &str| {
        let request = format!("POST / HTTP/1.1\r\nhost: a\r\nexpect: {value}\r\ncontent-length: 5\r\n\r\nhello");
        Row::refused(name, request, "417 Expectation Failed")
    };
    run(
        quiet(),
        vec![
            refused("another", "x"),
            refused("nearly the same", "100-continued"),
            refused("another one too", "100-continue, x"),
            refused("another one in a second field", "100-continue\r\nexpect: x"),
            refused("with a parameter", "100-continue;q=1"),
            Row::refused("without a body", "GET / HTTP/1.1\r\nhost: a\r\nexpect: x\r\n\r\n", "417 Expectation Failed"),
            Row::last_served(
                "1.0 knows none",
                "POST / HTTP/1.0\r\nexpect: x\r\ncontent-length: 5\r\n\r\nhello",
                &["POST / HTTP/1.0\nexpect: x\ncontent-length: 5\n\nhello"],
            ),
            Row::talk(
                "an answer to HEAD has no body",
                vec![
                    say("HEAD / HTTP/1.1\r\nhost: a\r\nexpect: x\r\n\r\n"),
                    hear(own_close("417 Expectation Failed").strip_suffix("Expectation Failed\n").expect("the body")),
                ],
            )
            .then(Then::Closed),
        ],
    );
}
