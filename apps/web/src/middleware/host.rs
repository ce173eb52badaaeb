//! The host that a request is for.

use super::head::single;
use super::proxy::Client;
use std::net::Ipv6Addr;
use transom::HttpScope;

/// `host` without the port (RFC 9110 section 7.2), in the form in which it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// A name or an IPv4 address: in lower case, without the dot of the root.
    Name(String),
    V6(Ipv6Addr),
}

impl Host {
    /// Of `host[:port]`. `None` where that is not its form, or the name has what no name has.
    pub(super) fn parse(authority: &str) -> Option<Self> {
        let (host, port) = split(authority)?;
        if !port.unwrap_or("").bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            return address.parse().ok().map(Self::V6);
        }
        let name = host.strip_suffix('.').unwrap_or(host);
        let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        (!name.is_empty() && name.bytes().all(is_legal)).then(|| Self::Name(name.to_ascii_lowercase()))
    }
}

/// Host and port, apart.
fn split(authority: &str) -> Option<(&str, Option<&str>)> {
    let end = match authority.strip_prefix('[') {
        Some(rest) => rest.find(']')? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    match &authority[end..] {
        "" => Some((authority, None)),
        rest => Some((&authority[..end], Some(rest.strip_prefix(':')?))),
    }
}

/// `host[:port]` without the port.
pub(super) fn without_port(authority: &str) -> &str {
    split(authority).map_or(authority, |(host, _)| host)
}

/// `host[:port]` as the client meant it: as a trusted proxy says, or the request.
pub(super) fn authority(http: &HttpScope) -> Option<&str> {
    let forwarded = http.extensions().get::<Client>().and_then(|client| client.host.as_deref());
    forwarded.or_else(|| single(http.headers(), "host"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let name = |name: &str| Some(Host::Name(name.into()));
        for (authority, host) in [
            ("a.example", name("a.example")),
            ("A.Example.:80", name("a.example")),
            ("a.example:", name("a.example")),
            ("192.0.2.1:8000", name("192.0.2.1")),
            ("[::1]:80", Some(Host::V6(Ipv6Addr::LOCALHOST))),
            ("[0:0::1]", Some(Host::V6(Ipv6Addr::LOCALHOST))),
            ("", None),
            (".", None),
            (":80", None),
            ("a:b", None),
            ("a:80:80", None),
            ("a@b", None),
            ("a/b", None),
            ("a b", None),
            ("::1", None),
            ("[::1", None),
            ("[::1]x", None),
            ("[a]", None),
        ] {
            assert_eq!(Host::parse(authority), host, "{authority}");
        }
    }
}
