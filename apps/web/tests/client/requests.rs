use super::{begin, body, mirror, start, start_with};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use transom::{BodyHint, Capabilities, Headers, Incoming, Method, Receiver, Scope, Sender};
use transom_web::client::Error;

async fn lines(response: Result<transom_web::client::Response, Error>) -> Vec<String> {
    response.unwrap().text().await.unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn what_a_request_is() {
    let client = start(mirror).await;
    let told = lines(client.get("/a/../b%2f?x=1").send().await).await;
    let agent = format!("user-agent: transom-web/{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(told[..3], ["GET http:///a/../b%2f?x=1", "mount ", "client 127.0.0.1:50000"]);
    assert_eq!(told[3..6], ["host: testserver", "accept: */*", &agent]);
    assert_eq!(told[6..], Vec::<String>::new());
    for (request, method) in [
        (client.post("/"), "POST"),
        (client.put("/"), "PUT"),
        (client.patch("/"), "PATCH"),
        (client.delete("/"), "DELETE"),
        (client.options("*"), "OPTIONS"),
        (client.request("BREW", "/"), "BREW"),
    ] {
        assert!(lines(request.send().await).await[0].starts_with(&format!("{method} ")));
    }
}

#[tokio::test]
async fn what_the_client_is_told() {
    let client = start_with(mirror, |builder| {
        builder
            .https(true)
            .host("example.com:8443")
            .root_path("/api/")
            .client_address("[::1]:9".parse().unwrap())
            .header("user-agent", "mine")
            .header("x-all", "1")
    })
    .await;
    let told = lines(client.get("/users").header("X-All", "2").header("x-own", "3").send().await).await;
    assert_eq!(told[..3], ["GET https:///api/users", "mount /api", "client [::1]:9"]);
    assert_eq!(told[3..], ["host: example.com:8443", "accept: */*", "user-agent: mine", "x-all: 2", "x-own: 3"]);
    let told = lines(client.get("http://other/api?x").header("host", "third").send().await).await;
    assert_eq!(told[..2], ["GET http:///api?x", "mount /api"]);
    assert!(told.contains(&"host: third".to_owned()) && !told.contains(&"host: other".to_owned()));
}

#[derive(Serialize)]
struct Login {
    name: &'static str,
    tags: Vec<&'static str>,
}

#[tokio::test]
async fn queries_and_bodies() {
    let client = start(mirror).await;
    let login = Login { name: "a&b", tags: vec!["x", "y"] };
    let told = lines(client.get("/?z=0").query(&login).query(&[("q", 1)]).send().await).await;
    assert_eq!(told[0], "GET http:///?z=0&name=a%26b&tags=x&tags=y&q=1");
    let told = lines(client.post("/").json(&login).send().await).await;
    assert!(told.contains(&"content-type: application/json".to_owned()));
    assert!(told.contains(&"content-length: 31".to_owned()), "{told:?}");
    assert_eq!(told.last().unwrap(), r#"{"name":"a&b","tags":["x","y"]}"#);
    let told = lines(client.post("/").header("content-type", "text/x").form(&login).send().await).await;
    assert!(told.contains(&"content-type: text/x".to_owned()));
    assert_eq!(told.last().unwrap(), "name=a%26b&tags=x&tags=y");
    let told = lines(client.put("/").body("plain").send().await).await;
    assert_eq!((told[4].as_str(), told.last().unwrap().as_str()), ("content-length: 5", "plain"));
    assert_eq!(lines(client.post("/").send().await).await[6..], ["content-length: 0"]);
}

#[tokio::test]
async fn streamed_bodies() {
    let client = start(mirror).await;
    let chunks = || tokio_stream::iter(["ab", "", "cd"]);
    let told = lines(client.post("/").stream(chunks()).send().await).await;
    assert_eq!(told[6..], ["abcd"]);
    let fields = Headers::from_static(&[("x-sum", "4"), ("host", "no")]);
    let told = lines(client.post("/").stream(chunks()).trailers(&fields).send().await).await;
    assert_eq!(told[6..], ["abcd", "trailer x-sum: 4"]);
    let told = lines(client.post("/").body("ab").trailers(&fields).send().await).await;
    assert_eq!(told[6..], ["ab", "trailer x-sum: 4"]);
    for (length, expected) in [("3", "abc"), ("4", "abcd"), ("5", "abcdEnd(BadRequest(Truncated))")] {
        let request = client.post("/").header("content-length", length).stream(chunks());
        assert_eq!(lines(request.send().await).await[7..].concat(), expected);
    }
    // What would come afterwards is not waited for.
    let endless = tokio_stream::iter(["abc"]).chain(tokio_stream::pending());
    let told = lines(client.post("/").header("content-length", "3").stream(endless).send().await).await;
    assert_eq!(told.last().unwrap(), "abc");
    let told = lines(client.post("/").header("content-length", "3").send().await).await;
    assert_eq!(told.last().unwrap(), "End(BadRequest(Truncated))");
}

/// SPEC: FLOW-10
#[tokio::test]
async fn a_stream_is_read_when_the_application_waits() {
    async fn echo(_: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), transom::Error> {
        send.send(begin()).await?;
        while let Incoming::Body { data, more } = receive.recv().await {
            send.send(body(data, more)).await?;
        }
        Ok(())
    }
    let client = start(|scope: Scope, receive, send| async {
        if matches!(scope, Scope::Lifespan(_)) {
            Err(transom::Error::unsupported())
        } else {
            echo(scope, receive, send).await
        }
    })
    .await;
    let (chunks, body) = mpsc::channel(1);
    let mut response = client.post("/").channel(body).send().await.unwrap();
    for text in ["one", "two", "three"] {
        chunks.send(text).await.unwrap();
        assert_eq!(response.chunk().await.unwrap().unwrap(), text);
    }
    drop(chunks);
    assert_eq!(response.chunk().await.unwrap(), None);
    client.idle().await.unwrap();
}

#[tokio::test]
async fn what_an_application_is_offered() {
    let seen = |scope: Scope, _: Receiver, mut send: Sender| async move {
        let http = super::http(scope)?;
        assert_eq!((http.method(), http.body()), (&Method::Get, BodyHint::None));
        Ok::<_, transom::Error>(send.send(super::respond(200, http.capabilities().to_string())).await?)
    };
    let client = start(seen).await;
    let told = client.get("/").send().await.unwrap().text().await.unwrap();
    assert_eq!(told, "informational, trailers, file, full-duplex, websocket-denial, closed-watch");
    let client = start_with(seen, |builder| builder.capabilities(Capabilities::FILE | Capabilities::UPGRADE)).await;
    assert_eq!(client.get("/").send().await.unwrap().text().await.unwrap(), "file");
}

#[tokio::test]
async fn what_cannot_be_sent_is_not_sent() {
    let client = start(mirror).await;
    let trailers = Headers::from_static(&[("x-sum", "4")]);
    for request in [
        client.get("users"),
        client.get("ftp://host/"),
        client.request("A B", "/"),
        client.get("/").header("a b", "c"),
        client.get("/").header("a", "b\nc"),
        client.post("/").header("content-length", "x"),
        client.post("/").header("content-length", "1").body("a").trailers(&trailers),
        client.get("/").query("text"),
        client.post("/").form(&1),
    ] {
        let shown = format!("{request:?}");
        assert!(matches!(request.send().await, Err(Error::Request(_))), "{shown}");
    }
}

/// What a test holds may go to other threads, and errors to where errors go.
#[test]
fn everything_is_send() {
    fn is_send<T: Send + 'static>() {}
    is_send::<transom_web::client::Response>();
    is_send::<transom_web::client::Socket>();
    is_send::<transom_web::client::RequestBuilder>();
    let error: transom::Error = Error::Incomplete.into();
    let error: Box<dyn std::error::Error + Send + Sync> = error.into_inner();
    assert_eq!(error.to_string(), "the response was cut off");
}
