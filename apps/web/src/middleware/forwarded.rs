//! The grammar of `forwarded` (RFC 7239 section 4), and of the addresses in it and in `x-forwarded-for`.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use transom::field;

/// What one proxy says of the request that it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hop<'a> {
    /// Who sent it.
    pub(super) source: Option<Cow<'a, str>>,
    pub(super) proto: Option<Cow<'a, str>>,
    pub(super) host: Option<Cow<'a, str>>,
}

/// The elements of one field. `None` where one of them is malformed: then it says nothing.
pub(super) fn hops(value: &str) -> Option<Vec<Hop<'_>>> {
    let mut hops = Vec::new();
    let mut hop = Hop::default();
    let mut rest = value.trim_ascii();
    let mut is_empty = true;
    loop {
        rest = rest.trim_ascii_start();
        if let Some(after) = rest.strip_prefix(';') {
            rest = after;
        } else if rest.is_empty() || rest.starts_with(',') {
            if !std::mem::replace(&mut is_empty, true) {
                hops.push(std::mem::take(&mut hop));
            }
            match rest.strip_prefix(',') {
                Some(after) => rest = after,
                None => return Some(hops),
            }
        } else {
            let (name, value, after) = pair(rest)?;
            rest = after.trim_ascii_start();
            if !rest.is_empty() && !rest.starts_with([',', ';']) {
                return None;
            }
            is_empty = false;
            let place = match name.to_ascii_lowercase().as_str() {
                "for" => &mut hop.source,
                "proto" => &mut hop.proto,
                "host" => &mut hop.host,
                _ => continue,
            };
            // Each parameter at most once (section 4).
            if place.replace(value).is_some() {
                return None;
            }
        }
    }
}

/// `token=value`, and what follows.
fn pair(text: &str) -> Option<(&str, Cow<'_, str>, &str)> {
    let (name, rest) = text.split_once('=')?;
    if !field::is_token(name.as_bytes()) {
        return None;
    }
    if let Some(quoted) = rest.strip_prefix('"') {
        let (value, rest) = unquote(quoted)?;
        return Some((name, value.into(), rest));
    }
    let end = rest.find([',', ';', ' ', '\t']).unwrap_or(rest.len());
    let (value, rest) = rest.split_at(end);
    // Colons and brackets ought to stand in quotes, and some proxies send them without.
    let is_legal = |byte: u8| field::is_token(&[byte]) || matches!(byte, b':' | b'[' | b']');
    (!value.is_empty() && value.bytes().all(is_legal)).then_some((name, value.into(), rest))
}

/// The rest of a quoted string, and what follows it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(chars.next()?.1),
            char => value.push(char),
        }
    }
    None
}

/// An address with or without a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`. `None` for
/// `unknown`, for names that a proxy made up, and for what is malformed.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim_ascii();
    let address = if let Ok(address) = text.parse::<IpAddr>() {
        address
    } else if let Ok(address) = text.parse::<SocketAddr>() {
        address.ip()
    } else {
        text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok()?.into()
    };
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements() {
        let hop = |source: &'static str, proto: &'static str, host: &'static str| {
            let some = |text: &'static str| Some(text.into()).filter(|_| !text.is_empty());
            Hop { source: some(source), proto: some(proto), host: some(host) }
        };
        for (value, expected) in [
            ("for=192.0.2.43", Some(vec![hop("192.0.2.43", "", "")])),
            ("For=\"[2001:db8::1]:47\";proto=https;by=x", Some(vec![hop("[2001:db8::1]:47", "https", "")])),
            ("for=a, for=b;host=\"c:80\"", Some(vec![hop("a", "", ""), hop("b", "", "c:80")])),
            ("for=\"a\\\"b, c\"", Some(vec![hop("a\"b, c", "", "")])),
            ("for=10.0.0.1:80", Some(vec![hop("10.0.0.1:80", "", "")])),
            (" , for=a ;, ", Some(vec![hop("a", "", "")])),
            ("", Some(vec![])),
            ("for=a;for=b", None),
            ("for=", None),
            ("for", None),
            ("for =a", None),
            ("for=\"a", None),
            ("for=\"a\"b", None),
            ("for=a b", None),
            ("for=a{", None),
        ] {
            assert_eq!(hops(value), expected, "{value}");
        }
    }

    #[test]
    fn addresses() {
        for (text, expected) in [
            ("192.0.2.1", Some("192.0.2.1")),
            (" 192.0.2.1:80 ", Some("192.0.2.1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("[2001:db8::1]:80", Some("2001:db8::1")),
            ("::ffff:192.0.2.1", Some("192.0.2.1")),
            ("unknown", None),
            ("_hidden", None),
            ("", None),
            ("192.0.2.1:", None),
            ("[192.0.2.1]", None),
            ("192.0.2.256", None),
        ] {
            assert_eq!(address(text), expected.map(|text| text.parse().unwrap()), "{text}");
        }
    }
}
