use transom::Headers;

/// What is done about a redirect: status 301, 302, 303, 307 or 308 with a `location`.
///
/// To 303, and to 301 and 302 as browsers do it, the next request is a GET without a body (a HEAD stays one); 307 and
/// 308 repeat the request. At most 20 are followed unless it is said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redirects {
    pub(super) limit: Option<usize>,
    keep_method: bool,
}

impl Redirects {
    /// They are responses like any other.
    pub fn none() -> Self {
        Self { limit: None, keep_method: false }
    }

    /// So many are followed; one more is an error.
    pub fn limited(limit: usize) -> Self {
        Self { limit: Some(limit), keep_method: false }
    }

    /// 301 and 302 repeat the request, as 307 and 308 do.
    pub fn keep_method(self) -> Self {
        Self { keep_method: true, ..self }
    }

    /// Whether a response with this head is one that is to be followed: where it points to.
    pub(super) fn location(self, status: u16, headers: &Headers) -> Option<&[u8]> {
        let is_followed = self.limit.is_some() && matches!(status, 301 | 302 | 303 | 307 | 308);
        headers.get("location").filter(|_| is_followed)
    }

    /// Whether the next request is a GET.
    pub(super) fn becomes_get(self, status: u16, method: &str) -> bool {
        method != "HEAD" && (status == 303 || matches!(status, 301 | 302) && !self.keep_method)
    }
}

impl Default for Redirects {
    fn default() -> Self {
        Self::limited(20)
    }
}
