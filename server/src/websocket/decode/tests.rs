use super::*;
use crate::websocket::DeflateMode;
use crate::websocket::deflate::Deflater;
use crate::websocket::extension::{Agreed, agree};

mod closes;
mod limits;
mod properties;
mod sequences;
mod texts;

const LIMIT: usize = 300;

/// What a peer said, and what ended it or was left of the input.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    said: Vec<Received>,
    end: Result<Vec<u8>, Fault>,
}

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const FINAL: u8 = 0x80;
const COMPRESSED: u8 = 0x40;

/// A frame as a client sends it.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    masked_frame(first, payload, [0x37, 0xfa, 0x21, 0x3d])
}

fn masked_frame(first: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let masked = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    let mut frame = header(first, payload.len() as u64, mask);
    frame.extend(masked);
    frame
}

fn header(first: u8, len: u64, mask: [u8; 4]) -> Vec<u8> {
    let mut header = vec![first];
    match len {
        0..=125 => header.push(0x80 | len as u8),
        126..=0xffff => {
            header.push(0x80 | 126);
            header.extend((len as u16).to_be_bytes());
        }
        _ => {
            header.push(0x80 | 127);
            header.extend(len.to_be_bytes());
        }
    }
    header.extend(mask);
    header
}

fn text(text: &'static str) -> Received {
    Received::Message(Message::Text(text.into()))
}

fn binary(data: impl Into<Vec<u8>>) -> Received {
    Received::Message(Message::Binary(data.into().into()))
}

fn ping(data: &'static str) -> Received {
    Received::Message(Message::Ping(data.into()))
}

fn pong(data: &'static str) -> Received {
    Received::Message(Message::Pong(data.into()))
}

fn close(code: Option<u16>, reason: &'static str) -> Received {
    Received::Close(code, reason.into())
}

fn plain() -> Decoder {
    Decoder::new(Some(LIMIT), None)
}

fn agreed(mode: DeflateMode) -> Agreed {
    let headers = [("sec-websocket-extensions", "permessage-deflate")].into_iter().collect();
    agree(&headers, mode).unwrap().unwrap()
}

const MODES: [DeflateMode; 2] = [DeflateMode::PerMessage, DeflateMode::ContextTakeover];

fn inflating(mode: DeflateMode, limit: usize) -> Decoder {
    Decoder::new(Some(limit), Some(Inflater::new(agreed(mode))))
}

fn deflated(deflater: &mut Deflater, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    deflater.deflate(message, &mut out);
    out
}

/// Feeds the pieces to a decoder; checks what holds whatever comes.
fn run<'a>(mut decoder: Decoder, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut input = BytesMut::new();
    let mut said = Vec::new();
    for piece in pieces {
        input.extend_from_slice(piece);
        loop {
            let before = input.len();
            let result = decoder.decode(&mut input, true);
            assert!(input.len() <= before, "more input than there was");
            if let Some(message) = &decoder.message {
                assert!(message.data.len() <= decoder.limit || result == Err(Fault::TooLarge));
                assert!(
                    message.data.capacity() <= decoder.limit.saturating_mul(2).max(1000),
                    "memory beyond the limit"
                );
            }
            match result {
                Ok(Some(received)) => said.push(received),
                Ok(None) => break,
                Err(fault) => return Outcome { said, end: Err(fault) },
            }
        }
        if let Some(Frame { len, .. }) = decoder.frame {
            assert!((input.len() as u64) < len, "a frame that is complete is left");
        }
    }
    Outcome { said, end: Ok(input.to_vec()) }
}

/// [`run`] on the whole of `wire`, which every way to cut it must agree with.
fn run_cut_everywhere(decoder: impl Fn() -> Decoder, wire: &[u8]) -> Outcome {
    let whole = run(decoder(), [wire]);
    assert_eq!(run(decoder(), wire.chunks(1)), whole, "byte by byte: {}", wire.escape_ascii());
    for cut in 0..=wire.len() {
        let (front, back) = wire.split_at(cut);
        assert_eq!(run(decoder(), [front, back]), whole, "{} | {}", front.escape_ascii(), back.escape_ascii());
    }
    whole
}

/// All of `input` is understood, as this.
#[track_caller]
fn accepts(decoder: impl Fn() -> Decoder, wire: &[u8], said: &[Received]) {
    let outcome = run_cut_everywhere(decoder, wire);
    assert_eq!((&outcome.said[..], &outcome.end), (said, &Ok(Vec::new())), "{}", wire.escape_ascii());
}

/// `input` is understood as this, until it is at fault.
#[track_caller]
fn refuses(decoder: impl Fn() -> Decoder, wire: &[u8], said: &[Received], fault: Fault) {
    let outcome = run_cut_everywhere(decoder, wire);
    assert_eq!((&outcome.said[..], &outcome.end), (said, &Err(fault)), "{}", wire.escape_ascii());
}

#[test]
fn a_message_in_one_frame_is_not_copied() {
    let wire = frame(FINAL | BINARY, b"hello");
    let mut input = BytesMut::from(&wire[..]);
    let start = input[6..].as_ptr();
    match plain().decode(&mut input, true) {
        Ok(Some(Received::Message(Message::Binary(data)))) => {
            assert_eq!((&data[..], data.as_ptr()), (&b"hello"[..], start));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_says_whether_a_message_comes_and_how_much_is_missing() {
    let mut decoder = plain();
    let wire = frame(FINAL | BINARY, &[1; 200]);
    let mut input = BytesMut::new();
    assert_eq!((decoder.is_in_message(&input), decoder.missing(&input)), (false, 0));
    input.extend_from_slice(&wire[..1]);
    assert_eq!((decoder.is_in_message(&input), decoder.missing(&input)), (true, 0));
    input.extend_from_slice(&wire[1..50]);
    assert_eq!(decoder.decode(&mut input, true), Ok(None));
    assert_eq!((decoder.is_in_message(&input), decoder.missing(&input)), (true, wire.len() - 50));
    input.extend_from_slice(&wire[50..]);
    assert_eq!(decoder.decode(&mut input, true), Ok(Some(binary([1; 200]))));

    input.extend_from_slice(&frame(FINAL | PING, b"ping")[..7]);
    assert!(!decoder.is_in_message(&input));
    assert_eq!(decoder.decode(&mut input, true), Ok(None));
    assert_eq!((decoder.is_in_message(&input), decoder.missing(&input)), (false, 3));
}

#[test]
fn of_a_fragment_that_is_there_in_part_only_the_rest_is_missing() {
    let mut decoder = plain();
    let wire = frame(BINARY, &[1; 200]);
    let mut input = BytesMut::from(&wire[..50]);
    assert_eq!(decoder.decode(&mut input, true), Ok(None));
    assert!(input.is_empty() && decoder.is_in_message(&input));
    assert_eq!(decoder.missing(&input), wire.len() - 50);
    input.extend_from_slice(&wire[50..]);
    assert_eq!(decoder.decode(&mut input, true), Ok(None));
    assert_eq!((decoder.is_in_message(&input), decoder.missing(&input)), (false, 0), "what comes next may be a ping");
}
