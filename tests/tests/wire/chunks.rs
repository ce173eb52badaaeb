//! The chunked coding of request bodies (RFC 9112 section 7.1). The decoder's own tests have every detail; these rows are what
//! comes of it: what the application receives, and that nothing behind a fault is taken for a request.

use crate::row::{GET, OK, Row, Then, hear, own_close, run, say};
use crate::script::{Step, respond};
use transom::{BadRequest, End};
use transom_tests::quiet;

const HEAD: &str = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
const SEEN: &str = "POST / HTTP/1.1\nhost: a\ntransfer-encoding: chunked\n\n";

/// SPEC: EVENT-2, HTTP-RECV-1
#[test]
fn good() {
    let good = |name, body: &str, seen: &str| Row::served(name, format!("{HEAD}{body}"), &[&format!("{SEEN}{seen}")]);
    run(
        quiet(),
        vec![
            good("one", "5\r\nhello\r\n0\r\n\r\n", "hello"),
            good("none", "0\r\n\r\n", ""),
            good("several", "1\r\nh\r\n3\r\nell\r\n1\r\no\r\n0\r\n\r\n", "hello"),
            good("sizes in either case", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"),
            good("zeros in front", "0005\r\nhello\r\n00\r\n\r\n", "hello"),
            good("line ends are data", "4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n"),
            good("what looks like the end", "5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"),
            good("an extension", "5;a=b\r\nhello\r\n0\r\n\r\n", "hello"),
            good("extensions of all kinds", "5;a;b=\"c;d\"; e=f\r\nhello\r\n0;g\r\n\r\n", "hello"),
            Row::served(
                "another request behind it",
                format!("{HEAD}2\r\nhi\r\n0\r\n\r\n{GET}"),
                &[&format!("{SEEN}hi"), crate::row::SEEN_GET],
            ),
        ],
    );
}

/// SPEC: HTTP-RECV-7, RETURN-2
#[test]
fn bad() {
    let bad = |name, body: &str| {
        // Nothing behind the fault is a request, whatever it looks like.
        let request = format!("{HEAD}{body}\r\n{GET}");
        Row::talk(name, vec![say(request), hear(own_close("400 Bad Request"))])
            .saw(&[&format!("{SEEN}!BadRequest(Malformed)")])
            .then(Then::Closed)
    };
    run(
        quiet(),
        vec![
            bad("no size", "\r\nhello\r\n0\r\n\r\n"),
            bad("only an extension", ";a=b\r\nhello\r\n0\r\n\r\n"),
            bad("a size of no digits", "xyz\r\nhello\r\n0\r\n\r\n"),
            bad("with 0x", "0x5\r\nhello\r\n0\r\n\r\n"),
            bad("with a minus", "-5\r\nhello\r\n0\r\n\r\n"),
            bad("with a plus", "+5\r\nhello\r\n0\r\n\r\n"),
            bad("with a space in front", " 5\r\nhello\r\n0\r\n\r\n"),
            bad("with a space behind", "5 \r\nhello\r\n0\r\n\r\n"),
            bad("with a tab behind", "5\t\r\nhello\r\n0\r\n\r\n"),
            bad("a size line that ends with LF", "5\nhello\r\n0\r\n\r\n"),
            bad("a size line that ends with CR", "5\rhello\r\n0\r\n\r\n"),
            bad("LF within an extension", "5;a\nb\r\nhello\r\n0\r\n\r\n"),
            bad("NUL within an extension", "5;a=\0\r\nhello\r\n0\r\n\r\n"),
            bad("17 digits", "00000000000000005\r\nhello\r\n0\r\n\r\n"),
            bad("above 63 bits", "8000000000000000\r\nhello\r\n0\r\n\r\n"),
            bad("above 64 bits", "10000000000000005\r\nhello\r\n0\r\n\r\n"),
            bad("as large as 64 bits can hold", "ffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
            bad("extensions without end", &format!("5;{}\r\nhello\r\n0\r\n\r\n", "a".repeat(4097))),
            bad("a folded trailer", "0\r\na: b\r\n c\r\n\r\n"),
            bad("a trailer with a space", "0\r\na : b\r\n\r\n"),
            bad("a trailer without a colon", "0\r\na\r\n\r\n"),
            bad("a trailer that ends with LF", "0\r\na: b\nc: d\r\n\r\n"),
        ],
    );
}

/// What came in front of the fault is received, in as many events as it may be.
/// SPEC: HTTP-RECV-7
#[test]
fn bad_behind_data() {
    let bad = |name, body: &str, seen: &str| {
        Row::talk(name, vec![say(format!("{HEAD}{body}\r\n{GET}")), hear(own_close("400 Bad Request"))])
            .saw(&[&format!("{SEEN}{seen}!BadRequest(Malformed)")])
            .then(Then::Closed)
    };
    run(
        quiet(),
        vec![
            bad("data longer than its size", "5\r\nhello!\r\n0\r\n\r\n", "hello"),
            bad("no line end behind the data", "5\r\nhello0\r\n\r\n", "hello"),
            bad("data that ends with LF", "5\r\nhello\n0\r\n\r\n", "hello"),
            bad("data that ends with CR", "5\r\nhello\r0\r\n\r\n", "hello"),
            bad("a bad second size", "5\r\nhello\r\n5 \r\nworld\r\n0\r\n\r\n", "hello"),
            bad("an empty line for the last chunk", "5\r\nhello\r\n\r\n", "hello"),
            bad("a bad end", "5\r\nhello\r\n0\r\n\n", "hello"),
        ],
    );
}

/// SPEC: HTTP-RECV-11, HTTP-RECV-12
#[test]
fn the_application_may_answer_a_bad_body() {
    run(
        quiet(),
        vec![
            Row::asked(
                "by itself; the connection is closed all the same, and says so",
                format!("{HEAD}x\r\n\r\n{GET}"),
                || vec![Step::ReadAnyhow, Step::Ends(End::BadRequest(BadRequest::Malformed)), respond(422, &[], "no")],
                "HTTP/1.1 422 Unprocessable Content\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno",
            )
            .saw(&[&format!("{SEEN}!BadRequest(Malformed)")])
            .then(Then::Closed),
            Row::asked(
                "or fail, which is not its fault",
                format!("{HEAD}x\r\n\r\n"),
                || vec![Step::ReadAnyhow, crate::script::fail()],
                own_close("400 Bad Request"),
            )
            .then(Then::Closed),
            Row::asked(
                "or have answered before it read",
                format!("{HEAD}x\r\n\r\n{GET}"),
                || vec![respond(200, &[], "ok"), Step::ReadAnyhow],
                OK,
            )
            .saw(&[&format!("{SEEN}!BadRequest(Malformed)")])
            .then(Then::Closed),
        ],
    );
}
