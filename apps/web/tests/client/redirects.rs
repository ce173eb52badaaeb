use super::{http, start};
use transom::{Error, Headers, Incoming, Outgoing, Receiver, Scope, Sender};
use transom_web::client::{self, Client, Redirects};

/// `/STATUS/PLACE` leads to PLACE; anything else tells what came.
async fn app(scope: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    let http = http(scope)?;
    let path = String::from_utf8_lossy(http.local_path()).into_owned();
    let mut parts = path.splitn(3, '/').skip(1);
    let mut headers = Headers::new();
    if let Some(status) = parts.next().and_then(|status| status.parse().ok()) {
        headers.push("location", parts.next().map(|place| place.replace('!', "/")).unwrap_or_default().as_bytes());
        send.send(Outgoing::Start { status, headers }).await?;
        return Ok(send.send(Outgoing::Body { data: "moved".into(), more: false }).await?);
    }
    let mut told = format!("{} {path}", http.method());
    for name in ["host", "content-type", "content-length", "authorization", "cookie"] {
        if let Some(value) = http.headers().get(name) {
            told.push_str(&format!(" {name}={}", String::from_utf8_lossy(value)));
        }
    }
    while let Incoming::Body { data, more } = receive.recv().await {
        told.push_str(&format!(" {}", String::from_utf8_lossy(&data)));
        if !more {
            break;
        }
    }
    Ok(send.send(Outgoing::Response { status: 200, headers, body: told.trim_end().to_owned().into() }).await?)
}

async fn told(request: client::RequestBuilder) -> String {
    request.send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn methods_and_bodies() {
    let client = start(app).await;
    for (method, status, expected) in [
        ("POST", 301, "GET !x host=testserver"),
        ("POST", 302, "GET !x host=testserver"),
        ("PUT", 303, "GET !x host=testserver"),
        ("POST", 307, "POST !x host=testserver content-type=text/x content-length=2 ab"),
        ("PUT", 308, "PUT !x host=testserver content-type=text/x content-length=2 ab"),
        ("HEAD", 303, ""),
    ] {
        let request = client.request(method, &format!("/{status}/!x")).header("content-type", "text/x").body("ab");
        assert_eq!(told(request).await, expected.replace('!', "/"), "{method} {status}");
    }
    let kept = client.post("/302/!x").body("ab").redirects(Redirects::default().keep_method());
    assert_eq!(told(kept).await, "POST /x host=testserver content-length=2 ab");
    client.idle().await.unwrap();
}

#[tokio::test]
async fn the_way_is_told() {
    let client = start(app).await;
    let response = client.get("/302/..!307!!x").send().await.unwrap();
    assert_eq!(response.url(), "http://testserver/x");
    let way: Vec<_> =
        response.history().iter().map(|hop| (&*hop.url, hop.status, hop.headers.get("location"))).collect();
    let expected = [
        ("http://testserver/302/..!307!!x", 302, Some(&b"../307//x"[..])),
        ("http://testserver/307//x", 307, Some(b"/x")),
    ];
    assert_eq!(way, expected);
}

#[tokio::test]
async fn credentials_stay_where_they_belong() {
    let client = start(app).await;
    let request = |place: &str| client.get(place).header("authorization", "secret").cookie("a", "1");
    assert_eq!(told(request("/302/!x")).await, "GET /x host=testserver authorization=secret cookie=a=1");
    assert_eq!(told(request("/302/http:!!other!x")).await, "GET /x host=other");
    assert_eq!(told(request("/302/https:!!testserver!x")).await, "GET /x host=testserver");
}

#[tokio::test]
async fn limits() {
    let client = start(app).await;
    let none = client.get("/302/!x").redirects(Redirects::none()).send().await.unwrap();
    assert_eq!((none.status(), none.header("location"), none.history().len()), (302, Some("/x"), 0));
    let one = |place: &str| client.get(place).redirects(Redirects::limited(1)).send();
    assert_eq!(one("/302/!x").await.unwrap().status(), 200);
    assert!(matches!(one("/302/!302!!x").await, Err(client::Error::Redirects(1))));
    assert!(matches!(client.get("/302/?").send().await, Err(client::Error::Redirects(20))));
    // Not every 3xx leads somewhere.
    assert_eq!(client.get("/300/!x").send().await.unwrap().status(), 300);
}

#[tokio::test]
async fn a_stream_is_not_sent_twice() {
    let client: Client = start(app).await.client.clone();
    let request = |status| client.post(&format!("/{status}/!x")).stream(tokio_stream::iter(["a"])).send();
    assert!(matches!(request(307).await, Err(client::Error::Request(_))));
    assert_eq!(request(303).await.unwrap().status(), 200);
}
