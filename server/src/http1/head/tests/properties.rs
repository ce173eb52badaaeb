use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

/// What heads are made of, so that noise comes near to a good one.
const WORDS: &[&str] = &[
    "GET ",
    "POST ",
    "OPTIONS ",
    "CONNECT ",
    "/",
    "*",
    "http://a",
    "a:1",
    "?x",
    " ",
    " HTTP/1.1\r\n",
    " HTTP/1.0\r\n",
    "HTTP/1.1",
    "\r\n",
    "\r\n",
    "\n",
    "\r",
    "\0",
    "host: a\r\n",
    "Host:b\r\n",
    "x: y\r\n",
    "x",
    ":",
    "y",
    "\t",
    "\u{e4}",
    "content-length: 5\r\n",
    "content-length: ",
    "transfer-encoding: chunked\r\n",
    "transfer-encoding: ",
    "chunked",
    ", ",
    "connection: close\r\n",
    "connection: upgrade\r\nupgrade: z\r\n",
    "expect: 100-continue\r\n",
    "\r\n\r\n",
];

/// How heads begin, so that words are tried in every place.
const BEGINNINGS: &[&str] =
    &["", "", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nhost: a\r\n", "GET / HTTP/1.0\r\n", "GET / HTTP/1.3\r\n"];

fn noise() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(WORDS).prop_map(|word| word.as_bytes().to_vec());
    let word = prop_oneof![8 => word, 1 => vec(any::<u8>(), 1)];
    (prop::sample::select(BEGINNINGS), vec(word, 0..12), any::<bool>()).prop_map(|(start, words, end)| {
        [start.as_bytes(), &words.concat(), if end { b"\r\n\r\n" } else { b"" }].concat()
    })
}

/// Every line of an accepted head ends with CRLF, and no CR, LF or NUL stands anywhere else.
fn is_clean(head: &[u8]) -> bool {
    let lines = head.strip_prefix(b"\r\n").unwrap_or(head).strip_suffix(b"\r\n\r\n");
    lines.is_some_and(|lines| {
        let text = lines.iter().map(|&byte| char::from(byte)).collect::<String>();
        text.split("\r\n").all(|line| !line.is_empty() && !line.contains(['\r', '\n', '\0']))
    })
}

fn check(input: &[u8]) -> Result<(), TestCaseError> {
    let config = Config::default();
    let outcome = whole(&config, input);
    if let Outcome::Accepted(head) = &outcome {
        prop_assert!(is_clean(&input[..head.request.len]));
        let hosts = head.headers.get_all("host").count();
        prop_assert!(hosts == 1 || (hosts == 0 && head.version == HttpVersion::Http10));
        let lengths = head.headers.get_all("content-length").count();
        let codings = head.headers.get_all("transfer-encoding").count();
        prop_assert!(lengths + codings <= 1);
        prop_assert_eq!(head.body == BodyHint::Unknown, codings == 1);
        prop_assert!(head.path_len as usize <= head.target.len() && head.path_len > 0);
        for (name, value) in &head.headers {
            prop_assert!(field::is_token(name.as_bytes()) && field::is_value(value) && value == value.trim_ascii());
        }
    }
    for (head, target, headers) in [(50, 99, 99), (99, 5, 99), (99, 99, 2)] {
        let mut narrow = Config::default().limits;
        (narrow.head, narrow.target, narrow.headers) = (head, target, headers);
        agreement::check(input, &narrow);
    }
    check_cut(&config, input, &outcome)
}

/// In pieces a fault may be seen later, but no other; and what is good at once is good in pieces.
fn check_cut(config: &Config, input: &[u8], outcome: &Outcome) -> Result<(), TestCaseError> {
    let grown = grown(config, input, 0..=input.len());
    let waits = matches!(outcome, Outcome::Refused(_)) && grown == Outcome::Open;
    prop_assert!(waits || grown == *outcome, "{:?} at once, {:?} byte by byte", outcome, grown);
    // It does not wait for more than the end of the head.
    prop_assert!(!waits || !ends(input), "{:?} at once, and not byte by byte", outcome);
    Ok(())
}

/// Whether there is an empty line behind some other, whichever way lines end.
fn ends(input: &[u8]) -> bool {
    let lines: Vec<_> = input.split(|&byte| byte == b'\n').collect();
    lines.len() > 2 && lines[1..lines.len() - 1].iter().any(|line| matches!(**line, [] | [b'\r']))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn noise_is_refused_or_clean(input in prop_oneof![noise(), vec(any::<u8>(), 0..60)]) {
        check(&input)?;
    }

    #[test]
    fn one_wrong_byte_is_refused_or_clean(
        head in prop::sample::select(&[
            "GET /path?query HTTP/1.1\r\nhost: example.org\r\naccept: */*\r\n\r\n",
            "POST http://a/b HTTP/1.1\r\nhost: a:80\r\ncontent-length: 10\r\nconnection: close\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: [::1]\r\ntransfer-encoding: chunked\r\nexpect: 100-continue\r\n\r\n",
        ][..]),
        place in any::<prop::sample::Index>(),
        byte in prop_oneof![any::<u8>(), prop::sample::select(&b"\r\n\0 :\t,"[..])],
    ) {
        let mut input = head.as_bytes().to_vec();
        let place = place.index(input.len());
        input[place] = byte;
        check(&input)?;
    }

    #[test]
    fn what_was_written_comes_back(
        method in "[A-Z]{1,32}",
        target in "/[!-\"$->@-~]{0,40}(\\?[!-\"$-~]{0,40})?",
        fields in vec(("x-[a-zA-Z0-9!#$%&'*+.^_`|~-]{0,10}", "([!-~]([ -~\t]{0,20}[!-~])?)?", "[ \t]{0,3}"), 0..20),
        cuts in vec(any::<prop::sample::Index>(), 0..10),
    ) {
        prop_assume!(method != "CONNECT");
        let lines = fields.iter().map(|(name, value, space)| format!("{name}:{space}{value}{space}\r\n"));
        let input = format!("{method} {target} HTTP/1.1\r\nhost: a\r\n{}\r\n", lines.collect::<String>());
        let mut lengths: Vec<_> = cuts.iter().map(|cut| cut.index(input.len())).collect();
        lengths.sort_unstable();
        lengths.push(input.len());
        let Outcome::Accepted(head) = grown(&Config::default(), input.as_bytes(), lengths) else {
            return Err(TestCaseError::fail("refused"));
        };
        let taken = agreement::check(input.as_bytes(), &Config::default().limits);
        prop_assert!(taken, "left by the quick reader");
        prop_assert_eq!(head.method.as_str(), method);
        prop_assert_eq!(head.path_len as usize, target.find('?').unwrap_or(target.len()));
        prop_assert_eq!(head.target, target.into_bytes());
        let expected = fields.iter().map(|(name, value, _)| (name.to_ascii_lowercase(), value.clone()));
        prop_assert_eq!(head.headers, [("host".to_owned(), "a".to_owned())].into_iter().chain(expected).collect());
    }
}
