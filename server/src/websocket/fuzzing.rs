//! What is pure of WebSocket, for fuzzers.
#![allow(missing_docs)]

use super::DeflateMode;
use super::decode::Decoder;
use super::deflate::{self, Deflater, Inflater};
use super::extension::{self, Agreed};
use super::frame as frames;
use crate::http1::fuzzing::drain;
use crate::output::Output;
use bytes::{Bytes, BytesMut};
use transom::{Headers, Message, Utf8};
use tungstenite::protocol::frame::coding::Control;

/// What was agreed on of permessage-deflate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deflate(Agreed);

impl Deflate {
    /// Whether the server's messages may refer to those before, and the client's.
    pub fn context_takeover(&self) -> (bool, bool) {
        (self.0.server_context_takeover(), self.0.client_context_takeover())
    }

    /// Base-2 logarithm of the server's window.
    pub fn server_window_bits(&self) -> u8 {
        self.0.server_window_bits()
    }

    /// The response's `sec-websocket-extensions`.
    pub fn answer(&self) -> Vec<u8> {
        let mut answer = Vec::new();
        self.0.write(&mut answer);
        answer
    }
}

/// Some value does not fit the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Answers the values of a request's `sec-websocket-extensions`.
pub fn agree<'a>(values: impl IntoIterator<Item = &'a [u8]>, mode: DeflateMode) -> Result<Option<Deflate>, Malformed> {
    let headers: Headers = values.into_iter().map(|value| ("sec-websocket-extensions", value)).collect();
    extension::agree(&headers, mode).map(|agreed| agreed.map(Deflate)).map_err(|_| Malformed)
}

/// What a peer said.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    Message(Message),
    Close(Option<u16>, Utf8),
}

/// What the bytes of a peer came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Messages {
    /// Up to the first close.
    pub received: Vec<Received>,
    /// The code and the reason why the socket is closed.
    pub fault: Option<(u16, &'static str)>,
}

/// Decodes the bytes of a peer, of which as many arrive at a time as `piece` says: it is told how many are missing of
/// the frame, as far as that is known.
pub fn messages(
    mut bytes: &[u8],
    limit: Option<usize>,
    deflate: Option<Deflate>,
    mut piece: impl FnMut(usize) -> usize,
) -> Messages {
    let mut decoder = Decoder::new(limit, deflate.map(|deflate| Inflater::new(deflate.0)));
    let mut input = BytesMut::new();
    let mut received = Vec::new();
    loop {
        match decoder.decode(&mut input, true) {
            Ok(Some(super::decode::Received::Message(message))) => received.push(Received::Message(message)),
            Ok(Some(super::decode::Received::Close(code, reason))) => {
                received.push(Received::Close(code, reason));
                return Messages { received, fault: None };
            }
            Ok(None) if bytes.is_empty() => return Messages { received, fault: None },
            Ok(None) => {
                let (front, back) = bytes.split_at(piece(decoder.missing(&input)).clamp(1, bytes.len()));
                input.extend_from_slice(front);
                bytes = back;
            }
            Err(fault) => return Messages { received, fault: Some((fault.code(), fault.reason())) },
        }
    }
}

/// A message of the server's, or a close, as a frame.
pub fn frame(received: Received) -> Vec<u8> {
    let (mut output, mut bytes) = (Output::default(), Vec::new());
    match received {
        Received::Message(Message::Text(text)) => frames::write_message(&mut output, true, false, text.into()),
        Received::Message(Message::Binary(data)) => frames::write_message(&mut output, false, false, data),
        Received::Message(Message::Ping(data)) => frames::write_control(&mut output, Control::Ping, data),
        Received::Message(Message::Pong(data)) => frames::write_control(&mut output, Control::Pong, data),
        Received::Message(_) => {}
        Received::Close(code, reason) => frames::write_close(&mut output, code, &reason),
    }
    drain(&mut output, &mut bytes);
    bytes
}

/// The payloads of messages of the server's, one after the other.
pub fn deflate<'a>(agreed: Deflate, messages: impl IntoIterator<Item = &'a [u8]>) -> Vec<Bytes> {
    let mut deflater = Deflater::new(agreed.0);
    let compress = |message| {
        let mut payload = Vec::new();
        deflater.deflate(message, &mut payload);
        payload.into()
    };
    messages.into_iter().map(compress).collect()
}

/// What the payload of a message came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Inflated {
    Message(Vec<u8>),
    TooLarge,
    Invalid,
}

/// Inflates the payloads of messages of the client's, one after the other, in pieces of at most `piece` bytes, up to the
/// first that fails.
pub fn inflate<'a>(
    agreed: Deflate,
    limit: usize,
    piece: usize,
    payloads: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<Inflated> {
    let mut inflater = Inflater::new(agreed.0);
    let mut messages = Vec::new();
    for payload in payloads {
        let mut message = Vec::new();
        let pieces = &mut payload.chunks(piece);
        let result = pieces.try_for_each(|piece| inflater.inflate(piece, &mut message, limit));
        assert!(message.capacity() <= limit.saturating_add(1), "more room than the limit allows");
        match result.and_then(|()| inflater.finish()) {
            Ok(()) => messages.push(Inflated::Message(message)),
            Err(deflate::Fault::TooLarge) => {
                messages.push(Inflated::TooLarge);
                break;
            }
            Err(deflate::Fault::Invalid) => {
                messages.push(Inflated::Invalid);
                break;
            }
        }
    }
    messages
}
