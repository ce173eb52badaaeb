//! Where a reply ends (RFC 9112 section 6.3). Only the first of each kind is read for this; the others have its length.

use std::fmt;

/// Why bytes are not the beginning of a reply that is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Bad {
    /// The status is none of 101 and 2xx; with the status line.
    Status(String),
    /// Where the body ends only the end of the connection tells, or nothing does.
    Framing,
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(line) => write!(f, "the server answers {line:?}"),
            Self::Framing => f.write_str("the reply does not tell where it ends"),
        }
    }
}

impl std::error::Error for Bad {}

/// The length of the reply in front; `None` if it is not all there.
pub(crate) fn length(bytes: &[u8]) -> Result<Option<usize>, Bad> {
    let Some(head) = find(bytes, b"\r\n\r\n").map(|at| at + 4) else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let mut lines = text.split("\r\n");
    let status = lines.next().unwrap_or_default();
    if status.starts_with("http/1.1 101") {
        return Ok(Some(head));
    }
    if !status.starts_with("http/1.1 2") {
        return Err(Bad::Status(status.to_owned()));
    }
    let mut framing = None;
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        match (name, value.trim()) {
            ("content-length", value) => framing = value.parse().ok().map(Framing::Length),
            ("transfer-encoding", "chunked") => framing = Some(Framing::Chunked),
            _ => {}
        }
    }
    let body = match framing.ok_or(Bad::Framing)? {
        Framing::Length(length) => Some(length),
        Framing::Chunked => chunked(&bytes[head..])?,
    };
    Ok(body.map(|body| head + body).filter(|&length| length <= bytes.len()))
}

enum Framing {
    Length(usize),
    Chunked,
}

/// The length of a chunked body without trailers.
fn chunked(bytes: &[u8]) -> Result<Option<usize>, Bad> {
    let mut at = 0;
    loop {
        let Some(line) = find(&bytes[at..], b"\r\n") else { return Ok(None) };
        let digits = std::str::from_utf8(&bytes[at..at + line]).map_err(|_| Bad::Framing)?;
        let size = usize::from_str_radix(digits, 16).map_err(|_| Bad::Framing)?;
        at += line + 2 + size + 2;
        if at > bytes.len() {
            return Ok(None);
        }
        if size == 0 {
            return Ok(Some(at));
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reply has its length whatever follows, and no length as long as a byte of it is missing.
    fn whole(reply: &[u8]) {
        for cut in 0..reply.len() {
            assert_eq!(length(&reply[..cut]), Ok(None), "cut at {cut}");
        }
        assert_eq!(length(reply), Ok(Some(reply.len())));
        assert_eq!(length(&[reply, b"HTTP/1.1 200 OK\r\n"].concat()), Ok(Some(reply.len())));
    }

    #[test]
    fn lengths() {
        whole(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        whole(b"HTTP/1.1 204 No Content\r\ncontent-length:0\r\n\r\n");
        whole(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n");
    }

    #[test]
    fn chunks() {
        whole(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n");
        // A chunk with what looks like the end.
        whole(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n0\r\n\r\n\r\n0\r\n\r\n");
    }

    #[test]
    fn refusals() {
        let missing = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(length(missing), Err(Bad::Status("http/1.1 404 not found".into())));
        assert_eq!(length(b"HTTP/1.1 200 OK\r\n\r\nuntil the end"), Err(Bad::Framing));
        assert_eq!(length(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n"), Err(Bad::Framing));
    }
}
