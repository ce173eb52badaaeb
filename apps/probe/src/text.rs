//! The bytes of the wire as text.

use percent_encoding::percent_decode;
use transom::Headers;

/// Percent-decoded, what is not UTF-8 replaced.
pub(crate) fn decoded(path: &[u8]) -> String {
    percent_decode(path).decode_utf8_lossy().into_owned()
}

/// One character for each byte, so that a reader can tell every byte.
pub(crate) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// The fields of `headers` in order.
pub(crate) fn fields(headers: &Headers) -> Vec<(&str, String)> {
    headers.iter().map(|(name, value)| (name, latin1(value))).collect()
}

/// Two digits for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_its_text() {
        assert_eq!(latin1(b"a\xe9\x00"), "a\u{e9}\0");
        assert_eq!(hex(b"\x00\x9f\xff"), "009fff");
        assert_eq!(decoded(b"/t%C3%A9%2fx+%zz%ff"), "/té/x+%zz\u{fffd}");
    }
}
