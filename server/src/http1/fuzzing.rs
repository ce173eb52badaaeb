//! What is pure of HTTP/1, for fuzzers.
#![allow(missing_docs)]

use super::decode::{DecodeLimits, Decoded, Decoder};
use super::encode::{Asked, Fixed, Framing};
use super::head::{Parser, Refused, agreement};
use super::response::{self, Response, Setting};
use crate::Config;
use crate::output::{Next, Output, SLICES};
use bytes::BytesMut;
use std::io::IoSlice;
use std::os::unix::fs::FileExt;
use std::time::Instant;
use transom::order::{HttpRules, HttpSend};
use transom::{BadRequest, BodyHint, Head, Headers, HttpVersion, Outgoing, SendError};

/// A request head that was accepted.
#[derive(Debug)]
pub struct Request {
    pub head: Head,
    /// Bytes of input that the head took.
    pub len: usize,
    pub keep_alive: bool,
    pub expects_continue: bool,
}

/// Parses the head at the front of `input`, of which as many bytes are there as `lengths` say, one after the other;
/// `None` if it never is complete, the status if it is refused.
pub fn head(input: &[u8], lengths: impl IntoIterator<Item = usize>, config: &Config) -> Result<Option<Request>, u16> {
    let (mut parser, mut head) = (Parser::default(), Head::default());
    for len in lengths {
        match parser.parse(&mut input[..len].to_vec(), config, &mut head) {
            Ok(None) => {}
            Ok(Some(request)) => {
                let super::head::Request { len, keep_alive, expects_continue } = request;
                return Ok(Some(Request { head, len, keep_alive, expects_continue }));
            }
            Err(Refused(status)) => return Err(status),
        }
    }
    Ok(None)
}

/// Has both readers of heads read `input`, and panics if they disagree.
pub fn head_readers(input: &[u8], config: &Config) {
    agreement::check(input, &config.limits);
}

/// What a request body came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Body {
    pub data: Vec<u8>,
    pub end: BodyEnd,
    /// What is left of the input.
    pub rest: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum BodyEnd {
    /// More input is needed.
    Open,
    Complete,
    Trailers(Headers),
    Bad(BadRequest),
}

/// Decodes a body that comes in pieces, within limits: bytes of data, bytes of trailers, trailer fields.
pub fn body<'a>(
    hint: BodyHint,
    (body, trailers, fields): (Option<u64>, usize, usize),
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Body {
    let mut decoder = Decoder::new(hint, DecodeLimits { body, trailers, fields });
    let mut input = BytesMut::new();
    let (mut data, mut end) = (Vec::new(), BodyEnd::Open);
    if decoder.is_finished() {
        end = BodyEnd::Complete;
    }
    for piece in pieces {
        input.extend_from_slice(piece);
        while end == BodyEnd::Open {
            match decoder.decode(&mut input) {
                Ok(None) => break,
                Ok(Some(Decoded::Data { data: part, more })) => {
                    data.extend_from_slice(&part);
                    end = if more { BodyEnd::Open } else { BodyEnd::Complete };
                }
                Ok(Some(Decoded::Trailers(fields))) => end = BodyEnd::Trailers(fields),
                Err(bad) => end = BodyEnd::Bad(bad),
            }
        }
    }
    Body { data, end, rest: input.to_vec() }
}

/// A response on the wire.
#[derive(Debug)]
pub struct Written {
    pub bytes: Vec<u8>,
    /// The response ends with the connection.
    pub until_close: bool,
    pub tunnel: bool,
    pub keep_alive: bool,
    /// What became of each event.
    pub results: Vec<Result<(), SendError>>,
    pub done: bool,
}

/// Writes what of `events` is legal in response to a request.
pub fn response(
    rules: HttpRules,
    version: HttpVersion,
    keep_alive: bool,
    protocol: Option<&str>,
    config: &Config,
    events: impl IntoIterator<Item = Outgoing>,
) -> Written {
    let fixed = Fixed::new(config);
    let setting = Setting { fixed: &fixed, now: Instant::now(), protocol };
    let mut response = Response::new(Asked { version, head: rules.head, connect: rules.connect, keep_alive });
    let (mut send, mut output, mut bytes) = (HttpSend::new(rules), Output::default(), Vec::new());
    let mut write = |event: Outgoing| {
        let mut next = send.clone();
        next.accept(&event)?;
        let file = match &event {
            Outgoing::File { file, .. } => Some(response::open(file)?),
            _ => None,
        };
        send = next;
        response.write(event, file, &mut output, setting);
        drain(&mut output, &mut bytes);
        Ok(())
    };
    let results = events.into_iter().map(&mut write).collect();
    Written {
        bytes,
        until_close: response.framing == Framing::UntilClose,
        tunnel: response.framing == Framing::Tunnel,
        keep_alive: response.asked.keep_alive,
        results,
        done: send.is_done(),
    }
}

/// Takes out everything that waits.
pub(crate) fn drain(output: &mut Output, bytes: &mut Vec<u8>) {
    let before = bytes.len();
    loop {
        let start = bytes.len();
        match output.next() {
            Next::Nothing => return,
            Next::Flat(flat) => bytes.extend_from_slice(flat),
            Next::Slices => {
                let mut slices = [IoSlice::new(&[]); SLICES];
                let count = output.slices(&mut slices);
                slices[..count].iter().for_each(|slice| bytes.extend_from_slice(slice));
            }
            Next::File { file, offset, len } => {
                bytes.resize(start + len as usize, 0);
                file.read_exact_at(&mut bytes[start..], offset).expect("the file has the range");
            }
        }
        output.advance((bytes.len() - start) as u64);
        assert!(bytes.len() > before, "something to write, and not a byte");
    }
}
