//! Requests, as bytes.

use std::fmt::Write;

/// A request of a kind that is sent again and again.
#[derive(Debug, Default)]
pub(crate) struct Request<'a> {
    pub(crate) target: &'a str,
    /// The length of the body; with one, the method is POST.
    pub(crate) body: Option<u64>,
    /// With the fields that a browser sends, about 700 bytes of them.
    pub(crate) browser: bool,
}

impl Request<'_> {
    /// The head.
    pub(crate) fn head(&self) -> Vec<u8> {
        let method = if self.body.is_some() { "POST" } else { "GET" };
        let mut head = format!("{method} {} HTTP/1.1\r\nhost: localhost\r\n", self.target);
        if self.browser {
            head.push_str(BROWSER);
        }
        if let Some(length) = self.body {
            write!(head, "content-type: application/octet-stream\r\ncontent-length: {length}\r\n")
                .expect("a string takes everything");
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// The head and the body.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head();
        let body = usize::try_from(self.body.unwrap_or(0)).expect("a request in memory fits in memory");
        bytes.resize(bytes.len() + body, b'x');
        bytes
    }
}

/// What asks for a WebSocket (RFC 6455 section 4.1), with the key of section 1.2.
pub(crate) const HANDSHAKE: &[u8] = b"GET /ws HTTP/1.1\r\n\
    host: localhost\r\n\
    connection: Upgrade\r\n\
    upgrade: websocket\r\n\
    sec-websocket-version: 13\r\n\
    sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    \r\n";

const BROWSER: &str = "connection: keep-alive\r\n\
    cache-control: max-age=0\r\n\
    upgrade-insecure-requests: 1\r\n\
    user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n\
    accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8\r\n\
    sec-fetch-site: same-origin\r\n\
    sec-fetch-mode: navigate\r\n\
    sec-fetch-user: ?1\r\n\
    sec-fetch-dest: document\r\n\
    referer: http://localhost/\r\n\
    accept-encoding: gzip, deflate, br, zstd\r\n\
    accept-language: en-GB,en;q=0.9\r\n\
    cookie: session=6f1ed002ab5595859014ebf0951522d9; theme=dark\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests() {
        let plain = Request { target: "/a", ..Request::default() };
        assert_eq!(plain.bytes(), b"GET /a HTTP/1.1\r\nhost: localhost\r\n\r\n");
        let post = Request { target: "/a", body: Some(2), ..Request::default() };
        assert!(post.head().ends_with(b"content-length: 2\r\n\r\n"));
        assert!(post.bytes().starts_with(b"POST ") && post.bytes().ends_with(b"\r\n\r\nxx"));
        let browser = Request { target: "/a", browser: true, ..Request::default() };
        let text = String::from_utf8(browser.bytes()).unwrap();
        assert!(text.ends_with("\r\n\r\n") && !text.contains("  "), "{text}");
        assert_eq!(text.matches("\r\n").count(), text.matches(": ").count() + 2, "{text}");
    }
}
