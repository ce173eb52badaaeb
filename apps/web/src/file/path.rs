//! From the path of a request to that of a file.

use super::Dotfiles;
use percent_encoding::percent_decode;
use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

/// Where in the tree a request points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    /// Relative; names only, none of them `.` or `..`. Empty for the root.
    pub(super) path: PathBuf,
    /// Whether a slash ends it, as is right for a directory.
    pub(super) slash: bool,
}

impl Location {
    /// Decodes the local path of a request, segment by segment, so that a slash cannot hide in one. `None` where no
    /// file can be meant: an empty segment, `.`, `..`, a name that is hidden, or one that some system reads as a path.
    pub(super) fn parse(local_path: &[u8], dotfiles: Dotfiles) -> Option<Self> {
        let Some(segments) = local_path.strip_prefix(b"/") else {
            return local_path.is_empty().then(|| Self { path: PathBuf::new(), slash: false });
        };
        let (segments, slash) = match segments.strip_suffix(b"/") {
            Some(segments) => (segments, true),
            None => (segments, segments.is_empty()),
        };
        let mut path = PathBuf::new();
        if !(segments.is_empty() && local_path == b"/") {
            for (index, segment) in segments.split(|&byte| byte == b'/').enumerate() {
                let name = name(segment)?;
                let bytes = name.as_os_str().as_encoded_bytes();
                if bytes.first() == Some(&b'.') && !dotfiles.allow(bytes, index) {
                    return None;
                }
                path.push(name);
            }
        }
        Some(Self { path, slash })
    }
}

/// What a segment names, if it is one plain name.
fn name(segment: &[u8]) -> Option<PathBuf> {
    /// What the file systems in use allow at most.
    const MAX_NAME: usize = 255;
    if !is_well_encoded(segment) {
        return None;
    }
    let decoded = Cow::<[u8]>::from(percent_decode(segment));
    if decoded.len() > MAX_NAME || decoded.iter().any(|byte| matches!(byte, b'\0' | b'/' | b'\\')) {
        return None;
    }
    if cfg!(windows) && !is_plain_on_windows(&decoded) {
        return None;
    }
    let name = os_path(decoded.into_owned())?;
    // The system's own word on what is one name: not `..`, nor `C:`.
    let mut components = Path::new(&name).components();
    let is_one = matches!((components.next(), components.next()), (Some(Component::Normal(one)), None) if one == name);
    is_one.then_some(name)
}

/// Whether every `%` begins an encoded byte.
fn is_well_encoded(segment: &[u8]) -> bool {
    let mut after_percent = segment.split(|&byte| byte == b'%').skip(1);
    after_percent.all(|rest| matches!(rest, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()))
}

/// Whether Windows takes the name for that of a file and of no other: not a stream or a drive (`a:b`), no name that is
/// shortened (`a. `), and no device (`nul.txt`).
fn is_plain_on_windows(name: &[u8]) -> bool {
    let is_special = |byte: &u8| *byte < b' ' || b":*?\"<>|".contains(byte);
    if name.iter().any(is_special) || matches!(name.last(), Some(b'.' | b' ')) {
        return false;
    }
    let stem = name.split(|&byte| byte == b'.').next().unwrap_or_default().trim_ascii_end().to_ascii_uppercase();
    let is_device = match stem.as_slice() {
        b"CON" | b"PRN" | b"AUX" | b"NUL" | b"CONIN$" | b"CONOUT$" => true,
        // Digits, also as superscripts.
        [b'C', b'O', b'M', number @ ..] | [b'L', b'P', b'T', number @ ..] => {
            matches!(number, [b'0'..=b'9'] | [0xc2, 0xb9 | 0xb2 | 0xb3])
        }
        _ => false,
    };
    !is_device
}

#[cfg(unix)]
fn os_path(bytes: Vec<u8>) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    Some(std::ffi::OsString::from_vec(bytes).into())
}

#[cfg(not(unix))]
fn os_path(bytes: Vec<u8>) -> Option<PathBuf> {
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(path: &str) -> Option<(PathBuf, bool)> {
        Location::parse(path.as_bytes(), Dotfiles::Hidden).map(|location| (location.path, location.slash))
    }

    #[test]
    fn paths() {
        for (path, expected, slash) in [
            ("", "", false),
            ("/", "", true),
            ("/a", "a", false),
            ("/a/", "a", true),
            ("/a/b.txt", "a/b.txt", false),
            ("/a%20b/%C3%A4", "a b/ä", false),
            ("/a..b/", "a..b", true),
            ("/100%25", "100%", false),
            ("/%2541", "%41", false),
            ("/a+b", "a+b", false),
        ] {
            assert_eq!(parse(path), Some((expected.into(), slash)), "{path}");
        }
    }

    #[test]
    fn nothing_leads_out() {
        let long = format!("/{}", "a".repeat(256));
        for path in [
            "a",
            "//",
            "//a",
            "/a//b",
            "/a//",
            "/.",
            "/..",
            "/../a",
            "/a/..",
            "/a/../b",
            "/a/./b",
            "/%2e%2e/a",
            "/%2E./a",
            "/.%2e",
            "/%2e",
            "/a%2fb",
            "/a%2Fb",
            "/..%2fa",
            "/%2f",
            "/%2fetc/passwd",
            "/a\\b",
            "/..\\a",
            "/..%5ca",
            "/%5c",
            "/a%00",
            "/a%00.html",
            "/%",
            "/a%2",
            "/%zz",
            "/%u002e",
            "/.env",
            "/a/.git/config",
            "/%2egit",
            "/...",
            &long,
            "*",
        ] {
            assert_eq!(parse(path), None, "{path}");
        }
    }

    #[test]
    fn hidden_names() {
        let allowed = |path: &str, dotfiles| Location::parse(path.as_bytes(), dotfiles).is_some();
        for (path, well_known, all) in [
            ("/.well-known/security.txt", true, true),
            ("/.well-known", true, true),
            ("/a/.well-known/x", false, true),
            ("/.well-known/.env", false, true),
            ("/.env", false, true),
            ("/..", false, false),
            ("/...", false, true),
            ("/a", true, true),
        ] {
            assert_eq!(allowed(path, Dotfiles::WellKnown), well_known, "{path}");
            assert_eq!(allowed(path, Dotfiles::Shown), all, "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_name_need_not_be_text() {
        use std::os::unix::ffi::OsStrExt;
        let location = Location::parse(b"/%ff.txt", Dotfiles::Hidden).unwrap();
        assert_eq!(location.path.as_os_str().as_bytes(), b"\xff.txt");
    }

    #[test]
    fn names_on_windows() {
        for bad in ["C:", "a:b", "nul", "NUL.txt", "com1", "Lpt9.x.y", "com²", "con .txt", "a.", "a ", "a?", "conin$"]
        {
            assert!(!is_plain_on_windows(bad.as_bytes()), "{bad}");
        }
        for good in ["a", "null", "com", "com10", "console.txt", "a b.c", "ä"] {
            assert!(is_plain_on_windows(good.as_bytes()), "{good}");
        }
    }
}
