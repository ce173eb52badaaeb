//! Request lines (RFC 9112 section 3), and what may stand in front of them (section 2.2).

use crate::row::{GET, OK_CLOSE, Row, SEEN_GET, Then, hear, own_close, run, say};
use transom_tests::quiet;

/// SPEC: APP-1, SCOPE-9
#[test]
fn methods() {
    let longest = "A".repeat(32);
    run(
        quiet(),
        vec![
            Row::served("GET", GET, &[SEEN_GET]),
            Row::served(
                "a method of no registry",
                "FOO / HTTP/1.1\r\nhost: a\r\n\r\n",
                &["FOO / HTTP/1.1\nhost: a\n\n"],
            ),
            Row::served("QUERY", "QUERY / HTTP/1.1\r\nhost: a\r\n\r\n", &["QUERY / HTTP/1.1\nhost: a\n\n"]),
            Row::served("methods have a case", "get / HTTP/1.1\r\nhost: a\r\n\r\n", &["get / HTTP/1.1\nhost: a\n\n"]),
            Row::served(
                "TRACE is the application's",
                "TRACE / HTTP/1.1\r\nhost: a\r\n\r\n",
                &["TRACE / HTTP/1.1\nhost: a\n\n"],
            ),
            Row::served(
                "every character of a token",
                "!#$%&'*+-.^_`|~09azAZ / HTTP/1.1\r\nhost: a\r\n\r\n",
                &["!#$%&'*+-.^_`|~09azAZ / HTTP/1.1\nhost: a\n\n"],
            ),
            Row::served(
                "a method of 32 bytes",
                format!("{longest} / HTTP/1.1\r\nhost: a\r\n\r\n"),
                &[&format!("{longest} / HTTP/1.1\nhost: a\n\n")],
            ),
            Row::refused("a longer one", format!("{longest}A / HTTP/1.1\r\nhost: a\r\n\r\n"), "501 Not Implemented"),
            bad("no method", " / HTTP/1.1\r\nhost: a\r\n\r\n"),
            bad("? in a method", "G?T / HTTP/1.1\r\nhost: a\r\n\r\n"),
            bad("( in a method", "G(T / HTTP/1.1\r\nhost: a\r\n\r\n"),
            bad("a method like a field", "GET: / HTTP/1.1\r\nhost: a\r\n\r\n"),
            bad("NUL in a method", "G\0T / HTTP/1.1\r\nhost: a\r\n\r\n"),
            bad("UTF-8 in a method", "G\u{cb}T / HTTP/1.1\r\nhost: a\r\n\r\n"),
            bad("a comma in a method", "GET, / HTTP/1.1\r\nhost: a\r\n\r\n"),
        ],
    );
}

#[test]
fn versions() {
    let unsupported = |name, request| Row::refused(name, request, "505 HTTP Version Not Supported");
    run(
        quiet(),
        vec![
            Row::last_served("1.0", "GET / HTTP/1.0\r\n\r\n", &["GET / HTTP/1.0\n\n"]),
            unsupported("0.9 by name", "GET / HTTP/0.9\r\nhost: a\r\n\r\n"),
            Row::served("1.2 is 1.1 and more", "GET / HTTP/1.2\r\nhost: a\r\n\r\n", &[SEEN_GET]),
            Row::served("and so is 1.9", "GET / HTTP/1.9\r\nhost: a\r\n\r\n", &[SEEN_GET]),
            bad("1.2 without a host", "GET / HTTP/1.2\r\n\r\n"),
            bad("1.2 with an LF for a line end", "GET / HTTP/1.2\nhost: a\r\n\r\n"),
            bad("1.2 and a space", "GET / HTTP/1.2 \r\nhost: a\r\n\r\n"),
            unsupported("2.0", "GET / HTTP/2.0\r\nhost: a\r\n\r\n"),
            unsupported("3.0", "GET / HTTP/3.0\r\nhost: a\r\n\r\n"),
            unsupported("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            bad("none, as in 0.9", "GET /\r\n\r\n"),
            bad("none, after a space", "GET / \r\nhost: a\r\n\r\n"),
            bad("in lower case", "GET / http/1.1\r\nhost: a\r\n\r\n"),
            bad("without a slash", "GET / HTTP1.1\r\nhost: a\r\n\r\n"),
            bad("of another protocol", "GET / HTTPS/1.1\r\nhost: a\r\n\r\n"),
            bad("without a minor number", "GET / HTTP/2\r\nhost: a\r\n\r\n"),
            bad("with a point and nothing after it", "GET / HTTP/1.\r\nhost: a\r\n\r\n"),
            bad("of two digits", "GET / HTTP/1.10\r\nhost: a\r\n\r\n"),
            bad("of three numbers", "GET / HTTP/1.1.1\r\nhost: a\r\n\r\n"),
            bad("with a comma", "GET / HTTP/1,1\r\nhost: a\r\n\r\n"),
            bad("with letters", "GET / HTTP/1.x\r\nhost: a\r\n\r\n"),
            bad("with a sign", "GET / HTTP/+1.1\r\nhost: a\r\n\r\n"),
            bad("with a zero in front", "GET / HTTP/01.1\r\nhost: a\r\n\r\n"),
            bad("with a space within", "GET / HTTP/ 1.1\r\nhost: a\r\n\r\n"),
        ],
    );
}

#[test]
fn separators() {
    run(
        quiet(),
        vec![
            bad("two spaces behind the method", "GET  / HTTP/1.1\r\nhost: a\r\n\r\n"),
            bad("two spaces behind the target", "GET /  HTTP/1.1\r\nhost: a\r\n\r\n"),
            bad("a space behind the version", "GET / HTTP/1.1 \r\nhost: a\r\n\r\n"),
            bad("a word behind the version", "GET / HTTP/1.1 x\r\nhost: a\r\n\r\n"),
            bad("a tab behind the method", "GET\t/ HTTP/1.1\r\nhost: a\r\n\r\n"),
            bad("a tab behind the target", "GET /\tHTTP/1.1\r\nhost: a\r\n\r\n"),
            bad("a vertical tab", "GET\x0b/ HTTP/1.1\r\nhost: a\r\n\r\n"),
            bad("a CR for a space", "GET\r/ HTTP/1.1\r\nhost: a\r\n\r\n"),
            bad("no target", "GET HTTP/1.1\r\nhost: a\r\n\r\n"),
            bad("a space within the target", "GET /a b HTTP/1.1\r\nhost: a\r\n\r\n"),
            bad("a CR too many", "GET / HTTP/1.1\r\r\nhost: a\r\n\r\n"),
            bad("an LF for a line end", "GET / HTTP/1.1\nhost: a\r\n\r\n"),
            bad("a CR for a line end", "GET / HTTP/1.1\rhost: a\r\n\r\n"),
            bad("a TLS client hello", "\x16\x03\x01\x02\0\x01\0\x01\u{7c}\x03\x03\r\n\r\n"),
            bad("an SSH greeting", "SSH-2.0-OpenSSH_9.6\r\n\r\n"),
            bad("only NUL", "\0\0\0\0\r\n\r\n"),
        ],
    );
}

#[test]
fn empty_lines_in_front() {
    let post = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi";
    let seen_post = "POST / HTTP/1.1\nhost: a\ncontent-length: 2\n\nhi";
    run(
        quiet(),
        vec![
            Row::served("one before the first request", format!("\r\n{GET}"), &[SEEN_GET]),
            Row::served("one between two", format!("{GET}\r\n{GET}"), &[SEEN_GET, SEEN_GET]),
            Row::served("one behind a body", format!("{post}\r\n{GET}"), &[seen_post, SEEN_GET]),
            Row::talk("one, and nothing else for a while", vec![say("\r\n"), say(GET), hear(crate::row::OK)])
                .saw(&[SEEN_GET]),
            Row::served("one counts for nothing", format!("{GET}\r\n"), &[SEEN_GET]),
            bad("two", "\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n"),
            bad("an LF alone", "\nGET / HTTP/1.1\r\nhost: a\r\n\r\n"),
            bad("a CR alone", "\rGET / HTTP/1.1\r\nhost: a\r\n\r\n"),
            bad("two LFs", "\n\nGET / HTTP/1.1\r\nhost: a\r\n\r\n"),
            bad("a whole and half a line end", "\r\n\nGET / HTTP/1.1\r\nhost: a\r\n\r\n"),
            bad("a space", " GET / HTTP/1.1\r\nhost: a\r\n\r\n"),
            Row::talk(
                "two between two requests",
                vec![
                    say(format!("{GET}\r\n\r\n{GET}")),
                    hear([crate::row::OK, &own_close("400 Bad Request")].concat()),
                ],
            )
            .saw(&[SEEN_GET])
            .then(Then::Closed),
            Row::talk("one in front of the last", vec![say("\r\nGET / HTTP/1.0\r\n\r\n"), hear(OK_CLOSE)])
                .then(Then::Closed),
        ],
    );
}

#[track_caller]
fn bad(name: &'static str, request: &'static str) -> Row {
    Row::refused(name, request, "400 Bad Request")
}
