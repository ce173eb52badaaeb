//! Which handler a request gets, and what the router answers itself.

use transom::memory::{self, Outcome};
use transom::{App, Capabilities, Error, Headers, HttpScope, Outgoing, Receiver, Scope, Sender, lint::lint};
use transom_web::{
    DEFAULT_BODY_LIMIT, Extension, Handshake, Json, Params, Path, Problem, Request, Response, Router, Urls, any, get,
    on, post,
};

fn call(app: impl App, method: &str, target: &str) -> Outcome {
    let outcome = memory::http(method, target).run(lint(app));
    assert!(outcome.refused.is_empty(), "{:?}", outcome.refused);
    outcome
}

/// Status and body.
fn answer(app: impl App, method: &str, target: &str) -> (u16, String) {
    let outcome = call(app, method, target);
    (outcome.status().expect("a response"), String::from_utf8_lossy(outcome.body()).into_owned())
}

async fn params(request: Request) -> String {
    let params: Params<'_> = request.head().params();
    params.iter().map(|(name, value)| format!("{name}={value};")).collect()
}

/// An application that shows where it is mounted.
async fn place(scope: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
    let Scope::Http(http) = scope else { return Err(Error::unsupported()) };
    let body = [http.root_path(), b" ", http.local_path()].concat();
    Ok(send.send(Outgoing::Response { status: 200, headers: Headers::new(), body: body.into() }).await?)
}

fn text(text: &'static str) -> impl Fn() -> std::future::Ready<&'static str> + Send + Sync + 'static {
    move || std::future::ready(text)
}

#[test]
fn paths_and_kinds() {
    let router = || {
        Router::new()
            .get("/", text("root"))
            .get("/cards/new", text("new"))
            .get("/cards/{id:int}", params)
            .get("/cards/{name}", params)
            .get("/cards/{id:int}/{part:float}", params)
            .get("/files/{path:path}", params)
            .get("/v{version:int}.json", params)
            .get("/café", text("café"))
    };
    for (target, body) in [
        ("/", "root"),
        ("/cards/new", "new"),
        ("/cards/7", "id=7;"),
        ("/cards/-7?x=y", "id=-7;"),
        ("/cards/seven", "name=seven;"),
        ("/cards/a%2Fb%25", "name=a/b%;"),
        ("/cards/7/1.5", "id=7;part=1.5;"),
        ("/files/", "path=;"),
        ("/files/a/b%20c/", "path=a/b c/;"),
        ("/v12.json", "version=12;"),
        ("/caf%C3%A9", "café"),
        ("/c%61rds/new", "new"),
    ] {
        assert_eq!(answer(router(), "GET", target), (200, body.to_owned()), "{target}");
    }
    for target in ["/cards", "/cards/7/x", "/vx.json", "/nothing", "/cards%2Fnew", "/%FF"] {
        assert_eq!(answer(router(), "GET", target).0, 404, "{target}");
    }
}

#[test]
fn methods() {
    let router = || {
        let page = get(text("got")).post(text("posted")).on("PURGE".into(), text("purged"));
        Router::new().route("/page", page).put("/page", text("put")).route("/any", any(text("any")))
    };
    for (method, body) in [("GET", "got"), ("POST", "posted"), ("PURGE", "purged"), ("PUT", "put")] {
        assert_eq!(answer(router(), method, "/page"), (200, body.to_owned()));
    }
    assert_eq!(answer(router(), "DELETE", "/any"), (200, "any".to_owned()));
    let head = call(router(), "HEAD", "/page");
    assert_eq!(head.status(), Some(200));
    for (method, status) in [("DELETE", 405), ("OPTIONS", 204), ("purge", 405)] {
        let outcome = call(router(), method, "/page");
        let allow = Some("GET, HEAD, OPTIONS, POST, PURGE, PUT");
        assert_eq!((outcome.status(), outcome.header("allow")), (Some(status), allow), "{method}");
    }
    let outcome = memory::http("OPTIONS", "*").run(router());
    assert_eq!((outcome.status(), outcome.header("allow")), (Some(204), Some("GET, HEAD, OPTIONS, POST, PURGE, PUT")));
}

/// A route that lacks the method does not hide one that has it.
#[test]
fn a_method_is_looked_for_in_every_route_that_matches() {
    let router = || Router::new().post("/a", text("posted")).get("/{name}", params);
    assert_eq!(answer(router(), "GET", "/a"), (200, "name=a;".to_owned()));
    assert_eq!(call(router(), "PUT", "/a").header("allow"), Some("GET, HEAD, OPTIONS, POST"));
}

#[test]
fn a_kind_that_does_not_fit_leaves_the_path_to_others() {
    let router = || Router::new().get("/a/{id:int}", text("one")).mount("/a", place).get("/{rest:path}", params);
    assert_eq!(answer(router(), "GET", "/a/7").1, "one");
    assert_eq!(answer(router(), "GET", "/a/x").1, "/a /x");
    assert_eq!(answer(router(), "GET", "/b/x").1, "rest=b/x;");
}

#[test]
fn mounts_move_an_offset() {
    let router = || Router::new().mount("/api/v1", place).mount("/{tenant}/x", Router::new().get("/{id}", params));
    assert_eq!(answer(router(), "GET", "/api/v1/a%20b/"), (200, "/api/v1 /a%20b/".to_owned()));
    assert_eq!(answer(router(), "GET", "/api/v1").1, "/api/v1 ");
    assert_eq!(answer(router(), "GET", "/api/v12").0, 404);
    assert_eq!(answer(router(), "GET", "/t%2Fu/x/7").1, "tenant=t/u;id=7;");
    let inner = Router::new().get("/", text("inner"));
    let router = Router::new().mount("/in", inner);
    assert_eq!(answer(router.clone(), "GET", "/in").1, "inner");
    assert_eq!(answer(router, "GET", "/in/").1, "inner");
    let everything = Router::new().get("/own", text("own")).mount("/", place);
    assert_eq!(answer(everything.clone(), "GET", "/own").1, "own");
    assert_eq!(answer(everything, "GET", "/other").1, " /other");
}

#[test]
fn nested_routes_are_the_routers_own() {
    let api = || {
        let cards = get(params).name("card").body_limit(3);
        Router::new().route("/cards/{id}", cards.put(|body: String| async { body })).fallback(text("no such thing"))
    };
    let router = || Router::new().nest("/api/{version:int}", api().namespace("api")).get("/", text("root"));
    assert_eq!(answer(router(), "GET", "/api/2/cards/x").1, "version=2;id=x;");
    assert_eq!(answer(router(), "GET", "/api/2/else").1, "no such thing");
    assert_eq!(answer(router(), "GET", "/else").0, 404);
    let path = router().urls().path("api:card", &[("version", "1"), ("id", "a b")]);
    assert_eq!(path.as_deref(), Ok("/api/1/cards/a%20b"));
    let outcome = memory::http("PUT", "/api/1/cards/x").body("long").run(router());
    assert_eq!(outcome.status(), Some(413));
}

#[test]
fn slashes() {
    let router = || Router::new().get("/a", text("a")).get("/b/", text("b")).get("/{x}/y/", params);
    for (target, location) in [
        ("/a/?x=1", Some("/a?x=1")),
        ("/b", Some("/b/")),
        ("/%2F/y", Some("/%2F/y/")),
        // It would lead to another host.
        ("//evil.example/y", None),
        ("/c/", None),
    ] {
        let outcome = call(router(), "GET", target);
        let status = if location.is_some() { 307 } else { 404 };
        assert_eq!((outcome.status(), outcome.header("location")), (Some(status), location), "{target}");
    }
    assert_eq!(answer(router().redirect_slashes(false), "GET", "/b").0, 404);
    let mounted = memory::http("GET", "/base/a/").mount("/base").run(router());
    assert_eq!(mounted.header("location"), Some("/base/a"));
}

#[test]
fn hosts_come_before_routes() {
    let router = || {
        let tenant = Router::new().get("/{id}", params);
        Router::new().host("{tenant}.example.com", tenant).get("/{id}", text("by path"))
    };
    let of = |host: &str| {
        let outcome = memory::http("GET", "/7").header("host", host).run(router());
        String::from_utf8_lossy(outcome.body()).into_owned()
    };
    assert_eq!(of("Blue.example.com:8000"), "tenant=blue;id=7;");
    assert_eq!(of("example.com"), "by path");
}

#[test]
fn problems_and_fallbacks() {
    let router = || Router::new().get("/{id:int}", |Path(id): Path<u8>| async move { id.to_string() });
    let outcome = call(router(), "GET", "/300");
    assert_eq!((outcome.status(), outcome.header("content-type")), (Some(422), Some("application/problem+json")));
    let body = String::from_utf8_lossy(outcome.body()).into_owned();
    assert!(body.contains(r#""faults":[{"in":"path","at":"id","message":"#), "{body}");
    assert_eq!(answer(router().fallback(text("else")), "GET", "/x"), (200, "else".to_owned()));
    let own = router().problems(|problem, scope: &HttpScope| {
        Response::new(format!("{} of {}", problem.status(), String::from_utf8_lossy(scope.raw_path())))
    });
    assert_eq!(answer(own, "GET", "/x"), (404, "404 of /x".to_owned()));
}

#[test]
fn body_limits() {
    async fn echo(body: String) -> String {
        body
    }
    let router = || Router::new().route("/small", post(echo).body_limit(4)).post("/default", echo);
    let run = |target: &str, length: usize, chunked: bool| {
        let script = memory::http("POST", target);
        let body = vec![b'x'; length];
        let script = if chunked { script.chunks([body]) } else { script.body(body) };
        script.run(router()).status()
    };
    let default = DEFAULT_BODY_LIMIT as usize;
    for chunked in [false, true] {
        assert_eq!(run("/small", 4, chunked), Some(200));
        assert_eq!(run("/small", 5, chunked), Some(413));
        assert_eq!(run("/default", default, chunked), Some(200));
        assert_eq!(run("/default", default + 1, chunked), Some(413));
    }
}

#[test]
fn websockets_have_routes() {
    async fn echo(Path(room): Path<String>, handshake: Handshake) -> Result<(), Error> {
        if room == "closed" {
            return handshake.deny(Problem::new(403)).await;
        }
        let mut socket = handshake.accept().await?;
        while let Some(text) = socket.recv_text().await? {
            socket.send_text(format!("{room}: {text}")).await?;
        }
        assert_eq!(socket.closed().map(|closed| closed.code), Some(1000));
        Ok(())
    }
    let router = || Router::new().websocket("/rooms/{room}", echo).get("/", text("root"));
    let outcome = memory::websocket("/rooms/blue").text("hi").close(1000, "").run(lint(router()));
    assert!(outcome.messages().eq([&transom::Message::Text("blue: hi".into())]), "{outcome:?}");
    let status = |target: &str| memory::websocket(target).run(lint(router())).status();
    assert_eq!((status("/rooms/closed"), status("/rooms"), status("/")), (Some(403), Some(404), Some(404)));
    let bare = memory::websocket("/rooms/closed").capabilities(Capabilities::NONE).run(router());
    assert!(matches!(bare.events[..], [Outgoing::Close { code: 1000, .. }]));
    let plain = call(router(), "GET", "/rooms/blue");
    assert_eq!((plain.status(), plain.header("upgrade")), (Some(426), Some("websocket")));
}

#[test]
fn layers_of_a_route_are_inside_it() {
    #[derive(Clone)]
    struct Mark(&'static str);
    struct Marked<A>(A);
    impl<A: App> App for Marked<A> {
        async fn call(&self, mut scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
            if let Scope::Http(http) = &mut scope {
                http.extensions_mut().insert(Mark("marked"));
            }
            self.0.call(scope, receive, send).await
        }
    }
    async fn show(Extension(mark): Extension<Mark>, Path(id): Path<u8>) -> String {
        format!("{} {id}", mark.0)
    }
    let router = Router::new().route("/{id}", get(show).layer(Marked));
    assert_eq!(answer(router, "GET", "/7"), (200, "marked 7".to_owned()));
}

#[test]
fn urls_know_where_the_router_is() {
    async fn link(urls: Urls) -> Result<Json<String>, Error> {
        Ok(Json(urls.path("card", &[("id", "7")])?))
    }
    let cards = Router::new().route("/cards/{id:int}", get(params).name("card")).get("/link", link);
    let router = Router::new().mount("/api", cards);
    assert_eq!(answer(router, "GET", "/api/link").1, r#""/api/cards/7""#);
}

#[test]
#[should_panic(expected = "there is a handler for GET already")]
fn a_method_twice() {
    let _ = Router::new().get("/{a}", text("")).get("/{a}", text(""));
}

#[test]
#[should_panic(expected = "two routes are called `x`")]
fn a_name_twice() {
    let _ = Router::new().route("/a", get(text("")).name("x")).route("/b", on("GET".into(), text("")).name("x"));
}

#[test]
#[should_panic(expected = "`/{a:number}` is not the pattern of a path: `number` is none of")]
fn a_bad_pattern() {
    let _ = Router::new().get("/{a:number}", text(""));
}
