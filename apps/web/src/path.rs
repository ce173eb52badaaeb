//! The path of a request, as routes see it.

use percent_encoding::percent_decode;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use transom::HttpScope;

/// Decodes what is percent-encoded, but for `/` and for `%` itself: a path that is told apart by its segments without
/// any of them changing its meaning (RFC 3986 section 2.4). `None` if what comes of it is not UTF-8.
pub(crate) fn normalize(path: &[u8]) -> Option<Cow<'_, str>> {
    if !path.contains(&b'%') {
        return std::str::from_utf8(path).ok().map(Cow::Borrowed);
    }
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match (byte, escaped(tail)) {
            (b'%', Some(value)) if value != b'/' && value != b'%' => {
                decoded.push(value);
                rest = &tail[2..];
            }
            // So that every `%` left begins `%2F` or `%25`, in one spelling.
            (b'%', Some(b'/')) => {
                decoded.extend_from_slice(b"%2F");
                rest = &tail[2..];
            }
            (b'%', Some(_)) => {
                decoded.extend_from_slice(b"%25");
                rest = &tail[2..];
            }
            (b'%', None) => decoded.extend_from_slice(b"%25"),
            (byte, _) => decoded.push(byte),
        }
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

/// The byte that two hexadecimal digits stand for.
fn escaped(digits: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*digits.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

/// The parameters of the mounts and hosts above an application.
struct Entered(Arc<Params>);

/// The parameters of a path: those that a route names, those of the mounts and of the host above it included.
///
/// ```
/// use transom::memory;
/// use transom_web::{Request, Router};
///
/// async fn show(request: Request) -> String {
///     let params = request.head().params();
///     params.iter().map(|(name, value)| format!("{name}={value} ")).collect()
/// }
///
/// let app = Router::new().get("/{board}/{rest:path}", show);
/// assert_eq!(memory::http("GET", "/a%2Fb/c/d").run(app).body(), b"board=a/b rest=c/d ");
/// ```
#[derive(Clone, Default)]
pub struct Params {
    outer: Option<Arc<Params>>,
    names: Option<Arc<[Box<str>]>>,
    path: Box<str>,
    values: Vec<Range<u32>>,
}

impl Params {
    /// The parameters `names` at `values` in a [normal](normalize) path, after those that the scope has already.
    pub(crate) fn new(names: &Arc<[Box<str>]>, path: &str, values: Vec<Range<u32>>, scope: &HttpScope) -> Self {
        let outer = scope.extensions().get::<Entered>().map(|entered| Arc::clone(&entered.0));
        if values.is_empty() || names.is_empty() {
            return Self { outer, ..Self::default() };
        }
        Self { outer, names: Some(Arc::clone(names)), path: path.into(), values }
    }

    /// No more than the scope has already.
    pub(crate) fn none(scope: &HttpScope) -> Self {
        Self::new(&Arc::default(), "", Vec::new(), scope)
    }

    /// Hands them to the application that is called with `scope`.
    pub(crate) fn enter(self, scope: &mut HttpScope) {
        if !self.is_empty() {
            scope.extensions_mut().insert(Entered(Arc::new(self)));
        }
    }

    /// The value of the parameter `name`, decoded. That of a `path` parameter keeps its slashes.
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.iter().filter(|param| param.0 == name).last().map(|param| param.1)
    }

    /// The parameters in order, those of mounts first.
    pub fn iter(&self) -> Box<dyn Iterator<Item = (&str, Cow<'_, str>)> + '_> {
        let own = self.names.iter().flat_map(|names| names.iter()).zip(&self.values);
        let own = own.map(|(name, range)| (&**name, self.decode(range)));
        match &self.outer {
            Some(outer) => Box::new(outer.iter().chain(own)),
            None => Box::new(own),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len() + self.outer.as_ref().map_or(0, |outer| outer.len())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn decode(&self, range: &Range<u32>) -> Cow<'_, str> {
        let value = &self.path[range.start as usize..range.end as usize];
        // What is left to be decoded is ASCII (see `normalize`).
        percent_decode(value.as_bytes()).decode_utf8().unwrap_or(Cow::Borrowed(value))
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_stay_what_they_are() {
        for (path, normal) in [
            ("/a/b", Some("/a/b")),
            ("/caf%C3%a9", Some("/café")),
            ("/a%2fb%2F", Some("/a%2Fb%2F")),
            ("/100%25", Some("/100%25")),
            ("/%2525", Some("/%2525")),
            ("/50%", Some("/50%25")),
            ("/%zz%1", Some("/%25zz%251")),
            ("/%FF", None),
        ] {
            assert_eq!(normalize(path.as_bytes()).as_deref(), normal, "{path}");
        }
        assert_eq!(normalize(b"/\xff"), None);
    }
}
