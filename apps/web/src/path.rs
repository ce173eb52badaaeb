//! The path of a request, as routes see it.

use crate::router::Pattern;
use percent_encoding::percent_decode;
use std::borrow::Cow;
use std::fmt;
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

/// The parameters of the mounts and hosts above an application, decoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entered(Vec<(Box<str>, Box<str>)>);

impl Entered {
    /// Hands parameters to the application that is called with `scope`, after those that the scope has already.
    pub(crate) fn enter<'a>(params: impl Iterator<Item = (&'a str, Cow<'a, str>)>, scope: &mut HttpScope) {
        let mut params = params.map(|(name, value)| (name.into(), value.into())).peekable();
        if params.peek().is_some() {
            let mut all = scope.extensions().get::<Self>().cloned().unwrap_or_default();
            all.0.extend(params);
            scope.extensions_mut().insert(all);
        }
    }
}

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
pub struct Params<'a> {
    outer: &'a [(Box<str>, Box<str>)],
    own: Option<(&'a Pattern, Cow<'a, str>)>,
}

impl<'a> Params<'a> {
    /// Those of the scope, and those of the pattern that its path matches.
    pub(crate) fn new(scope: &'a HttpScope, pattern: Option<&'a Pattern>) -> Self {
        let outer = scope.extensions().get::<Entered>().map_or(&[][..], |entered| &entered.0);
        let own = pattern.filter(|pattern| pattern.has_names());
        Self { outer, own: own.and_then(|pattern| Some((pattern, normalize(local_path(scope))?))) }
    }

    /// The value of the parameter `name`, decoded. That of a `path` parameter keeps its slashes.
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.iter().filter(|param| param.0 == name).last().map(|param| param.1)
    }

    /// The parameters in order, those of mounts first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        let outer = self.outer.iter().map(|(name, value)| (&**name, Cow::Borrowed(&**value)));
        outer.chain(self.own.iter().flat_map(|(pattern, path)| pattern.params(path)))
    }
}

impl fmt::Debug for Params<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// The path as far as it is the application's; a mount that took all of it has left its root.
pub(crate) fn local_path(scope: &HttpScope) -> &[u8] {
    match scope.local_path() {
        b"" => b"/",
        path => path,
    }
}

/// Decodes what [`normalize`] has left.
pub(crate) fn decode(value: &str) -> Cow<'_, str> {
    if !value.bytes().any(|byte| byte == b'%') {
        return Cow::Borrowed(value);
    }
    // It is ASCII.
    percent_decode(value.as_bytes()).decode_utf8().unwrap_or(Cow::Borrowed(value))
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
