//! What the command line says about response fields and paths, checked as the wire will want it.

use std::fmt;
use std::str::FromStr;
use transom::field::{is_token, is_value};

/// A field for every response, written `NAME:VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) value: String,
}

impl FromStr for Field {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let (name, value) = text.split_once(':').ok_or(FieldError::Form)?;
        let (name, value) = (name.to_ascii_lowercase(), value.trim_matches([' ', '\t']));
        if !is_token(name.as_bytes()) {
            return Err(FieldError::Name(name));
        }
        if RESERVED.contains(&name.as_str()) {
            return Err(FieldError::Reserved(name));
        }
        Ok(Self { value: field_value(value)?, name })
    }
}

/// A value that may stand in a field.
pub(super) fn field_value(text: &str) -> Result<String, FieldError> {
    if is_value(text.as_bytes()) { Ok(text.to_owned()) } else { Err(FieldError::Value) }
}

/// Fields that frame the message or that the server writes by itself.
const RESERVED: [&str; 8] =
    ["connection", "content-length", "date", "keep-alive", "server", "trailer", "transfer-encoding", "upgrade"];

/// The text is not a [`Field`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FieldError {
    Form,
    Name(String),
    Value,
    Reserved(String),
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => f.write_str("expected NAME:VALUE"),
            Self::Name(name) => write!(f, "'{}' is not a field name", name.escape_debug()),
            Self::Value => f.write_str("a field value has no control characters"),
            Self::Reserved(name) if name == "server" => f.write_str("use --server-header"),
            Self::Reserved(name) => write!(f, "the server writes '{name}' by itself"),
        }
    }
}

impl std::error::Error for FieldError {}

/// The path under which a proxy publishes the application: empty, or with a slash before and none after.
pub(super) fn root_path(text: &str) -> Result<String, &'static str> {
    let is_path = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#'));
    match text {
        "" => Ok(String::new()),
        _ if is_path && text.starts_with('/') && !text.ends_with('/') => Ok(text.to_owned()),
        _ => Err("expected a path such as /api: a slash before, none after, without query, other characters as %XX"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        for (text, name, value) in [
            ("X-Frame-Options: DENY", "x-frame-options", "DENY"),
            ("a:b:c", "a", "b:c"),
            ("a:", "a", ""),
            ("a:\t b c ", "a", "b c"),
        ] {
            assert_eq!(text.parse(), Ok(Field { name: name.into(), value: value.into() }), "{text}");
        }
        let name = |name: &str| FieldError::Name(name.into());
        let reserved = |name: &str| FieldError::Reserved(name.into());
        for (text, error) in [
            ("a", FieldError::Form),
            (":b", name("")),
            ("a b:c", name("a b")),
            (" a:c", name(" a")),
            ("a:b\r\nc:d", FieldError::Value),
            ("a:\0", FieldError::Value),
            ("Content-Length: 5", reserved("content-length")),
            ("transfer-encoding:chunked", reserved("transfer-encoding")),
            ("Server:x", reserved("server")),
        ] {
            assert_eq!(text.parse::<Field>(), Err(error), "{text}");
        }
    }

    #[test]
    fn root_paths() {
        for good in ["", "/api", "/a/b%20c"] {
            assert_eq!(root_path(good).as_deref(), Ok(good));
        }
        for bad in ["/", "api", "/api/", "/a?b", "/a#b", "/a b", "/\u{e4}", "/a\n"] {
            assert!(root_path(bad).is_err(), "{bad}");
        }
    }
}
