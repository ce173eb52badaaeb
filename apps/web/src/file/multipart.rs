use super::range::ByteRange;
use bytes::Bytes;
use std::hash::{BuildHasher, RandomState};

/// A body of several ranges (`multipart/byteranges`, RFC 9110 section 14.6).
#[derive(Debug)]
pub(super) struct Multipart {
    boundary: String,
    /// Each range, and what stands in front of it.
    parts: Vec<(Bytes, ByteRange)>,
    end: Bytes,
}

impl Multipart {
    /// `ranges` of a representation of this type and length.
    pub(super) fn new(ranges: Vec<ByteRange>, content_type: &str, len: u64) -> Self {
        // 128 bits that nobody knows beforehand, so that no file has them.
        let random = || RandomState::new().hash_one(len);
        Self::with_boundary(format!("{:016x}{:016x}", random(), random()), ranges, content_type, len)
    }

    fn with_boundary(boundary: String, ranges: Vec<ByteRange>, content_type: &str, len: u64) -> Self {
        let part = |(index, range): (usize, ByteRange)| {
            let line_end = if index == 0 { "" } else { "\r\n" };
            let content_range = range.content_range(len);
            let head = format!(
                "{line_end}--{boundary}\r\ncontent-type: {content_type}\r\ncontent-range: {content_range}\r\n\r\n"
            );
            (head.into(), range)
        };
        let parts = ranges.into_iter().enumerate().map(part).collect();
        let end = format!("\r\n--{boundary}--\r\n").into();
        Self { boundary, parts, end }
    }

    /// The value of `content-type`.
    pub(super) fn content_type(&self) -> String {
        format!("multipart/byteranges; boundary={}", self.boundary)
    }

    /// How long the body is.
    pub(super) fn len(&self) -> u64 {
        let parts = self.parts.iter().map(|(head, range)| head.len() as u64 + range.len);
        parts.sum::<u64>() + self.end.len() as u64
    }

    /// The ranges in order, and what stands in front of each.
    pub(super) fn parts(&self) -> impl Iterator<Item = (Bytes, ByteRange)> + Send + '_ {
        self.parts.iter().cloned()
    }

    /// What stands at the end.
    pub(super) fn end(&self) -> Bytes {
        self.end.clone()
    }
}

#[test]
fn parts_and_their_length() {
    let ranges = vec![ByteRange { offset: 0, len: 2 }, ByteRange { offset: 8, len: 1 }];
    let multipart = Multipart::with_boundary("B".into(), ranges, "text/plain", 10);
    let content = b"0123456789";
    let mut body = Vec::new();
    for (head, range) in multipart.parts() {
        body.extend_from_slice(&head);
        body.extend_from_slice(&content[range.offset as usize..][..range.len as usize]);
    }
    body.extend_from_slice(&multipart.end());
    let expected = "--B\r\ncontent-type: text/plain\r\ncontent-range: bytes 0-1/10\r\n\r\n01\r\n\
        --B\r\ncontent-type: text/plain\r\ncontent-range: bytes 8-8/10\r\n\r\n8\r\n--B--\r\n";
    assert_eq!(body.escape_ascii().to_string(), expected.as_bytes().escape_ascii().to_string());
    assert_eq!(multipart.len(), body.len() as u64);
}

#[test]
fn boundaries_differ() {
    let one = || Multipart::new(Vec::new(), "", 0).boundary;
    assert_ne!(one(), one());
}
