//! `accept-encoding` (RFC 9110 section 12.5.3).

use super::Coding;
use transom::field;

/// What a client accepts of what is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accepted {
    /// The coding that it likes best; `None` where that is none at all.
    pub(super) coding: Option<Coding>,
    /// Whether it accepts a response without a coding.
    pub(super) identity: bool,
}

/// Chooses of `offered`, the best first, what the fields with these values like best.
pub(super) fn negotiate<'a>(values: impl Iterator<Item = &'a [u8]>, offered: &[Coding]) -> Accepted {
    let mut weights = [None; 3];
    let (mut identity, mut any) = (None, None);
    for (name, weight) in values.flat_map(field::list).filter_map(member) {
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        let place = match () {
            () if is("gzip") || is("x-gzip") => &mut weights[Coding::Gzip as usize],
            () if is("br") => &mut weights[Coding::Brotli as usize],
            () if is("zstd") => &mut weights[Coding::Zstd as usize],
            () if is("identity") => &mut identity,
            () if is("*") => &mut any,
            () => continue,
        };
        *place = Some(weight);
    }
    let weight = |coding: Coding| weights[coding as usize].or(any).unwrap_or(0);
    // The first of several with the same weight.
    let best = offered.iter().rev().copied().max_by_key(|coding| weight(*coding));
    let best = best.filter(|coding| weight(*coding) > 0);
    // Without a word it is accepted; with one, it may be liked better.
    let is_liked_better = |coding: &Coding| identity.is_some_and(|identity| identity > weight(*coding));
    Accepted { coding: best.filter(|best| !is_liked_better(best)), identity: identity.or(any) != Some(0) }
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
    use super::*;
    use Coding::{Brotli, Gzip, Zstd};

    #[test]
    fn what_is_chosen() {
        let all = [Zstd, Brotli, Gzip];
        for (value, offered, coding, identity) in [
            ("", &all[..], None, true),
            ("gzip", &all, Some(Gzip), true),
            ("gzip, deflate, br, zstd", &all, Some(Zstd), true),
            ("gzip, br", &all, Some(Brotli), true),
            ("gzip, br", &[Gzip, Brotli], Some(Gzip), true),
            ("gzip;q=0.9, br;q=0.8", &all, Some(Gzip), true),
            ("gzip;q=0.001", &all, Some(Gzip), true),
            ("gzip;q=0", &all, None, true),
            ("GZIP ; Q=1.000", &all, Some(Gzip), true),
            ("x-gzip", &all, Some(Gzip), true),
            ("deflate", &all, None, true),
            ("*", &all, Some(Zstd), true),
            ("*;q=0.5, gzip", &all, Some(Gzip), true),
            ("*, zstd;q=0", &all, Some(Brotli), true),
            ("identity", &all, None, true),
            ("identity, gzip;q=0.5", &all, None, true),
            ("identity;q=0.5, gzip;q=0.5", &all, Some(Gzip), true),
            ("identity;q=0, gzip", &all, Some(Gzip), false),
            ("identity;q=0", &all, None, false),
            ("*;q=0", &all, None, false),
            ("*;q=0, identity", &all, None, true),
            ("*;q=0, br", &all, Some(Brotli), false),
            ("gzip", &[], None, true),
            // What is malformed is not there.
            ("gzip;q=2, br;q=1.001, zstd;q=.5", &all, None, true),
            ("gzip;q=0.1234", &all, None, true),
            ("gzip;level=1", &all, None, true),
            ("gzip;q=-1", &all, None, true),
        ] {
            let accepted = negotiate([value.as_bytes()].into_iter(), offered);
            assert_eq!(accepted, Accepted { coding, identity }, "{value}");
        }
        let several = [&b"gzip;q=0.5"[..], b"br"];
        assert_eq!(negotiate(several.into_iter(), &all).coding, Some(Brotli));
        assert_eq!(negotiate([].into_iter(), &all), Accepted { coding: None, identity: true });
    }
}
