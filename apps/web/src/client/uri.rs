use super::Error;
use serde::Serialize;
use std::fmt;
use url::{Position, Url};

/// Where a request goes.
///
/// The target is kept as it was written, dots and escapes and all: what an application makes of `/a/../b` is what a
/// test may be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Uri {
    pub(super) https: bool,
    /// Host, and port where it is not that of the scheme.
    pub(super) authority: String,
    /// Path and query, `*`, or `host:port`.
    pub(super) target: String,
}

impl Uri {
    pub(super) fn new(https: bool, authority: &str) -> Result<Self, Error> {
        let uri = Self { https, authority: authority.into(), target: "/".into() };
        uri.url()?;
        Ok(uri)
    }

    /// What `text` means in a request with `method`: a path, or an absolute URL.
    pub(super) fn request(&self, method: &str, text: &str) -> Result<Self, Error> {
        let text = text.split('#').next().unwrap_or_default();
        if text.starts_with('/') || text == "*" && method == "OPTIONS" || method == "CONNECT" {
            return Ok(Self { target: escape(text), ..self.clone() });
        }
        let url = Url::parse(text).map_err(Error::request)?;
        let uri = Self::try_from(&url)?;
        // As it was written, which the parser does not keep.
        let written = text.split_once("://").and_then(|(_, rest)| Some(&rest[rest.find(['/', '?'])?..]));
        Ok(match written.filter(|target| target.starts_with('/')) {
            Some(target) => Self { target: escape(target), ..uri },
            None => uri,
        })
    }

    /// What a `location` means in a response from here.
    pub(super) fn redirect(&self, location: &[u8]) -> Result<Self, Error> {
        let location = std::str::from_utf8(location).map_err(Error::request)?;
        Self::try_from(&self.url()?.join(location).map_err(Error::request)?)
    }

    /// With more at the end of its query.
    pub(super) fn with_query(mut self, query: &str) -> Self {
        if !query.is_empty() {
            let separator = match self.target.contains('?') {
                false => "?",
                true if self.target.ends_with(['?', '&']) => "",
                true => "&",
            };
            self.target.extend([separator, query]);
        }
        self
    }

    /// For the rules of cookies and of references.
    pub(super) fn url(&self) -> Result<Url, Error> {
        let path = if self.target.starts_with('/') { &self.target } else { "/" };
        Url::parse(&format!("{}://{}{path}", self.scheme(), self.authority)).map_err(Error::request)
    }

    pub(super) fn same_origin(&self, other: &Self) -> bool {
        (self.https, &self.authority) == (other.https, &other.authority)
    }

    fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }
}

impl TryFrom<&Url> for Uri {
    type Error = Error;

    fn try_from(url: &Url) -> Result<Self, Error> {
        let https = match url.scheme() {
            "http" | "ws" => false,
            "https" | "wss" => true,
            other => return Err(Error::request(format!("the scheme {other}"))),
        };
        let authority = url[Position::BeforeHost..Position::AfterPort].into();
        Ok(Self { https, authority, target: url[Position::BeforePath..Position::AfterQuery].into() })
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme(), self.authority, self.target)
    }
}

/// Escapes what may not stand in a request line.
fn escape(text: &str) -> String {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
    const ILLEGAL: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>');
    utf8_percent_encode(text, ILLEGAL).to_string()
}

/// Adds to the query of a URI that is one.
pub(super) fn add_query(uri: Result<Uri, Error>, query: &(impl Serialize + ?Sized)) -> Result<Uri, Error> {
    let query = serde_html_form::to_string(query).map_err(Error::request)?;
    Ok(uri?.with_query(&query))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Uri {
        Uri::new(false, "testserver").unwrap()
    }

    #[test]
    fn targets_are_kept_as_written() {
        for (method, text, expected) in [
            ("GET", "/a/../b%2fc?x=%20#part", "http://testserver/a/../b%2fc?x=%20"),
            ("GET", "/a b/ä", "http://testserver/a%20b/%C3%A4"),
            ("GET", "https://other:8443/../x?y", "https://other:8443/../x?y"),
            ("GET", "http://other:80", "http://other/"),
            ("GET", "http://other?x=/../y", "http://other/?x=/../y"),
            ("GET", "wss://other/ws", "https://other/ws"),
            ("GET", "//twice", "http://testserver//twice"),
        ] {
            assert_eq!(base().request(method, text).unwrap().to_string(), expected);
        }
        assert_eq!(base().request("OPTIONS", "*").unwrap().target, "*");
        for bad in ["x", "", "ftp://a/", "http://", "*"] {
            assert!(base().request("GET", bad).is_err(), "{bad}");
        }
        assert!(Uri::new(false, "a b").is_err());
    }

    #[test]
    fn references_are_resolved() {
        let from = base().request("GET", "/a/b?c").unwrap();
        for (location, expected) in [
            ("/x", "http://testserver/x"),
            ("x?y", "http://testserver/a/x?y"),
            ("../x", "http://testserver/x"),
            ("?y", "http://testserver/a/b?y"),
            ("//other/x", "http://other/x"),
            ("https://other/", "https://other/"),
        ] {
            assert_eq!(from.redirect(location.as_bytes()).unwrap().to_string(), expected);
        }
        assert!(from.redirect(b"mailto:a@b").is_err());
    }

    #[test]
    fn queries_are_added() {
        let with = |text, query| base().request("GET", text).unwrap().with_query(query).target;
        assert_eq!(with("/", "a=1"), "/?a=1");
        assert_eq!(with("/?b", "a=1"), "/?b&a=1");
        assert_eq!(with("/?", "a=1"), "/?a=1");
        assert_eq!(with("/", ""), "/");
    }
}
