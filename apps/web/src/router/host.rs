use crate::path::Params;
use std::sync::Arc;
use transom::HttpScope;

/// The pattern of a host: labels, of which some are parameters.
#[derive(Clone, Debug)]
pub(super) struct HostPattern {
    labels: Vec<Label>,
    names: Arc<[Box<str>]>,
}

#[derive(Clone, Debug)]
enum Label {
    Text(String),
    Param,
}

impl HostPattern {
    /// `None` if it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut names: Vec<Box<str>> = Vec::new();
        let mut labels = Vec::new();
        if text.starts_with('[') {
            labels.push(Label::Text(text.to_ascii_lowercase()));
            return Some(Self { labels, names: names.into() }).filter(|_| text.ends_with(']'));
        }
        for label in text.split('.') {
            labels.push(match label.strip_prefix('{').map(|name| name.strip_suffix('}')) {
                None if label.is_empty() || label.contains(['{', '}', ':', '/', ' ']) => return None,
                None => Label::Text(label.to_ascii_lowercase()),
                Some(name) => {
                    let name = name.filter(|name| !name.is_empty() && !names.iter().any(|other| **other == **name))?;
                    names.push(name.into());
                    Label::Param
                }
            });
        }
        Some(Self { labels, names: names.into() })
    }

    /// The parameters of `host`, the value of the field.
    pub(super) fn matches(&self, host: &str, scope: &HttpScope) -> Option<Params> {
        let host = without_port(host).to_ascii_lowercase();
        let mut values = Vec::new();
        let mut start = 0;
        let mut labels = self.labels.iter();
        // An address has no labels.
        let parts: Vec<&str> = if host.starts_with('[') { vec![&host] } else { host.split('.').collect() };
        for part in parts {
            match labels.next()? {
                Label::Text(text) if text != part => return None,
                Label::Text(_) => {}
                Label::Param if part.is_empty() => return None,
                Label::Param => values.push(start..start + part.len() as u32),
            }
            start += part.len() as u32 + 1;
        }
        labels.next().is_none().then(|| Params::new(&self.names, &host, values, scope))
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
    use transom::{Capabilities, Head};

    #[test]
    fn hosts() {
        let scope = HttpScope::new(Arc::new(Head::default()), Capabilities::NONE);
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
            let params = HostPattern::parse(pattern).unwrap().matches(host, &scope);
            let found = params.map(|params| params.get("tenant").map(|value| value.into_owned()));
            assert_eq!(found, tenant.map(|value| value.map(str::to_owned)), "{pattern} {host}");
        }
        for bad in ["", "a..b", "a:80", "{a", "{}.b", "{a}.{a}", "[::1", "a/b"] {
            assert!(HostPattern::parse(bad).is_none(), "{bad}");
        }
    }
}
