//! WebSocket messages: the same however the bytes are cut, within the limits, the same when they are written again, and
//! what tungstenite reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::io::{self, Read, Write};
use transom::Message;
use transom::order::is_close_code;
use transom_server::DeflateMode;
use transom_server::fuzzing::{Deflate, Messages, Received, agree, frame, messages};
use tungstenite::protocol::{Role, WebSocket, WebSocketConfig};

fuzz_target!(|bytes: &[u8]| {
    let plain = check(bytes, None, None);
    check(bytes, Some(100), None);
    for mode in [DeflateMode::PerMessage, DeflateMode::ContextTakeover] {
        let agreed = agree([&b"permessage-deflate"[..]], mode).expect("well-formed");
        check(bytes, Some(1 << 16), agreed);
    }
    if plain.fault.is_none() {
        foreign(bytes, &plain);
    }
    again(plain.received);
});

fn check(bytes: &[u8], limit: Option<usize>, deflate: Option<Deflate>) -> Messages {
    let whole = messages(bytes, limit, deflate, |_| bytes.len());
    for received in &whole.received {
        match received {
            Received::Message(Message::Text(text)) => assert!(text.len() <= limit.unwrap_or(usize::MAX)),
            Received::Message(Message::Binary(data)) => assert!(data.len() <= limit.unwrap_or(usize::MAX)),
            Received::Message(Message::Ping(data) | Message::Pong(data)) => assert!(data.len() <= 125),
            Received::Message(_) => unreachable!(),
            Received::Close(code, reason) => {
                assert!(code.is_none_or(is_close_code) && reason.len() <= 123);
                assert!(code.is_some() || reason.is_empty());
            }
        }
    }
    assert!(whole.fault.is_none_or(|(code, _)| matches!(code, 1002 | 1007 | 1009)));
    let same = |other: Messages| match deflate {
        None => assert_eq!(other, whole),
        // Of several faults in one compressed message the cut decides which is seen first.
        Some(_) => assert_eq!((&other.received, other.fault.is_some()), (&whole.received, whole.fault.is_some())),
    };
    for piece in [1, 7, 60] {
        same(messages(bytes, limit, deflate, |_| piece));
    }
    // As much as is known to be missing, or one byte less.
    same(messages(bytes, limit, deflate, |missing| missing));
    same(messages(bytes, limit, deflate, |missing| missing.saturating_sub(1)));
    whole
}

/// Written again, and masked as a client does it, they are the same.
fn again(received: Vec<Received>) {
    for one in received {
        let (copy, bytes) = match one {
            Received::Message(message) => (Received::Message(message.clone()), frame(Received::Message(message))),
            Received::Close(code, reason) => {
                (Received::Close(code, reason.clone()), frame(Received::Close(code, reason)))
            }
        };
        let masked = mask(&bytes);
        let after = messages(&masked, None, None, |_| masked.len());
        assert_eq!(after, Messages { received: vec![copy], fault: None });
    }
}

fn mask(frame: &[u8]) -> Vec<u8> {
    let header = match frame[1] {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    let key = *b"\x01\x80\xff\x00";
    let mut masked = [&frame[..header], &key].concat();
    masked[1] |= 0x80;
    masked.extend(frame[header..].iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    masked
}

/// What another implementation makes of bytes without a fault.
fn foreign(bytes: &[u8], messages: &Messages) {
    // It makes room for a frame before that comes.
    let config = WebSocketConfig::default().max_message_size(None).max_frame_size(Some(1 << 20));
    let mut socket = WebSocket::from_raw_socket(Peer(bytes), Role::Server, Some(config));
    for received in &messages.received {
        let other = socket.read();
        let same = match (received, &other) {
            (Received::Message(Message::Text(text)), Ok(tungstenite::Message::Text(other))) => **text == **other,
            (Received::Message(Message::Binary(data)), Ok(tungstenite::Message::Binary(other))) => data == other,
            (Received::Message(Message::Ping(data)), Ok(tungstenite::Message::Ping(other))) => data == other,
            (Received::Message(Message::Pong(data)), Ok(tungstenite::Message::Pong(other))) => data == other,
            (Received::Close(code, reason), Ok(tungstenite::Message::Close(other))) => match other {
                Some(other) => *code == Some(other.code.into()) && **reason == *other.reason,
                None => code.is_none(),
            },
            _ => false,
        };
        assert!(same, "{received:?} and {other:?}");
    }
    if !matches!(messages.received.last(), Some(Received::Close(..))) {
        assert!(socket.read().is_err(), "another message");
    }
}

struct Peer<'a>(&'a [u8]);

impl Read for Peer<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Peer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
