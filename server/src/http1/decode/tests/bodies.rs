use super::*;
use BadRequest::{Malformed, TooLarge};

/// What is on the wire, the data in it, and what follows the body.
const GOOD: &[(&[u8], &[u8], &[u8])] = &[
    (b"0\r\n\r\n", b"", b""),
    (b"0\r\n\r\nGET / HTTP/1.1\r\n", b"", b"GET / HTTP/1.1\r\n"),
    (b"0\r\n\r\n\r\n", b"", b"\r\n"),
    (b"0\r\n\r\n0\r\n\r\n", b"", b"0\r\n\r\n"),
    (b"0000\r\n\r\n", b"", b""),
    (b"0000000000000000\r\n\r\n", b"", b""),
    (b"5\r\nhello\r\n0\r\n\r\n", b"hello", b""),
    (b"5\r\nhello\r\n0\r\n\r\nPOST", b"hello", b"POST"),
    (b"05\r\nhello\r\n0\r\n\r\n", b"hello", b""),
    (b"0000000000000005\r\nhello\r\n0\r\n\r\n", b"hello", b""),
    (b"a\r\nhelloworld\r\n0\r\n\r\n", b"helloworld", b""),
    (b"A\r\nhelloworld\r\n0\r\n\r\n", b"helloworld", b""),
    (b"1F\r\n0123456789012345678901234567890\r\n0\r\n\r\n", b"0123456789012345678901234567890", b""),
    (b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", b"hello world", b""),
    (b"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n000\r\n\r\n", b"abc", b""),
    // Data may look like framing, and may be any byte.
    (b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", b"0\r\n\r\n", b""),
    (b"2\r\n\r\n\r\n0\r\n\r\n", b"\r\n", b""),
    (b"4\r\n\0\n\r\xff\r\n0\r\n\r\n", b"\0\n\r\xff", b""),
    // Extensions.
    (b"5;a\r\nhello\r\n0\r\n\r\n", b"hello", b""),
    (b"5;a=b\r\nhello\r\n0\r\n\r\n", b"hello", b""),
    (b"5; a=b\r\nhello\r\n0\r\n\r\n", b"hello", b""),
    (b"5;\ta=b\r\nhello\r\n0\r\n\r\n", b"hello", b""),
    (b"5;a=b;c;d=e\r\nhello\r\n0\r\n\r\n", b"hello", b""),
    (b"5;a=\"b;c \\\" \xe4\t\"\r\nhello\r\n0\r\n\r\n", b"hello", b""),
    (b"5;a;b;c\r\nhello\r\n0;last=1\r\n\r\n", b"hello", b""),
    // Trailers that may not be passed on.
    (b"5\r\nhello\r\n0\r\nContent-Length: 50\r\n\r\nx", b"hello", b"x"),
    (b"0\r\nTransfer-Encoding: chunked\r\n\r\n", b"", b""),
    (b"0\r\nhost: evil\r\nauthorization: Basic\r\n\r\n", b"", b""),
    (b"0\r\nContent-Type:text/evil\r\ncookie:a=b\r\nX-Forwarded-For:1\r\n\r\n", b"", b""),
];

type Fields = &'static [(&'static str, &'static str)];

/// What is on the wire, and the trailer fields.
const TRAILERS: &[(&[u8], Fields)] = &[
    (b"0\r\na: 1\r\n\r\n", &[("a", "1")]),
    (b"0\r\na:1\r\n\r\n", &[("a", "1")]),
    (b"0\r\na:\r\n\r\n", &[("a", "")]),
    (b"0\r\na: \t \r\n\r\n", &[("a", "")]),
    (b"0\r\na: \t 1 \t2\t \r\n\r\n", &[("a", "1 \t2")]),
    (b"0\r\na: b: c;d=\"e\"\r\n\r\n", &[("a", "b: c;d=\"e\"")]),
    (b"5\r\nhello\r\n0\r\nX-Checksum: abc\r\n\r\n", &[("x-checksum", "abc")]),
    (b"0;x=y\r\nB: 1\r\na: 2\r\nb: 3\r\n\r\n", &[("b", "1"), ("a", "2"), ("b", "3")]),
    (b"0\r\na: 1\r\ncontent-length: 5\r\nb: 2\r\n\r\n", &[("a", "1"), ("b", "2")]),
    (b"0\r\n!#$%&'*+-.^_`|~: 1\r\n\r\n", &[("!#$%&'*+-.^_`|~", "1")]),
];

/// What is on the wire up to the byte that makes it wrong, and what it is then.
const BAD: &[(&[u8], BadRequest)] = &[
    // Sizes.
    (b"\r", Malformed),
    (b"\n", Malformed),
    (b";", Malformed),
    (b" ", Malformed),
    (b"\t", Malformed),
    (b"+", Malformed),
    (b"-", Malformed),
    (b"\0", Malformed),
    (b"\"", Malformed),
    (b"g", Malformed),
    (b"G", Malformed),
    (b"/", Malformed),
    (b":", Malformed),
    (b"@", Malformed),
    (b"`", Malformed),
    (b"\xb2", Malformed),
    (b"\xff", Malformed),
    (b"5 ", Malformed),
    (b"5\t", Malformed),
    (b"5\x0b", Malformed),
    (b"5\0", Malformed),
    (b"5,", Malformed),
    (b"5.", Malformed),
    (b"5=", Malformed),
    (b"5h", Malformed),
    (b"0x", Malformed),
    (b"0X", Malformed),
    (b"1_", Malformed),
    (b"1e+", Malformed),
    (b"8000000000000000", Malformed),
    (b"ffffffffffffffff", Malformed),
    (b"FFFFFFFFFFFFFFFF", Malformed),
    (b"00000000000000000", Malformed),
    (b"00000000000000005", Malformed),
    (b"10000000000000000", Malformed),
    // Line ends.
    (b"5\n", Malformed),
    (b"5\r\r", Malformed),
    (b"5\rh", Malformed),
    (b"5\r;", Malformed),
    (b"0\n", Malformed),
    (b"0\r\n\n", Malformed),
    (b"0\r\n\r\r", Malformed),
    (b"0\r\n\rG", Malformed),
    // Extensions.
    (b"5;\r", Malformed),
    (b"5;\n", Malformed),
    (b"5;;", Malformed),
    (b"5;=", Malformed),
    (b"5; \r", Malformed),
    (b"5;a\n", Malformed),
    (b"5;a\r\r", Malformed),
    (b"5;a\rX", Malformed),
    (b"5;a ", Malformed),
    (b"5;a\0", Malformed),
    (b"5;a[", Malformed),
    (b"5;a\xe4", Malformed),
    (b"5;a=\0", Malformed),
    (b"5;a=\x7f", Malformed),
    (b"5;a=\x1b", Malformed),
    (b"5;a=b\n", Malformed),
    (b"5;a=\"b\n", Malformed),
    (b"5;a=\"b\r\"", Malformed),
    (b"0;a\n", Malformed),
    // The end of the data.
    (b"5\r\nhello0", Malformed),
    (b"5\r\nhello!", Malformed),
    (b"5\r\nhello\n", Malformed),
    (b"5\r\nhello\r0", Malformed),
    (b"5\r\nhello\r\r", Malformed),
    (b"5\r\nhello\r\n\r", Malformed),
    (b"5\r\nhello\r\n\n", Malformed),
    (b"5\r\nhello\r\n ", Malformed),
    (b"5\r\nhello\r\n5\r\nworld5", Malformed),
    // Trailers.
    (b"0\r\n ", Malformed),
    (b"0\r\n:", Malformed),
    (b"0\r\n\t", Malformed),
    (b"0\r\na ", Malformed),
    (b"0\r\na\r", Malformed),
    (b"0\r\na\n", Malformed),
    (b"0\r\na\0", Malformed),
    (b"0\r\n\xe4", Malformed),
    (b"0\r\na(", Malformed),
    (b"0\r\na: 1\n", Malformed),
    (b"0\r\na: 1\r\r", Malformed),
    (b"0\r\na: 1\rb", Malformed),
    (b"0\r\na: \0", Malformed),
    (b"0\r\na: \x7f", Malformed),
    (b"0\r\na: \x08", Malformed),
    (b"0\r\na: 1\r\n ", Malformed),
    (b"0\r\na: 1\r\n\t", Malformed),
    (b"0\r\na: 1\r\n\n", Malformed),
    (b"0\r\na: 1\r\n\r\r", Malformed),
    (b"0\r\ncontent-length: 5\r\n ", Malformed),
    // More than the limits of these tests.
    (b"100001\r\n", TooLarge),
    (b"7fffffffffffffff\r\n", TooLarge),
    (b"1\r\na\r\n100000\r\n", TooLarge),
    (b"0\r\na: 1\r\na: 2\r\na: 3\r\na", TooLarge),
    (b"0\r\nhost: 1\r\nhost: 2\r\nhost: 3\r\nh", TooLarge),
];

#[test]
fn good() {
    for (wire, data, rest) in GOOD {
        let outcome = run_cut_everywhere(chunked, wire);
        let expected = Outcome { data: data.to_vec(), end: End::Complete, rest: rest.to_vec() };
        assert_eq!(outcome, expected, "{}", wire.escape_ascii());
        check_open(&wire[..wire.len() - rest.len() - 1]);
    }
}

#[test]
fn with_trailers() {
    for (wire, fields) in TRAILERS {
        let outcome = run_cut_everywhere(chunked, &[wire, &b"GET"[..]].concat());
        let fields = fields.iter().copied().collect();
        assert_eq!((outcome.end, &outcome.rest[..]), (End::Trailers(fields), &b"GET"[..]), "{}", wire.escape_ascii());
        check_open(&wire[..wire.len() - 1]);
    }
}

#[test]
fn bad() {
    for (wire, error) in BAD {
        check_open(&wire[..wire.len() - 1]);
        for follow in [&b""[..], b"\r\n", b"\r\n\r\n", b"hello\r\n0\r\n\r\n"] {
            let wire = [wire, follow].concat();
            assert_eq!(run_cut_everywhere(chunked, &wire).end, End::Bad(*error), "{}", wire.escape_ascii());
        }
    }
}

/// Every beginning of a body that may still become a good one asks for more.
fn check_open(wire: &[u8]) {
    for end in 0..=wire.len() {
        assert_eq!(run(chunked(), [&wire[..end]]).end, End::Open, "{}", wire[..end].escape_ascii());
    }
}

#[test]
fn the_body_limit_counts_every_chunk_and_only_data() {
    let limited = |body| move || Decoder::new(BodyHint::Unknown, DecodeLimits { body, ..LIMITS });
    let wire = b"3;extension=1\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n";
    assert_eq!(run_cut_everywhere(limited(Some(6)), wire).end, End::Complete);
    assert_eq!(run_cut_everywhere(limited(None), wire).end, End::Complete);
    let outcome = run_cut_everywhere(limited(Some(5)), wire);
    assert_eq!((outcome.end, &outcome.data[..]), (End::Bad(TooLarge), &b"abc"[..]));
    assert_eq!(run_cut_everywhere(limited(Some(0)), b"0\r\n\r\n").end, End::Complete);
    assert_eq!(run_cut_everywhere(limited(Some(0)), b"1\r\n").end, End::Bad(TooLarge));
    // Without a limit the largest chunk is a matter of patience.
    assert_eq!(run_cut_everywhere(limited(None), b"7fffffffffffffff\r\nhello").data, b"hello");
}

#[test]
fn the_extension_limit_is_for_the_whole_body() {
    let most = [b"1;a=".as_slice(), &[b'x'; 4093], b"\r\na\r\n0\r\n\r\n"].concat();
    assert_eq!(run(chunked(), [&most[..]]).end, End::Complete);
    let more = [b"1;a=".as_slice(), &[b'x'; 4093], b"\r\na\r\n0;"].concat();
    assert_eq!(run(chunked(), more.chunks(1)).end, End::Bad(Malformed));
    assert_eq!(run(chunked(), [&more[..]]).end, End::Bad(Malformed));
    assert_eq!(run(chunked(), [&[b"1;a=".as_slice(), &[b'x'; 1 << 16]].concat()[..]]).end, End::Bad(Malformed));

    let spread = b"1;ab=d\r\nx\r\n1;abcd\r\ny\r\n".repeat(2500);
    let outcome = run(chunked(), [&spread[..]]);
    // Five bytes each: 819 whole ones, then one byte of the next.
    assert_eq!((outcome.data.len(), outcome.end), (819, End::Bad(Malformed)));
}

#[test]
fn the_trailer_limit_counts_field_lines() {
    let limited = |trailers| move || Decoder::new(BodyHint::Unknown, DecodeLimits { trailers, ..LIMITS });
    let wire = b"0\r\na: 1\r\nhost: b\r\n\r\n";
    assert!(matches!(run_cut_everywhere(limited(15), wire).end, End::Trailers(_)));
    assert_eq!(run_cut_everywhere(limited(14), wire).end, End::Bad(TooLarge));
    assert_eq!(run_cut_everywhere(limited(0), b"0\r\n\r\n").end, End::Complete);
    assert_eq!(run_cut_everywhere(limited(0), b"0\r\na").end, End::Bad(TooLarge));
    // A name or a value that never ends is not kept for ever.
    assert_eq!(run(chunked(), [b"0\r\n".as_slice(), &[b'a'; 65]]).end, End::Bad(TooLarge));
    assert_eq!(run(chunked(), [b"0\r\na:".as_slice(), &[b' '; 63]]).end, End::Bad(TooLarge));
}

#[test]
fn the_field_limit_may_be_none_at_all() {
    let decoder = || Decoder::new(BodyHint::Unknown, DecodeLimits { fields: 0, ..LIMITS });
    assert_eq!(run_cut_everywhere(decoder, b"0\r\n\r\n").end, End::Complete);
    assert_eq!(run_cut_everywhere(decoder, b"0\r\na").end, End::Bad(TooLarge));
}
