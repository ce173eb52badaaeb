//! The chunked coding (RFC 9112 section 7.1), read strictly: what another recipient could read in another way
//! is refused.

use super::trailers::Trailers;
use super::{DecodeLimits, clamp};
use std::ops::Range;
use transom::{BadRequest, Headers, field};

/// Bytes of chunk extensions in one body. They mean nothing to anybody, and without a limit they are a way to
/// keep a server busy with a body of no size (RFC 9112 section 7.1.1, CVE-2023-39326).
const EXTENSIONS: usize = 4 << 10;

/// A chunk up to this size is moved up to the one before it: cheaper than an event of its own.
const MOVED: usize = 4 << 10;

/// Digits of a chunk size: as many as 64 bits need, leading zeros included.
const DIGITS: u8 = 16;

/// A chunked body as far as it was read. Every byte is looked at once.
#[derive(Debug)]
pub(super) struct Chunked {
    state: State,
    /// What is still to come of the data of the chunk; in front of the data the size as far as it was read.
    left: u64,
    /// What the limits leave for the data of further chunks.
    body: u64,
    /// What they leave for extensions.
    extensions: usize,
    trailers: Trailers,
}

/// What one reading found.
pub(super) struct Part {
    /// Where the data is.
    pub(super) data: Range<usize>,
    /// How many bytes were read, the data among them.
    pub(super) read: usize,
}

/// How a body ended.
pub(super) enum Ending<'a> {
    Plain,
    Trailers(&'a mut Headers),
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug)]
enum State {
    /// The size of a chunk, of which so many digits were read.
    Size(u8),
    /// The white space in front of the name of an extension, or the name's first byte.
    Extension,
    ExtensionName,
    /// What follows the name's `=`; may be a quoted string, which cannot hold a control byte either.
    ExtensionValue,
    /// The LF of a size line.
    SizeLf,
    Data,
    /// The CR after the data.
    DataCr,
    DataLf,
    Trailers,
    /// Nothing any more: the body is complete.
    Complete,
    Failed(BadRequest),
}

impl Chunked {
    pub(super) fn new(limits: DecodeLimits) -> Self {
        Self {
            state: State::Size(0),
            left: 0,
            body: limits.body.unwrap_or(u64::MAX),
            extensions: EXTENSIONS,
            trailers: Trailers::new(limits.trailers, limits.fields),
        }
    }

    /// Reads up to the end of `bytes`, of the body, or of the data that one event is to have.
    pub(super) fn read(&mut self, bytes: &mut [u8]) -> Part {
        let mut data = 0..0;
        let mut read = 0;
        while read < bytes.len() {
            match self.state {
                State::Data => {
                    let piece = read..read + clamp(self.left).min(bytes.len() - read);
                    if data.is_empty() {
                        data = piece.clone();
                    } else if piece.len() <= MOVED {
                        bytes.copy_within(piece.clone(), data.end);
                        data.end += piece.len();
                    } else {
                        break;
                    }
                    read = piece.end;
                    self.left -= piece.len() as u64;
                    if self.left == 0 {
                        self.state = State::DataCr;
                    }
                }
                State::Complete | State::Failed(_) => break,
                _ => {
                    self.state = self.framing(bytes[read]).unwrap_or_else(State::Failed);
                    read += 1;
                }
            }
        }
        Part { data, read }
    }

    /// How the body ended, if it did.
    pub(super) fn ending(&mut self) -> Result<Option<Ending<'_>>, BadRequest> {
        match self.state {
            State::Complete => Ok(Some(self.trailers.fields().map_or(Ending::Plain, Ending::Trailers))),
            State::Failed(error) => Err(error),
            _ => Ok(None),
        }
    }

    /// Takes one byte of framing; gives what comes next.
    #[inline]
    fn framing(&mut self, byte: u8) -> Result<State, BadRequest> {
        match self.state {
            State::DataCr if byte == b'\r' => Ok(State::DataLf),
            State::DataLf if byte == b'\n' => Ok(State::Size(0)),
            State::SizeLf if byte == b'\n' => self.chunk(),
            State::Size(digits) => match byte {
                b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' => self.digit(digits, byte),
                b'\r' if digits > 0 => Ok(State::SizeLf),
                // No white space in front of it: older grammars padded sizes, and parsers differ on that.
                b';' if digits > 0 => self.extension(State::Extension),
                _ => Err(BadRequest::Malformed),
            },
            State::Extension => match byte {
                b' ' | b'\t' => self.extension(State::Extension),
                _ if field::is_token(&[byte]) => self.extension(State::ExtensionName),
                _ => Err(BadRequest::Malformed),
            },
            State::ExtensionName => match byte {
                b'\r' => Ok(State::SizeLf),
                b';' => self.extension(State::Extension),
                b'=' => self.extension(State::ExtensionValue),
                _ if field::is_token(&[byte]) => self.extension(State::ExtensionName),
                _ => Err(BadRequest::Malformed),
            },
            State::ExtensionValue => match byte {
                b'\r' => Ok(State::SizeLf),
                _ if field::is_value(&[byte]) => self.extension(State::ExtensionValue),
                _ => Err(BadRequest::Malformed),
            },
            State::Trailers => Ok(if self.trailers.read(byte)? { State::Complete } else { State::Trailers }),
            _ => Err(BadRequest::Malformed),
        }
    }

    /// One more digit of a size, which must fit in 63 bits: nobody may take it for a negative number.
    #[inline]
    fn digit(&mut self, digits: u8, byte: u8) -> Result<State, BadRequest> {
        if digits == DIGITS || self.left > i64::MAX as u64 >> 4 {
            return Err(BadRequest::Malformed);
        }
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            _ => (byte | 0x20) - b'a' + 10,
        };
        self.left = self.left << 4 | u64::from(digit);
        Ok(State::Size(digits + 1))
    }

    /// One more byte of extensions.
    fn extension(&mut self, next: State) -> Result<State, BadRequest> {
        self.extensions = self.extensions.checked_sub(1).ok_or(BadRequest::Malformed)?;
        Ok(next)
    }

    /// The size line is complete.
    #[inline]
    fn chunk(&mut self) -> Result<State, BadRequest> {
        if self.left == 0 {
            return Ok(State::Trailers);
        }
        self.body = self.body.checked_sub(self.left).ok_or(BadRequest::TooLarge)?;
        Ok(State::Data)
    }
}
