//! The client's side of RFC 6455, byte by byte.

use crate::{Client, Closed, Running};
use std::io::{ErrorKind, Read, Write};

/// The key of the RFC's example (section 1.3), to which [`SWITCHED`] is the answer.
pub const HANDSHAKE: &str = "GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// The answer that accepts [`HANDSHAKE`], where it has no further fields.
pub const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
    connection: upgrade\r\nupgrade: websocket\r\n\r\n";

/// The opcodes (section 5.2), each the low half of a frame's first byte: what goes on with a message.
pub const CONTINUATION: u8 = 0x0;
/// A text, or its first frame.
pub const TEXT: u8 = 0x1;
/// Bytes, or their first frame.
pub const BINARY: u8 = 0x2;
/// A close.
pub const CLOSE: u8 = 0x8;
/// A ping.
pub const PING: u8 = 0x9;
/// A pong.
pub const PONG: u8 = 0xa;
/// The last frame of its message.
pub const FIN: u8 = 0x80;
/// The message is compressed (RFC 7692 section 6).
pub const RSV1: u8 = 0x40;

/// The mask of the RFC's examples (section 5.7).
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// What stands in front of a masked payload of `len` bytes.
pub fn header(first: u8, len: u64) -> Vec<u8> {
    let mut header = plain_header(first, len);
    header[1] |= 0x80;
    header.extend(MASK);
    header
}

/// A frame of a client, masked.
pub fn frame(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let mut frame = header(first, payload.as_ref().len() as u64);
    frame.extend(mask(payload, MASK));
    frame
}

/// A payload with its mask on, or off again.
pub fn mask(payload: impl AsRef<[u8]>, mask: [u8; 4]) -> Vec<u8> {
    payload.as_ref().iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect()
}

/// A frame of a server, as it must look.
pub fn plain(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let mut frame = plain_header(first, payload.as_ref().len() as u64);
    frame.extend(payload.as_ref());
    frame
}

/// The payload of a close frame.
pub fn close(code: u16, reason: &str) -> Vec<u8> {
    [&code.to_be_bytes(), reason.as_bytes()].concat()
}

fn plain_header(first: u8, len: u64) -> Vec<u8> {
    let mut header = vec![first];
    match len {
        0..=125 => header.push(len as u8),
        126..=0xffff => {
            header.push(126);
            header.extend((len as u16).to_be_bytes());
        }
        _ => {
            header.push(127);
            header.extend(len.to_be_bytes());
        }
    }
    header
}

impl Running {
    /// A new connection that has become a WebSocket.
    #[track_caller]
    pub fn open(&self) -> Client {
        let mut client = self.connect();
        client.open();
        client
    }
}

impl<S: Read + Write> Client<S> {
    /// Makes the connection a WebSocket.
    #[track_caller]
    pub fn open(&mut self) {
        self.send(HANDSHAKE);
        self.hear(SWITCHED);
    }

    /// Reads these bytes and none behind them.
    #[track_caller]
    pub fn hear(&mut self, expected: impl AsRef<[u8]>) {
        if let Err(heard) = self.expect(expected.as_ref()) {
            let show = |bytes: &[u8]| bytes[..bytes.len().min(1000)].escape_ascii().to_string();
            panic!("expected {}\n   heard {}", show(expected.as_ref()), show(&heard));
        }
    }

    /// Reads a frame of these.
    #[track_caller]
    pub fn hear_frame(&mut self, first: u8, payload: impl AsRef<[u8]>) {
        self.hear(plain(first, payload));
    }

    /// Reads a close frame.
    #[track_caller]
    pub fn hear_close(&mut self, code: u16, reason: &str) {
        self.hear_frame(FIN | CLOSE, close(code, reason));
    }

    /// Reads the orderly end of the connection, and nothing before it.
    #[track_caller]
    pub fn hear_end(&mut self) {
        let (rest, closed) = self.rest();
        assert_eq!((rest.escape_ascii().to_string(), closed), (String::new(), Closed::Orderly));
    }

    /// Reads a frame, whatever it is: its first byte and its payload. It is not masked, and its length has its shortest
    /// form.
    #[track_caller]
    pub fn frame(&mut self) -> (u8, Vec<u8>) {
        let start = self.take(2);
        let extended = match start[1] {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let rest = self.take(extended);
        let len = match extended {
            0 => u64::from(start[1]),
            _ => rest.iter().fold(0, |len, &byte| len << 8 | u64::from(byte)),
        };
        assert_eq!([start.clone(), rest].concat(), plain_header(start[0], len), "the header of a frame");
        (start[0], self.take(usize::try_from(len).expect("a length that fits")))
    }
}

impl Client {
    /// Whether nothing has come that was not read yet. To be asked when the server is known to have nothing to do.
    #[track_caller]
    pub fn hears_nothing(&mut self) -> bool {
        self.stream().set_nonblocking(true).expect("a TCP socket");
        let peeked = self.stream().peek(&mut [0]);
        self.stream().set_nonblocking(false).expect("a TCP socket");
        self.is_read() && matches!(peeked, Err(error) if error.kind() == ErrorKind::WouldBlock)
    }
}
