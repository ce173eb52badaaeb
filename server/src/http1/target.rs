//! Request targets: the four forms of RFC 9112 section 3.2, each only where its method allows it.

use super::authority;
use transom::Method;

/// A request target, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    /// The host of an absolute-form target, which replaces the `host` field (section 3.2.2).
    pub(super) authority: Option<&'a [u8]>,
    /// Path and query, `*`, or the authority of CONNECT. The path of an absolute-form target may be empty.
    pub(super) target: &'a [u8],
    /// How much of `target` is path.
    pub(super) path_len: usize,
}

/// Takes a target apart; `None` if it is not valid for the method.
pub(super) fn parse<'a>(method: &Method, target: &'a [u8], strict: bool) -> Option<Target<'a>> {
    let path_len = if !strict && is_plain_path(target) {
        target.len()
    } else {
        let allowed = if strict { &STRICT } else { &LENIENT };
        if !target.iter().all(|&byte| allowed[byte as usize]) {
            return None;
        }
        target.iter().position(|&byte| byte == b'?').unwrap_or(target.len())
    };
    match target {
        _ if *method == Method::Connect => {
            authority::is_host_and_port(target).then_some(Target { authority: None, target, path_len: target.len() })
        }
        [b'/', ..] => Some(Target { authority: None, target, path_len }),
        b"*" => (*method == Method::Options).then_some(Target { authority: None, target, path_len: 1 }),
        _ => absolute(method, target),
    }
}

fn absolute<'a>(method: &Method, target: &'a [u8]) -> Option<Target<'a>> {
    let scheme_len = [&b"http://"[..], b"https://"].into_iter().find_map(|scheme| {
        target.get(..scheme.len()).filter(|start| start.eq_ignore_ascii_case(scheme)).map(<[u8]>::len)
    })?;
    let rest = &target[scheme_len..];
    let authority_len = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(authority_len);
    if !authority::is_authority(authority) {
        return None;
    }
    let target = match target {
        // RFC 9112 section 3.2.4: OPTIONS of the server as a whole.
        [] if *method == Method::Options => b"*",
        [] => b"/",
        target => target,
    };
    let path_len = target.iter().position(|&byte| byte == b'?').unwrap_or(target.len());
    Some(Target { authority: Some(authority), target, path_len })
}

/// Whether there is neither a query nor a character to be refused, eight bytes at a time. What reads the line has kept
/// out controls and spaces.
#[inline]
fn is_plain_path(target: &[u8]) -> bool {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let Some(last) = target.last_chunk::<8>() else { return false };
    let plain = |word: &[u8; 8]| {
        let word = u64::from_ne_bytes(*word);
        // The top bit of each byte tells: not ASCII; `#`; `?`. The bytes above one that is may tell wrongly, too.
        let (fragment, query) = (word ^ (b'#' as u64 * EACH), word ^ (b'?' as u64 * EACH));
        let found = word | (fragment.wrapping_sub(EACH) & !fragment) | (query.wrapping_sub(EACH) & !query);
        found & (0x80 * EACH) == 0
    };
    target.as_chunks::<8>().0.iter().chain([last]).all(plain)
}

/// Visible ASCII without `#`: browsers send some characters unescaped that RFC 3986 does not allow, and
/// what has no bearing on framing is the application's to judge.
const LENIENT: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = b'!';
    while byte <= b'~' {
        table[byte as usize] = byte != b'#';
        byte += 1;
    }
    table
};

/// What RFC 3986 allows.
const STRICT: [bool; 256] = {
    let mut table = LENIENT;
    let refused = b"\"<>\\^`{|}";
    let mut index = 0;
    while index < refused.len() {
        table[refused[index] as usize] = false;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn get(target: &str) -> Option<Target<'_>> {
        parse(&Method::Get, target.as_bytes(), false)
    }

    #[test]
    fn origin_form() {
        let target = get("/a/b%20c?x=1?2").unwrap();
        assert_eq!((target.path_len, target.authority), (8, None));
        assert_eq!(get("//a").unwrap().path_len, 3);
        for bad in ["", "a", "/a#b", "/ä", "/a\0", "/a\x7f", "*", "/a\tb", "?x"] {
            assert_eq!(get(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn every_byte_in_every_place() {
        for byte in 0x21..=0xff {
            for place in 1..20 {
                let mut target = *b"/abcdefghijklmnopqrs";
                target[place] = byte;
                let parsed = parse(&Method::Get, &target, false).map(|target| target.path_len);
                let expected = match byte {
                    b'#' | 0x7f.. => None,
                    b'?' => Some(place),
                    _ => Some(target.len()),
                };
                // DEL does not come this far.
                assert!(byte == 0x7f || parsed == expected, "{byte:#x} at {place}");
            }
        }
    }

    #[test]
    fn absolute_form() {
        let target = get("HTTP://example.org:80/a?b").unwrap();
        assert_eq!(target.authority, Some(&b"example.org:80"[..]));
        assert_eq!((target.target, target.path_len), (&b"/a?b"[..], 2));
        assert_eq!(get("http://a").unwrap().target, b"/");
        assert_eq!((get("http://a?b").unwrap().target, get("http://a?b").unwrap().path_len), (&b"?b"[..], 0));
        assert_eq!(parse(&Method::Options, b"http://a", false).unwrap().target, b"*");
        for bad in ["http://", "http:///a", "http://u@a/", "ftp://a/", "http:/a", "a:80", "http://a b/"] {
            assert_eq!(get(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn asterisk_and_authority_form() {
        assert!(parse(&Method::Options, b"*", false).is_some());
        assert!(parse(&Method::Connect, b"a:443", false).is_some());
        assert_eq!(get("a:443"), None);
        for bad in ["/", "a", "http://a:80/", "*", "a:80/x", "u@a:80"] {
            assert_eq!(parse(&Method::Connect, bad.as_bytes(), false), None, "{bad:?}");
        }
    }

    #[test]
    fn strictness_is_an_option() {
        for target in ["/a|b", "/{id}", "/?q=\"a\"", "/a^b", "/a`b", "/a\\b", "/<a>"] {
            assert!(get(target).is_some(), "{target}");
            assert_eq!(parse(&Method::Get, target.as_bytes(), true), None, "{target}");
        }
        assert!(parse(&Method::Get, b"/a-._~!$&'()*+,;=:@%20/?[]", true).is_some());
    }
}
