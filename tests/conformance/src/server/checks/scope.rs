//! Scopes: what a request is to the application.

use crate::server::check::{Checked, Fault, checks, ensure, same};
use crate::server::events::{GET, respond};
use crate::server::probe::{Http, Probe, hello};
use crate::server::stage::{Served, Stage};
use transom::{Address, Capabilities, HttpScope, Manifest, Outgoing, State};

checks! {
    one_call_for_each_request: "APP-1";
    manifest_comes_first: "APP-9";
    what_is_required_is_there: "APP-10";
    methods_and_targets: "SCOPE-9" "PATH-1" "PATH-2" "PATH-4" "PATH-5";
    absolute_targets: "PATH-1" "PATH-3" "HEADERS-5";
    root_paths: "PATH-8" "PATH-5";
    fields: "HEADERS-1" "HEADERS-2" "HEADERS-3" "HEADERS-4";
    bodies_that_are_announced: "SCOPE-10";
    protocols: "SCOPE-11";
    connections: "SCOPE-5" "SCOPE-6" "SCOPE-7" "SCOPE-8";
    scopes_that_are_kept: "SCOPE-3" "SCOPE-4";
    state: "STATE-1";
    capabilities: "CAP-1" "CAP-2" "CAP-3";
}

/// Tells what the path names of the scope, and answers.
const TELLS: Http = |aside, scope, _receive, mut send| {
    aside.tell(line(&scope));
    Box::pin(async move { Ok(send.send(respond("ok")).await?) })
};

fn line(scope: &HttpScope) -> String {
    let show = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let (target, raw, root, local) = (scope.target(), scope.raw_path(), scope.root_path(), scope.local_path());
    let sum = if raw == [root, local].concat() { "" } else { " and the path is not the sum of its parts" };
    format!("{} {} path {} query {:?}{sum}", scope.method(), show(target), show(raw), scope.query().map(show))
}

fn one_call_for_each_request(stage: &Stage) -> Checked {
    let served = stage.http(TELLS)?;
    let mut client = served.connect()?;
    for _ in 0..2 {
        client.ask(GET)?.is(200, "ok")?;
        served.tells("GET / path / query None")?;
    }
    for refused in
        ["GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nhost : a\r\n\r\n", "GET  / HTTP/1.1\r\nhost: a\r\n\r\n"]
    {
        let response = served.connect()?.ask(refused)?;
        same("the status of what is no request", response.status, 400)?;
    }
    served.connect()?.ask(GET.replace('/', "/last").replacen("HTTP/last", "HTTP/", 1))?.is(200, "ok")?;
    served.tells("GET /last path /last query None")?;
    same("further calls", served.rest(), Vec::<String>::new())
}

fn manifest_comes_first(stage: &Stage) -> Checked {
    let served = stage.http(TELLS)?;
    served.connect()?.ask(GET)?.is(200, "ok")?;
    let all = served.all();
    same("what happens first", all.first().map(String::as_str), Some("manifest"))?;
    same("what happens last", all.last().map(String::as_str), Some("GET / path / query None"))
}

const ALL: Capabilities = Capabilities::INFORMATIONAL
    .union(Capabilities::TRAILERS)
    .union(Capabilities::FILE)
    .union(Capabilities::FULL_DUPLEX)
    .union(Capabilities::UPGRADE)
    .union(Capabilities::WEBSOCKET_CONTROL)
    .union(Capabilities::WEBSOCKET_DENIAL)
    .union(Capabilities::CLOSED_WATCH);

fn what_is_required_is_there(stage: &Stage) -> Checked {
    let requiring = |capabilities| Probe {
        http: Some(hello),
        manifest: Manifest::default().requiring(capabilities),
        ..Probe::default()
    };
    let served = stage.serve(requiring(stage.traits.capabilities))?;
    served.connect()?.ask(GET)?.is(200, "hello")?;
    let missing = ALL.without(stage.traits.capabilities);
    if missing.is_empty() {
        return Err(Fault::Skipped("the server has all capabilities that there are".into()));
    }
    refuses(stage.try_serve(requiring(missing))?)
}

/// The server does not serve, and says so.
pub(super) fn refuses(served: Result<Served, String>) -> Checked {
    let Ok(mut served) = served else { return Ok(()) };
    if let Ok(mut client) = served.connect() {
        ensure!(client.ask(GET).is_err(), "the server serves");
    }
    ensure!(served.stop()?.is_err(), "the server calls it a success");
    Ok(())
}

fn methods_and_targets(stage: &Stage) -> Checked {
    let served = stage.http(TELLS)?;
    let mut client = served.connect()?;
    for (line, told) in [
        ("GET /", r#"GET / path / query None"#),
        ("get /", r#"get / path / query None"#),
        ("M-SEARCH /a", r#"M-SEARCH /a path /a query None"#),
        (
            "DELETE /a%2Fb/../c//d/./?x=1?y",
            r#"DELETE /a%2Fb/../c//d/./?x=1?y path /a%2Fb/../c//d/./ query Some("x=1?y")"#,
        ),
        ("GET /%41%zz?", r#"GET /%41%zz? path /%41%zz query Some("")"#),
        ("GET //?%20+;&=", r#"GET //?%20+;&= path // query Some("%20+;&=")"#),
        ("OPTIONS *", r#"OPTIONS * path * query None"#),
    ] {
        client.ask(format!("{line} HTTP/1.1\r\nhost: a\r\n\r\n"))?.is(200, "ok")?;
        served.tells(told)?;
    }
    client.send("CONNECT example.org:443 HTTP/1.1\r\nhost: example.org:443\r\n\r\n");
    served.tells("CONNECT example.org:443 path example.org:443 query None")
}

fn absolute_targets(stage: &Stage) -> Checked {
    let served = stage.http(|aside, scope, _receive, mut send| {
        let host = scope.headers().get_all("host").map(|host| host.escape_ascii().to_string());
        aside.tell(format!("{} at {}", line(&scope), host.collect::<Vec<_>>().join(" and ")));
        Box::pin(async move { Ok(send.send(respond("ok")).await?) })
    })?;
    let mut client = served.connect()?;
    for (target, told) in [
        ("http://example.org/a?b", r#"GET /a?b path /a query Some("b") at example.org"#),
        ("http://example.org:81", "GET / path / query None at example.org:81"),
        ("http://example.org?b", r#"GET /?b path / query Some("b") at example.org"#),
    ] {
        client.ask(format!("GET {target} HTTP/1.1\r\nhost: example.net\r\n\r\n"))?.is(200, "ok")?;
        served.tells(told)?;
    }
    Ok(())
}

fn root_paths(stage: &Stage) -> Checked {
    let Some(root) = &stage.root_path else {
        return Err(Fault::Skipped("root_path was not set".into()));
    };
    let served = stage.http(|aside, scope, _receive, mut send| {
        let show = |bytes: &[u8]| bytes.escape_ascii().to_string();
        aside.tell(format!("{}, {}, {}", show(scope.target()), show(scope.root_path()), show(scope.local_path())));
        Box::pin(async move { Ok(send.send(respond("ok")).await?) })
    })?;
    let mut client = served.connect()?;
    for (target, path, query) in [
        ("/a?b", "/a", "?b"),
        ("/", "/", ""),
        (&format!("{root}/a%2F"), "/a%2F", ""),
        (root, "", ""),
        (&format!("{root}x"), &format!("{root}x"), ""),
    ] {
        client.ask(format!("GET {target} HTTP/1.1\r\nhost: a\r\n\r\n"))?.is(200, "ok")?;
        served.tells(format!("{root}{path}{query}, {root}, {path}"))?;
    }
    client.ask("OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n")?.is(200, "ok")?;
    served.tells("*, , *")
}

fn fields(stage: &Stage) -> Checked {
    let served = stage.http(|aside, scope, _receive, mut send| {
        for (name, value) in scope.headers() {
            aside.tell(format!("{name}: {}", value.escape_ascii()));
        }
        aside.tell("that is all");
        Box::pin(async move { Ok(send.send(respond("ok")).await?) })
    })?;
    let head = b"GET / HTTP/1.1\r\nX-Two: 1\r\nHost:a\r\nx-empty:\r\nX-One:\t a, b\tc \t\r\nx-two: \xe9\xff\r\n\
        cookie: a=1\r\nCOOKIE: b=2\r\naccept: */*\r\n!#$%&'*+-.^_`|~: \"\r\n\r\n";
    served.connect()?.ask(head)?.is(200, "ok")?;
    for told in [
        "x-two: 1",
        "host: a",
        "x-empty: ",
        "x-one: a, b\\tc",
        "x-two: \\xe9\\xff",
        "cookie: a=1",
        "cookie: b=2",
        "accept: */*",
        "!#$%&\\'*+-.^_`|~: \\\"",
        "that is all",
    ] {
        // A name has no escapes; the one with a quote in it is shown as the values are.
        let told = told.replace("\\'", "'");
        served.tells(told)?;
    }
    Ok(())
}

fn bodies_that_are_announced(stage: &Stage) -> Checked {
    let served = stage.http(|aside, scope, _receive, mut send| {
        aside.tell(format!("{:?}", scope.body()));
        Box::pin(async move { Ok(send.send(respond("ok")).await?) })
    })?;
    for (rest, told) in [
        ("\r\n", "None"),
        ("content-length: 0\r\n\r\n", "None"),
        ("content-length: 5\r\n\r\nhello", "Exact(5)"),
        ("transfer-encoding: chunked\r\n\r\n0\r\n\r\n", "Unknown"),
    ] {
        served.connect()?.ask(format!("POST / HTTP/1.1\r\nhost: a\r\n{rest}"))?.is(200, "ok")?;
        served.tells(told)?;
    }
    Ok(())
}

fn protocols(stage: &Stage) -> Checked {
    let served = stage.http(|aside, scope, _receive, mut send| {
        aside.tell(format!("{:?}", scope.protocol()));
        Box::pin(async move { Ok(send.send(respond("ok")).await?) })
    })?;
    for (fields, told) in [
        ("", "None"),
        ("upgrade: foo/2, bar\r\nconnection: close, Upgrade\r\n", "Some(\"foo/2\")"),
        ("upgrade: foo\r\n", "None"),
    ] {
        served.connect()?.ask(format!("GET / HTTP/1.1\r\nhost: a\r\n{fields}\r\n"))?.is(200, "ok")?;
        served.tells(told)?;
    }
    Ok(())
}

fn connections(stage: &Stage) -> Checked {
    let served = stage.http(|aside, scope, _receive, mut send| {
        let connection = scope.connection();
        let address = |address: &Address| match address {
            Address::Ip(address) => address.to_string(),
            other => format!("{other:?}"),
        };
        let (client, server) = (address(&connection.client), address(&connection.server));
        let (place, info) = (std::ptr::from_ref(connection), &*connection.server_info);
        let (info, tls) = (std::ptr::from_ref(info), connection.tls.is_some());
        aside.tell(format!("{} {place:?} {info:?} {client} {server} {tls}", connection.id));
        Box::pin(async move { Ok(send.send(respond("ok")).await?) })
    })?;
    let (mut one, mut two) = (served.connect()?, served.connect()?);
    one.ask(GET)?.is(200, "ok")?;
    let first = served.told()?;
    two.ask(GET)?.is(200, "ok")?;
    let other = served.told()?;
    one.ask(GET)?.is(200, "ok")?;
    same("the connection of the second request", served.told()?, &first[..])?;
    let parts = |told: &str| told.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let (first, other) = (parts(&first), parts(&other));
    ensure!(first[0] != other[0], "two connections have the number {}", first[0]);
    same("the ServerInfo of another connection", &other[2], &first[2])?;
    let expected = [one.address()?.to_string(), served.address.to_string(), "false".into()];
    same("client, server and tls", &first[3..], &expected[..])
}

fn scopes_that_are_kept(stage: &Stage) -> Checked {
    let served = stage.http(|aside, mut scope, _receive, mut send| {
        aside.keep_scope(scope.clone());
        // A change is this scope's own.
        scope.headers_mut().push("x-mine", b"1");
        Box::pin(async move { Ok(send.send(respond("ok")).await?) })
    })?;
    let mut client = served.connect()?;
    client.ask("GET /one HTTP/1.1\r\nhost: one\r\n\r\n")?.is(200, "ok")?;
    client.ask("PUT /another/path HTTP/1.1\r\nhost: two\r\nx-more: 1\r\n\r\n")?.is(200, "ok")?;
    let kept = served.scopes().into_iter().map(|scope| {
        let fields = scope.headers().iter().map(|(name, value)| format!("{name}: {}", value.escape_ascii()));
        format!("{}, {}", line(&scope), fields.collect::<Vec<_>>().join(", "))
    });
    let expected = [
        "GET /one path /one query None, host: one",
        "PUT /another/path path /another/path query None, host: two, x-more: 1",
    ];
    same("what was kept", kept.collect::<Vec<_>>(), expected)
}

fn state(stage: &Stage) -> Checked {
    let served = stage.life(
        |_, mut receive, mut send| {
            Box::pin(async move {
                send.send(Outgoing::Ready(State::new().with("a value"))).await?;
                receive.recv().await;
                Ok(())
            })
        },
        |_, scope, _receive, mut send| {
            let body = *scope.state::<&'static str>().unwrap_or(&"none");
            Box::pin(async move { Ok(send.send(respond(body)).await?) })
        },
    )?;
    let mut client = served.connect()?;
    client.ask(GET)?.is(200, "a value")?;
    client.ask(GET)?.is(200, "a value")?;
    served.connect()?.ask(GET)?.is(200, "a value")
}

fn capabilities(stage: &Stage) -> Checked {
    let served = stage.http(|aside, scope, _receive, mut send| {
        let has = scope.capabilities();
        let beyond = has.without(scope.connection().server_info.capabilities);
        aside.tell(format!("{:?} beyond the server's: [{beyond}]", scope.version()));
        let old = Capabilities::INFORMATIONAL | Capabilities::TRAILERS | Capabilities::UPGRADE;
        aside.tell(has.without(old) == has);
        Box::pin(async move {
            let interim = Outgoing::Informational { status: 103, headers: Default::default() };
            let answer = send.send(interim).await;
            let missing = Err(transom::SendError::Unsupported(Capabilities::INFORMATIONAL));
            aside.tell(answer == if has.contains(Capabilities::INFORMATIONAL) { Ok(()) } else { missing });
            Ok(send.send(respond("ok")).await?)
        })
    })?;
    served.connect()?.ask("GET / HTTP/1.0\r\n\r\n")?.is(200, "ok")?;
    served.tells("Http10 beyond the server's: []")?;
    served.tells("true")?;
    served.tells("true")?;
    let mut client = served.connect()?;
    client.send(GET);
    served.tells("Http11 beyond the server's: []")?;
    served.told()?;
    served.tells("true")
}
