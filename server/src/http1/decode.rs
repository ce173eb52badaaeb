//! The body of a request, its framing taken off (RFC 9112 sections 6 and 7.1): bytes in, events out; no socket
//! and no clock.

mod chunked;
mod trailers;

#[cfg(test)]
mod tests;

use bytes::{Buf, Bytes, BytesMut};
use chunked::{Chunked, Ending};
use transom::{BadRequest, BodyHint, Headers};

/// How much of a body is accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DecodeLimits {
    /// Bytes of data.
    pub(crate) body: Option<u64>,
    /// Bytes of the field lines of a trailer section.
    pub(crate) trailers: usize,
    /// Fields of a trailer section.
    pub(crate) fields: usize,
}

/// A part of a body.
#[derive(Debug)]
pub(crate) enum Decoded {
    /// The next bytes. They are empty only where a chunked body ends after all of its bytes were given out.
    Data { data: Bytes, more: bool },
    /// The trailer fields; ends the body.
    Trailers(Headers),
}

/// Decodes one body.
#[derive(Debug)]
pub(crate) struct Decoder(State);

#[derive(Debug)]
enum State {
    /// So many bytes are still to come; with 0 the body is finished, however it was framed.
    Length(u64),
    Chunked(Chunked),
    Tunnel,
    TooLarge,
}

impl Decoder {
    /// A decoder for the body that the head announced. A body without bytes is finished at once; one that is
    /// announced with more than `limits` allow fails at once.
    pub(crate) fn new(hint: BodyHint, limits: DecodeLimits) -> Self {
        Self(match hint {
            BodyHint::None => State::Length(0),
            BodyHint::Exact(length) if limits.body.is_some_and(|limit| length > limit) => State::TooLarge,
            BodyHint::Exact(length) => State::Length(length),
            BodyHint::Unknown => State::Chunked(Chunked::new(limits)),
        })
    }

    /// A decoder for what follows a 101, or a 2xx to CONNECT: raw bytes, until the peer closes.
    pub(crate) fn tunnel() -> Self {
        Self(State::Tunnel)
    }

    /// Takes the next part of the body from the front of `input`, without a copy but for small chunks, which are
    /// joined where they stand. What follows the body is left there.
    ///
    /// `None`: all of `input` was taken and more is needed, or the body is finished.
    ///
    /// # Errors
    /// Sticky: every later call gives the same. Data in front of the fault is given out before it.
    #[inline]
    pub(crate) fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Decoded>, BadRequest> {
        match &mut self.0 {
            State::Length(0) => Ok(None),
            State::Length(_) | State::Tunnel if input.is_empty() => Ok(None),
            State::Length(left) => {
                let taken = clamp(*left).min(input.len());
                *left -= taken as u64;
                let more = *left > 0;
                Ok(Some(Decoded::Data { data: input.split_to(taken).freeze(), more }))
            }
            State::Chunked(body) => {
                let decoded = decode_chunked(body, input)?;
                if !matches!(decoded, None | Some(Decoded::Data { more: true, .. })) {
                    self.0 = State::Length(0);
                }
                Ok(decoded)
            }
            State::Tunnel => Ok(Some(Decoded::Data { data: input.split().freeze(), more: true })),
            State::TooLarge => Err(BadRequest::TooLarge),
        }
    }

    /// Whether the end of the body was given out.
    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.0, State::Length(0))
    }

    /// The bytes that are still to come, where that is known.
    pub(crate) fn remaining(&self) -> Option<u64> {
        match self.0 {
            State::Length(left) => Some(left),
            State::Chunked(_) | State::Tunnel | State::TooLarge => None,
        }
    }
}

fn decode_chunked(body: &mut Chunked, input: &mut BytesMut) -> Result<Option<Decoded>, BadRequest> {
    let part = body.read(input);
    if part.data.is_empty() {
        input.advance(part.read);
        return Ok(match body.ending()? {
            None => None,
            Some(Ending::Plain) => Some(Decoded::Data { data: Bytes::new(), more: false }),
            Some(Ending::Trailers(fields)) => Some(Decoded::Trailers(std::mem::take(fields))),
        });
    }
    input.advance(part.data.start);
    let data = input.split_to(part.data.len()).freeze();
    input.advance(part.read - part.data.end);
    // The look past the data saves an event, but trailers and faults are events of their own.
    let more = !matches!(body.ending(), Ok(Some(Ending::Plain)));
    Ok(Some(Decoded::Data { data, more }))
}

/// `length`, or as much of it as memory can hold.
fn clamp(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
