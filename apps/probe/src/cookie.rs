use transom::{Headers, field};

/// The pairs of every `cookie` field, `name=value` one per line (RFC 6265 section 4.2.1). What is not a pair
/// with a token for its name is left out.
pub(crate) fn pairs(headers: &Headers) -> Vec<u8> {
    let mut lines = Vec::new();
    for pair in headers.get_all("cookie").flat_map(|value| value.split(|&byte| byte == b';')) {
        let pair = pair.trim_ascii();
        let Some(equals) = pair.iter().position(|&byte| byte == b'=') else { continue };
        let (name, value) = (pair[..equals].trim_ascii(), pair[equals + 1..].trim_ascii());
        if field::is_token(name) {
            lines.extend_from_slice(&[name, b"=", value, b"\n"].concat());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_pairs_are_dropped() {
        let mut headers = Headers::from_static(&[("cookie", "z=0"), ("x", "y=1")]);
        headers.push("cookie", br#"a=1; b="x y";bad; =2; c d=3; e=f=g ; h="#);
        assert_eq!(pairs(&headers), b"z=0\na=1\nb=\"x y\"\ne=f=g\nh=\n");
    }
}
