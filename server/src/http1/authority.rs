//! The syntax of `host` and of authorities (RFC 3986 section 3.2, RFC 9110 section 7.2).

use std::net::Ipv6Addr;

/// Whether `value` is a valid `host` field: `uri-host [ ":" port ]`, or empty (RFC 9110 section 7.2).
pub(super) fn is_host(value: &[u8]) -> bool {
    // The usual value is a name or an address, perhaps with a port: one pass decides.
    let plain = value.iter().position(|&byte| !NAME[byte as usize]).unwrap_or(value.len());
    match value[plain..] {
        [] => true,
        [b':', ref port @ ..] => is_port(port),
        _ => split(value).is_some(),
    }
}

/// Whether `value` is `host ":" port` with neither of them empty, as CONNECT wants it (RFC 9112 section 3.2.3).
pub(super) fn is_host_and_port(value: &[u8]) -> bool {
    matches!(split(value), Some((host, Some(port))) if !host.is_empty() && !port.is_empty())
}

/// Whether `value` is an authority with a host, as an absolute-form target wants it (RFC 9110 section 4.2.1). User
/// information is refused: it is deprecated, and a way to disguise a host (section 4.2.4).
pub(super) fn is_authority(value: &[u8]) -> bool {
    matches!(split(value), Some((host, _)) if !host.is_empty())
}

fn split(value: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let end = match value {
        [b'[', rest @ ..] => rest.iter().position(|&byte| byte == b']')? + 2,
        _ => value.iter().position(|&byte| byte == b':').unwrap_or(value.len()),
    };
    let (host, rest) = value.split_at(end);
    let port = match rest {
        [] => None,
        [b':', port @ ..] if is_port(port) => Some(port),
        _ => return None,
    };
    let valid = match host {
        [b'[', literal @ .., b']'] => is_ip_literal(literal),
        _ => is_name(host),
    };
    valid.then_some((host, port))
}

fn is_port(port: &[u8]) -> bool {
    // `*DIGIT` by the grammar; beyond 65535 it is no port of anything.
    port.len() <= 5
        && port.iter().all(u8::is_ascii_digit)
        && port.iter().fold(0u32, |number, digit| number * 10 + u32::from(digit - b'0')) <= 65535
}

fn is_ip_literal(literal: &[u8]) -> bool {
    match literal {
        [b'v' | b'V', rest @ ..] => {
            let mut parts = rest.splitn(2, |&byte| byte == b'.');
            let (Some(version), Some(address)) = (parts.next(), parts.next()) else { return false };
            let characters = |&byte: &u8| byte == b':' || (NAME[byte as usize] && byte != b'%');
            !version.is_empty()
                && version.iter().all(u8::is_ascii_hexdigit)
                && !address.is_empty()
                && address.iter().all(characters)
        }
        _ => std::str::from_utf8(literal).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok()),
    }
}

fn is_name(name: &[u8]) -> bool {
    let mut rest = name;
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'%', [high, low, tail @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => tail,
            (b'%', _) => return false,
            (byte, tail) if NAME[*byte as usize] => tail,
            _ => return false,
        };
    }
    true
}

/// `unreserved / sub-delims` (RFC 3986 section 3.2.2); `%` needs a closer look.
const NAME: [bool; 256] = {
    let mut table = [false; 256];
    let marks = b"-._~!$&'()*+,;=";
    let mut index = 0;
    while index < marks.len() {
        table[marks[index] as usize] = true;
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
    fn hosts() {
        for good in [
            "",
            "a",
            "example.org",
            "example.org:80",
            "example.org:",
            "127.0.0.1:8000",
            "[::1]",
            "[::1]:80",
            "[v1.a:b]",
            "a%20b",
            "x_y",
            "a,b",
            "xn--bcher-kva.example:65535",
            ":80",
        ] {
            assert!(is_host(good.as_bytes()), "{good}");
        }
        for bad in [
            "a b",
            "a:b",
            "a:80:80",
            "a:65536",
            "a:000080",
            "user@host",
            "http://a",
            "a/b",
            "a?b",
            "a#b",
            "[::1",
            "::1",
            "[::g]",
            "[]",
            "a%2",
            "a%zz",
            "\u{e4}",
            "a\\b",
            "[::1]x",
            "[v.a]",
            "[v1.]",
            "a\"",
            "<a>",
            "a:-1",
            "a:+1",
            "%",
        ] {
            assert!(!is_host(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn authorities() {
        assert!(is_authority(b"a") && is_authority(b"a:80") && is_authority(b"[::1]:80"));
        assert!(!is_authority(b"") && !is_authority(b":80") && !is_authority(b"u@a"));
        assert!(is_host_and_port(b"a:80") && is_host_and_port(b"[::1]:80"));
        assert!(!is_host_and_port(b"a") && !is_host_and_port(b"a:") && !is_host_and_port(b":80"));
    }
}
