//! Heads as `httparse` reads them, with rules on top: the judge of every head that is not [`plain`](super::plain).
//!
//! `httparse` is laxer than RFC 9112: it takes a bare LF as a line end. Section 2.2 lets a recipient do that, and a proxy
//! in front that does not sees another message. And it knows of neither limits nor versions other than 1.0 and 1.1.

use super::lines::{Lines, longest};
use super::{BAD_REQUEST, EMPTY_LINE, FIELDS_TOO_LARGE, Refused, URI_TOO_LONG, VERSION_NOT_SUPPORTED};
use crate::Limits;
use httparse::{Error, Header, Status};
use std::mem::MaybeUninit;
use std::ops::Range;
use transom::{HttpVersion, Place};

/// Reads the head at the front of `input`, and puts its names in lower case there; `None` if it is not complete.
///
/// # Errors
/// The head is refused.
#[cold]
pub(super) fn read<'a>(
    input: &'a mut [u8],
    limits: &Limits,
    places: &'a mut Vec<Place>,
) -> Result<Option<Lines<'a>>, Refused> {
    if target_len(input) > limits.target {
        return Err(URI_TOO_LONG);
    }
    let mut parsed = parse(input, limits.headers, places);
    if parsed == Err(Error::Version) {
        parsed = match lower_version(input)? {
            Status::Complete(()) => parse(input, limits.headers, places),
            Status::Partial => Ok(Status::Partial),
        };
    }
    let parts = match parsed {
        Ok(Status::Complete(parts)) => parts,
        Ok(Status::Partial) if input.len() <= longest(limits) => return Ok(None),
        Ok(Status::Partial) | Err(Error::TooManyHeaders) => return Err(FIELDS_TOO_LARGE),
        Err(_) => return Err(BAD_REQUEST),
    };
    if parts.len > longest(limits) {
        return Err(FIELDS_TOO_LARGE);
    }
    // A field's line begins with its name, so before it the line above ends.
    let mut names = places.iter().map(|place| parts.block.start + place.name.start as usize);
    let ends_line = |at: usize| input[..at].ends_with(b"\r\n");
    if !input[..parts.len].ends_with(b"\r\n\r\n") || !names.all(ends_line) {
        return Err(BAD_REQUEST);
    }
    let (line, rest) = input.split_at_mut(parts.block.start);
    let block = &mut rest[..parts.block.len()];
    for Place { name, .. } in &*places {
        block[name.start as usize..name.end as usize].make_ascii_lowercase();
    }
    let Parts { method, target, version, len, .. } = parts;
    Ok(Some(Lines { method: &line[method], target: &line[target], version, block, places, len }))
}

/// The length of the target as far as it is there.
fn target_len(input: &[u8]) -> usize {
    let mut parts = input.split(|byte| matches!(byte, b' ' | b'\r' | b'\n'));
    parts.next();
    parts.next().map_or(0, <[u8]>::len)
}

/// Writes a minor version above 1.1 as 1.1, as which it is read (RFC 9110 section 2.5).
fn lower_version(input: &mut [u8]) -> Result<Status<()>, Refused> {
    let Some(end) = memchr::memchr(b'\n', input) else {
        // What it is shows at the end of the line.
        return Ok(Status::Partial);
    };
    let line = match &mut input[..end] {
        [line @ .., b'\r'] => line,
        line => line,
    };
    let mut parts = line.split_mut(|&byte| byte == b' ');
    let (Some(_), Some(_), Some(version), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(BAD_REQUEST);
    };
    match version {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor @ b'2'..=b'9'] => {
            *minor = b'1';
            Ok(Status::Complete(()))
        }
        [b'H', b'T', b'T', b'P', b'/', b'0' | b'2'..=b'9', b'.', b'0'..=b'9'] => Err(VERSION_NOT_SUPPORTED),
        _ => Err(BAD_REQUEST),
    }
}

/// Where the parts of a head stand, beside its fields.
#[derive(Debug, PartialEq, Eq)]
struct Parts {
    method: Range<usize>,
    target: Range<usize>,
    version: HttpVersion,
    /// The lines of the fields.
    block: Range<usize>,
    /// With the empty line.
    len: usize,
}

/// Room for so many fields is free, on the stack; a higher limit costs an allocation.
const FIELDS_ON_STACK: usize = 128;

fn parse(input: &[u8], limit: usize, places: &mut Vec<Place>) -> httparse::Result<Parts> {
    if limit <= FIELDS_ON_STACK {
        parse_into(input, &mut [const { MaybeUninit::uninit() }; FIELDS_ON_STACK][..limit], places)
    } else {
        parse_into(input, &mut vec![MaybeUninit::uninit(); limit], places)
    }
}

fn parse_into<'b>(
    input: &'b [u8],
    fields: &mut [MaybeUninit<Header<'b>>],
    places: &mut Vec<Place>,
) -> httparse::Result<Parts> {
    let mut request = httparse::Request::new(&mut []);
    let Status::Complete(len) = request.parse_with_uninit_headers(input, fields)? else {
        return Ok(Status::Partial);
    };
    let (Some(method), Some(target), Some(minor)) = (request.method, request.path, request.version) else {
        return Err(Error::Token);
    };
    let version = if minor == 0 { HttpVersion::Http10 } else { HttpVersion::Http11 };
    let range = |part: &[u8]| {
        let start = part.as_ptr() as usize - input.as_ptr() as usize;
        start..start + part.len()
    };
    let end = len - EMPTY_LINE;
    let start = request.headers.first().map_or(end, |field| range(field.name.as_bytes()).start);
    places.clear();
    for (index, field) in request.headers.iter().enumerate() {
        let next = request.headers.get(index + 1).map_or(end, |field| range(field.name.as_bytes()).start);
        // An empty slice may point anywhere: an empty value stands at the end of its line.
        let line_end = next - "\r\n".len();
        let value = if field.value.is_empty() { line_end..line_end } else { range(field.value) };
        // A head whose length is no `u32` is not used.
        let place = |part: Range<usize>| (part.start - start) as u32..(part.end - start) as u32;
        places.push(Place { name: place(range(field.name.as_bytes())), value: place(value) });
    }
    let (method, target) = (range(method.as_bytes()), range(target.as_bytes()));
    Ok(Status::Complete(Parts { method, target, version, block: start..end, len }))
}
