//! Which coding of a file a client would like best (RFC 9110 section 12.5.3).

use transom::Headers;
use transom::field::list;

/// A content coding that a file may be stored in, beside the file itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Brotli,
    Zstd,
    Gzip,
}

impl Encoding {
    /// In the order of preference where the client has none.
    pub(super) const ALL: [Self; 3] = [Self::Brotli, Self::Zstd, Self::Gzip];

    /// The name of the coding.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// What is added to the name of a file.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Zstd => ".zst",
            Self::Gzip => ".gz",
        }
    }
}

/// The codings that the client takes and does not like less than none, best first.
pub(super) fn accepted(headers: &Headers) -> Vec<Encoding> {
    let members = || headers.get_all("accept-encoding").flat_map(list).filter_map(weighted);
    let weight = |name: &str| {
        let of = |name: &str| members().find(|(coding, _)| coding.eq_ignore_ascii_case(name.as_bytes()));
        of(name).or_else(|| if name == "gzip" { of("x-gzip") } else { None }).map(|(_, weight)| weight)
    };
    let any = weight("*");
    // What is not named is taken, but `identity` only for want of something better.
    let identity = weight("identity").unwrap_or(0);
    let mut accepted = Encoding::ALL.map(|encoding| (encoding, weight(encoding.name()).or(any).unwrap_or(0))).to_vec();
    accepted.retain(|&(_, weight)| weight > 0 && weight >= identity);
    accepted.sort_by_key(|&(_, weight)| std::cmp::Reverse(weight));
    accepted.into_iter().map(|(encoding, _)| encoding).collect()
}

/// A coding and its weight in thousandths; `None` where the weight is none.
fn weighted(member: &[u8]) -> Option<(&[u8], u16)> {
    let mut parts = member.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
    let coding = parts.next()?;
    match parts.next() {
        None => Some((coding, 1000)),
        Some(parameter) => {
            Some((coding, thousandths(parameter.strip_prefix(b"q=").or(parameter.strip_prefix(b"Q="))?)?))
        }
    }
}

/// A `qvalue` (RFC 9110 section 12.4.2).
fn thousandths(qvalue: &[u8]) -> Option<u16> {
    let (whole, digits) = match qvalue {
        [whole @ (b'0' | b'1')] => (whole, &[][..]),
        [whole @ (b'0' | b'1'), b'.', digits @ ..] if digits.len() <= 3 => (whole, digits),
        _ => return None,
    };
    let mut sum = u16::from(whole - b'0');
    for place in 0..3 {
        let digit = digits.get(place).unwrap_or(&b'0');
        sum = sum * 10 + u16::from(digit.is_ascii_digit().then_some(digit - b'0')?);
    }
    (sum <= 1000).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::Encoding::{Brotli, Gzip, Zstd};
    use super::*;

    #[test]
    fn preferences() {
        for (value, expected) in [
            ("", &[][..]),
            ("gzip, deflate, br, zstd", &[Brotli, Zstd, Gzip]),
            ("gzip", &[Gzip]),
            ("X-GZIP", &[Gzip]),
            ("gzip;q=1, br;q=0.5", &[Gzip, Brotli]),
            ("gzip; q=0.5 , br;Q=0.123", &[Gzip, Brotli]),
            ("br;q=0, gzip", &[Gzip]),
            ("br;q=0.000, *", &[Zstd, Gzip]),
            ("*", &[Brotli, Zstd, Gzip]),
            ("*;q=0", &[]),
            ("identity, gzip;q=0.5", &[]),
            ("identity;q=0.5, gzip;q=0.5", &[Gzip]),
            ("identity;q=0", &[]),
            // A weight that is none.
            ("gzip;q=2", &[]),
            ("gzip;q=0.5555, br;q=, zstd;v=1", &[]),
            ("gzip;q=1.001", &[]),
            ("gzip;q=0.x", &[]),
        ] {
            assert_eq!(accepted(&[("accept-encoding", value)].into_iter().collect()), expected, "{value}");
        }
        let two = Headers::from_static(&[("accept-encoding", "gzip"), ("accept-encoding", "br")]);
        assert_eq!(accepted(&two), [Brotli, Gzip]);
        assert_eq!(accepted(&Headers::new()), []);
    }
}
