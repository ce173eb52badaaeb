//! What handlers take, and what is answered when it is not there.

use bytes::Bytes;
use serde::Deserialize;
use std::collections::BTreeMap;
use transom::lint::lint;
use transom::memory::{self, Script, Verdict};
use transom::{BadRequest, End, Headers, HttpScope, Method};
use transom_web::{
    Body, CookieParams, Cookies, Error, Extension, Form, FromHead, Header, Json, Path, Problem, Query, Request,
    RequestHead, Router, State, any, blocking, post,
};

/// Status and body.
fn run(script: Script<HttpScope>, router: Router) -> (u16, String) {
    let outcome = script.run(lint(router));
    assert!(outcome.refused.is_empty(), "{:?}", outcome.refused);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    let status = outcome.status().unwrap();
    let media_type = outcome.header("content-type").unwrap_or_default();
    assert_eq!(status >= 400, media_type == "application/problem+json", "{media_type}");
    (status, String::from_utf8_lossy(outcome.body()).into_owned())
}

fn request(target: &str) -> Script<HttpScope> {
    memory::http("POST", target)
}

/// What is wrong, as the client is told: `in at`, of a problem with one fault.
fn fault(body: &str) -> String {
    let problem: serde_json::Value = serde_json::from_str(body).unwrap();
    let faults = problem["faults"].as_array().cloned().unwrap_or_default();
    assert!(faults.len() < 2 && problem["detail"].is_string() && problem["title"].is_string(), "{body}");
    faults.iter().map(|fault| format!("{} {}", fault["in"].as_str().unwrap(), fault["at"].as_str().unwrap())).collect()
}

#[derive(Debug, Deserialize)]
struct Card {
    title: String,
    points: Option<u8>,
    #[serde(default)]
    tag: Vec<String>,
}

fn show(card: &Card) -> String {
    format!("{} {:?} {:?}", card.title, card.points, card.tag)
}

#[test]
fn json() {
    async fn create(Json(card): Json<Card>) -> String {
        show(&card)
    }
    let app = || Router::new().route("/", post(create)).route("/small", post(create).body_limit(10));
    let json = |body: &str| request("/").header("content-type", "application/json").body(body.to_owned());
    let good = r#"{"title": "a", "points": 7, "tag": ["x"]}"#;
    assert_eq!(run(json(good), app()), (200, r#"a Some(7) ["x"]"#.to_owned()));
    let pieces = request("/").header("content-type", "text/x+json; charset=utf-8");
    let pieces = pieces.chunks(good.as_bytes().chunks(1).map(<[u8]>::to_vec)).trickle();
    assert_eq!(run(pieces, app()).0, 200);
    for (body, status, at) in [
        (r#"{"points": 7}"#, 422, "body "),
        (r#"{"title": "a", "points": 256}"#, 422, "body points"),
        (r#"{"title": "a", "tag": ["x", 1]}"#, 422, "body tag[1]"),
        (r#"{"title": "a""#, 400, "body "),
        (r#"{"title": "a"} x"#, 400, "body "),
        ("", 400, "body "),
    ] {
        let (answered, told) = run(json(body), app());
        assert_eq!((answered, &*fault(&told)), (status, at), "{body}: {told}");
    }
    for media_type in [None, Some("text/plain"), Some("application/jsonp"), Some("")] {
        let script = media_type.into_iter().fold(request("/"), |script, value| script.header("content-type", value));
        let (status, told) = run(script.body(good), app());
        assert_eq!((status, &*fault(&told)), (415, ""), "{media_type:?}");
    }
    let long = || request("/small").header("content-type", "application/json");
    assert_eq!(run(long().body(good), app()).0, 413);
    assert_eq!(run(long().chunks(good.as_bytes().chunks(3).map(<[u8]>::to_vec)), app()).0, 413);
}

#[test]
fn forms() {
    async fn create(Form(card): Form<Card>) -> String {
        show(&card)
    }
    let app = || Router::new().route("/", post(create)).route("/small", post(create).body_limit(3));
    let form = |target: &str, body: &str| {
        request(target).header("content-type", "application/x-www-form-urlencoded").body(body.to_owned())
    };
    let all = run(form("/", "title=a+b%26&points=7&tag=x&other=1&tag=%C3%BC"), app());
    assert_eq!(all, (200, r#"a b& Some(7) ["x", "ü"]"#.to_owned()));
    for (body, at) in [("", "body title"), ("title=a&points=x", "body points"), ("title=a&title=b", "body title")] {
        let (status, told) = run(form("/", body), app());
        assert_eq!((status, &*fault(&told)), (422, at), "{told}");
    }
    assert_eq!(run(form("/small", "title=a"), app()).0, 413);
    assert_eq!(run(request("/").body("title=a"), app()).0, 415);
    assert_eq!(run(request("/").header("content-type", "application/json").body("{}"), app()).0, 415);
}

#[test]
fn queries() {
    async fn search(Query(card): Query<Card>) -> String {
        show(&card)
    }
    let app = || Router::new().post("/", search);
    assert_eq!(run(request("/?title=a%20b&tag=x&tag=y"), app()), (200, r#"a b None ["x", "y"]"#.to_owned()));
    for (target, at) in [("/", "query title"), ("/?", "query title"), ("/?title=a&points=-1", "query points")] {
        let (status, told) = run(request(target), app());
        assert_eq!((status, &*fault(&told)), (422, at), "{told}");
    }
    async fn all(Query(all): Query<BTreeMap<String, String>>) -> String {
        format!("{all:?}")
    }
    let all = run(request("/?b=1&a=&&c"), Router::new().post("/", all));
    assert_eq!(all, (200, r#"{"a": "", "b": "1", "c": ""}"#.to_owned()));
}

#[test]
fn paths() {
    #[derive(Deserialize)]
    struct Place {
        board: u8,
        card: String,
    }
    async fn one(Path(board): Path<u8>) -> String {
        board.to_string()
    }
    async fn two(Path((board, card)): Path<(u8, String)>) -> String {
        format!("{board} {card}")
    }
    async fn named(Path(place): Path<Place>) -> String {
        format!("{} {}", place.board, place.card)
    }
    let app = || Router::new().post("/{board}", one).post("/t/{board}/{card}", two).post("/n/{board}/{card}", named);
    assert_eq!(run(request("/7"), app()), (200, "7".to_owned()));
    assert_eq!(run(request("/t/7/a%2Fb"), app()), (200, "7 a/b".to_owned()));
    assert_eq!(run(request("/n/7/%C3%BC"), app()), (200, "7 ü".to_owned()));
    for (target, at) in [("/256", "path board"), ("/t/x/y", "path board"), ("/n/-/y", "path board")] {
        let (status, told) = run(request(target), app());
        assert_eq!((status, &*fault(&told)), (422, at), "{told}");
    }
}

#[test]
fn header_fields() {
    #[derive(Deserialize)]
    struct Client {
        x_version: u8,
        user_agent: Option<String>,
    }
    async fn greet(Header(client): Header<Client>) -> String {
        format!("{} {:?}", client.x_version, client.user_agent)
    }
    let app = || Router::new().post("/", greet);
    let fields = || request("/").header("user-agent", "x y").header("x-odd", b"\xff");
    assert_eq!(run(fields().header("x-version", "7"), app()), (200, r#"7 Some("x y")"#.to_owned()));
    for script in
        [fields(), fields().header("x-version", "x"), fields().header("x-version", "1").header("x-version", "2")]
    {
        let (status, told) = run(script, app());
        assert_eq!((status, &*fault(&told)), (422, "header x_version"), "{told}");
    }
}

#[test]
fn cookies() {
    #[derive(Deserialize)]
    struct Seen {
        visits: u8,
    }
    async fn count(CookieParams(seen): CookieParams<Seen>) -> String {
        seen.visits.to_string()
    }
    async fn all(cookies: Cookies) -> String {
        let all: Vec<_> = cookies.iter().collect();
        format!("{:?} {all:?}", cookies.get("a"))
    }
    let app = || Router::new().post("/", count).post("/all", all);
    assert_eq!(run(request("/").header("cookie", "x=y; visits=7"), app()), (200, "7".to_owned()));
    for script in [request("/"), request("/").header("cookie", "visits=many")] {
        let (status, told) = run(script, app());
        assert_eq!((status, &*fault(&told)), (422, "cookie visits"), "{told}");
    }
    // What is none is passed over, and the first of a name counts.
    let script = request("/all").header("cookie", "a=1%3B2; nonsense; b=").header("cookie", "a=3");
    assert_eq!(run(script, app()), (200, r#"Some("1;2") [("a", "1;2"), ("b", ""), ("a", "3")]"#.to_owned()));
}

#[test]
fn bodies_as_they_are() {
    async fn mixed(method: Method, headers: Headers, scope: HttpScope, body: Bytes) -> String {
        let length = headers.get("content-length").map(String::from_utf8_lossy);
        format!("{method} {length:?} {} {}", scope.raw_path().len(), body.len())
    }
    async fn text(text: String) -> String {
        text
    }
    async fn pieces(mut body: Body) -> Result<String, Error> {
        let mut pieces = Vec::new();
        while let Some(piece) = body.chunk().await? {
            pieces.push(String::from_utf8_lossy(&piece).into_owned());
        }
        let trailers = body.trailers().map(Headers::len);
        Ok(format!("{} {trailers:?}", pieces.join("|")))
    }
    let app = || Router::new().post("/mixed", mixed).post("/text", text).route("/pieces", post(pieces).body_limit(4));
    assert_eq!(run(request("/mixed").body("abc"), app()), (200, r#"POST Some("3") 6 3"#.to_owned()));
    assert_eq!(run(request("/text").body("grün"), app()), (200, "grün".to_owned()));
    let (status, told) = run(request("/text").body(b"gr\xfcn".as_slice()), app());
    assert_eq!((status, &*fault(&told)), (400, "body "));
    assert_eq!(run(request("/pieces").chunks(["a", "", "bc"]), app()), (200, "a|bc None".to_owned()));
    let trailers = Headers::from_static(&[("x-sum", "1")]);
    assert_eq!(run(request("/pieces").chunks(["a"]).trailers(trailers), app()), (200, "a Some(1)".to_owned()));
    assert_eq!(run(request("/pieces"), app()), (200, " None".to_owned()));
    // Also where it is passed up with `?`.
    for (script, status) in [
        (request("/pieces").chunks(["abc", "de"]), 413),
        (request("/pieces").chunks(["a"]).truncate(), 400),
        (request("/pieces").chunks(["a"]).end(End::BadRequest(BadRequest::TooLarge)), 413),
        (request("/pieces").chunks(["a"]).end(End::Timeout), 408),
        (request("/text").chunks(["a"]).truncate(), 400),
        (request("/text").chunks(["a"]).end(End::Timeout), 408),
    ] {
        assert_eq!(run(script, app()).0, status);
    }
    let left = request("/text").chunks(["a"]).unfinished().hang_up_at(2).run(lint(app()));
    assert!(left.events.is_empty() && left.result.unwrap_err().is_disconnect());
}

#[test]
fn what_may_be_missing() {
    async fn optional(page: Option<Query<Card>>, version: Result<Path<u8>, Problem>) -> String {
        let version = version.map_or_else(|problem| problem.status().to_string(), |Path(version)| version.to_string());
        format!("{} {version}", page.is_some())
    }
    let app = || Router::new().post("/{version}", optional);
    assert_eq!(run(request("/7?title=a"), app()), (200, "true 7".to_owned()));
    assert_eq!(run(request("/x"), app()), (200, "false 422".to_owned()));
}

#[test]
fn arguments_are_made_in_order_and_the_first_that_fails_answers() {
    struct Tenant;
    impl FromHead for Tenant {
        type Rejection = Problem;

        async fn from_head(head: &mut RequestHead) -> Result<Self, Problem> {
            head.header("x-tenant").map(|_| Self).ok_or(Problem::new(401).detail("who are you?"))
        }
    }
    async fn handler(_: Tenant, Path(version): Path<u8>, Json(card): Json<Card>) -> String {
        format!("{version} {}", card.title)
    }
    fn blocked(_: Tenant, Path(version): Path<u8>, Json(card): Json<Card>) -> String {
        format!("{version} {}", card.title)
    }
    let app = || Router::new().route("/{version}", any(handler)).route("/b/{version}", any(blocking(blocked)));
    for below in ["", "/b"] {
        let script = |version: &str| request(&format!("{below}/{version}")).body(r#"{"title": "a"}"#);
        assert_eq!(run(script("x"), app()).0, 401);
        assert_eq!(run(script("x").header("x-tenant", "t"), app()).0, 422);
        assert_eq!(run(script("1").header("x-tenant", "t"), app()).0, 415);
        let whole = script("1").header("x-tenant", "t").header("content-type", "application/json");
        assert_eq!(run(whole, app()), (200, "1 a".to_owned()));
    }
}

#[test]
fn state_and_extensions() {
    #[derive(Clone)]
    struct Pool(&'static str);
    async fn state(State(pool): State<Pool>) -> &'static str {
        pool.0
    }
    async fn extension(Extension(pool): Extension<Pool>) -> &'static str {
        pool.0
    }
    let app = || Router::new().post("/state", state).post("/extension", extension);
    let script = request("/state").state(transom::State::new().with(Pool("made")));
    assert_eq!(run(script, app()), (200, "made".to_owned()));
    assert_eq!(run(request("/extension").extension(Pool("added")), app()), (200, "added".to_owned()));
    // That there is none is not for the client to know.
    for target in ["/state", "/extension"] {
        let outcome = request(target).run(lint(app()));
        assert_eq!((outcome.events.len(), outcome.verdict), (0, Verdict::Respond(500)));
        assert!(outcome.result.unwrap_err().to_string().contains("Pool"));
    }
}

#[test]
fn seven_arguments_and_a_body() {
    type Text = Option<Query<BTreeMap<String, String>>>;
    #[allow(clippy::too_many_arguments)]
    async fn many(_: Text, _: Text, _: Text, _: Text, _: Text, _: Text, _: Method, request: Request) -> String {
        request.head().pattern().unwrap_or_default()
    }
    assert_eq!(run(request("/a"), Router::new().post("/{x}", many)), (200, "/{x:str}".to_owned()));
}

/// Random bodies and fields, at the hands of the kit.
#[test]
fn the_kit_finds_nothing() {
    async fn json(Json(card): Json<Card>) -> String {
        show(&card)
    }
    async fn form(Form(card): Form<Card>) -> String {
        show(&card)
    }
    async fn text(_: Cookies, text: String) -> String {
        text
    }
    let router = Router::new().route("/json", any(json)).route("/form", any(form)).route("/text", any(text));
    let json = transom_conformance::Request::any("/json").header("content-type", "application/json");
    let form = transom_conformance::Request::any("/form").header("content-type", "application/x-www-form-urlencoded");
    let requests = [
        json.clone(),
        json.body(r#"{"title": "a"}"#).body("{}"),
        form.clone(),
        form.body("title=a"),
        transom_conformance::Request::any("/text"),
    ];
    transom_conformance::application(router).requests(requests).run().assert_ok();
}
