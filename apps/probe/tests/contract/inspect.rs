use super::{app, get};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use transom::memory::{self, Outcome};
use transom::{Address, HttpVersion, Scheme, ServerInfo};

fn report(outcome: &Outcome) -> Value {
    assert_eq!((outcome.status(), outcome.header("content-type")), (Some(200), Some("text/plain")));
    serde_json::from_slice(outcome.body()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn everything() {
    let request = memory::http("PATCH", "/inspect/t%C3%A9?q=%20\u{e9}").header("X-A", b"\xe9").header("x-a", "2");
    let outcome = request.body("abc").start(app()).await;
    let expected = json!({
        "type": "http",
        "method": "PATCH",
        "http_version": "1.1",
        "scheme": "http",
        "path": "/inspect/té",
        "raw_path": "/inspect/t%C3%A9",
        // Two bytes of UTF-8, each of them a character.
        "query_string": "q=%20\u{c3}\u{a9}",
        "root_path": "",
        "headers": [["host", "localhost"], ["x-a", "é"], ["x-a", "2"], ["content-length", "3"]],
        "client": ["127.0.0.1", 50000],
        "server": ["127.0.0.1", 80],
        "body_len": 3,
        "body_sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "body_hex": "616263",
    });
    assert_eq!(report(&outcome), expected);
}

#[tokio::test(start_paused = true)]
async fn a_long_body_has_no_hex() {
    let request = |length: usize| memory::http("POST", "/inspect").chunks([vec![0; 4000], vec![1; length - 4000]]);
    let just = report(&request(4096).start(app()).await);
    assert_eq!((&just["body_len"], just["body_hex"].as_str().unwrap().len()), (&json!(4096), 8192));
    let over = report(&request(4097).start(app()).await);
    assert_eq!((&over["body_len"], &over["body_hex"]), (&json!(4097), &Value::Null));
}

#[tokio::test(start_paused = true)]
async fn asterisk() {
    let outcome = memory::http("OPTIONS", "*").start(app()).await;
    assert_eq!((&report(&outcome)["path"], &report(&outcome)["raw_path"]), (&json!("*"), &json!("*")));
    assert_eq!(report(&get("/inspector").await)["method"], "GET");
}

#[tokio::test(start_paused = true)]
async fn versions_and_schemes() {
    for (version, text) in [(HttpVersion::Http10, "1.0"), (HttpVersion::Http2, "2")] {
        let request = memory::http("GET", "/inspect").version(version).head(|head| head.scheme = Scheme::Https);
        let report = report(&request.start(app()).await);
        assert_eq!((&report["http_version"], &report["scheme"]), (&json!(text), &json!("https")));
    }
}

/// SPEC: PATH-9
#[tokio::test(start_paused = true)]
async fn root_path_is_what_links_begin_with() {
    let request = memory::http("GET", "/m%20x/inspect").mount("/m%20x").connection(|connection| {
        let mut server = ServerInfo::clone(&connection.server_info);
        server.external_prefix = Some("/front".into());
        connection.server_info = Arc::new(server);
    });
    let report = report(&request.start(app()).await);
    assert_eq!((&report["root_path"], &report["path"]), (&json!("/front/m x"), &json!("/m x/inspect")));
}

#[tokio::test(start_paused = true)]
async fn unix_sockets() {
    let request = memory::http("GET", "/inspect").connection(|connection| {
        connection.client = Address::Unix(None);
        connection.server = Address::Unix(Some(Path::new("/run/probe").into()));
    });
    let report = report(&request.start(app()).await);
    assert_eq!((&report["client"], &report["server"]), (&Value::Null, &json!(["/run/probe", null])));
}
