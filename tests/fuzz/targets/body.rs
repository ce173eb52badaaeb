//! Request bodies: the same however they are cut, within the limits, and the same when they are written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use transom::{BodyHint, field};
use transom_server::fuzzing::{Body, BodyEnd, body};

type Limits = (Option<u64>, usize, usize);

fuzz_target!(|wire: &[u8]| {
    for limits in [(None, 4096, 100), (Some(30), 20, 2)] {
        let whole = check(BodyHint::Unknown, limits, wire);
        if let BodyEnd::Complete | BodyEnd::Trailers(_) = whole.end {
            again(&whole, limits);
            foreign(&whole, wire);
        }
    }
    let length = wire.first().copied().unwrap_or(0);
    let whole = check(BodyHint::Exact(length.into()), (None, 0, 0), wire);
    let (data, rest) = wire.split_at(wire.len().min(length.into()));
    assert_eq!((&*whole.data, &*whole.rest), (data, rest));
    assert_eq!(whole.end == BodyEnd::Complete, data.len() == usize::from(length));
});

fn check(hint: BodyHint, limits: Limits, wire: &[u8]) -> Body {
    let mut whole = body(hint, limits, [wire]);
    assert!(limits.0.is_none_or(|limit| whole.data.len() as u64 <= limit));
    if let BodyEnd::Trailers(fields) = &whole.end {
        assert!(!fields.is_empty() && fields.len() <= limits.2);
        let bytes: usize = fields.iter().map(|(name, value)| name.len() + value.len() + 3).sum();
        assert!(bytes <= limits.1);
        for (name, value) in fields {
            assert!(field::is_token(name.as_bytes()) && field::is_value(value));
            assert!(!field::is_forbidden_in_trailers(name));
        }
    }
    if let BodyEnd::Open = whole.end {
        assert!(whole.rest.is_empty(), "asks for more and leaves some");
    }
    if let BodyEnd::Bad(_) = whole.end {
        whole.rest.clear();
    }
    for len in [1, 7, 60] {
        let mut pieces = body(hint, limits, wire.chunks(len));
        if let BodyEnd::Bad(_) = pieces.end {
            pieces.rest.clear();
        }
        assert_eq!(pieces, whole, "{len} at a time: {}", wire.escape_ascii());
    }
    whole
}

/// Written again in one chunk, it is the same.
fn again(before: &Body, limits: Limits) {
    let mut wire = Vec::new();
    if !before.data.is_empty() {
        wire = [format!("{:x}\r\n", before.data.len()).as_bytes(), &before.data, b"\r\n"].concat();
    }
    wire.extend(b"0\r\n");
    if let BodyEnd::Trailers(fields) = &before.end {
        fields.iter().for_each(|(name, value)| wire.extend([name.as_bytes(), b":", value, b"\r\n"].concat()));
    }
    wire.extend(b"\r\n");
    let after = body(BodyHint::Unknown, limits, [&*wire]);
    assert_eq!((&after.data, &after.end, &*after.rest), (&before.data, &before.end, &b""[..]));
}

/// Another reader of chunk sizes takes it for the same.
fn foreign(whole: &Body, wire: &[u8]) {
    let (mut rest, mut data) = (wire, Vec::new());
    loop {
        // It is stricter with leading zeros.
        let Ok(httparse::Status::Complete((line, size))) = httparse::parse_chunk_size(rest) else { return };
        if size == 0 {
            break;
        }
        let chunk = &rest[line..][..size as usize];
        data.extend_from_slice(chunk);
        rest = rest[line + chunk.len()..].strip_prefix(b"\r\n").expect("the end of a chunk");
    }
    assert_eq!(data, whole.data);
}
