//! Request heads: what is accepted is clean, within the limits, the same however it is cut, and means the same when it is
//! written again. The two readers of heads agree.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use transom::{BodyHint, HttpVersion, field};
use transom_server::fuzzing::{Request, head, head_readers};
use transom_server::{Config, Limits};

type Parsed = Result<Option<Request>, u16>;

static USUAL: LazyLock<Config> = LazyLock::new(Config::default);
static STRICT: LazyLock<Config> = LazyLock::new(|| limited_to(200, 20, 3, true));
static STRICT_AND_WIDE: LazyLock<Config> = LazyLock::new(|| limited_to(1 << 20, 1 << 20, 1000, true));
static WIDE: LazyLock<Config> = LazyLock::new(|| limited_to(1 << 20, 1 << 20, 1000, false));

fn limited_to(head: usize, target: usize, headers: usize, strict: bool) -> Config {
    let mut config = Config::default();
    (config.limits.head, config.limits.target, config.limits.headers) = (head, target, headers);
    config.strict_target = strict;
    config
}

fuzz_target!(|input: &[u8]| {
    check(input, &USUAL);
    check(input, &STRICT);
});

fn check(input: &[u8], config: &Config) {
    head_readers(input, config);
    let whole = head(input, [input.len()], config);
    match &whole {
        Ok(None) => {}
        Ok(Some(request)) => {
            clean(&input[..request.len]);
            limited(request, config);
            meaningful(request);
            again(request, config);
            same(&head(&input[..request.len], [request.len], config), &whole);
            same(&head(&[input, b"x"].concat(), [input.len() + 1], config), &whole);
        }
        Err(status) => assert!(matches!(status, 400 | 414 | 417 | 431 | 501 | 505), "{status}"),
    }
    for step in [1, 7, 60] {
        let lengths = (0..input.len()).step_by(step).chain([input.len()]);
        let pieces = head(input, lengths, config);
        match (&whole, &pieces) {
            // In pieces a fault may be seen later, but not later than the end of the head.
            (Err(_), Ok(None)) if !ends(input) => {}
            // What is too long may be so before or after it is bad.
            (Err(_), Err(_)) if config.strict_target => {}
            _ => same(&pieces, &whole),
        }
    }
}

/// Every line ends with CRLF, and no other CR, LF or NUL is anywhere.
fn clean(head: &[u8]) {
    let lines = head.strip_prefix(b"\r\n").unwrap_or(head).strip_suffix(b"\r\n\r\n").expect("the end of a head");
    let text: String = lines.iter().map(|&byte| char::from(byte)).collect();
    assert!(text.split("\r\n").all(|line| !line.is_empty() && !line.contains(['\r', '\n', '\0'])));
}

fn limited(request: &Request, config: &Config) {
    let Limits { head, target, headers, .. } = config.limits;
    assert!(request.len <= head + 2, "with the empty line in front");
    assert!(request.head.target.len() <= target + 1, "with the path that an absolute form may leave out");
    // The `host` of an absolute form may be one more.
    assert!(request.head.headers.len() <= headers + 1);
}

/// Nobody can take another message, or another host, for this one.
fn meaningful(request: &Request) {
    let head = &request.head;
    let count = |name| head.headers.get_all(name).count();
    assert!(count("host") == 1 || (count("host") == 0 && head.version == HttpVersion::Http10));
    let chunked = count("transfer-encoding");
    assert!(count("content-length") + chunked <= 1);
    assert_eq!(head.body == BodyHint::Unknown, chunked == 1);
    assert!(
        chunked == 0 || head.headers.get("transfer-encoding").is_some_and(|it| it.eq_ignore_ascii_case(b"chunked"))
    );
    if let BodyHint::Exact(length) = head.body {
        assert!(length > 0);
        let digits = std::str::from_utf8(head.headers.get("content-length").expect("what it is from")).expect("ASCII");
        assert_eq!(digits.parse(), Ok(length));
    }
    assert!(field::is_token(head.method.as_str().as_bytes()));
    assert!(head.target.iter().all(u8::is_ascii_graphic));
    assert!((1..=head.target.len()).contains(&(head.path_len as usize)));
    for (name, value) in &head.headers {
        assert!(field::is_token(name.as_bytes()) && name.bytes().all(|byte| !byte.is_ascii_uppercase()));
        assert!(field::is_value(value) && value == value.trim_ascii());
    }
}

/// Written again, it means the same.
fn again(request: &Request, config: &Config) {
    let before = &request.head;
    let version = if before.version == HttpVersion::Http10 { "HTTP/1.0" } else { "HTTP/1.1" };
    let line = [before.method.as_str().as_bytes(), &before.target, version.as_bytes()].join(&b' ');
    let fields = before.headers.iter().flat_map(|(name, value)| [name.as_bytes(), b": ", value, b"\r\n"].concat());
    let bytes: Vec<u8> = [line, b"\r\n".to_vec(), fields.collect(), b"\r\n".to_vec()].concat();
    let config = if config.strict_target { &STRICT_AND_WIDE } else { &WIDE };
    let written = head(&bytes, [bytes.len()], config);
    let Ok(Some(written)) = written else { panic!("{}: {written:?}", bytes.escape_ascii()) };
    assert_eq!(written.len, bytes.len());
    equal(&written, request);
}

fn same(one: &Parsed, other: &Parsed) {
    match (one, other) {
        (Ok(Some(one)), Ok(Some(other))) => {
            assert_eq!(one.len, other.len);
            equal(one, other);
        }
        (Ok(None), Ok(None)) => {}
        (Err(one), Err(other)) => assert_eq!(one, other),
        _ => panic!("{one:?} and {other:?}"),
    }
}

fn equal(one: &Request, other: &Request) {
    let (a, b) = (&one.head, &other.head);
    assert_eq!((a.method.as_str(), a.version, a.body), (b.method.as_str(), b.version, b.body));
    assert_eq!((a.target.escape_ascii().to_string(), a.path_len), (b.target.escape_ascii().to_string(), b.path_len));
    assert_eq!((&a.headers, &a.protocol), (&b.headers, &b.protocol));
    assert_eq!((one.keep_alive, one.expects_continue), (other.keep_alive, other.expects_continue));
}

/// Whether there is an empty line behind some other, whichever way lines end.
fn ends(input: &[u8]) -> bool {
    let lines: Vec<_> = input.split(|&byte| byte == b'\n').collect();
    lines.len() > 2 && lines[1..lines.len() - 1].iter().any(|line| matches!(**line, [] | [b'\r']))
}
