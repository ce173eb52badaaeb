//! `host` (RFC 9112 section 3.2, RFC 9110 section 7.2).

use crate::row::{GET, OK, Row, SEEN_GET, Then, hear, own_close, run, say};
use transom_tests::quiet;

#[test]
fn values() {
    let good = [
        "a.example",
        "a.example:80",
        "127.0.0.1:8000",
        "[::1]",
        "[::1]:80",
        "[v1.x:y]",
        "a%20b",
        "a_b",
        "a:",
        "xn--a",
        "A",
    ];
    let bad = [
        "a b", "a:b", "a:80:80", "a:65536", "a:-1", "a:+1", "user@a", "http://a", "a/b", "a?b", "a#b", "[::1", "::1",
        "[]", "[::1]x", "a\\b", "a\"b", "<a>", "a%", "a%2", "a%zz", "a\tb", "\u{e4}", "a, b",
    ];
    let mut rows = Vec::new();
    for host in good {
        let request = format!("GET / HTTP/1.1\r\nhost: {host}\r\n\r\n");
        rows.push(Row::served("a good one", request, &[&format!("GET / HTTP/1.1\nhost: {host}\n\n")]));
    }
    for host in bad {
        rows.push(Row::refused("a bad one", format!("GET / HTTP/1.1\r\nhost: {host}\r\n\r\n"), "400 Bad Request"));
        rows.push(Row::refused("in 1.0 too", format!("GET / HTTP/1.0\r\nhost: {host}\r\n\r\n"), "400 Bad Request"));
    }
    run(quiet(), rows);
}

#[test]
fn one_and_no_more() {
    let refused = |name, request| Row::refused(name, request, "400 Bad Request");
    run(
        quiet(),
        vec![
            refused("none in 1.1", "GET / HTTP/1.1\r\n\r\n"),
            refused("none among others", "GET / HTTP/1.1\r\nx-host: a\r\nhosts: a\r\n\r\n"),
            refused("two", "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n"),
            refused("the same twice", "GET / HTTP/1.1\r\nhost: a\r\nHost: a\r\n\r\n"),
            refused("two in 1.0", "GET / HTTP/1.0\r\nhost: a\r\nhost: a\r\n\r\n"),
            refused("a second of nothing", "GET / HTTP/1.1\r\nhost: a\r\nhost:\r\n\r\n"),
            Row::last_served("none in 1.0", "GET / HTTP/1.0\r\n\r\n", &["GET / HTTP/1.0\n\n"]),
            Row::last_served("one in 1.0", "GET / HTTP/1.0\r\nhost: a\r\n\r\n", &["GET / HTTP/1.0\nhost: a\n\n"]),
            Row::served("of nothing", "GET / HTTP/1.1\r\nhost:\r\n\r\n", &["GET / HTTP/1.1\nhost: \n\n"]),
            Row::served(
                "last of all",
                "GET / HTTP/1.1\r\nx: y\r\nHOST: a\r\n\r\n",
                &["GET / HTTP/1.1\nx: y\nhost: a\n\n"],
            ),
            Row::served(
                "another on the same connection",
                format!("{GET}GET / HTTP/1.1\r\nhost: b\r\n\r\n{GET}"),
                &[SEEN_GET, "GET / HTTP/1.1\nhost: b\n\n", SEEN_GET],
            ),
            Row::talk(
                "a bad one after a good one",
                vec![
                    say(format!("{GET}GET / HTTP/1.1\r\nhost: a b\r\n\r\n")),
                    hear([OK, &own_close("400 Bad Request")].concat()),
                ],
            )
            .saw(&[SEEN_GET])
            .then(Then::Closed),
            Row::talk(
                "none after a good one",
                vec![say(format!("{GET}GET / HTTP/1.1\r\n\r\n")), hear([OK, &own_close("400 Bad Request")].concat())],
            )
            .saw(&[SEEN_GET])
            .then(Then::Closed),
        ],
    );
}
