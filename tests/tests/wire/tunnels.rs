//! Tunnels: raw bytes both ways after 101 (RFC 9110 section 7.8) or a 2xx to CONNECT (section 9.3.6).

use crate::row::{GET, OK, Part, Row, SEEN_GET, Then, hear, own, run, say};
use crate::script::{Step, fail, last, more, refused, respond, start, usual};
use transom::{SendError, Violation};
use transom_tests::quiet;

const UPGRADE: &str = "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n";
const SEEN_UPGRADE: &str = "GET / HTTP/1.1 to foo\nhost: a\nconnection: upgrade\nupgrade: foo\n\n";
const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nupgrade: foo\r\nconnection: upgrade\r\n\r\n";
const NAMED: &str = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n";
const CONNECT: &str = "CONNECT b:80 HTTP/1.1\r\nhost: b:80\r\n\r\n";
const SEEN_CONNECT: &str = "CONNECT b:80 HTTP/1.1\nhost: b:80\n\n";
const CONNECTED: &str = "HTTP/1.1 200 OK\r\n\r\n";

/// SPEC: SCOPE-11, TUNNEL-1, TUNNEL-3
#[test]
fn refused_gracefully() {
    let asks = |fields: &str| format!("GET / HTTP/1.1\r\nhost: a\r\n{fields}\r\n");
    run(
        quiet(),
        vec![
            Row::served("an upgrade that nobody wants", UPGRADE, &[SEEN_UPGRADE]),
            Row::served(
                "h2c",
                asks("connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: \r\n"),
                &[
                    "GET / HTTP/1.1 to h2c\nhost: a\nconnection: upgrade, http2-settings\nupgrade: h2c\nhttp2-settings: \n\n",
                ],
            ),
            Row::served(
                "a list: the first",
                asks("connection: Upgrade\r\nupgrade: foo/1, bar\r\n"),
                &["GET / HTTP/1.1 to foo/1\nhost: a\nconnection: Upgrade\nupgrade: foo/1, bar\n\n"],
            ),
            Row::served(
                "not meant for this hop",
                asks("upgrade: foo\r\n"),
                &["GET / HTTP/1.1\nhost: a\nupgrade: foo\n\n"],
            ),
            Row::served(
                "of nothing",
                asks("connection: upgrade\r\n"),
                &["GET / HTTP/1.1\nhost: a\nconnection: upgrade\n\n"],
            ),
            Row::last_served(
                "1.0 has none",
                "GET / HTTP/1.0\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n",
                &["GET / HTTP/1.0\nconnection: upgrade\nupgrade: foo\n\n"],
            ),
            Row::served("a request behind it is a request", format!("{UPGRADE}{GET}"), &[SEEN_UPGRADE, SEEN_GET]),
            Row::talk("a failure", vec![say(UPGRADE), hear(own("500 Internal Server Error"))])
                .scripts(&[|| vec![fail()]]),
            Row::answered(
                "101 that nobody asked for",
                || vec![refused(start(101, &[]), Violation::BadStatus), respond(200, &[], "ok")],
                OK,
            ),
            Row::asked(
                "CONNECT",
                CONNECT,
                || vec![respond(404, &[], "no")],
                "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno",
            )
            .saw(&[SEEN_CONNECT]),
            Row::asked(
                "CONNECT has no whole answer of 2xx",
                CONNECT,
                || vec![refused(respond(200, &[], ""), Violation::BadStatus), respond(502, &[], "")],
                "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n",
            ),
        ],
    );
}

/// SPEC: PATH-1, HTTP-SEND-22, TUNNEL-1, TUNNEL-2, TUNNEL-4, TUNNEL-5, TUNNEL-6, TUNNEL-9
#[test]
fn opened() {
    let closed = |name, talk: Vec<Part>| Row::talk(name, talk).then(Then::Closed);
    run(
        quiet(),
        vec![
            closed("both ways", vec![say(UPGRADE), hear(SWITCHED), say("ping"), hear("pong")])
                .scripts(&[|| vec![start(101, &[("upgrade", "foo")]), Step::Receive(4), last("pong")]])
                .saw(&[&format!("{SEEN_UPGRADE}ping")]),
            closed("the protocol is named in any case", vec![say(UPGRADE), hear(NAMED)])
                .scripts(&[|| vec![start(101, &[]), last("")]]),
            closed("nothing is framed", vec![say(UPGRADE), hear(SWITCHED), hear("ab0\r\n\r\n")]).scripts(&[|| {
                let fields = [("upgrade", "foo"), ("content-length", "2"), ("transfer-encoding", "chunked"), ("connection", "close")];
                vec![start(101, &fields), more("a"), more(""), more("b"), last("0\r\n\r\n")]
            }]),
            closed("CONNECT", vec![say(CONNECT), hear(CONNECTED), say("ping"), hear("pong")])
                .scripts(&[|| vec![start(200, &[]), Step::Receive(4), last("pong")]])
                .saw(&[&format!("{SEEN_CONNECT}ping")]),
            closed("CONNECT frames nothing", vec![say(CONNECT), hear("HTTP/1.1 200 OK\r\na: b\r\n\r\nok")]).scripts(&[|| {
                vec![start(200, &[("content-length", "2"), ("transfer-encoding", "chunked"), ("a", "b")]), last("ok")]
            }]),
            closed("what came with the request", vec![say(format!("{UPGRADE}{GET}")), hear(SWITCHED), hear("ok")])
                .scripts(&[|| vec![start(101, &[("upgrade", "foo")]), Step::Receive(GET.len()), last("ok")]])
                .saw(&[&format!("{SEEN_UPGRADE}{GET}")]),
            closed(
                "a body comes first",
                vec![
                    say("POST / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: foo\r\ncontent-length: 2\r\n\r\nhiping"),
                    hear(SWITCHED),
                    hear("pong"),
                ],
            )
            .scripts(&[|| vec![Step::Read, start(101, &[("upgrade", "foo")]), Step::Receive(4), last("pong")]]),
            closed(
                "in the tunnel too",
                vec![
                    say("POST / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: foo\r\ncontent-length: 2\r\n\r\nhiping"),
                    hear(SWITCHED),
                    hear("pong"),
                ],
            )
            .scripts(&[|| vec![start(101, &[("upgrade", "foo")]), Step::Receive(6), last("pong")]]),
            closed("what is no byte is refused", vec![say(UPGRADE), hear(SWITCHED), hear("ok")]).scripts(&[|| {
                vec![
                    start(101, &[("upgrade", "foo")]),
                    refused(crate::script::trailers(&[]), Violation::WrongProtocol),
                    refused(respond(200, &[], ""), Violation::OutOfOrder),
                    refused(start(101, &[]), Violation::OutOfOrder),
                    last("ok"),
                    refused(more("x"), SendError::Finished),
                ]
            }]),
            closed("more than fits in one buffer", vec![say(UPGRADE), hear(SWITCHED), say("x".repeat(300_000)), hear("y".repeat(300_000))])
                .scripts(&[|| {
                    vec![start(101, &[("upgrade", "foo")]), Step::Receive(300_000), more("y".repeat(200_000)), last("y".repeat(100_000))]
                }]),
        ],
    );
}

/// Each direction ends for itself.
/// SPEC: DISC-4, TUNNEL-7, TUNNEL-8, TUNNEL-9
#[test]
fn half_closed() {
    run(
        quiet(),
        vec![
            Row::talk("by the client", vec![say(UPGRADE), hear(SWITCHED), say("ping"), Part::HalfClose, hear("late")])
                .scripts(&[|| {
                    vec![start(101, &[("upgrade", "foo")]), Step::Receive(4), Step::ReceiveEnd, more("la"), last("te")]
                }])
                .then(Then::Closed),
            Row::talk("by the client of CONNECT", vec![say(CONNECT), hear(CONNECTED), Part::HalfClose, hear("late")])
                .scripts(&[|| vec![start(200, &[]), Step::ReceiveEnd, last("late")]])
                .then(Then::Closed),
            Row::talk(
                "by the application",
                vec![say(UPGRADE), hear(SWITCHED), hear("bye"), Part::HearEnd, say("late"), Part::HalfClose],
            )
            .scripts(&[|| vec![start(101, &[("upgrade", "foo")]), last("bye"), Step::Receive(4), Step::ReceiveEnd]])
            .saw(&[&format!("{SEEN_UPGRADE}late")])
            .then(Then::Closed),
            Row::talk(
                "by the application of CONNECT",
                vec![say(CONNECT), hear(CONNECTED), Part::HearEnd, say("late"), Part::HalfClose],
            )
            .scripts(&[|| vec![start(200, &[]), last(""), Step::Receive(4), Step::ReceiveEnd]])
            .saw(&[&format!("{SEEN_CONNECT}late")])
            .then(Then::Closed),
        ],
    );
}

/// A tunnel that the application leaves open when it returns was cut off, and looks so.
/// SPEC: RETURN-1, RETURN-4
#[test]
fn broken_off() {
    run(
        quiet(),
        vec![
            Row::talk("by an error", vec![say(UPGRADE), hear(SWITCHED), hear("part")])
                .scripts(&[|| vec![start(101, &[("upgrade", "foo")]), more("part"), fail()]])
                .then(Then::Reset),
            Row::talk("by the end of the call", vec![say(CONNECT), hear(CONNECTED), hear("part")])
                .scripts(&[|| vec![start(200, &[]), more("part")]])
                .then(Then::Reset),
            Row::talk("not by an error after its end", vec![say(CONNECT), hear(CONNECTED), hear("all")])
                .scripts(&[|| vec![start(200, &[]), last("all"), fail()]])
                .then(Then::Closed),
            Row::talk(
                "an ordinary request comes before",
                vec![say(format!("{GET}{UPGRADE}")), hear(OK), hear(SWITCHED)],
            )
            .scripts(&[usual, || vec![start(101, &[("upgrade", "foo")]), last("")]])
            .then(Then::Closed),
        ],
    );
}
