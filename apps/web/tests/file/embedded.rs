use crate::{get, names, run, statuses};
use std::sync::Arc;
use transom::memory;
use transom_web::file::Embedded;

const FILES: &[(&str, &[u8])] = &[
    ("index.html", b"<!doctype html>"),
    ("assets/app.js", b"0123456789"),
    ("assets/app.js.br", b"br"),
    ("about.html", b"about"),
    ("docs/index.html", b"docs"),
    ("empty.txt", b""),
];

#[test]
fn a_file_and_its_fields() {
    let app = Arc::new(Embedded::new(FILES));
    let outcome = get(&app, "/assets/app.js");
    assert_eq!((outcome.body(), outcome.events.len()), (&b"0123456789"[..], 1));
    assert_eq!(names(&outcome), ["content-type", "content-length", "accept-ranges", "etag", "x-content-type-options"]);
    let etag = outcome.header("etag").unwrap();
    let script = || memory::http("GET", "/assets/app.js");
    assert_eq!(run(&app, script().header("if-none-match", etag)).status(), Some(304));
    let part = run(&app, script().header("range", "bytes=2-3").header("if-range", etag));
    assert_eq!((part.status(), part.body()), (Some(206), &b"23"[..]));
    let parts = run(&app, script().header("range", "bytes=2-3,9-"));
    assert_eq!(parts.header("content-length"), Some(parts.body().len().to_string().as_str()));
    let head = run(&app, memory::http("HEAD", "/assets/app.js"));
    assert_eq!((head.headers(), head.body()), (outcome.headers(), &b""[..]));
    assert_eq!(get(&app, "/empty.txt").header("content-length"), Some("0"));
}

#[test]
fn the_tag_is_that_of_the_content() {
    let etag = |content: &'static [u8]| {
        let outcome = get(&Arc::new(Embedded::new(&[("a", content)])), "/a");
        outcome.header("etag").unwrap().to_owned()
    };
    assert_eq!(etag(b"one"), etag(b"one"));
    assert_ne!(etag(b"one"), etag(b"two"));
}

#[test]
fn the_rules_are_those_of_directories() {
    let app = Arc::new(Embedded::new(FILES));
    let paths = ["/", "/docs/", "/docs", "/about", "/gone", "/../index.html", "/assets", "/assets/"];
    assert_eq!(statuses(&app, &paths), [200, 200, 307, 404, 404, 404, 404, 404]);
    let app = Arc::new(Embedded::new(FILES).html(true).fallback("index.html").precompressed(true));
    assert_eq!(statuses(&app, &paths), [200, 200, 307, 200, 200, 404, 200, 200]);
    assert_eq!(get(&app, "/gone.js").status(), Some(404));
    let coded = run(&app, memory::http("GET", "/assets/app.js").header("accept-encoding", "br"));
    assert_eq!((coded.body(), coded.header("content-encoding")), (&b"br"[..], Some("br")));
}
