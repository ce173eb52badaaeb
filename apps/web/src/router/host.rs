use std::borrow::Cow;

/// The pattern of a host: labels, of which some are parameters.
#[derive(Clone, Debug)]
pub(super) struct HostPattern {
    labels: Vec<Label>,
}

#[derive(Clone, Debug)]
enum Label {
    Text(String),
    Param(Box<str>),
}

impl HostPattern {
    /// `None` if it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.starts_with('[') {
            return text.ends_with(']').then(|| Self { labels: vec![Label::Text(text.to_ascii_lowercase())] });
        }
        let labels = text.split('.').map(|label| match label.strip_prefix('{') {
            None if label.is_empty() || label.contains(['{', '}', ':', '/', ' ']) => None,
            None => Some(Label::Text(label.to_ascii_lowercase())),
            Some(name) => Some(Label::Param(name.strip_suffix('}').filter(|name| !name.is_empty())?.into())),
        });
        labels.collect::<Option<_>>().map(|labels| Self { labels })
    }

    /// The parameters of `host`, the value of the field.
    pub(super) fn matches<'a>(&'a self, host: &'a str) -> Option<Vec<(&'a str, Cow<'a, str>)>> {
        let host = without_port(host);
        // An address has no labels.
        let parts: Vec<&str> = if host.starts_with('[') { vec![host] } else { host.split('.').collect() };
        if parts.len() != self.labels.len() {
            return None;
        }
        let mut params = Vec::new();
        for (label, part) in self.labels.iter().zip(parts) {
            match label {
                Label::Text(text) if !text.eq_ignore_ascii_case(part) => return None,
                Label::Text(_) => {}
                Label::Param(_) if part.is_empty() => return None,
                Label::Param(name) => params.push((&**name, part.to_ascii_lowercase().into())),
            }
        }
        Some(params)
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for (pattern, host, tenant) in [
            ("api.example.com", "API.example.com:8080", Some(None)),
            ("api.example.com", "example.com", None),
            ("api.example.com", "api.example.com.evil", None),
            ("{tenant}.example.com", "a.example.com", Some(Some("a"))),
            ("{tenant}.example.com", "a.b.example.com", None),
            ("{tenant}.example.com", ".example.com", None),
            ("[::1]", "[::1]:80", Some(None)),
            ("[::1]", "[::1]", Some(None)),
            ("localhost", "localhost:", Some(None)),
        ] {
            let pattern = HostPattern::parse(pattern).unwrap();
            let found = pattern.matches(host).map(|params| params.first().map(|param| param.1.to_string()));
            assert_eq!(found, tenant.map(|value| value.map(str::to_owned)), "{pattern:?} {host}");
        }
        for bad in ["", "a..b", "a:80", "{a", "{}.b", "[::1", "a/b"] {
            assert!(HostPattern::parse(bad).is_none(), "{bad}");
        }
    }
}
