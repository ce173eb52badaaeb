//! What a client may not do: the close frame says what, and the application is told the same.

use crate::{closed, echo, text};
use transom::{Outgoing, Receiver, SendError, Sender};
use transom_server::Config;
use transom_tests::websocket::{BINARY, CLOSE, CONTINUATION, FIN, PING, RSV1, TEXT, close, frame, header, plain};
use transom_tests::{Running, quiet, sockets, telling};

struct Fault {
    name: &'static str,
    bytes: Vec<u8>,
    code: u16,
    reason: &'static str,
}

fn fault(name: &'static str, bytes: impl Into<Vec<u8>>, code: u16, reason: &'static str) -> Fault {
    Fault { name, bytes: bytes.into(), code, reason }
}

const UNMASKED: &str = "a frame is not masked";
const RESERVED: &str = "a reserved bit is set";
const OPCODE: &str = "unknown opcode";
const LENGTH: &str = "the length of a frame is not in its shortest form";
const FRAGMENTED: &str = "a control frame is fragmented";
const LONG: &str = "a control frame is longer than 125 bytes";
const CONTINUED: &str = "there is no message to continue";
const INTERLEAVED: &str = "a message begins inside of another one";
const CLOSE_LENGTH: &str = "a close frame of one byte";
const CLOSE_CODE: &str = "a close code that may not be sent";
const CLOSE_REASON: &str = "the reason of a close is not UTF-8";
const UTF8: &str = "a text is not UTF-8";
const TOO_LARGE: &str = "the message is too large";

/// A header whose length is written as it should not be.
fn long_header(first: u8, length: &[u8]) -> Vec<u8> {
    [&[first, if length.len() == 2 { 0xfe } else { 0xff }], length, b"mask"].concat()
}

fn faults() -> Vec<Fault> {
    let mut faults = vec![
        fault("a text that is not masked", plain(FIN | TEXT, "hi"), 1002, UNMASKED),
        fault("nothing that is not masked", plain(FIN | BINARY, ""), 1002, UNMASKED),
        fault("a ping that is not masked", plain(FIN | PING, "hi"), 1002, UNMASKED),
        fault("a close that is not masked", plain(FIN | CLOSE, close(1000, "")), 1002, UNMASKED),
        fault("RSV1 that means nothing", frame(FIN | RSV1 | TEXT, "hi"), 1002, RESERVED),
        fault("RSV2", frame(FIN | 0x20 | TEXT, "hi"), 1002, RESERVED),
        fault("RSV3", frame(FIN | 0x10 | BINARY, "hi"), 1002, RESERVED),
        fault("RSV1 of a ping", frame(FIN | RSV1 | PING, "hi"), 1002, RESERVED),
        fault("RSV1 of a close", frame(FIN | RSV1 | CLOSE, close(1000, "")), 1002, RESERVED),
        fault("a length of 125 in 2 bytes", long_header(FIN | TEXT, &[0, 125]), 1002, LENGTH),
        fault("a length of 65535 in 8", long_header(FIN | TEXT, &65535_u64.to_be_bytes()), 1002, LENGTH),
        fault("a length of 2^63", long_header(FIN | TEXT, &(1_u64 << 63).to_be_bytes()), 1002, LENGTH),
        fault("a ping in fragments", frame(PING, ""), 1002, FRAGMENTED),
        fault("a close in fragments", frame(CLOSE, close(1000, "")), 1002, FRAGMENTED),
        fault("a ping of 126 bytes", frame(FIN | PING, [b'x'; 126]), 1002, LONG),
        fault("of which only the header came", header(FIN | PING, 126), 1002, LONG),
        fault("a close of 126 bytes", frame(FIN | CLOSE, close(1000, &"x".repeat(124))), 1002, LONG),
        fault("a continuation of nothing", frame(FIN | CONTINUATION, "hi"), 1002, CONTINUED),
        fault("of which more is to come", frame(CONTINUATION, ""), 1002, CONTINUED),
        fault("a text in a text", [frame(TEXT, "a"), frame(TEXT, "b")].concat(), 1002, INTERLEAVED),
        fault("a message in a text", [frame(TEXT, ""), frame(FIN | BINARY, "b")].concat(), 1002, INTERLEAVED),
        fault("a close of one byte", frame(FIN | CLOSE, "x"), 1002, CLOSE_LENGTH),
        fault("a reason that is no text", frame(FIN | CLOSE, b"\x03\xe8\xff"), 1007, CLOSE_REASON),
        fault("of which a part is missing", frame(FIN | CLOSE, b"\x03\xe8\xc3"), 1007, CLOSE_REASON),
        fault("a text that ends within a character", frame(FIN | TEXT, b"a\xc3"), 1007, UTF8),
        fault("an overlong character", frame(FIN | TEXT, b"\xc0\xaf"), 1007, UTF8),
        fault("a surrogate", frame(FIN | TEXT, b"\xed\xa0\x80"), 1007, UTF8),
        fault("beyond Unicode", frame(FIN | TEXT, b"\xf4\x90\x80\x80"), 1007, UTF8),
        fault(
            "fragments that end within a character",
            [frame(TEXT, b"\xc3"), frame(FIN | CONTINUATION, "")].concat(),
            1007,
            UTF8,
        ),
        fault("a fragment that is no text", frame(TEXT, b"a\xff"), 1007, UTF8),
        fault(
            "two fragments that make no character",
            [frame(TEXT, b"\xc3"), frame(CONTINUATION, b"\xc3")].concat(),
            1007,
            UTF8,
        ),
        // What follows may never come.
        fault(
            "no text in the middle of a frame",
            [header(FIN | TEXT, 1000), transom_tests::websocket::mask(b"ab\xffcd", *b"\x37\xfa\x21\x3d")].concat(),
            1007,
            UTF8,
        ),
        fault(
            "in the middle of a fragment",
            [
                frame(TEXT, b"\xe2\x82"),
                header(CONTINUATION, 1000),
                transom_tests::websocket::mask(b"\xac\xe2(", *b"\x37\xfa\x21\x3d"),
            ]
            .concat(),
            1007,
            UTF8,
        ),
        fault("a message above the limit, not yet there", header(FIN | BINARY, (16 << 20) + 1), 1009, TOO_LARGE),
        fault("a text above the limit", header(FIN | TEXT, (16 << 20) + 1), 1009, TOO_LARGE),
        fault("a fragment above the limit", header(BINARY, (16 << 20) + 1), 1009, TOO_LARGE),
        fault("as long as can be said", header(FIN | BINARY, (1 << 63) - 1), 1009, TOO_LARGE),
        fault(
            "fragments above the limit together",
            [frame(BINARY, "x"), header(CONTINUATION, 16 << 20)].concat(),
            1009,
            TOO_LARGE,
        ),
    ];
    for opcode in (3..8).chain(11..16) {
        faults.push(fault("an opcode that there is not", frame(FIN | opcode, ""), 1002, OPCODE));
    }
    for code in [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1999, 2000, 2999, 5000, 65535] {
        faults.push(fault("a code", frame(FIN | CLOSE, close(code, "")), 1002, CLOSE_CODE));
    }
    faults
}

/// What came before is answered, and what comes behind is not looked at.
/// SPEC: WS-15, WS-17, WS-18
#[test]
fn between_messages() {
    let (app, told) = echo();
    let server = Running::start(app, quiet());
    for Fault { name, bytes, code, reason } in faults() {
        let mut client = server.open();
        client.send([frame(FIN | TEXT, "before"), bytes, frame(FIN | TEXT, "behind")].concat());
        client.hear_frame(FIN | TEXT, "before");
        assert_eq!(told.next(), Ok(text("before")), "{name}");
        client.hear_close(code, reason);
        client.hear_end();
        assert_eq!(told.next(), Err(closed(code, reason, false)), "{name}");
    }
    assert_eq!(told.rest(), []);
}

/// SPEC: WS-17, WS-18
#[test]
fn byte_by_byte() {
    let (app, told) = echo();
    let server = Running::start(app, quiet());
    for Fault { name, bytes, code, reason } in faults() {
        let mut client = server.open();
        for byte in bytes {
            client.send([byte]);
        }
        client.hear_close(code, reason);
        client.hear_end();
        assert_eq!(told.next(), Err(closed(code, reason, false)), "{name}");
    }
}

fn limited(limit: usize) -> Config {
    let mut config = quiet();
    config.websocket.max_message = Some(limit);
    config
}

/// SPEC: WS-17, WS-18
#[test]
fn above_a_limit_of_the_configuration() {
    let (app, told) = echo();
    let server = Running::start(app, limited(10));
    for bytes in [
        header(FIN | TEXT, 11),
        header(TEXT, 11),
        [frame(TEXT, "12345"), frame(CONTINUATION, "12345"), header(CONTINUATION, 1)].concat(),
        [frame(TEXT, "12345"), frame(CONTINUATION, "12345"), header(FIN | CONTINUATION, 1)].concat(),
        [frame(TEXT, ""), header(CONTINUATION, 11)].concat(),
    ] {
        let mut client = server.open();
        client.send(frame(FIN | TEXT, "1234567890"));
        client.hear_frame(FIN | TEXT, "1234567890");
        client.send(bytes);
        client.hear_close(1009, TOO_LARGE);
        client.hear_end();
        assert_eq!(told.next(), Ok(text("1234567890")));
        assert_eq!(told.next(), Err(closed(1009, TOO_LARGE, false)));
    }
    // Pings are no messages.
    let mut client = server.open();
    client.send(frame(FIN | PING, "12345678901"));
    client.hear_frame(FIN | transom_tests::websocket::PONG, "12345678901");
}

/// More of them than the server decodes at once.
#[test]
fn behind_many_messages() {
    const COUNT: usize = 600;
    let (app, told) = echo();
    let server = Running::start(app, quiet());
    let mut client = server.open();
    client.send([frame(FIN | TEXT, "hi").repeat(COUNT), frame(FIN | CONTINUATION, "")].concat());
    client.hear(plain(FIN | TEXT, "hi").repeat(COUNT));
    client.hear_close(1002, CONTINUED);
    client.hear_end();
    for _ in 0..COUNT {
        assert_eq!(told.next(), Ok(text("hi")));
    }
    assert_eq!(told.next(), Err(closed(1002, CONTINUED, false)));
}

/// After the fault nothing more is sent, and the reason is given as often as it is asked for.
/// SPEC: END-3, CLOSED-3
#[test]
fn what_an_application_gets_afterwards() {
    let (tell, told) = telling();
    let app = sockets(move |_, mut receive: Receiver, mut send: Sender| {
        let tell = tell.clone();
        async move {
            send.send(crate::accept()).await?;
            let end = crate::message(&mut receive).await.unwrap_err();
            assert_eq!(crate::message(&mut receive).await, Err(end.clone()));
            assert_eq!(send.closed().await, end);
            assert_eq!(send.flush().await, Ok(()));
            for event in [Outgoing::Message(text("late")), crate::close(1000, ""), crate::accept()] {
                assert_eq!(send.send(event).await, Err(SendError::Disconnected(end.clone())));
            }
            Ok(tell.send(end)?)
        }
    });
    let server = Running::start(app, quiet()).careless();
    let mut client = server.open();
    client.send(frame(FIN | TEXT, b"\xff"));
    client.hear_close(1007, UTF8);
    client.hear_end();
    assert_eq!(told.next(), closed(1007, UTF8, false));
}
