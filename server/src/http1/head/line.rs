//! The lines of a request head, by their form alone (RFC 9112 sections 2, 3 and 5).
//!
//! A line ends with CRLF. Section 2.2 lets a recipient take a bare LF for that, and a proxy in front that does not sees
//! another message; so no CR, LF or other control stands anywhere else, and no line is continued (section 5.2).

use super::{BAD_REQUEST, Refused, URI_TOO_LONG, VERSION_NOT_SUPPORTED};
use transom::{HttpVersion, field};

/// Why a line was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// What is there is the beginning of one.
    Incomplete,
    Refused(Refused),
}

const BAD: Unread = Unread::Refused(BAD_REQUEST);

impl From<Refused> for Unread {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// `GET /path?query HTTP/1.1` (section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RequestLine<'a> {
    /// A token.
    pub(super) method: &'a [u8],
    /// Not empty; controls and spaces are kept out.
    pub(super) target: &'a [u8],
    pub(super) version: HttpVersion,
    /// With its line end.
    pub(super) len: usize,
}

impl<'a> RequestLine<'a> {
    /// Reads the line at the front of `input`.
    #[inline]
    pub(super) fn read(input: &'a [u8], longest_target: usize) -> Result<Self, Unread> {
        let (method, rest) = up_to_space(input, field::token_len(input))?;
        let target_len = field::visible_len(rest);
        if target_len > longest_target {
            return Err(URI_TOO_LONG.into());
        }
        let (target, rest) = up_to_space(rest, target_len)?;
        Ok(Self { method, target, version: version(rest)?, len: input.len() - rest.len() + VERSION.len() })
    }
}

/// Splits a part of so many bytes from what follows the one space behind it.
#[inline]
fn up_to_space(input: &[u8], len: usize) -> Result<(&[u8], &[u8]), Unread> {
    match input.split_at(len) {
        (_, []) => Err(Unread::Incomplete),
        // It may be that of an empty line in front of the request.
        ([], [b'\r']) => Err(Unread::Incomplete),
        (part, [b' ', rest @ ..]) if !part.is_empty() => Ok((part, rest)),
        _ => Err(BAD),
    }
}

/// The form of a version (section 2.3), with the line end that follows it.
const VERSION: &[u8; 10] = b"HTTP/1.1\r\n";

/// A minor version above 1.1 is read as 1.1 (RFC 9110 section 2.5).
#[inline]
fn version(input: &[u8]) -> Result<HttpVersion, Unread> {
    if input.starts_with(VERSION) {
        return Ok(HttpVersion::Http11);
    }
    let fits = |(at, (&byte, &form)): (usize, (&u8, &u8))| match at {
        5 | 7 => byte.is_ascii_digit(),
        _ => byte == form,
    };
    if !input.iter().zip(VERSION).enumerate().all(fits) {
        return Err(BAD);
    }
    match input.first_chunk::<{ VERSION.len() }>() {
        None => Err(Unread::Incomplete),
        Some(b"HTTP/1.0\r\n") => Ok(HttpVersion::Http10),
        Some([.., b'1', b'.', _, b'\r', b'\n']) => Ok(HttpVersion::Http11),
        Some(_) => Err(VERSION_NOT_SUPPORTED.into()),
    }
}

/// `name: value` (section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FieldLine<'a> {
    /// A token, in lower case.
    pub(super) name: &'a [u8],
    /// Without the white space around it.
    pub(super) value: &'a [u8],
    /// Where the value begins.
    pub(super) value_start: usize,
    /// With its line end.
    pub(super) len: usize,
}

impl<'a> FieldLine<'a> {
    /// Reads the line at the front of `input`, and puts its name in lower case there; `None` for the empty line, which
    /// ends the fields.
    #[inline]
    pub(super) fn read(input: &'a mut [u8]) -> Result<Option<Self>, Unread> {
        let name_len = field::lowercase_token(input);
        let (name, rest) = input.split_at(name_len);
        let rest = match (name, rest) {
            (_, []) | ([], [b'\r']) => return Err(Unread::Incomplete),
            ([], [b'\r', b'\n', ..]) => return Ok(None),
            ([_, ..], [b':', rest @ ..]) => rest,
            _ => return Err(BAD),
        };
        let (value, end) = rest.split_at(field::value_len(rest));
        match end {
            [b'\r', b'\n', ..] => {}
            [] | [b'\r'] => return Err(Unread::Incomplete),
            _ => return Err(BAD),
        }
        let value_end = name_len + ":".len() + value.len();
        let value = value.trim_ascii_start();
        let value_start = value_end - value.len();
        Ok(Some(Self { name, value: value.trim_ascii_end(), value_start, len: value_end + "\r\n".len() }))
    }
}
