use super::*;

/// One fault each, and the status that it gets.
const BAD: &[(&[u8], u16)] = &[
    // The request line.
    (b" / HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    (b"G(T / HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    (b"G\0T / HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    (b"GET\t/ HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    (b"GET  / HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    (b"GET /  HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    (b"GET / HTTP/1.1 \r\nhost: a\r\n\r\n", 400),
    (b"GET /\r\n\r\n", 400),
    (b"GET HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    (b"GET / HTTP/1.\r\nhost: a\r\n\r\n", 400),
    (b"GET / HTTP/1.10\r\nhost: a\r\n\r\n", 400),
    (b"GET / HTTP/11\r\nhost: a\r\n\r\n", 400),
    (b"GET / http/1.1\r\nhost: a\r\n\r\n", 400),
    (b"GET / HTTP/0.9\r\nhost: a\r\n\r\n", 505),
    (b"GET / HTTP/2.0\r\nhost: a\r\n\r\n", 505),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    (b"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\nhost: a\r\n\r\n", 501),
    // Targets.
    (b"GET a HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    (b"GET * HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    (b"GET a:1 HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    (b"GET /# HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    (b"GET /\xc3\xa4 HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    (b"GET /\x7f HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    (b"GET http://u@a/ HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    (b"GET ftp://a/ HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    (b"CONNECT / HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    // Line ends.
    (b"\n", 400),
    (b"\r\n\r\n", 400),
    (b"\r\n\n", 400),
    (b"\rGET / HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\nhost: a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\nx: y\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\n\n", 400),
    (b"GET / HTTP/1.1\nhost: a\n\n", 400),
    (b"GET / HTTP/1.0\n\n", 400),
    (b"GET / HTTP/1.0\r\n\n", 400),
    (b"GET / HTTP/1.0\n\r\n", 400),
    (b"GET / HTTP/1.2\nhost: a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\r\nhost: a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\rb\r\n\r\n", 400),
    // Fields.
    (b"GET / HTTP/1.1\r\nhost : a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n host: a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\n b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\n\tb\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\n: b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\nx\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\nx(: y\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\n\xe4: y\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\nx: \0\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\nx: \x1b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\nx: \x7f\r\n\r\n", 400),
    // `host`.
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nx: y\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n", 400),
    (b"GET / HTTP/1.0\r\nhost: a\r\nhost: a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a b\r\n\r\n", 400),
    (b"GET http://a/ HTTP/1.1\r\n\r\n", 400),
    (b"GET http://a/ HTTP/1.1\r\nhost: /\r\n\r\n", 400),
    // Framing.
    (b"GET / HTTP/1.1\r\nhost: a\r\ncontent-length: +1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1, 1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\ncontent-length:\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 9223372036854775808\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\ntransfer-encoding:\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, chunked\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, x\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked;x\r\n\r\n", 400),
    (b"GET / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n", 400),
    (b"GET / HTTP/1.0\r\ntransfer-encoding: x\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: x\r\n\r\n", 501),
    (b"GET / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: x, chunked\r\n\r\n", 501),
    // Expectations.
    (b"GET / HTTP/1.1\r\nhost: a\r\nexpect: x\r\n\r\n", 417),
    (b"GET / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue, x\r\n\r\n", 417),
];

#[test]
fn faults() {
    let config = Config::default();
    for (input, status) in BAD {
        assert_eq!(cut_everywhere(&config, input), Outcome::Refused(*status), "{}", input.escape_ascii());
    }
}

/// A fault is a fault wherever it stands.
#[test]
fn faults_among_good_fields() {
    let config = Config::default();
    for (input, status) in BAD {
        let Some(rest) = input.strip_prefix(b"GET / HTTP/1.1\r\n").and_then(|rest| rest.strip_suffix(b"\r\n")) else {
            continue;
        };
        // White space continues the line above, whichever that is.
        let input = [b"GET / HTTP/1.1\r\nfirst: 1\r\n", rest, b"last: 2\r\n\r\n"].concat();
        assert_eq!(cut_everywhere(&config, &input), Outcome::Refused(*status), "{}", input.escape_ascii());
    }
}

fn limited() -> Config {
    let mut config = Config::default();
    config.limits.target = 10;
    config.limits.head = 60;
    config.limits.headers = 2;
    config
}

#[test]
fn limits() {
    let config = limited();
    let head = |target: &str, fields: &str| format!("GET {target} HTTP/1.1\r\nhost: a\r\n{fields}\r\n").into_bytes();
    let long = |count: usize| head("/", &format!("x: {}\r\n", "y".repeat(count)));
    let is_accepted = |input: &[u8]| matches!(cut_everywhere(&config, input), Outcome::Accepted(_));
    assert!(is_accepted(&head("/123456789", "")));
    assert_eq!(cut_everywhere(&config, &head("/1234567890", "")), Outcome::Refused(414));
    assert_eq!((long(28).len(), long(29).len()), (60, 61));
    assert!(is_accepted(&long(28)));
    assert_eq!(cut_everywhere(&config, &long(29)), Outcome::Refused(431));
    assert!(is_accepted(&head("/", "x: y\r\n")));
    assert_eq!(cut_everywhere(&config, &head("/", "x: y\r\nx: y\r\n")), Outcome::Refused(431));
}

/// What has no end is refused when it is longer than it may be, and not kept.
#[test]
fn limits_of_what_has_no_end() {
    let config = limited();
    for (input, status) in [
        (format!("GET / HTTP/1.1\r\nx: {}", "y".repeat(60)), 431),
        (format!("GET / HTTP/1.1\r\n{}", "y".repeat(60)), 431),
        ("x".repeat(61), 431),
        (format!("GET /{}", "x".repeat(61)), 414),
    ] {
        assert_eq!(whole(&config, input.as_bytes()), Outcome::Refused(status), "{input}");
        assert_eq!(grown(&config, input.as_bytes(), 0..=input.len()), Outcome::Refused(status), "{input}");
    }
    // By default too, in pieces as they are read.
    let config = Config::default();
    let input = format!("GET / HTTP/1.1\r\nx: {}", "y".repeat(32 << 10));
    let lengths = (0..=input.len()).step_by(1000).chain([input.len()]);
    assert_eq!(grown(&config, input.as_bytes(), lengths), Outcome::Refused(431));
}

/// More fields than fit on the stack.
#[test]
fn generous_limits() {
    let mut config = Config::default();
    config.limits.headers = 1000;
    let head = |count: usize| format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(count));
    assert!(matches!(whole(&config, head(999).as_bytes()), Outcome::Accepted(head) if head.headers.len() == 1000));
    assert_eq!(whole(&config, head(1000).as_bytes()), Outcome::Refused(431));
}

#[test]
fn strict_targets() {
    let config = Config { strict_target: true, ..Config::default() };
    let head = |target: &str| format!("GET {target} HTTP/1.1\r\nhost: a\r\n\r\n").into_bytes();
    assert_eq!(cut_everywhere(&config, &head("/{a}")), Outcome::Refused(400));
    assert!(matches!(cut_everywhere(&config, &head("/(a)")), Outcome::Accepted(_)));
}
