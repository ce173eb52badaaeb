//! Compressed messages (RFC 7692).

use crate::{binary, closed, echo, text};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use transom_server::{Config, DeflateMode};
use transom_tests::websocket::{
    BINARY, CONTINUATION, FIN, HANDSHAKE, PING, PONG, RSV1, SWITCHED, TEXT, frame, header, mask,
};
use transom_tests::{Client, Running, quiet};

const TOO_LARGE: &str = "the message is too large";

fn with(mode: DeflateMode) -> Config {
    let mut config = quiet();
    config.websocket.deflate = mode;
    config
}

const OFFER: &str = "permessage-deflate; client_max_window_bits";

/// Offers extensions, and reads which of them the server takes.
#[track_caller]
fn offer(server: &Running, offers: &str) -> (Client, Option<String>) {
    let mut client = server.connect();
    client.send(HANDSHAKE.replacen("\r\n\r\n", &format!("\r\nsec-websocket-extensions: {offers}\r\n\r\n"), 1));
    let response = client.head();
    assert_eq!(response.status, 101);
    let agreed = response.field("sec-websocket-extensions").map(str::to_owned);
    (client, agreed)
}

/// One side of a compressed connection.
struct Deflate {
    compress: Compress,
    decompress: Decompress,
    takeover: bool,
}

impl Deflate {
    fn new(takeover: bool) -> Self {
        Self { compress: Compress::new(Compression::best(), false), decompress: Decompress::new(false), takeover }
    }

    fn deflate(&mut self, message: impl AsRef<[u8]>) -> Vec<u8> {
        let message = message.as_ref();
        if !self.takeover {
            self.compress.reset();
        }
        let mut out = Vec::with_capacity(message.len() + message.len() / 8 + 64);
        self.compress.compress_vec(message, &mut out, FlushCompress::Sync).expect("a stream that is never finished");
        assert_eq!(out.split_off(out.len() - 4), b"\0\0\xff\xff");
        out
    }

    fn inflate(&mut self, payload: &[u8], len: usize) -> Vec<u8> {
        if !self.takeover {
            self.decompress.reset(false);
        }
        let mut out = Vec::with_capacity(len + 1);
        for input in [payload, b"\0\0\xff\xff"] {
            self.decompress.decompress_vec(input, &mut out, FlushDecompress::Sync).expect("a compressed message");
        }
        out
    }
}

/// Compresses well.
fn words(len: usize) -> String {
    (0..).flat_map(|at: usize| format!("é{} ", at % 97).into_bytes()).take(len).map(|byte| byte as char).collect()
}

/// Does not compress.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..len).map(|_| next()).collect()
}

#[test]
fn what_is_agreed_on() {
    let none = "server_no_context_takeover; client_no_context_takeover";
    for (mode, offers, agreed) in [
        (DeflateMode::Off, OFFER, None),
        (DeflateMode::PerMessage, OFFER, Some(format!("permessage-deflate; {none}"))),
        (DeflateMode::PerMessage, "permessage-deflate", Some(format!("permessage-deflate; {none}"))),
        (DeflateMode::PerMessage, "x-other, permessage-deflate", Some(format!("permessage-deflate; {none}"))),
        (DeflateMode::PerMessage, "x-webkit-deflate-frame", None),
        (DeflateMode::PerMessage, "permessage-deflate; unknown", None),
        (DeflateMode::ContextTakeover, OFFER, Some("permessage-deflate".into())),
        (
            DeflateMode::ContextTakeover,
            "permessage-deflate; server_no_context_takeover",
            Some("permessage-deflate; server_no_context_takeover".into()),
        ),
        (
            DeflateMode::ContextTakeover,
            "permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=10",
            Some("permessage-deflate; server_max_window_bits=10".into()),
        ),
        (
            DeflateMode::ContextTakeover,
            "permessage-deflate; client_max_window_bits=9",
            Some("permessage-deflate; client_max_window_bits=9".into()),
        ),
    ] {
        let server = Running::start(echo().0, with(mode));
        let (mut client, heard) = offer(&server, offers);
        assert_eq!(heard, agreed, "{mode:?} {offers}");
        client.send(frame(FIN | TEXT, "hi"));
        client.hear_frame(FIN | TEXT, "hi");
    }
    // Nobody asked.
    let server = Running::start(echo().0, with(DeflateMode::ContextTakeover));
    let mut client = server.connect();
    client.send(HANDSHAKE);
    client.hear(SWITCHED);
    client.send(frame(FIN | TEXT, words(1000)));
    client.hear_frame(FIN | TEXT, words(1000));
}

#[test]
fn messages_of_many_lengths() {
    for mode in [DeflateMode::PerMessage, DeflateMode::ContextTakeover] {
        let (app, told) = echo();
        let server = Running::start(app, with(mode));
        let (mut client, _) = offer(&server, OFFER);
        let mut deflate = Deflate::new(mode == DeflateMode::ContextTakeover);
        for len in [64, 65, 1000, 16_384, 65_536, 300_000] {
            let words = words(len);
            client.send(frame(FIN | RSV1 | TEXT, deflate.deflate(&words)));
            assert_eq!(told.next(), Ok(text(words.clone())));
            let (first, payload) = client.frame();
            assert_eq!(first, FIN | RSV1 | TEXT, "{len} bytes");
            assert!(payload.len() < words.len(), "{} of {len} bytes", payload.len());
            assert_eq!(deflate.inflate(&payload, words.len()), words.as_bytes());
        }
        // A client need not compress.
        client.send(frame(FIN | TEXT, words(1000)));
        assert_eq!(told.next(), Ok(text(words(1000))));
        let (first, payload) = client.frame();
        assert_eq!((first, deflate.inflate(&payload, 2000)), (FIN | RSV1 | TEXT, words(1000).into_bytes()));
    }
}

/// A message is compressed by the one before it, in both directions.
#[test]
fn with_context() {
    let server = Running::start(echo().0, with(DeflateMode::ContextTakeover));
    let (mut client, _) = offer(&server, OFFER);
    let mut deflate = Deflate::new(true);
    let message = noise(5000);
    let (mut said, mut heard) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let payload = deflate.deflate(&message);
        said.push(payload.len());
        client.send(frame(FIN | RSV1 | BINARY, payload));
        let (first, payload) = client.frame();
        assert_eq!(first, FIN | RSV1 | BINARY);
        heard.push(payload.len());
        assert_eq!(deflate.inflate(&payload, message.len()), message);
    }
    assert!(said[1] < 100 && heard[1] < said[0] / 10, "{said:?} {heard:?}");
}

/// What gains nothing is not compressed.
#[test]
fn what_is_left_as_it_is() {
    let (app, told) = echo();
    let server = Running::start(app, with(DeflateMode::PerMessage));
    let (mut client, _) = offer(&server, OFFER);
    let mut deflate = Deflate::new(false);
    for message in [vec![], b"a".repeat(63), noise(64), noise(5000)] {
        client.send(frame(FIN | RSV1 | BINARY, deflate.deflate(&message)));
        client.hear_frame(FIN | BINARY, &message);
        assert_eq!(told.next(), Ok(binary(message)));
    }
}

/// The first frame says that the message is compressed, and every byte may come by itself.
#[test]
fn in_fragments() {
    let (app, told) = echo();
    let server = Running::start(app, with(DeflateMode::PerMessage));
    let mut deflate = Deflate::new(false);
    let words = words(500);
    let payload = deflate.deflate(&words);
    let (mut client, _) = offer(&server, OFFER);
    let mut said = frame(RSV1 | TEXT, &payload[..1]);
    for byte in &payload[1..] {
        said.extend(frame(CONTINUATION, [*byte]));
        said.extend(frame(CONTINUATION, ""));
    }
    said.extend(frame(FIN | PING, "between"));
    said.extend(frame(FIN | CONTINUATION, ""));
    for at_once in [true, false] {
        match at_once {
            true => client.send(&said),
            false => said.iter().for_each(|byte| client.send([*byte])),
        }
        client.hear_frame(FIN | PONG, "between");
        let (first, payload) = client.frame();
        assert_eq!((first, deflate.inflate(&payload, 1000)), (FIN | RSV1 | TEXT, words.clone().into_bytes()));
        assert_eq!(told.next(), Ok(text(words.clone())));
    }
}

/// What may not come: what was said before is answered.
/// SPEC: WS-17
#[test]
fn faults() {
    const LIMIT: usize = 100_000;
    let mut config = with(DeflateMode::PerMessage);
    config.websocket.max_message = Some(LIMIT);
    let (app, told) = echo();
    let server = Running::start(app, config);
    let mut deflate = Deflate::new(false);
    let mut compressed = |message: &[u8]| deflate.deflate(message);
    let bomb = compressed(&vec![0; 40 * LIMIT]);
    assert!(bomb.len() < LIMIT);
    let just_too_large = compressed(&[0; LIMIT + 1]);
    let not_text = compressed(b"\xff");
    let start_of_bomb = [header(FIN | RSV1 | BINARY, bomb.len() as u64), mask(&bomb[..1000], *b"\x37\xfa\x21\x3d")];
    let utf8 = (1007, "a text is not UTF-8");
    let invalid = (1007, "a message cannot be inflated");
    let reserved = (1002, "a reserved bit is set");
    for (name, bytes, (code, reason)) in [
        ("a bomb", frame(FIN | RSV1 | BINARY, &bomb), (1009, TOO_LARGE)),
        ("the beginning of one", start_of_bomb.concat(), (1009, TOO_LARGE)),
        ("in a fragment", frame(RSV1 | BINARY, &bomb), (1009, TOO_LARGE)),
        ("one byte too many", frame(FIN | RSV1 | BINARY, just_too_large), (1009, TOO_LARGE)),
        ("no text", frame(FIN | RSV1 | TEXT, not_text), utf8),
        ("no deflate", frame(FIN | RSV1 | TEXT, b"\xff\xff\xff\xff"), invalid),
        ("cut off", frame(FIN | RSV1 | TEXT, &compressed(words(1000).as_bytes())[..20]), invalid),
        ("a continuation that says so too", [frame(TEXT, "a"), frame(RSV1 | FIN, "b")].concat(), reserved),
        ("a ping", frame(FIN | RSV1 | PING, ""), reserved),
    ] {
        let (mut client, _) = offer(&server, OFFER);
        client.send([frame(FIN | TEXT, "before"), bytes].concat());
        client.hear_frame(FIN | TEXT, "before");
        client.hear_close(code, reason);
        client.hear_end();
        assert_eq!(told.next(), Ok(text("before")), "{name}");
        assert_eq!(told.next(), Err(closed(code, reason, false)), "{name}");
    }
    // As much as is allowed.
    let (mut client, _) = offer(&server, OFFER);
    let payload = compressed(&[0; LIMIT]);
    client.send(frame(FIN | RSV1 | BINARY, payload));
    assert_eq!(told.next(), Ok(binary(vec![0; LIMIT])));
}
