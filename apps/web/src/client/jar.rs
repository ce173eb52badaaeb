use super::uri::Uri;
use cookie::Cookie;
use cookie_store::CookieStore;
use std::fmt;
use transom::Headers;

/// The cookies that were set, under the rules of RFC 6265 section 5.
#[derive(Default)]
pub(super) struct Jar(CookieStore);

impl Jar {
    /// Takes over what a response from `uri` sets.
    pub(super) fn store(&mut self, uri: &Uri, headers: &Headers) {
        let Ok(url) = uri.url() else { return };
        for field in headers.get_all("set-cookie").filter_map(|value| std::str::from_utf8(value).ok()) {
            // What may not be set is ignored, as a browser does.
            let _ = self.0.parse(field, &url);
        }
    }

    /// Sets one as if a response from `uri` did.
    pub(super) fn set(&mut self, uri: &Uri, cookie: &Cookie<'_>) {
        if let Ok(url) = uri.url() {
            let _ = self.0.insert_raw(cookie, &url);
        }
    }

    /// The cookies for a request to `uri`: longer paths first (RFC 6265 section 5.4), and then by name.
    pub(super) fn cookies(&self, uri: &Uri) -> Vec<(String, String)> {
        let Ok(url) = uri.url() else { return Vec::new() };
        let mut cookies = self.0.matches(&url);
        cookies.sort_by_key(|cookie| (usize::MAX - cookie.path.as_ref().len(), cookie.name().to_owned()));
        cookies.into_iter().map(|cookie| (cookie.name().to_owned(), cookie.value().to_owned())).collect()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl fmt::Debug for Jar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jar")
    }
}
