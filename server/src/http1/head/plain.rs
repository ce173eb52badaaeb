//! Heads of the plain form, read quickly: what stands in front of [`strict`](super::strict), and judges nothing.
//!
//! A head is plain if it is complete, within the limits, and nothing but
//!
//! ```text
//! token SP 1*VCHAR SP HTTP/1.1 CRLF     or HTTP/1.0
//! token ":" OWS field-value OWS CRLF    any number of times
//! CRLF
//! ```
//!
//! Any other is left, also one that can only be refused or is not all there yet.

use super::EMPTY_LINE;
use super::lines::{Lines, longest};
use crate::Limits;
use transom::{HttpVersion, Place, field};

/// Reads the head at the front of `input`, if it is plain.
///
/// Names are put in lower case where they stand, perhaps in a head that is then left: `strict` reads the same in it.
#[inline]
pub(super) fn read<'a>(input: &'a mut [u8], limits: &Limits, places: &'a mut Vec<Place>) -> Option<Lines<'a>> {
    let within = input.len().min(longest(limits));
    let input = &mut input[..within];

    let method = field::token_len(input);
    let rest = input[method..].strip_prefix(b" ")?;
    let target = field::visible_len(rest);
    let version = match &rest[target..] {
        rest if rest.starts_with(b" HTTP/1.1\r\n") => HttpVersion::Http11,
        rest if rest.starts_with(b" HTTP/1.0\r\n") => HttpVersion::Http10,
        _ => return None,
    };
    let (line, rest) = input.split_at_mut(method + " ".len() + target + " HTTP/1.1\r\n".len());
    let (method, target) = (&line[..method], &line[method + " ".len()..][..target]);
    if method.is_empty() || target.is_empty() || target.len() > limits.target {
        return None;
    }

    let len = read_fields(rest, limits.headers, places)?;
    Some(Lines { method, target, version, block: &rest[..len], places, len: line.len() + len + EMPTY_LINE })
}

/// Reads field lines up to the empty line, and says how long they are together.
#[inline]
fn read_fields(input: &mut [u8], limit: usize, places: &mut Vec<Place>) -> Option<usize> {
    places.clear();
    let mut len = 0;
    loop {
        let name_end = len + field::lowercase_token(&mut input[len..]);
        let value = match &input[name_end..] {
            [b':', rest @ ..] if name_end > len && places.len() < limit => &rest[..field::value_len(rest)],
            [b'\r', b'\n', ..] if name_end == len => return Some(len),
            _ => return None,
        };
        let line_end = name_end + ":".len() + value.len();
        if !input[line_end..].starts_with(b"\r\n") {
            return None;
        }
        let value = value.trim_ascii_start();
        let start = line_end - value.len();
        let end = start + value.trim_ascii_end().len();
        // What is longer than a `u32` tells is not read.
        places.push(Place { name: len as u32..name_end as u32, value: start as u32..end as u32 });
        len = line_end + "\r\n".len();
    }
}
