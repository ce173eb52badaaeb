//! Bodies that the application does not read: they are thrown away, and never taken for the next request.

use crate::row::{GET, OK, OK_CLOSE, Part, Row, SEEN_GET, Then, hear, own, own_close, run, say};
use crate::script::{Step, fail, last, more, respond, start};
use transom_tests::quiet;

const ANSWER: fn() -> Vec<Step> = || vec![respond(200, &[], "ok")];
const POST: &str = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n";
const CHUNKED: &str = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";

/// SPEC: HTTP-RECV-6, HTTP-RECV-13, FLOW-11
#[test]
fn little_is_thrown_away() {
    let smuggled = format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{GET}", GET.len());
    run(
        quiet(),
        vec![
            Row::asked("a body", format!("{POST}hello"), ANSWER, OK),
            Row::talk("and a request behind it", vec![say(format!("{POST}hello{GET}")), hear(OK.repeat(2))])
                .scripts(&[ANSWER])
                .saw(&["POST / HTTP/1.1\nhost: a\ncontent-length: 5\n\n", SEEN_GET]),
            Row::talk("which comes after the answer", vec![say(POST), hear(OK), say("hello"), say(GET), hear(OK)])
                .scripts(&[ANSWER])
                .saw(&["POST / HTTP/1.1\nhost: a\ncontent-length: 5\n\n", SEEN_GET]),
            Row::talk(
                "chunks, and a request behind them",
                vec![say(format!("{CHUNKED}5\r\nhello\r\n0\r\na: b\r\n\r\n{GET}")), hear(OK.repeat(2))],
            )
            .scripts(&[ANSWER]),
            Row::talk(
                "which come after the answer",
                vec![say(CHUNKED), hear(OK), say("5\r\nhello\r\n0\r\n\r\n"), say(GET), hear(OK)],
            )
            .scripts(&[ANSWER]),
            Row::talk("the rest of a body", vec![say(POST), say("hel"), hear(OK), say("lo"), say(GET), hear(OK)])
                .scripts(&[|| vec![Step::Receive(3), respond(200, &[], "ok")]])
                .saw(&["POST / HTTP/1.1\nhost: a\ncontent-length: 5\n\nhel", SEEN_GET]),
            Row::asked(
                "one whose receiver is gone",
                format!("{POST}hello"),
                || vec![Step::DropReceiver, respond(200, &[], "ok")],
                OK,
            ),
            Row::asked("a request that is a body", smuggled, ANSWER, OK)
                .saw(&[&format!("POST / HTTP/1.1\nhost: a\ncontent-length: {}\n\n", GET.len())]),
            Row::asked(
                "where the application fails",
                format!("{POST}hello"),
                || vec![fail()],
                own("500 Internal Server Error"),
            ),
            Row::talk(
                "one that is read behind the answer",
                vec![
                    say(POST),
                    hear("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n"),
                    say("hello"),
                    hear("0\r\n\r\n"),
                ],
            )
            .scripts(&[|| vec![start(200, &[]), more("ok"), Step::Read, last("")]])
            .saw(&["POST / HTTP/1.1\nhost: a\ncontent-length: 5\n\nhello"]),
            Row::talk("one that is read after the whole answer", vec![say(POST), hear(OK), say("hello")])
                .scripts(&[|| vec![respond(200, &[], "ok"), Step::Read]])
                .saw(&["POST / HTTP/1.1\nhost: a\ncontent-length: 5\n\nhello"]),
            Row::asked("64 KiB", large(65536, 65536), ANSWER, OK),
        ],
    );
}

/// SPEC: FLOW-11
#[test]
fn much_is_not() {
    let closed = |name, request: Vec<u8>| Row::asked(name, request, ANSWER, OK).then(Then::Closed);
    let chunk = [&b"8000\r\n"[..], &[b'x'; 0x8000], b"\r\n"].concat();
    run(
        quiet(),
        vec![
            closed("more than 64 KiB are announced", large(65537, 0)),
            closed("and sent", large(65537, 65537)),
            closed("as much as can be announced", large(i64::MAX as usize, 5)),
            closed("chunks without end", [CHUNKED.as_bytes(), &chunk.repeat(6)].concat()),
            closed("chunks that are none", format!("{CHUNKED}x\r\n\r\n{GET}").into()),
            closed("a trailer that is none", format!("{CHUNKED}0\r\na\r\n\r\n{GET}").into()),
        ],
    );
}

/// An answer that says that it is the last one arrives, though the request does not end: the server takes what still comes
/// before it closes.
#[test]
fn of_the_last_request() {
    let close = |len: usize| {
        [
            format!("POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {len}\r\n\r\n").into(),
            vec![b'x'; len],
        ]
        .concat()
    };
    let much = "x".repeat(1 << 20);
    run(
        quiet(),
        vec![
            Row::asked("little", close(5), ANSWER, OK_CLOSE).then(Then::Closed),
            Row::asked("much", close(100_000), ANSWER, OK_CLOSE).then(Then::Closed),
            Row::asked("very much", close(1 << 20), ANSWER, OK_CLOSE).then(Then::Closed),
            Row::refused("behind a bad request", format!("GET\r\n\r\n{much}"), "400 Bad Request"),
            Row::refused("behind a long one", format!("GET /{much}"), "414 URI Too Long"),
            Row::talk(
                "after the end",
                vec![say("GET\r\n\r\n"), hear(own_close("400 Bad Request")), Part::HearEnd, say(much)],
            )
            .then(Then::Closed),
        ],
    );
}

/// Announces a body of one length and has one of another.
fn large(announced: usize, sent: usize) -> Vec<u8> {
    let head = format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {announced}\r\n\r\n");
    [head.as_bytes(), &vec![b'x'; sent]].concat()
}
