use crate::{Connection, Headers};
use std::fmt;
use std::sync::Arc;

/// A request head, as a server fills it in. Shared by the clones of a scope and used again for the next
/// request once none is left.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// The method.
    pub method: Method,
    /// The version.
    pub version: HttpVersion,
    /// The scheme.
    pub scheme: Scheme,
    /// What is known of the body.
    pub body: BodyHint,
    /// Path and query (an absolute-form target loses its authority, which becomes `host`): as received, with the
    /// server's root path put in front where it lacks that.
    pub target: Vec<u8>,
    /// How much of `target` is path: all of it, or up to the `?`. No more than `target.len()`, or reading the path
    /// panics.
    pub path_len: u32,
    /// The header fields.
    pub headers: Headers,
    /// The protocol to which the client would like to change.
    pub protocol: Option<Box<str>>,
    /// The connection.
    pub connection: Arc<Connection>,
}

/// What a request method asks for (RFC 9110 section 9).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum Method {
    #[default]
    Get,
    Head,
    Post,
    Put,
    Delete,
    Connect,
    Options,
    Trace,
    Patch,
    /// Any other token; methods are case-sensitive, so `get` is here.
    Other(Box<str>),
}

impl Method {
    /// The method as it stands on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
            Self::Options => "OPTIONS",
            Self::Trace => "TRACE",
            Self::Patch => "PATCH",
            Self::Other(name) => name,
        }
    }
}

impl From<&str> for Method {
    fn from(name: &str) -> Self {
        match name {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "DELETE" => Self::Delete,
            "CONNECT" => Self::Connect,
            "OPTIONS" => Self::Options,
            "TRACE" => Self::Trace,
            "PATCH" => Self::Patch,
            other => Self::Other(other.into()),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A version of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum HttpVersion {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1, and 1.2 to 1.9, which are read as that (RFC 9110 section 2.5).
    #[default]
    Http11,
    /// HTTP/2.
    Http2,
    /// HTTP/3.
    Http3,
}

impl HttpVersion {
    /// The number alone: `1.0`, `1.1`, `2`, `3`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http10 => "1.0",
            Self::Http11 => "1.1",
            Self::Http2 => "2",
            Self::Http3 => "3",
        }
    }
}

/// With the protocol's name: `HTTP/1.1`.
impl fmt::Display for HttpVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP/{}", self.as_str())
    }
}

/// The scheme of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Scheme {
    /// Without TLS.
    #[default]
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// What the head of a request says of its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum BodyHint {
    /// There is none: the first `recv` gives an empty `Body` without `more`, and later ones are pending until the
    /// exchange is over.
    #[default]
    None,
    /// So many bytes.
    Exact(u64),
    /// Some; how many is known at its end.
    Unknown,
}
