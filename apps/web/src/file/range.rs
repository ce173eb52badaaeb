//! Range requests (RFC 9110 section 14).

use bytes::Bytes;
use transom::Headers;
use transom::field::list;

/// More ranges than this in one request are an attack or a mistake, and the whole is sent (section 14.2).
const MAX_RANGES: usize = 100;

/// A part of a representation: not empty, and within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ByteRange {
    pub(super) offset: u64,
    pub(super) len: u64,
}

impl ByteRange {
    /// The range of `first` to `last`, both included.
    fn new(first: u64, last: u64) -> Self {
        Self { offset: first, len: last - first + 1 }
    }

    fn end(self) -> u64 {
        self.offset + self.len
    }

    /// The bytes of it.
    ///
    /// # Panics
    /// If it does not lie within `whole`.
    pub(super) fn of(self, whole: &Bytes) -> Bytes {
        whole.slice(self.offset as usize..self.end() as usize)
    }

    /// The value of `content-range`.
    pub(super) fn content_range(self, len: u64) -> String {
        format!("bytes {}-{}/{len}", self.offset, self.end() - 1)
    }

    /// Both as one, if they overlap or adjoin.
    fn joined(self, other: Self) -> Option<Self> {
        let is_apart = self.end() < other.offset || other.end() < self.offset;
        (!is_apart).then(|| Self::new(self.offset.min(other.offset), self.end().max(other.end()) - 1))
    }
}

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Selection {
    Whole,
    /// At least one; disjoint, with gaps between them, in the order asked for.
    Parts(Vec<ByteRange>),
    Unsatisfiable,
}

/// What `range` selects of a representation of `len` bytes. A field that is malformed, of another unit or there twice
/// is ignored, as section 14.2 allows for the former and demands for the others.
pub(super) fn select(headers: &Headers, len: u64) -> Selection {
    let mut values = headers.get_all("range");
    let (Some(value), None) = (values.next(), values.next()) else { return Selection::Whole };
    let Some(specs) = parse(value) else { return Selection::Whole };
    let mut parts = Vec::new();
    for spec in &specs {
        match spec.within(len) {
            Some(range) => join(&mut parts, range),
            // The end of nothing can be had, but not be said in `content-range`.
            None if len == 0 && matches!(spec, Spec::Last(1..)) => return Selection::Whole,
            None => {}
        }
    }
    if parts.is_empty() { Selection::Unsatisfiable } else { Selection::Parts(parts) }
}

/// Adds `range` where the first of those stands that it joins with, or else at the end.
fn join(parts: &mut Vec<ByteRange>, mut range: ByteRange) {
    let mut place = parts.len();
    while let Some((index, joined)) = parts.iter().enumerate().find_map(|(i, part)| Some((i, part.joined(range)?))) {
        parts.remove(index);
        range = joined;
        place = place.min(index);
    }
    parts.insert(place.min(parts.len()), range);
}

/// A range as it was asked for.
#[derive(Debug)]
enum Spec {
    /// From a first byte to a last one or to the end.
    From(u64, Option<u64>),
    /// As many bytes at the end.
    Last(u64),
}

impl Spec {
    fn within(&self, len: u64) -> Option<ByteRange> {
        let last_byte = len.checked_sub(1)?;
        match *self {
            Self::From(first, last) if first < len => {
                Some(ByteRange::new(first, last.unwrap_or(last_byte).min(last_byte)))
            }
            Self::Last(count @ 1..) => Some(ByteRange::new(len.saturating_sub(count), last_byte)),
            _ => None,
        }
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let dash = text.iter().position(|&byte| byte == b'-')?;
        let (first, last) = (&text[..dash], &text[dash + 1..]);
        match (first, last) {
            ([], last) => Some(Self::Last(number(last)?)),
            (first, []) => Some(Self::From(number(first)?, None)),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::From(first, Some(last)))
            }
        }
    }
}

fn parse(value: &[u8]) -> Option<Vec<Spec>> {
    let equals = value.iter().position(|&byte| byte == b'=')?;
    let (unit, set) = (&value[..equals], &value[equals + 1..]);
    if !unit.eq_ignore_ascii_case(b"bytes") || list(set).nth(MAX_RANGES).is_some() {
        return None;
    }
    let specs = list(set).map(Spec::parse).collect::<Option<Vec<_>>>()?;
    (!specs.is_empty()).then_some(specs)
}

/// Digits; a number that is too large for any file stays too large.
fn number(digits: &[u8]) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let add = |sum: u64, digit: &u8| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    is_number.then(|| digits.iter().fold(0, add))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(value: &str, len: u64) -> Selection {
        select(&[("range", value)].into_iter().collect(), len)
    }

    #[test]
    fn selections_of_ten_bytes() {
        for (value, expected) in [
            ("bytes=0-", &[(0, 9)][..]),
            ("bytes=0-0", &[(0, 0)]),
            ("BYTES=2-4", &[(2, 4)]),
            ("bytes=2-99", &[(2, 9)]),
            ("bytes=9-99999999999999999999999", &[(9, 9)]),
            ("bytes=-3", &[(7, 9)]),
            ("bytes=-30", &[(0, 9)]),
            ("bytes= 0-1 ,, 4-5\t", &[(0, 1), (4, 5)]),
            ("bytes=8-9, 0-1", &[(8, 9), (0, 1)]),
            // Joined where the first of them stands.
            ("bytes=0-3, 2-5", &[(0, 5)]),
            ("bytes=0-1, 2-3", &[(0, 3)]),
            ("bytes=8-9, 0-1, 1-3", &[(8, 9), (0, 3)]),
            ("bytes=0-1, 8-9, 4-5, 1-8", &[(0, 9)]),
            ("bytes=5-6, 0-1, 2-4", &[(0, 6)]),
            ("bytes=4-5, 8-9, 0-1, 2-3", &[(0, 5), (8, 9)]),
            // What cannot be had is left out.
            ("bytes=10-, 3-4, -0", &[(3, 4)]),
        ] {
            let expected = expected.iter().map(|&(first, last)| ByteRange::new(first, last)).collect();
            assert_eq!(selected(value, 10), Selection::Parts(expected), "{value}");
        }
    }

    #[test]
    fn unsatisfiable() {
        for value in ["bytes=10-", "bytes=10-20,30-", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(selected(value, 10), Selection::Unsatisfiable, "{value}");
        }
        assert_eq!(selected("bytes=0-", 0), Selection::Unsatisfiable);
        assert_eq!(selected("bytes=-0", 0), Selection::Unsatisfiable);
    }

    #[test]
    fn ignored() {
        for value in [
            "",
            "bytes",
            "bytes=",
            "bytes=,",
            "bytes=-",
            "bytes=a-b",
            "bytes=1-0",
            "bytes=+1-2",
            "bytes=1",
            "bytes 1-2",
            "bytes=0-1-2",
            "bytes=0--1",
            "bytes=0-1,x",
            "items=0-1",
            "bytes =0-1",
            "bytes=0 -1",
        ] {
            assert_eq!(selected(value, 10), Selection::Whole, "{value}");
        }
        assert_eq!(selected("bytes=-5", 0), Selection::Whole);
        let twice = Headers::from_static(&[("range", "bytes=0-1"), ("range", "bytes=0-1")]);
        assert_eq!(select(&twice, 10), Selection::Whole);
        assert_eq!(select(&Headers::new(), 10), Selection::Whole);
    }

    #[test]
    fn a_flood_of_ranges_is_ignored() {
        let ranges = |count: u64| (0..count).map(|n| format!("{0}-{0}", 2 * n)).collect::<Vec<_>>().join(",");
        assert!(
            matches!(selected(&format!("bytes={}", ranges(100)), 1000), Selection::Parts(parts) if parts.len() == 100)
        );
        assert_eq!(selected(&format!("bytes={}", ranges(101)), 1000), Selection::Whole);
    }

    #[test]
    fn content_range() {
        assert_eq!(ByteRange::new(0, 4).content_range(10), "bytes 0-4/10");
    }
}
