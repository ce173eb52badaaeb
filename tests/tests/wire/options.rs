//! What the configuration adds to requests and responses.

use crate::row::{Row, Then, run};
use crate::script::{inform, last, respond, start};
use transom_server::Config;
use transom_tests::{Running, quiet};

/// SPEC: HTTP-SEND-21
#[test]
fn fields_of_every_response() {
    let mut config = quiet();
    config.server_header = Some("transom".into());
    config.headers.push("X-Frame-Options", b"DENY");
    config.headers.push("a", b"1");
    config.headers.push("a", b"2");
    let added = "server: transom\r\nx-frame-options: DENY\r\na: 1\r\na: 2\r\n";
    run(
        config,
        vec![
            Row::answered(
                "to all",
                || vec![respond(200, &[], "ok")],
                format!("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n{added}\r\nok"),
            ),
            Row::answered(
                "to streams",
                || vec![start(200, &[]), last("")],
                format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n{added}\r\n0\r\n\r\n"),
            ),
            Row::answered(
                "without a body",
                || vec![respond(204, &[], "")],
                format!("HTTP/1.1 204 No Content\r\n{added}\r\n"),
            ),
            Row::answered(
                "what the application says comes first",
                || vec![respond(200, &[("server", "mine"), ("a", "3")], "ok")],
                "HTTP/1.1 200 OK\r\nserver: mine\r\na: 3\r\ncontent-length: 2\r\nx-frame-options: DENY\r\n\r\nok",
            ),
            Row::answered(
                "not to interim responses",
                || vec![inform(103, &[]), respond(200, &[], "ok")],
                format!("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n{added}\r\nok"),
            ),
            Row::asked(
                "to those of the server itself",
                "GET\r\n\r\n",
                Vec::new,
                format!(
                    "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 12\r\n\
                     connection: close\r\n{added}\r\nBad Request\n"
                ),
            )
            .then(Then::Closed),
        ],
    );
}

/// The date of every response, in the one format there is (RFC 9110 section 5.6.7).
#[test]
fn date() {
    let server = Running::start(hello::app, Config::default());
    let mut client = server.connect();
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    let response = client.response();
    let date = response.field("date").expect("a date");
    assert_eq!((date.len(), &date[3..5], &date[25..]), (29, ", ", " GMT"), "{date}");
    assert_eq!(response.field("server"), Some("transom"));
    client.send("GET / HTTP/2.0\r\n\r\n");
    assert!(client.response().field("date").is_some());
}

/// SPEC: HTTP-SEND-21
#[test]
fn the_date_of_the_application() {
    let mut config = quiet();
    config.date_header = true;
    run(
        config,
        vec![Row::answered(
            "is the only one",
            || vec![respond(200, &[("date", "Thu, 01 Jan 1970 00:00:00 GMT")], "ok")],
            "HTTP/1.1 200 OK\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\ncontent-length: 2\r\n\r\nok",
        )],
    );
}

/// SPEC: PATH-8
#[test]
fn root_path() {
    let mut config = quiet();
    config.root_path = "/app/".into();
    let row = |name, line: &str, seen: &str| {
        let request = format!("{line} HTTP/1.1\r\nhost: a\r\n\r\n");
        Row::served(name, request, &[&format!("{seen} HTTP/1.1\nhost: a\n\n")])
    };
    run(
        config,
        vec![
            row("the proxy took it off", "GET /x?y", "GET /app|/x?y"),
            row("it did not", "GET /app/x?y", "GET /app|/x?y"),
            row("the root", "GET /", "GET /app|/"),
            row("the root of the application", "GET /app", "GET /app|"),
            row("with a slash", "GET /app/", "GET /app|/"),
            row("with a query", "GET /app?x", "GET /app|?x"),
            row("something longer", "GET /apple", "GET /app|/apple"),
            row("percent-encoding is not looked through", "GET /%61pp/x", "GET /app|/%61pp/x"),
            row("the server as a whole", "OPTIONS *", "OPTIONS *"),
            Row::asked(
                "a tunnel",
                "CONNECT b:80 HTTP/1.1\r\nhost: a\r\n\r\n",
                || vec![respond(404, &[], "")],
                "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            )
            .saw(&["CONNECT b:80 HTTP/1.1\nhost: a\n\n"]),
        ],
    );
}
