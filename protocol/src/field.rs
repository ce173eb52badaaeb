//! The grammar of field names and values (RFC 9110 section 5), written once for both directions.

/// Whether `bytes` is a token (RFC 9110 section 5.6.2): the form of methods and field names.
pub fn is_token(bytes: &[u8]) -> bool {
    // Without leaving early: names are short and nearly always valid.
    bytes.iter().fold(!bytes.is_empty(), |valid, &byte| valid & TOKEN[byte as usize])
}

/// Whether `bytes` may stand as a field value (RFC 9110 section 5.5): visible ASCII, space, tab and
/// obs-text. What it keeps out (CR, LF, NUL and the other controls) is what splits a message.
#[inline]
pub fn is_value(bytes: &[u8]) -> bool {
    let each = |bytes: &[u8]| bytes.iter().fold(true, |valid, &byte| valid & VALUE[byte as usize]);
    // Eight at a time: nearly no value has a byte that needs a closer look. The last eight may overlap the ones before.
    let Some(last) = bytes.last_chunk::<8>() else { return each(bytes) };
    let words = bytes.as_chunks::<8>().0.iter().chain([last]);
    words.fold(true, |plain, word| plain & is_plain(u64::from_ne_bytes(*word))) || each(bytes)
}

/// Whether `bytes` is a token without upper-case letters, at compile time if need be.
pub(crate) const fn is_lowercase_token(bytes: &[u8]) -> bool {
    let mut index = 0;
    while index < bytes.len() {
        if !TOKEN[bytes[index] as usize] || bytes[index].is_ascii_uppercase() {
            return false;
        }
        index += 1;
    }
    index > 0
}

/// [`is_value`], at compile time if need be.
pub(crate) const fn is_static_value(bytes: &[u8]) -> bool {
    let mut index = 0;
    while index < bytes.len() {
        if !VALUE[bytes[index] as usize] {
            return false;
        }
        index += 1;
    }
    true
}

/// Puts ASCII letters in lower case. As [`make_ascii_lowercase`](<[u8]>::make_ascii_lowercase), but quick for what
/// is as short as a field name.
#[inline]
pub(crate) fn make_lowercase(bytes: &mut [u8]) {
    // The last word may overlap the one before: once more for what is in lower case already changes nothing.
    if let Some(last) = bytes.len().checked_sub(8) {
        for word in bytes.as_chunks_mut::<8>().0 {
            *word = lowercase(u64::from_ne_bytes(*word)).to_ne_bytes();
        }
        if let Some(word) = bytes[last..].first_chunk_mut::<8>() {
            *word = lowercase(u64::from_ne_bytes(*word)).to_ne_bytes();
        }
    } else if let Some(last) = bytes.len().checked_sub(4) {
        for at in [0, last] {
            if let Some(half) = bytes[at..].first_chunk_mut::<4>() {
                *half = (lowercase(u32::from_ne_bytes(*half).into()) as u32).to_ne_bytes();
            }
        }
    } else {
        bytes.make_ascii_lowercase();
    }
}

const EACH: u64 = 0x0101_0101_0101_0101;

/// Eight bytes of ASCII in lower case; others as they are.
fn lowercase(word: u64) -> u64 {
    // The top bit of each byte tells: from 'A' on; beyond 'Z'; ASCII at all.
    let low = word & (0x7f * EACH);
    let from_a = low + (0x80 - b'A' as u64) * EACH;
    let beyond_z = low + (0x7f - b'Z' as u64) * EACH;
    let upper = (from_a ^ beyond_z) & !word & (0x80 * EACH);
    word | (upper >> 2)
}

/// Whether none of eight bytes is a control.
fn is_plain(word: u64) -> bool {
    // The top bit of each byte tells: below a space; DEL.
    let below = word.wrapping_sub(0x20 * EACH) & !word;
    let other = word ^ (0x7f * EACH);
    let delete = other.wrapping_sub(EACH) & !other;
    (below | delete) & (0x80 * EACH) == 0
}

/// Parses a `content-length` value: digits only, no sign, no list, at most 19 of them, so that the
/// number always fits in 63 bits (RFC 9110 section 8.6; `+1`, ` 1` and `1,1` are request smuggling).
pub fn content_length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > 19 || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = value.iter().fold(0u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    (number <= i64::MAX as u64).then_some(number)
}

/// The members of a comma-separated list value, without the white space around them; empty members
/// are skipped (RFC 9110 section 5.6.1).
pub fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|member| !member.is_empty())
}

/// Whether `name` (in lower case) may not be a trailer field, because it would change how the message is
/// framed, routed, authenticated or understood after the fact (RFC 9110 section 6.5.1).
pub fn is_forbidden_in_trailers(name: &str) -> bool {
    matches!(
        name,
        "age"
            | "authorization"
            | "cache-control"
            | "connection"
            | "content-encoding"
            | "content-length"
            | "content-range"
            | "content-type"
            | "cookie"
            | "date"
            | "expect"
            | "expires"
            | "forwarded"
            | "host"
            | "keep-alive"
            | "location"
            | "max-forwards"
            | "pragma"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "range"
            | "retry-after"
            | "set-cookie"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "vary"
            | "via"
            | "www-authenticate"
            | "x-forwarded-for"
            | "x-forwarded-host"
            | "x-forwarded-proto"
            | "x-real-ip"
    )
}

const VALUE: [bool; 256] = {
    let mut table = [true; 256];
    let mut byte = 0;
    while byte < b' ' {
        table[byte as usize] = byte == b'\t';
        byte += 1;
    }
    table[0x7f] = false;
    table
};

const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let punctuation = b"!#$%&'*+-.^_`|~";
    let mut index = 0;
    while index < punctuation.len() {
        table[punctuation[index] as usize] = true;
        index += 1;
    }
    let mut byte = 0;
    while byte < 128 {
        if (byte as u8).is_ascii_alphanumeric() {
            table[byte] = true;
        }
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token() {
        assert!(is_token(b"x-Request_1"));
        for bad in [&b""[..], b"a b", b"a:", b"a\0", b"\xc3\xa4", b"a\r\n", b"(a)", b"a\x7f"] {
            assert!(!is_token(bad), "{bad:?}");
        }
    }

    #[test]
    fn value() {
        assert!(is_value(b"") && is_value(b"a\tb c \xff"));
        for bad in [&b"a\r\nb"[..], b"\n", b"\0", b"\x01", b"\x7f"] {
            assert!(!is_value(bad), "{bad:?}");
        }
    }

    #[test]
    fn words_are_as_their_bytes() {
        for byte in 0..=255u8 {
            for place in 0..19 {
                let mut bytes = *b"Aa Zz\xc3\x84-0123456789@";
                bytes[place] = byte;
                let each = bytes.iter().all(|&byte| VALUE[byte as usize]);
                assert_eq!(is_value(&bytes), each, "{bytes:?}");
                let expected = bytes.to_ascii_lowercase();
                make_lowercase(&mut bytes);
                assert_eq!(bytes[..], expected);
            }
        }
    }

    #[test]
    fn length() {
        assert_eq!(content_length(b"0"), Some(0));
        assert_eq!(content_length(b"0010"), Some(10));
        assert_eq!(content_length(b"9223372036854775807"), Some(i64::MAX as u64));
        for bad in [&b""[..], b"+1", b"-1", b" 1", b"1,1", b"0x1", b"9223372036854775808", b"00000000000000000001"] {
            assert_eq!(content_length(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn members() {
        assert_eq!(list(b" a ,, b\t,").collect::<Vec<_>>(), [b"a", b"b"]);
    }
}
