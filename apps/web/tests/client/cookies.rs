use super::{http, start, start_with};
use cookie::Cookie;
use transom::{Error, Headers, Outgoing, Receiver, Scope, Sender};
use transom_web::client::Client;

/// Sets what the query says, and tells what came.
async fn app(scope: Scope, _: Receiver, mut send: Sender) -> Result<(), Error> {
    let http = http(scope)?;
    let mut headers = Headers::new();
    for field in http.query().unwrap_or_default().split(|byte| *byte == b'&').filter(|field| !field.is_empty()) {
        headers.push("set-cookie", &percent_encoding::percent_decode(field).collect::<Vec<_>>());
    }
    let body = http.headers().get("cookie").unwrap_or(b"none").to_vec().into();
    Ok(send.send(Outgoing::Response { status: 200, headers, body }).await?)
}

async fn sent(client: &Client, url: &str) -> String {
    client.get(url).send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn they_come_back() {
    let client = start(app).await;
    assert_eq!(sent(&client, "/?b=2&a=1").await, "none");
    assert_eq!(sent(&client, "/").await, "a=1; b=2");
    assert_eq!(
        client.get("/").cookie("a", "9").cookie("c", "3").send().await.unwrap().text().await.unwrap(),
        "b=2; a=9; c=3"
    );
    assert_eq!(client.get("/").header("cookie", "mine=1").send().await.unwrap().text().await.unwrap(), "mine=1");
    assert_eq!(client.cookie("/", "b").as_deref(), Some("2"));
    assert_eq!(sent(&client, "/?a=;max-age=0").await, "a=1; b=2");
    assert_eq!(sent(&client, "/?b=;expires=Thu,%2001%20Jan%201970%2000:00:00%20GMT").await, "b=2");
    assert_eq!(sent(&client, "/").await, "none");
    client.set_cookie(&Cookie::new("set", "here"));
    assert_eq!(sent(&client, "/x").await, "set=here");
    client.clear_cookies();
    assert_eq!(sent(&client, "/").await, "none");
}

/// RFC 6265 sections 5.1.3 and 5.1.4.
#[tokio::test]
async fn where_they_belong() {
    let client = start_with(app, |builder| builder.host("www.example.com")).await;
    sent(&client, "/a/b?deep=1;path=/a/b&wide=2;path=/").await;
    assert_eq!(sent(&client, "/a/b/c").await, "deep=1; wide=2");
    assert_eq!(sent(&client, "/a/bc").await, "wide=2");
    sent(&client, "/?all=3;domain=example.com&no=4;domain=other.com").await;
    assert_eq!(sent(&client, "http://example.com/").await, "all=3");
    assert_eq!(sent(&client, "http://other.com/").await, "none");
    sent(&client, "https://www.example.com/s?safe=5;secure;path=/s").await;
    assert_eq!(sent(&client, "https://www.example.com/s").await, "safe=5; all=3; wide=2");
    assert_eq!(sent(&client, "/s").await, "all=3; wide=2");
}

#[tokio::test]
async fn a_redirect_sets_them_too() {
    let client = start(|scope: Scope, _: Receiver, mut send: Sender| async move {
        let http = http(scope)?;
        let (status, headers) = match http.local_path() {
            b"/login" => (303, Headers::from_static(&[("location", "/"), ("set-cookie", "id=7")])),
            _ => (200, Headers::new()),
        };
        let body = http.headers().get("cookie").unwrap_or(b"none").to_vec().into();
        Ok::<_, Error>(send.send(Outgoing::Response { status, headers, body }).await?)
    })
    .await;
    assert_eq!(client.post("/login").send().await.unwrap().text().await.unwrap(), "id=7");
}
