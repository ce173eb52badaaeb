use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An entity tag (RFC 9110 section 8.8.3): names one version of a representation.
///
/// ```
/// use transom_web::file::ETag;
///
/// assert_eq!(ETag::strong("v1").unwrap().to_string(), "\"v1\"");
/// assert_eq!(ETag::weak("v1").unwrap().to_string(), "W/\"v1\"");
/// assert!(ETag::strong("a quote: \"").is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ETag {
    weak: bool,
    opaque: Box<[u8]>,
}

impl ETag {
    /// A tag that changes with every byte of the representation. `None` if `opaque` has a space, a control or a quote.
    pub fn strong(opaque: &str) -> Option<Self> {
        opaque.bytes().all(is_etagc).then(|| Self { weak: false, opaque: opaque.as_bytes().into() })
    }

    /// A tag that changes when the meaning does. `None` as for [`strong`](Self::strong).
    pub fn weak(opaque: &str) -> Option<Self> {
        Some(Self { weak: true, ..Self::strong(opaque)? })
    }

    /// The tag of a file, which changes with its time and its length.
    pub(super) fn of_file(modified: SystemTime, len: u64, variant: Option<&str>) -> Self {
        // A time before the epoch is no version (see `is_version`), so that there is none to tell apart.
        let nanos = modified.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let opaque = match variant {
            None => format!("{nanos:x}-{len:x}"),
            Some(variant) => format!("{nanos:x}-{len:x}-{variant}"),
        };
        Self { weak: false, opaque: opaque.into_bytes().into() }
    }

    /// The tag of some bytes.
    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        use std::hash::{DefaultHasher, Hasher};
        // Another compiler may have another hash: it costs a client one transfer.
        let mut hasher = DefaultHasher::new();
        hasher.write(bytes);
        let opaque = format!("{:016x}-{:x}", hasher.finish(), bytes.len());
        Self { weak: false, opaque: opaque.into_bytes().into() }
    }

    /// The tags of a list field, up to the first member that is none; whatever else is in it, is skipped with it.
    pub(super) fn list(value: &[u8]) -> impl Iterator<Item = Self> {
        let mut rest = value;
        std::iter::from_fn(move || {
            while let [b' ' | b'\t' | b',', after @ ..] = rest {
                rest = after;
            }
            let (tag, after) = Self::split(rest)?;
            rest = after;
            Some(tag)
        })
    }

    /// The only tag of a field value.
    pub(super) fn parse(value: &[u8]) -> Option<Self> {
        Self::split(value).filter(|(_, rest)| rest.is_empty()).map(|(tag, _)| tag)
    }

    /// Whether both are strong and the same (RFC 9110 section 8.8.3.2).
    pub(super) fn strongly_matches(&self, other: &Self) -> bool {
        !self.weak && !other.weak && self.opaque == other.opaque
    }

    /// Whether both are the same, strong or weak.
    pub(super) fn weakly_matches(&self, other: &Self) -> bool {
        self.opaque == other.opaque
    }

    /// The tag as it stands in a field.
    pub(super) fn to_value(&self) -> Vec<u8> {
        [if self.weak { &b"W/\""[..] } else { b"\"" }, &self.opaque, b"\""].concat()
    }

    fn split(value: &[u8]) -> Option<(Self, &[u8])> {
        let (weak, quoted) = match value.strip_prefix(b"W/") {
            Some(quoted) => (true, quoted),
            None => (false, value),
        };
        let text = quoted.strip_prefix(b"\"")?;
        let end = text.iter().position(|&byte| byte == b'"')?;
        let (opaque, rest) = (&text[..end], &text[end + 1..]);
        opaque.iter().all(|&byte| is_etagc(byte)).then(|| (Self { weak, opaque: opaque.into() }, rest))
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.to_value()))
    }
}

/// Whether a time of a file tells one version of it from another. Reproducible builds give all files one time: 0 or 1,
/// or 1980-01-01 where ZIP is involved, whose days begin there. And no date has more than four digits in its year.
pub(super) fn is_version(modified: SystemTime) -> bool {
    const SECOND_OF_JANUARY_1980: Duration = Duration::from_secs(315_619_200);
    const YEAR_10000: Duration = Duration::from_secs(253_402_300_800);
    let since_epoch = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    (SECOND_OF_JANUARY_1980..YEAR_10000).contains(&since_epoch)
}

fn is_etagc(byte: u8) -> bool {
    byte > b' ' && byte != b'"' && byte != 0x7f
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        let tags = |value: &[u8]| ETag::list(value).map(|tag| tag.to_string()).collect::<Vec<_>>();
        assert_eq!(tags(b"\"a\""), ["\"a\""]);
        assert_eq!(tags(b" , \"a,b\" ,,W/\"c\"\t"), ["\"a,b\"", "W/\"c\""]);
        assert_eq!(tags(b"\"\""), ["\"\""]);
        assert_eq!(tags(b"\"a\", b, \"c\""), ["\"a\""]);
        for none in [&b"*"[..], b"", b"a", b"\"a", b"w/\"a\"", b"\"a b\"", b"W/a"] {
            assert!(tags(none).is_empty(), "{}", none.escape_ascii());
        }
        assert!(ETag::parse(b"\"a\"").is_some() && ETag::parse(b"\"a\", \"b\"").is_none());
    }

    #[test]
    fn comparison() {
        let (strong, weak, other) = (ETag::strong("a"), ETag::weak("a"), ETag::strong("b"));
        let [strong, weak, other] = [strong, weak, other].map(Option::unwrap);
        assert!(strong.strongly_matches(&strong) && strong.weakly_matches(&weak));
        assert!(!strong.strongly_matches(&weak) && !weak.strongly_matches(&weak));
        assert!(!strong.weakly_matches(&other));
    }

    #[test]
    fn files_differ_in_time_length_and_coding() {
        let at = |nanos| UNIX_EPOCH + Duration::from_nanos(nanos);
        let tags = [
            ETag::of_file(at(0x10), 1, None),
            ETag::of_file(at(0x11), 1, None),
            ETag::of_file(at(0x10), 2, None),
            ETag::of_file(at(0x10), 1, Some("br")),
        ];
        for (index, tag) in tags.iter().enumerate() {
            assert!(tags[..index].iter().all(|other| !tag.weakly_matches(other)), "{tag}");
        }
        assert_eq!(tags[0].to_string(), "\"10-1\"");
    }

    #[test]
    fn a_time_that_all_files_have_is_no_version() {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        for none in [0, 1, 315_532_800, 315_619_199, 253_402_300_800] {
            assert!(!is_version(at(none)), "{none}");
        }
        assert!(!is_version(UNIX_EPOCH - Duration::from_secs(1)));
        assert!(is_version(at(1_700_000_000)));
    }
}
