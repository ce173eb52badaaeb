//! Untrusted bytes made harmless.

use super::put;

/// Appends `bytes` for a text format: visible ASCII and spaces as they are, quotes and backslashes behind a
/// backslash, all else (controls, and every byte that is not ASCII) as `\xNN`.
pub(super) fn text(bytes: &[u8], line: &mut Vec<u8>) {
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => line.extend_from_slice(&[b'\\', byte]),
            b' '..=b'~' => line.push(byte),
            _ => line.extend_from_slice(&[b'\\', b'x', digit(byte >> 4), digit(byte & 15)]),
        }
    }
}

/// Appends `bytes` for the inside of a JSON string (RFC 8259 section 7), in ASCII. Bytes that are not UTF-8 become
/// U+FFFD.
pub(super) fn json(bytes: &[u8], line: &mut Vec<u8>) {
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' | '\\' => line.extend_from_slice(&[b'\\', character as u8]),
                ' '..='~' => line.push(character as u8),
                _ => json_units(character, line),
            }
        }
        if !chunk.invalid().is_empty() {
            json_units(char::REPLACEMENT_CHARACTER, line);
        }
    }
}

fn json_units(character: char, line: &mut Vec<u8>) {
    for unit in character.encode_utf16(&mut [0; 2]) {
        put(line, format_args!("\\u{unit:04x}"));
    }
}

fn digit(value: u8) -> u8 {
    b"0123456789abcdef"[usize::from(value & 15)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(escape: fn(&[u8], &mut Vec<u8>), bytes: &[u8]) -> String {
        let mut line = Vec::new();
        escape(bytes, &mut line);
        String::from_utf8(line).expect("ASCII")
    }

    #[test]
    fn text_is_one_harmless_line() {
        assert_eq!(of(text, b"a b~"), "a b~");
        assert_eq!(of(text, b"\"\\"), "\\\"\\\\");
        assert_eq!(of(text, b"\r\n\0\x1b[31m\x7f\xc3\xa4\xff"), r"\x0d\x0a\x00\x1b[31m\x7f\xc3\xa4\xff");
    }

    #[test]
    fn json_strings() {
        assert_eq!(of(json, b"a \"b\" \\"), r#"a \"b\" \\"#);
        assert_eq!(of(json, "\n\u{7f}\u{85}ä€😀".as_bytes()), r"\u000a\u007f\u0085\u00e4\u20ac\ud83d\ude00");
        assert_eq!(of(json, b"a\xffb\xe2\x82"), r"a\ufffdb\ufffd");
    }

    proptest! {
        #[test]
        fn any_bytes_stay_visible_ascii(bytes: Vec<u8>) {
            for escape in [text, json] {
                prop_assert!(of(escape, &bytes).bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            }
        }
    }
}
