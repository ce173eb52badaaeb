//! Files of the web toolkit over a socket: what of them leaves by `sendfile`, and what the paths of a wire lead to.

use std::fs;
use tempfile::TempDir;
use transom_tests::{Client, Response, Running, quiet};
use transom_web::file::StaticFiles;

/// A site with `large`, whose every byte tells its place, and a file beside it that nobody is to see.
fn site() -> (TempDir, Vec<u8>, Running) {
    let place = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
    fs::create_dir(place.path().join("public")).unwrap();
    fs::write(place.path().join("public/large"), &content).unwrap();
    fs::write(place.path().join("secret"), "secret").unwrap();
    let app = StaticFiles::new(place.path().join("public")).unwrap();
    let server = Running::start(app, quiet());
    (place, content, server)
}

fn get(client: &mut Client, path: &str, fields: &str) -> Response {
    client.send(format!("GET {path} HTTP/1.1\r\nhost: a\r\n{fields}\r\n"));
    client.response()
}

#[test]
fn a_download_is_resumed_on_one_connection() {
    let (_place, content, server) = site();
    let mut client = server.connect();
    let whole = get(&mut client, "/large", "");
    assert!(whole.status == 200 && whole.body == content);
    let etag = whole.field("etag").unwrap().to_owned();

    let rest = get(&mut client, "/large", &format!("range: bytes=1000000-\r\nif-range: {etag}\r\n"));
    assert!(rest.status == 206 && rest.body == content[1_000_000..]);
    assert_eq!(rest.field("content-range"), Some("bytes 1000000-2999999/3000000"));

    let parts = get(&mut client, "/large", "range: bytes=0-99999, -100000\r\n");
    let boundary = parts.field("content-type").unwrap().strip_prefix("multipart/byteranges; boundary=").unwrap();
    let part = |range: &str, data: &[u8]| {
        let head = format!(
            "--{boundary}\r\ncontent-type: application/octet-stream\r\ncontent-range: bytes {range}/3000000\r\n\r\n"
        );
        [head.as_bytes(), data, b"\r\n"].concat()
    };
    let end = format!("--{boundary}--\r\n").into_bytes();
    let expected = [part("0-99999", &content[..100_000]), part("2900000-2999999", &content[2_900_000..]), end];
    assert!(parts.status == 206 && parts.body == expected.concat());

    let same = get(&mut client, "/large", &format!("if-none-match: {etag}\r\n"));
    assert_eq!((same.status, same.body.len()), (304, 0));
    client.send("HEAD /large HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(client.head().field("content-length"), Some("3000000"));
    assert_eq!(get(&mut client, "/large", "range: bytes=3000000-\r\n").status, 416);
}

#[test]
fn no_path_leads_out() {
    let (_place, _, server) = site();
    let mut client = server.connect();
    for path in [
        "/../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/%2e%2e%2fsecret",
        "/..%5csecret",
        "//secret",
        "/./large",
        "/large/../../secret",
        "/large%00",
        "http://a/../secret",
    ] {
        let response = get(&mut client, path, "");
        assert_eq!((response.status, response.field("location")), (404, None), "{path}");
    }
}
