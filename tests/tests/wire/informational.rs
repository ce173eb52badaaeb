//! Interim responses (RFC 9110 section 15.2).

use crate::row::{GET, OK, OK_CLOSE, Row, Then, hear, run, say};
use crate::script::{Step, inform, last, refused, respond, start};
use transom::{Capabilities, SendError, Violation};
use transom_tests::quiet;

/// SPEC: CAP-2, CAP-3, HTTP-SEND-3, HTTP-SEND-5, HTTP-SEND-19
#[test]
fn informational() {
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n";
    run(
        quiet(),
        vec![
            Row::answered(
                "103",
                || vec![inform(103, &[("link", "</a>; rel=preload")]), respond(200, &[], "ok")],
                format!("{hints}{OK}"),
            ),
            Row::talk("it does not wait for the response", vec![say(GET), hear(hints), hear(OK)]).scripts(&[|| {
                vec![inform(103, &[("link", "</a>; rel=preload")]), Step::Flush, respond(200, &[], "ok")]
            }]),
            Row::answered(
                "several",
                || vec![inform(102, &[]), inform(103, &[]), inform(199, &[]), start(200, &[]), last("")],
                "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 199 \r\n\r\n\
                 HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            ),
            Row::answered(
                "they have no framing",
                || {
                    let framing = [
                        ("content-length", "5"),
                        ("transfer-encoding", "chunked"),
                        ("connection", "close"),
                        ("a", "b"),
                    ];
                    vec![inform(103, &framing), respond(200, &[], "ok")]
                },
                format!("HTTP/1.1 103 Early Hints\r\na: b\r\n\r\n{OK}"),
            ),
            Row::asked(
                "to HEAD",
                "HEAD / HTTP/1.1\r\nhost: a\r\n\r\n",
                || vec![inform(103, &[]), respond(200, &[], "ok")],
                "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n",
            ),
            Row::answered(
                "unasked 100",
                || vec![inform(100, &[]), respond(200, &[], "ok")],
                format!("HTTP/1.1 100 Continue\r\n\r\n{OK}"),
            ),
            Row::asked(
                "1.0 knows none",
                "GET / HTTP/1.0\r\n\r\n",
                || {
                    let absent = || SendError::Unsupported(Capabilities::INFORMATIONAL);
                    vec![
                        refused(inform(103, &[]), absent()),
                        refused(inform(100, &[]), absent()),
                        respond(200, &[], "ok"),
                    ]
                },
                OK_CLOSE,
            )
            .then(Then::Closed),
            Row::answered(
                "what is none is refused",
                || {
                    let statuses =
                        [0, 99, 101, 200, 404, 999].map(|status| refused(inform(status, &[]), Violation::BadStatus));
                    statuses.into_iter().chain([respond(200, &[], "ok")]).collect()
                },
                OK,
            ),
            Row::answered(
                "what splits a message is refused",
                || vec![refused(inform(103, &[("a", "b\r\n\r\nc")]), Violation::BadHeader), respond(200, &[], "ok")],
                OK,
            ),
            Row::answered(
                "they come first",
                || {
                    vec![
                        start(200, &[]),
                        refused(inform(103, &[]), Violation::OutOfOrder),
                        last(""),
                        refused(inform(103, &[]), SendError::Finished),
                    ]
                },
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            ),
        ],
    );
}
