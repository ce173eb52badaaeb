//! Response heads and body framing, as bytes.
//!
//! What arrives here was accepted by [`transom::order`]: statuses and fields are legal, lengths add up. This module
//! chooses the framing (RFC 9112 section 6), which is the server's alone, and writes.

use super::date;
use crate::Config;
use crate::output::Output;
use bytes::Bytes;
use std::io::Write;
use std::time::Instant;
use transom::status::reason;
use transom::{Headers, HttpVersion, field};

/// What the request decides about the framing of its response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) version: HttpVersion,
    /// HEAD: heads are as for GET, bodies are not sent.
    pub(crate) head: bool,
    /// CONNECT: a 2xx has no framing fields.
    pub(crate) connect: bool,
    /// The connection may be used again, as far as the request and the server are concerned.
    pub(crate) keep_alive: bool,
}

/// How the body of a started response is marked off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Its length was announced.
    Length,
    /// In chunks.
    Chunked,
    /// By the end of the connection: to HTTP/1.0, which has no chunks.
    UntilClose,
    /// Nothing is sent: the answer to HEAD, and 204, 205, 304.
    Absent,
    /// Raw bytes both ways.
    Tunnel,
}

/// A response head, accepted.
pub(super) struct Head<'a> {
    pub(super) status: u16,
    pub(super) headers: &'a Headers,
    /// The length of a body that is whole already.
    pub(super) whole: Option<usize>,
    /// The protocol that a 101 changes to.
    pub(super) protocol: Option<&'a str>,
}

/// What of a head is the same in every response.
#[derive(Debug)]
pub(crate) struct Fixed {
    server: Vec<u8>,
    date: bool,
    /// Each with its line.
    headers: Vec<(Box<str>, Vec<u8>)>,
}

impl Fixed {
    pub(crate) fn new(config: &Config) -> Self {
        let line = |name: &str, value: &[u8]| [name.as_bytes(), b": ", value, b"\r\n"].concat();
        Self {
            server: config.server_header.as_ref().map(|name| line("server", name.as_bytes())).unwrap_or_default(),
            date: config.date_header,
            headers: config.headers.iter().map(|(name, value)| (name.into(), line(name, value))).collect(),
        }
    }
}

/// Writes a final head and says how its body goes, and whether the connection lives on.
#[inline]
pub(super) fn head(out: &mut Vec<u8>, head: &Head<'_>, asked: Asked, fixed: &Fixed, now: Instant) -> (Framing, bool) {
    status_line(out, head.status);
    let mut seen = Seen::default();
    for (name, value) in head.headers {
        match name.len() {
            // The server frames; what speaks of one hop is not the application's (RFC 9110 section 7.6.1).
            2 if name == "te" => continue,
            4 if name == "date" => seen.date = true,
            6 if name == "server" => seen.server = true,
            // It answers an offer, or asks for one (RFC 9110 sections 7.8 and 15.5.22).
            7 if name == "upgrade" && !matches!(head.status, 101 | 426) => continue,
            7 if name == "upgrade" => seen.upgrade = true,
            10 if name == "keep-alive" => continue,
            10 if name == "connection" => {
                seen.close |= field::list(value).any(|option| option.eq_ignore_ascii_case(b"close"));
                continue;
            }
            14 if name == "content-length" => {
                seen.length = true;
                if !may_have_length(head.status, asked) {
                    continue;
                }
            }
            16 if name == "proxy-connection" => continue,
            17 if name == "transfer-encoding" => continue,
            _ => {}
        }
        line(out, name.as_bytes(), value);
    }

    let mut keep_alive = asked.keep_alive && !seen.close;
    let framing = match head.status {
        101 => Framing::Tunnel,
        200..=299 if asked.connect => Framing::Tunnel,
        204 | 304 => Framing::Absent,
        205 => {
            // RFC 9110 section 15.3.6: no content, and this says so.
            out.extend_from_slice(if seen.length { b"" } else { b"content-length: 0\r\n" });
            Framing::Absent
        }
        _ => {
            let framing = match head.whole {
                Some(length) => {
                    if !seen.length {
                        out.extend_from_slice(b"content-length: ");
                        out.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
                        out.extend_from_slice(b"\r\n");
                    }
                    Framing::Length
                }
                None if seen.length => Framing::Length,
                None if asked.version == HttpVersion::Http10 => {
                    keep_alive &= asked.head;
                    Framing::UntilClose
                }
                None => {
                    out.extend_from_slice(b"transfer-encoding: chunked\r\n");
                    Framing::Chunked
                }
            };
            if asked.head { Framing::Absent } else { framing }
        }
    };
    match framing {
        Framing::Tunnel if head.status == 101 => {
            out.extend_from_slice(b"connection: upgrade\r\n");
            if let Some(protocol) = head.protocol.filter(|_| !seen.upgrade) {
                line(out, b"upgrade", protocol.as_bytes());
            }
        }
        Framing::Tunnel => {}
        _ if seen.upgrade && !keep_alive => out.extend_from_slice(b"connection: upgrade, close\r\n"),
        _ if seen.upgrade && asked.version == HttpVersion::Http10 => {
            out.extend_from_slice(b"connection: upgrade, keep-alive\r\n");
        }
        _ if seen.upgrade => out.extend_from_slice(b"connection: upgrade\r\n"),
        _ if !keep_alive => out.extend_from_slice(b"connection: close\r\n"),
        _ if asked.version == HttpVersion::Http10 => out.extend_from_slice(b"connection: keep-alive\r\n"),
        _ => {}
    }
    if !seen.server {
        out.extend_from_slice(&fixed.server);
    }
    if fixed.date && !seen.date {
        date::append(now, out);
    }
    for (name, line) in &fixed.headers {
        if head.headers.get(name).is_none() {
            out.extend_from_slice(line);
        }
    }
    out.extend_from_slice(b"\r\n");
    (framing, keep_alive && framing != Framing::Tunnel)
}

/// An interim response (RFC 9110 section 15.2).
pub(super) fn informational(out: &mut Vec<u8>, status: u16, headers: &Headers) {
    status_line(out, status);
    for (name, value) in headers {
        match name {
            "connection" | "content-length" | "keep-alive" | "proxy-connection" | "te" | "transfer-encoding"
            | "upgrade" => {}
            name => line(out, name.as_bytes(), value),
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// The next piece of a body.
#[inline]
pub(super) fn body(out: &mut Output, framing: Framing, data: Bytes) {
    if data.is_empty() {
        return;
    }
    match framing {
        Framing::Absent => {}
        Framing::Length | Framing::UntilClose | Framing::Tunnel => out.push_body(data),
        Framing::Chunked => {
            out.append(|out| chunk_size(out, data.len() as u64));
            out.push_body(data);
            out.push(b"\r\n");
        }
    }
}

/// The end of a body.
#[inline]
pub(super) fn end(out: &mut Output, framing: Framing, trailers: Option<&Headers>) {
    if framing == Framing::Chunked {
        out.append(|out| {
            out.extend_from_slice(b"0\r\n");
            for (name, value) in trailers.into_iter().flatten() {
                line(out, name.as_bytes(), value);
            }
            out.extend_from_slice(b"\r\n");
        });
    }
}

/// The line before the bytes of a chunk, which another line end follows (RFC 9112 section 7.1).
pub(super) fn chunk_size(out: &mut Vec<u8>, size: u64) {
    let digits = (u64::BITS - (size | 1).leading_zeros()).div_ceil(4);
    for place in (0..digits).rev() {
        out.push(b"0123456789abcdef"[(size >> (4 * place)) as usize & 0xf]);
    }
    out.extend_from_slice(b"\r\n");
}

/// The response that the server gives by itself: a status and its name.
pub(super) fn own(out: &mut Vec<u8>, status: u16, asked: Asked, extra: &Headers, fixed: &Fixed, now: Instant) {
    let mut text = reason(status).to_owned();
    text.push('\n');
    let mut headers = Headers::from_static(&[("content-type", "text/plain; charset=utf-8")]);
    headers.extend(extra);
    let (framing, _) =
        head(out, &Head { status, headers: &headers, whole: Some(text.len()), protocol: None }, asked, fixed, now);
    if framing == Framing::Length {
        out.extend_from_slice(text.as_bytes());
    }
}

#[derive(Default)]
struct Seen {
    server: bool,
    date: bool,
    close: bool,
    length: bool,
    upgrade: bool,
}

/// RFC 9110 section 8.6: none with 204, nor with a 2xx to CONNECT; none makes sense with 101.
fn may_have_length(status: u16, asked: Asked) -> bool {
    match status {
        101 | 204 => false,
        200..=299 => !asked.connect,
        _ => true,
    }
}

#[inline]
fn line(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.reserve(name.len() + value.len() + 4);
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

#[inline]
fn status_line(out: &mut Vec<u8>, status: u16) {
    // Room for the head of a usual response, so that it grows once.
    out.reserve(256);
    if status == 200 {
        return out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
    }
    write!(out, "HTTP/1.1 {status} {}\r\n", reason(status)).expect("writing to a vector cannot fail");
}

#[cfg(test)]
mod tests;
