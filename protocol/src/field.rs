//! The grammar of field names and values (RFC 9110 section 5), written once for both directions.

/// Whether `bytes` is a token (RFC 9110 section 5.6.2): the form of methods and field names.
pub fn is_token(bytes: &[u8]) -> bool {
    // Without leaving early: names are short and nearly always valid.
    bytes.iter().fold(!bytes.is_empty(), |valid, &byte| valid & TOKEN[byte as usize])
}

/// How many bytes at the front of `bytes` are of a token.
#[inline]
pub fn token_len(bytes: &[u8]) -> usize {
    bytes.iter().position(|&byte| !TOKEN[byte as usize]).unwrap_or(bytes.len())
}

/// Puts the token at the front of `bytes` in lower case, and says how long it is.
#[inline]
pub fn lowercase_token(bytes: &mut [u8]) -> usize {
    let mut len = 0;
    // Sixteen at a time, as long as they are letters and hyphens, which nearly all of a field name is.
    while let Some(chunk) = bytes[len..].first_chunk_mut::<16>() {
        let is_letter = |byte: u8| (byte | 0x20).wrapping_sub(b'a') < 26;
        let letters = u128::from_le_bytes(chunk.map(|byte| if is_letter(byte) { 0x20 } else { 0 }));
        let others = u128::from_le_bytes(chunk.map(|byte| if is_letter(byte) | (byte == b'-') { 0 } else { 0xff }));
        let before = (others & others.wrapping_neg()).wrapping_sub(1);
        *chunk = (u128::from_le_bytes(*chunk) | (letters & before)).to_le_bytes();
        len += others.trailing_zeros() as usize / 8;
        if others != 0 {
            break;
        }
    }
    for byte in &mut bytes[len..] {
        if !TOKEN[*byte as usize] {
            break;
        }
        byte.make_ascii_lowercase();
        len += 1;
    }
    len
}

/// Whether `bytes` may stand as a field value (RFC 9110 section 5.5): visible ASCII, space, tab and
/// obs-text. What it keeps out (CR, LF, NUL and the other controls) is what splits a message.
#[inline]
pub fn is_value(bytes: &[u8]) -> bool {
    value_len(bytes) == bytes.len()
}

/// How many bytes at the front of `bytes` may stand in a field value.
#[inline]
pub fn value_len(bytes: &[u8]) -> usize {
    let mut len = 0;
    loop {
        len += run_from::<b' ', true>(&bytes[len..]);
        if bytes.get(len) != Some(&b'\t') {
            return len;
        }
        len += 1;
    }
}

/// How many bytes at the front of `bytes` are visible ASCII, which a space is not.
#[inline]
pub fn visible_len(bytes: &[u8]) -> usize {
    run_from::<b'!', false>(bytes)
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

/// How many bytes stand before the first that is below `LOW`, DEL or, without `OBS_TEXT`, no ASCII.
#[inline]
fn run_from<const LOW: u8, const OBS_TEXT: bool>(bytes: &[u8]) -> usize {
    let is_end = |byte: u8| (byte < LOW) | (byte == 0x7f) | (!OBS_TEXT & !byte.is_ascii());
    // Sixteen at a time, without leaving early: the compiler makes one comparison of them.
    let (chunks, rest) = bytes.as_chunks::<16>();
    for (index, chunk) in chunks.iter().enumerate() {
        if chunk.iter().fold(false, |found, &byte| found | is_end(byte)) {
            let ends = u128::from_le_bytes(chunk.map(|byte| if is_end(byte) { 0xff } else { 0 }));
            return 16 * index + ends.trailing_zeros() as usize / 8;
        }
    }
    let mut len = 16 * chunks.len();
    if let Some(word) = rest.first_chunk() {
        let ends = ends_in::<LOW, OBS_TEXT>(u64::from_le_bytes(*word));
        if ends != 0 {
            return len + ends.trailing_zeros() as usize / 8;
        }
        len += 8;
    }
    len + bytes[len..].iter().position(|&byte| is_end(byte)).unwrap_or(bytes.len() - len)
}

/// The top bit of the first of eight bytes, the lowest, that ends such a run. Those above it may be set wrongly.
#[inline]
fn ends_in<const LOW: u8, const OBS_TEXT: bool>(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let below = word.wrapping_sub(LOW as u64 * EACH);
    let delete = (word ^ (0x7f * EACH)).wrapping_sub(EACH);
    let ends = if OBS_TEXT { (below | delete) & !word } else { below | delete | word };
    ends & (0x80 * EACH)
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

    /// However many bytes are looked at together, each is looked at.
    #[test]
    fn every_byte_in_every_place() {
        for good in [
            &b"Accept-Encoding-and-More-Of-It_x1-Of-Both-Cases-Z"[..],
            b"Aa Zz\xc3\x84-0123456789@ \t abcdefghijk\xff ABCD",
        ] {
            for byte in 0..=255u8 {
                for place in 0..good.len() {
                    let mut bytes = good.to_vec();
                    bytes[place] = byte;
                    let run = |ends: fn(&u8) -> bool| bytes.iter().position(ends).unwrap_or(bytes.len());
                    assert_eq!(value_len(&bytes), run(|&byte| !VALUE[byte as usize]), "{bytes:?}");
                    assert_eq!(visible_len(&bytes), run(|&byte| !byte.is_ascii_graphic()), "{bytes:?}");
                    let token = run(|byte| !is_token(&[*byte]));
                    let lowercase = [bytes[..token].to_ascii_lowercase(), bytes[token..].to_vec()].concat();
                    assert_eq!((token_len(&bytes), lowercase_token(&mut bytes)), (token, token), "{bytes:?}");
                    assert_eq!(bytes, lowercase);
                }
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
