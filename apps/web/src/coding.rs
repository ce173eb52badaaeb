//! Content codings, and which of them a client accepts (RFC 9110 sections 8.4.1 and 12.5.3).

use transom::field;

/// A content coding.
// The middleware shows it; without that the files alone have it.
#[cfg_attr(not(feature = "compression"), allow(unreachable_pub))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// `zstd` (RFC 8878).
    Zstd,
    /// `br` (RFC 7932).
    Brotli,
    /// `gzip` (RFC 1952).
    Gzip,
}

impl Coding {
    /// As it stands in `content-encoding`.
    #[cfg_attr(not(feature = "compression"), allow(unreachable_pub))]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }
}

/// What the `accept-encoding` of a request says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AcceptEncoding {
    named: [Option<u16>; 3],
    identity: Option<u16>,
    any: Option<u16>,
}

impl AcceptEncoding {
    /// Reads the values of the fields. What is malformed in them is not there.
    pub(crate) fn parse<'a>(values: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut accepted = Self::default();
        for (name, weight) in values.flat_map(field::list).filter_map(member) {
            let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
            let place = match () {
                () if is("gzip") || is("x-gzip") => &mut accepted.named[Coding::Gzip as usize],
                () if is("br") => &mut accepted.named[Coding::Brotli as usize],
                () if is("zstd") => &mut accepted.named[Coding::Zstd as usize],
                () if is("identity") => &mut accepted.identity,
                () if is("*") => &mut accepted.any,
                () => continue,
            };
            *place = Some(weight);
        }
        accepted
    }

    /// Whether a response without a coding is accepted.
    #[cfg(feature = "compression")]
    pub(crate) fn takes_identity(self) -> bool {
        self.identity.or(self.any) != Some(0)
    }

    /// Those of `offered` that are accepted and not liked less than no coding at all, best first; of those liked alike
    /// the first of `offered` first.
    pub(crate) fn best(self, offered: &[Coding]) -> Vec<Coding> {
        let weight = |coding: &Coding| self.named[*coding as usize].or(self.any).unwrap_or(0);
        let mut best = offered.to_vec();
        best.retain(|coding| weight(coding) > 0 && weight(coding) >= self.identity.unwrap_or(0));
        best.sort_by_key(|coding| std::cmp::Reverse(weight(coding)));
        best
    }
}

/// A coding and its weight, in thousandths. `None` where that is malformed.
fn member(member: &[u8]) -> Option<(&[u8], u16)> {
    let mut parts = member.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
    let name = parts.next().filter(|name| field::is_token(name))?;
    let Some(parameter) = parts.next() else { return Some((name, 1000)) };
    let weight = parameter.strip_prefix(b"q=").or_else(|| parameter.strip_prefix(b"Q="))?;
    parts.next().is_none().then_some((name, thousandths(weight)?))
}

/// RFC 9110 section 12.4.2.
fn thousandths(weight: &[u8]) -> Option<u16> {
    let (whole, rest) = weight.split_first()?;
    let fraction = if rest.is_empty() { rest } else { rest.strip_prefix(b".")? };
    if fraction.len() > 3 || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |place: usize| fraction.get(place).map_or(0, |digit| u16::from(digit - b'0'));
    let fraction = digit(0) * 100 + digit(1) * 10 + digit(2);
    match whole {
        b'0' => Some(fraction),
        b'1' if fraction == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Coding::{Brotli, Gzip, Zstd};
    use super::*;

    #[test]
    fn preferences() {
        let all = [Zstd, Brotli, Gzip];
        for (value, offered, expected) in [
            ("", &all[..], &[][..]),
            ("gzip", &all, &[Gzip]),
            ("gzip, deflate, br, zstd", &all, &[Zstd, Brotli, Gzip]),
            ("gzip, br", &[Gzip, Brotli], &[Gzip, Brotli]),
            ("gzip;q=0.9, br;q=0.8", &all, &[Gzip, Brotli]),
            ("gzip; q=0.5 , br;Q=0.123", &all, &[Gzip, Brotli]),
            ("gzip;q=0.001", &all, &[Gzip]),
            ("gzip;q=0", &all, &[]),
            ("br;q=0.000, *", &all, &[Zstd, Gzip]),
            ("GZIP ; Q=1.000", &all, &[Gzip]),
            ("X-gzip", &all, &[Gzip]),
            ("deflate", &all, &[]),
            ("*", &all, &[Zstd, Brotli, Gzip]),
            ("*;q=0.5, gzip", &all, &[Gzip, Zstd, Brotli]),
            ("*;q=0", &all, &[]),
            ("*;q=0, br", &all, &[Brotli]),
            ("identity", &all, &[]),
            ("identity, gzip;q=0.5", &all, &[]),
            ("identity;q=0.5, gzip;q=0.5", &all, &[Gzip]),
            ("identity;q=0", &all, &[]),
            ("gzip", &[], &[]),
            // What is malformed is not there.
            ("gzip;q=2, br;q=1.001, zstd;q=.5", &all, &[]),
            ("gzip;q=0.1234, br;q=, zstd;v=1", &all, &[]),
            ("gzip;q=-1, br;q=0.x", &all, &[]),
        ] {
            assert_eq!(AcceptEncoding::parse([value.as_bytes()].into_iter()).best(offered), expected, "{value}");
        }
        #[cfg(feature = "compression")]
        for (value, expected) in
            [("", true), ("identity;q=0", false), ("*;q=0", false), ("*;q=0, identity", true), ("*;q=0, br", false)]
        {
            assert_eq!(AcceptEncoding::parse([value.as_bytes()].into_iter()).takes_identity(), expected, "{value}");
        }
        let several = [&b"gzip;q=0.5"[..], b"br"];
        assert_eq!(AcceptEncoding::parse(several.into_iter()).best(&all), [Brotli, Gzip]);
        assert_eq!(AcceptEncoding::parse([].into_iter()).best(&all), []);
    }
}
