//! What client and server agree on in `sec-websocket-extensions` (RFC 6455 section 9.1): permessage-deflate (RFC 7692
//! section 7.1), or nothing.

#[cfg(test)]
mod tests;

use super::DeflateMode;
use std::borrow::Cow;
use transom::{Headers, field};

/// Base-2 logarithm of the largest sliding window of DEFLATE, and of the one that is meant where none is named.
const MAX_WINDOW_BITS: u8 = 15;

/// The parameters of permessage-deflate that the server answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Agreed {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    /// 9 to 15.
    server_max_window_bits: Option<u8>,
    /// 8 to 14.
    client_max_window_bits: Option<u8>,
}

/// A `sec-websocket-extensions` that does not fit its grammar. The handshake is bad: RFC 6455 section 9.1 wants the
/// connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Agrees on the first offer of permessage-deflate that the server can keep to, in the client's order. An offer with
/// a parameter that is unknown, invalid or there twice is declined, and so is every other extension.
///
/// # Errors
/// Whatever the mode, and whatever was agreed on in front of the fault.
pub(super) fn agree(headers: &Headers, mode: DeflateMode) -> Result<Option<Agreed>, Malformed> {
    let mut agreed = None;
    let (mut fields, mut extensions) = (0, 0);
    for value in headers.get_all("sec-websocket-extensions") {
        fields += 1;
        let mut list = List(value);
        while let Some(extension) = list.extension()? {
            extensions += 1;
            let mut offer = (extension == b"permessage-deflate").then(Offer::default);
            while let Some((name, value)) = list.parameter()? {
                offer = offer.and_then(|offer| offer.with(name, value.as_deref()));
            }
            agreed = agreed.or_else(|| offer?.accept(mode));
        }
    }
    // `1#extension`: a field may be empty, but not all of them (RFC 9110 section 5.6.1.2).
    if fields > 0 && extensions == 0 { Err(Malformed) } else { Ok(agreed) }
}

impl Agreed {
    /// Whether the server's messages may refer to its messages before.
    pub(super) fn server_context_takeover(&self) -> bool {
        !self.server_no_context_takeover
    }

    /// Whether the client's messages may refer to its messages before.
    pub(super) fn client_context_takeover(&self) -> bool {
        !self.client_no_context_takeover
    }

    /// Base-2 logarithm of the window that the server's messages may be compressed with: 9 to 15.
    pub(super) fn server_window_bits(&self) -> u8 {
        self.server_max_window_bits.unwrap_or(MAX_WINDOW_BITS)
    }

    /// Appends the value of the response's `sec-websocket-extensions`.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"permessage-deflate");
        if self.server_no_context_takeover {
            out.extend_from_slice(b"; server_no_context_takeover");
        }
        if self.client_no_context_takeover {
            out.extend_from_slice(b"; client_no_context_takeover");
        }
        let mut limit = |name: &[u8], bits: Option<u8>| {
            if let Some(bits) = bits {
                out.extend_from_slice(name);
                out.extend_from_slice(itoa::Buffer::new().format(bits).as_bytes());
            }
        };
        limit(b"; server_max_window_bits=", self.server_max_window_bits);
        limit(b"; client_max_window_bits=", self.client_max_window_bits);
    }
}

/// A client's offer of permessage-deflate, as far as its parameters were read.
#[derive(Clone, Copy, Default)]
struct Offer {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
    /// Without a value it is as much as 15.
    client_max_window_bits: Option<u8>,
}

impl Offer {
    /// The offer with one more parameter; `None` if that makes it one to decline.
    fn with(mut self, name: &[u8], value: Option<&[u8]>) -> Option<Self> {
        match (name, value) {
            (b"server_no_context_takeover", None) if !self.server_no_context_takeover => {
                self.server_no_context_takeover = true;
            }
            (b"client_no_context_takeover", None) if !self.client_no_context_takeover => {
                self.client_no_context_takeover = true;
            }
            (b"server_max_window_bits", Some(value)) if self.server_max_window_bits.is_none() => {
                // zlib does not compress with a window of 8 bits.
                self.server_max_window_bits = Some(window_bits(value).filter(|&bits| bits > 8)?);
            }
            (b"client_max_window_bits", value) if self.client_max_window_bits.is_none() => {
                self.client_max_window_bits = Some(value.map_or(Some(MAX_WINDOW_BITS), window_bits)?);
            }
            _ => return None,
        }
        Some(self)
    }

    fn accept(self, mode: DeflateMode) -> Option<Agreed> {
        let no_context_takeover = match mode {
            DeflateMode::Off => return None,
            DeflateMode::PerMessage => true,
            DeflateMode::ContextTakeover => false,
        };
        Some(Agreed {
            server_no_context_takeover: self.server_no_context_takeover || no_context_takeover,
            client_no_context_takeover: self.client_no_context_takeover || no_context_takeover,
            server_max_window_bits: self.server_max_window_bits,
            // The server's own limit must be confirmed; the client's of 15 is none.
            client_max_window_bits: self.client_max_window_bits.filter(|&bits| bits < MAX_WINDOW_BITS),
        })
    }
}

/// 8 to 15, without leading zeros (RFC 7692 section 7.1.2).
fn window_bits(value: &[u8]) -> Option<u8> {
    match value {
        [digit @ b'8'..=b'9'] => Some(digit - b'0'),
        [b'1', digit @ b'0'..=b'5'] => Some(10 + digit - b'0'),
        _ => None,
    }
}

/// What is still to be read of the `extension-list` in one field value. White space may stand around every separator:
/// the grammar is that of RFC 2616, with its implied LWS.
struct List<'a>(&'a [u8]);

/// A parameter's name and, unquoted, its value.
type Parameter<'a> = (&'a [u8], Option<Cow<'a, [u8]>>);

impl<'a> List<'a> {
    /// The name of the next extension, when the parameters of the one before are read. Empty members are skipped.
    fn extension(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        while self.skip(b',') {}
        if self.0.is_empty() { Ok(None) } else { self.token().map(Some) }
    }

    /// The next parameter of the extension.
    fn parameter(&mut self) -> Result<Option<Parameter<'a>>, Malformed> {
        if !self.skip(b';') {
            return if matches!(self.0, [] | [b',', ..]) { Ok(None) } else { Err(Malformed) };
        }
        let name = self.token()?;
        let value = if self.skip(b'=') { Some(self.value()?) } else { None };
        Ok(Some((name, value)))
    }

    /// A token, quoted or not.
    fn value(&mut self) -> Result<Cow<'a, [u8]>, Malformed> {
        if !self.skip(b'"') {
            return self.token().map(Cow::Borrowed);
        }
        let mut value = Vec::new();
        while !self.0.starts_with(b"\"") {
            let ([b'\\', byte, rest @ ..] | [byte, rest @ ..]) = self.0 else { return Err(Malformed) };
            value.push(*byte);
            self.0 = rest;
        }
        self.0 = &self.0[1..];
        if field::is_token(&value) { Ok(Cow::Owned(value)) } else { Err(Malformed) }
    }

    fn token(&mut self) -> Result<&'a [u8], Malformed> {
        self.0 = self.0.trim_ascii_start();
        let end = self.0.iter().position(|&byte| !field::is_token(&[byte])).unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at(end);
        self.0 = rest;
        if token.is_empty() { Err(Malformed) } else { Ok(token) }
    }

    /// Whether the separator is next; takes it and the white space in front.
    fn skip(&mut self, separator: u8) -> bool {
        self.0 = self.0.trim_ascii_start();
        let Some(rest) = self.0.strip_prefix(&[separator]) else { return false };
        self.0 = rest;
        true
    }
}
