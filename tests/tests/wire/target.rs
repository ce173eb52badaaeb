//! The four forms of a request target, each only where its method allows it (RFC 9112 section 3.2).

use crate::row::{Row, run};
use transom_tests::quiet;

/// SPEC: PATH-1, PATH-4
#[test]
fn origin_form() {
    run(
        quiet(),
        vec![
            get("a path", "/a/b.c", "/a/b.c"),
            get("a query", "/a?b=c&d", "/a?b=c&d"),
            get("a query of nothing", "/?", "/?"),
            get("a second question mark", "/a?b?c", "/a?b?c"),
            get("percent-encoding stays", "/a%2Fb%20%00?%c3%a4", "/a%2Fb%20%00?%c3%a4"),
            get("even where it is none", "/100%?%zz", "/100%?%zz"),
            get("dots stay", "/a/../b/./c", "/a/../b/./c"),
            get("slashes stay", "//a///b/", "//a///b/"),
            get("a URL within the path", "/http://b/c", "/http://b/c"),
            get("all that RFC 3986 allows", "/-._~!$&'()*+,;=:@", "/-._~!$&'()*+,;=:@"),
            get("what browsers send all the same", "/\"<>\\^`{|}[]?\"<>\\^`{|}[]", "/\"<>\\^`{|}[]?\"<>\\^`{|}[]"),
            bad("a fragment", "/a#b"),
            bad("a fragment of nothing", "/#"),
            bad("a fragment behind a query", "/?a#b"),
            bad("not ASCII", "/\u{e4}"),
            bad("not ASCII in a query", "/?\u{e4}"),
            bad("NUL", "/a\0"),
            bad("DEL", "/a\x7f"),
            bad("a control", "/a\x1b[0m"),
            bad("without a slash", "a/b"),
            bad("only a query", "?a"),
            bad("a dot", "."),
            Row::refused("bytes that are no UTF-8", b"GET /\xff HTTP/1.1\r\nhost: a\r\n\r\n", "400 Bad Request"),
        ],
    );
}

#[test]
fn what_browsers_send_can_be_refused() {
    let mut config = quiet();
    config.strict_target = true;
    let rows = ["/\"", "/<", "/>", "/\\", "/^", "/`", "/{", "/|", "/}", "/?\""];
    let mut rows: Vec<_> = rows.into_iter().map(|target| bad("not of RFC 3986", target)).collect();
    rows.push(get("all that RFC 3986 allows", "/-._~!$&'()*+,;=:@%20?/?", "/-._~!$&'()*+,;=:@%20?/?"));
    run(config, rows);
}

/// SPEC: PATH-1, PATH-3, HEADERS-5
#[test]
fn absolute_form() {
    run(
        quiet(),
        vec![
            absolute("replaces host", "http://b/c?d", "/c?d", "b"),
            absolute("with a port", "http://b:8080/c", "/c", "b:8080"),
            absolute("with a port of nothing", "http://b:/c", "/c", "b:"),
            absolute("https", "https://b/c", "/c", "b"),
            absolute("a scheme has no case", "HtTp://b/c", "/c", "b"),
            absolute("without a path", "http://b", "/", "b"),
            absolute("without a path, with a query", "http://b?c=/d", "/?c=/d", "b"),
            absolute("an IPv6 address", "http://[::1]:80/", "/", "[::1]:80"),
            absolute("another URL within", "http://b/http://c/d", "/http://c/d", "b"),
            absolute("with slashes", "http://b//c", "//c", "b"),
            Row::last_served(
                "gives HTTP/1.0 a host",
                "GET http://b/ HTTP/1.0\r\nx: y\r\n\r\n",
                &["GET / HTTP/1.0\nx: y\nhost: b\n\n"],
            ),
            Row::served(
                "a POST keeps its body",
                "POST http://b/c HTTP/1.1\r\ncontent-length: 2\r\nhost: a\r\n\r\nhi",
                &["POST /c HTTP/1.1\ncontent-length: 2\nhost: b\n\nhi"],
            ),
            bad("no authority", "http://"),
            bad("no authority, but a path", "http:///a"),
            bad("a port alone", "http://:80/"),
            bad("user information", "http://user@b/"),
            bad("a bad port", "http://b:99999/"),
            bad("a port of letters", "http://b:x/"),
            bad("a bad address", "http://[::g]/"),
            bad("a fragment", "http://b/#c"),
            bad("another scheme", "ftp://b/"),
            bad("a scheme of no authority", "mailto:a@b"),
            bad("one slash", "http:/b"),
            bad("a backslash", "http:\\\\b/"),
            Row::refused("which does not replace a missing host", "GET http://b/ HTTP/1.1\r\n\r\n", "400 Bad Request"),
            Row::refused("nor a bad one", "GET http://b/ HTTP/1.1\r\nhost: a b\r\n\r\n", "400 Bad Request"),
        ],
    );
}

/// SPEC: PATH-1
#[test]
fn asterisk_form() {
    run(
        quiet(),
        vec![
            Row::served("OPTIONS", "OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n", &["OPTIONS * HTTP/1.1\nhost: a\n\n"]),
            Row::served(
                "OPTIONS of a server in absolute form",
                "OPTIONS http://b HTTP/1.1\r\nhost: a\r\n\r\n",
                &["OPTIONS * HTTP/1.1\nhost: b\n\n"],
            ),
            Row::served(
                "OPTIONS of its root",
                "OPTIONS http://b/ HTTP/1.1\r\nhost: a\r\n\r\n",
                &["OPTIONS / HTTP/1.1\nhost: b\n\n"],
            ),
            bad("GET", "*"),
            Row::refused("POST", "POST * HTTP/1.1\r\nhost: a\r\n\r\n", "400 Bad Request"),
            Row::refused("a path of it", "OPTIONS */ HTTP/1.1\r\nhost: a\r\n\r\n", "400 Bad Request"),
            Row::refused("a query of it", "OPTIONS *?a HTTP/1.1\r\nhost: a\r\n\r\n", "400 Bad Request"),
            Row::refused("CONNECT", "CONNECT * HTTP/1.1\r\nhost: a\r\n\r\n", "400 Bad Request"),
        ],
    );
}

#[test]
fn authority_form() {
    let connect = |name, target| {
        let request = format!("CONNECT {target} HTTP/1.1\r\nhost: a\r\n\r\n");
        Row::refused(name, request, "400 Bad Request")
    };
    run(
        quiet(),
        vec![
            bad("is not for GET", "b:80"),
            connect("no port", "b"),
            connect("a port of nothing", "b:"),
            connect("no host", ":80"),
            connect("a path", "/"),
            connect("a path behind it", "b:80/"),
            connect("user information", "user@b:80"),
            connect("a bad port", "b:65536"),
            connect("absolute form", "http://b:80/"),
            connect("an open bracket", "[::1:80"),
        ],
    );
}

#[track_caller]
fn get(name: &'static str, target: &str, seen: &str) -> Row {
    absolute(name, target, seen, "a")
}

#[track_caller]
fn absolute(name: &'static str, target: &str, seen: &str, host: &str) -> Row {
    let request = format!("GET {target} HTTP/1.1\r\nhost: a\r\n\r\n");
    Row::served(name, request, &[&format!("GET {seen} HTTP/1.1\nhost: {host}\n\n")])
}

#[track_caller]
fn bad(name: &'static str, target: &str) -> Row {
    Row::refused(name, format!("GET {target} HTTP/1.1\r\nhost: a\r\n\r\n"), "400 Bad Request")
}
