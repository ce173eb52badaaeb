//! Messages (RFC 6455 sections 5 and 6).

use crate::{binary, closed, echo, text};
use std::io::Read;
use transom::Message;
use transom_tests::websocket::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, close, frame, header, mask, plain};
use transom_tests::{Running, quiet};

#[test]
fn of_any_length() {
    let (app, told) = echo();
    let server = Running::start(app, quiet());
    let mut client = server.open();
    for len in [0, 1, 2, 3, 4, 7, 8, 125, 126, 127, 16 << 10, (16 << 10) + 1, 65535, 65536, 65537, 1 << 20] {
        // 2-byte characters, so that reads end within one.
        let words = "é".repeat(len / 2) + &"x".repeat(len % 2);
        client.send(frame(FIN | TEXT, &words));
        client.hear_frame(FIN | TEXT, &words);
        assert_eq!(told.next(), Ok(text(words)));
        let data: Vec<u8> = (0..len).map(|at| (at * 31 % 256) as u8).collect();
        client.send(frame(FIN | BINARY, &data));
        client.hear_frame(FIN | BINARY, &data);
        assert_eq!(told.next(), Ok(binary(data)));
    }
}

/// The limit is what may be there, and what does not fit in one read.
#[test]
fn as_long_as_the_limit() {
    let mut config = quiet();
    config.websocket.max_message = Some(1 << 20);
    let server = Running::start(echo().0, config);
    let data = vec![b'x'; 1 << 20];
    let mut client = server.open();
    client.send(frame(FIN | BINARY, &data));
    client.hear_frame(FIN | BINARY, &data);
    for part in data.chunks(100_000).enumerate().map(|(at, part)| {
        let kind = if at == 0 { BINARY } else { CONTINUATION };
        frame(kind, part)
    }) {
        client.send(part);
    }
    client.send(frame(FIN | CONTINUATION, ""));
    client.hear_frame(FIN | BINARY, &data);
}

#[test]
fn without_a_limit() {
    let mut config = quiet();
    config.websocket.max_message = None;
    let server = Running::start(echo().0, config);
    let data = vec![b'x'; (16 << 20) + 1];
    let mut client = server.open();
    client.send(frame(FIN | BINARY, &data));
    client.hear_frame(FIN | BINARY, &data);
}

#[test]
fn under_any_mask() {
    let server = Running::start(echo().0, quiet());
    let mut client = server.open();
    for key in [[0; 4], [0xff; 4], [1, 0, 0, 0], [0, 0, 0, 1], *b"\x81\x05He"] {
        let payload = "a payload of 37 bytes, which is odd..";
        let mut bytes = header(FIN | TEXT, payload.len() as u64);
        let place = bytes.len() - 4;
        bytes[place..].copy_from_slice(&key);
        bytes.extend(mask(payload, key));
        client.send(bytes);
        client.hear_frame(FIN | TEXT, payload);
    }
}

/// What a client says, and what it hears.
fn script() -> (Vec<u8>, Vec<u8>) {
    let said = [
        frame(FIN | TEXT, "hé"),
        frame(TEXT, [b"a", &"é".as_bytes()[..1]].concat()),
        frame(FIN | PING, "one"),
        frame(CONTINUATION, ""),
        frame(CONTINUATION, [&"é".as_bytes()[1..], b"b"].concat()),
        frame(FIN | PONG, "nobody asked"),
        frame(FIN | PING, ""),
        frame(FIN | CONTINUATION, "c"),
        frame(FIN | BINARY, ""),
        frame(FIN | BINARY, [b'x'; 130]),
        frame(BINARY, ""),
        frame(FIN | CONTINUATION, ""),
        frame(FIN | CLOSE, close(1000, "bye")),
    ];
    let heard = [
        plain(FIN | TEXT, "hé"),
        plain(FIN | PONG, "one"),
        plain(FIN | PONG, ""),
        plain(FIN | TEXT, "aébc"),
        plain(FIN | BINARY, ""),
        plain(FIN | BINARY, [b'x'; 130]),
        plain(FIN | BINARY, ""),
        plain(FIN | CLOSE, close(1000, "")),
    ];
    (said.concat(), heard.concat())
}

/// The frames that answer, by what they are. Pongs are for the server to send, at once, and may overtake the answers of the
/// application; within each kind the order is kept.
#[track_caller]
fn sorted(mut heard: &[u8]) -> [Vec<Vec<u8>>; 2] {
    assert!(heard.ends_with(&plain(FIN | CLOSE, close(1000, ""))), "something behind the close");
    let mut kinds = [Vec::new(), Vec::new()];
    while !heard.is_empty() {
        let (start, len) = match heard[1] {
            126 => (4, usize::from(u16::from_be_bytes([heard[2], heard[3]]))),
            len => (2, usize::from(len)),
        };
        let (frame, rest) = heard.split_at(start + len);
        kinds[usize::from(heard[0] == FIN | PONG)].push(frame.to_vec());
        heard = rest;
    }
    kinds
}

fn received() -> Vec<crate::Received> {
    let messages = [text("hé"), text("aébc"), binary(""), binary(vec![b'x'; 130]), binary("")];
    messages.into_iter().map(Ok).chain([Err(closed(1000, "bye", true))]).collect()
}

/// SPEC: WS-10, WS-11, WS-15
#[test]
fn in_one_write() {
    let (app, told) = echo();
    let server = Running::start(app, quiet());
    let (said, heard) = script();
    let mut client = server.open();
    client.send(said);
    let all = client.take(heard.len());
    assert_eq!(sorted(&all), sorted(&heard));
    client.hear_end();
    for expected in received() {
        assert_eq!(told.next(), expected);
    }
}

/// SPEC: WS-10
#[test]
fn byte_by_byte() {
    let (app, told) = echo();
    let server = Running::start(app, quiet());
    let (said, heard) = script();
    let mut client = server.open();
    for byte in said {
        client.send([byte]);
    }
    let all = client.take(heard.len());
    assert_eq!(sorted(&all), sorted(&heard));
    client.hear_end();
    for expected in received() {
        assert_eq!(told.next(), expected);
    }
}

/// SPEC: WS-10
#[test]
fn split_anywhere() {
    let (app, told) = echo();
    let server = Running::start(app, quiet());
    let (said, heard) = script();
    for place in 1..said.len() {
        let mut client = server.open();
        client.send(&said[..place]);
        client.send(&said[place..]);
        let all = client.take(heard.len());
        assert_eq!(sorted(&all), sorted(&heard), "split at {place}");
        client.hear_end();
        for expected in received() {
            assert_eq!(told.next(), expected, "split at {place}");
        }
    }
}

/// A thousand messages that come together are answered in order, and the answers leave together.
#[test]
fn pipelined() {
    const COUNT: usize = 1000;
    let server = Running::start(echo().0, quiet());
    let mut client = server.open();
    let number = |number: usize| number.to_string();
    let said: Vec<u8> = (0..COUNT).flat_map(|at| frame(FIN | TEXT, number(at))).collect();
    let heard: Vec<u8> = (0..COUNT).flat_map(|at| plain(FIN | TEXT, number(at))).collect();
    client.send(said);
    let (mut all, mut reads) = (Vec::new(), 0);
    let mut buffer = vec![0; 64 << 10];
    while all.len() < heard.len() {
        let count = client.stream().read(&mut buffer).expect("the server answers");
        assert_ne!(count, 0, "the connection is closed");
        all.extend_from_slice(&buffer[..count]);
        reads += 1;
    }
    assert_eq!(all.escape_ascii().to_string(), heard.escape_ascii().to_string());
    // A read takes what a write has sent, or more.
    assert!(reads <= 10, "{reads} writes for {COUNT} messages");
}

/// A message is the application's own, whatever comes behind it.
#[test]
fn kept_by_the_application() {
    let (app, told) = echo();
    let server = Running::start(app, quiet());
    let mut client = server.open();
    let mut kept = Vec::new();
    for at in 0..100_u8 {
        client.send(frame(FIN | BINARY, vec![at; 1000]));
        client.hear_frame(FIN | BINARY, vec![at; 1000]);
        kept.push(told.next());
    }
    for (at, received) in kept.into_iter().enumerate() {
        assert!(matches!(received, Ok(Message::Binary(data)) if data == vec![at as u8; 1000]));
    }
}
