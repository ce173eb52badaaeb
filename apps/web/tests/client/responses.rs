use super::{begin, body, http, mirror, respond, start, start_with};
use futures_core::Stream;
use std::future::poll_fn;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::task::yield_now;
use transom::{Error, FileBody, FileSource, Headers, Outgoing, Receiver, Scope, SendError, Sender};
use transom_web::client;

#[tokio::test]
async fn what_a_response_is() {
    let client = start(|scope, _receive, mut send: Sender| async move {
        http(scope)?;
        let early = Headers::from_static(&[("link", "</a.css>")]);
        send.send(Outgoing::Informational { status: 103, headers: early }).await?;
        let fields = [("x-a", "1"), ("x-a", "2"), ("connection", "keep-alive"), ("transfer-encoding", "chunked")];
        let headers = fields.into_iter().collect();
        send.send(Outgoing::Start { status: 201, headers }).await?;
        send.send(body("Hello, ", true)).await?;
        send.send(body("World!", true)).await?;
        Ok::<_, Error>(send.send(Outgoing::Trailers([("x-sum", "13")].into_iter().collect())).await?)
    })
    .await;
    let mut response = client.get("/a?b").send().await.unwrap();
    assert_eq!(
        (response.status(), response.header("X-A"), response.url()),
        (201, Some("1"), "http://testserver/a?b".into())
    );
    assert_eq!(response.headers().iter().collect::<Vec<_>>(), [("x-a", &b"1"[..]), ("x-a", b"2")]);
    assert_eq!(response.interim()[0].0, 103);
    assert_eq!(response.interim()[0].1.get("link"), Some(&b"</a.css>"[..]));
    assert!(response.trailers().is_none());
    for _ in 0..2 {
        assert_eq!(response.text().await.unwrap(), "Hello, World!");
    }
    assert_eq!(response.trailers().unwrap().get("x-sum"), Some(&b"13"[..]));
    assert_eq!(response.chunk().await.unwrap(), None);
    client.idle().await.unwrap();
}

#[tokio::test]
async fn bodies_as_what_they_are() {
    let client = start(|scope, _receive, mut send: Sender| async move {
        let text = String::from_utf8_lossy(http(scope)?.query().unwrap_or_default()).into_owned();
        let data = if text == "latin" { b"\xe4".to_vec() } else { text.into_bytes() };
        let event = Outgoing::Response { status: 200, headers: Headers::new(), body: data.into() };
        Ok::<_, Error>(send.send(event).await?)
    })
    .await;
    let get = |query: &str| client.get(&format!("/?{query}")).send();
    assert_eq!(get("[1,2]").await.unwrap().json::<Vec<u8>>().await.unwrap(), [1, 2]);
    assert!(matches!(get("[1").await.unwrap().json::<Vec<u8>>().await, Err(client::Error::Content(_))));
    assert!(matches!(get("latin").await.unwrap().text().await, Err(client::Error::Content(_))));
    assert_eq!(get("latin").await.unwrap().bytes().await.unwrap(), b"\xe4"[..]);
}

/// SPEC: HTTP-SEND-13, HTTP-SEND-15
#[tokio::test]
async fn head_has_no_body() {
    let client = start(|scope, _receive, mut send: Sender| async move {
        let event = match http(scope)?.local_path() {
            b"/whole" => respond(200, "Hello"),
            _ => {
                send.send(begin()).await?;
                body("Hello", false)
            }
        };
        Ok::<_, Error>(send.send(event).await?)
    })
    .await;
    for (path, length) in [("/whole", Some("5")), ("/parts", None)] {
        let mut response = client.head(path).send().await.unwrap();
        assert_eq!((response.status(), response.header("content-length")), (200, length));
        assert_eq!(response.bytes().await.unwrap(), "");
        let mut response = client.get(path).send().await.unwrap();
        assert_eq!(response.header("content-length"), length);
        assert_eq!(response.text().await.unwrap(), "Hello");
    }
}

#[tokio::test]
async fn files_are_read() {
    let client = start(|scope, _receive, mut send: Sender| async move {
        http(scope)?;
        send.send(begin()).await?;
        let source = FileSource::Path(Path::new(env!("CARGO_MANIFEST_PATH")).into());
        Ok::<_, Error>(send.send(Outgoing::File { file: FileBody { source, offset: 1, len: 7 }, more: false }).await?)
    })
    .await;
    assert_eq!(client.get("/").send().await.unwrap().text().await.unwrap(), "package");
}

/// Lets every other task go on as far as it can.
async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}

/// SPEC: FLOW-1
#[tokio::test]
async fn send_waits_for_the_reader() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let app = move |scope, _receive, mut send: Sender| {
        let count = Arc::clone(&count);
        async move {
            http(scope)?;
            send.send(begin()).await?;
            for _ in 0..100 {
                send.send(body(vec![b'x'; 10], true)).await?;
                count.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, Error>(send.send(body("", false)).await?)
        }
    };
    let client = start_with(app, |builder| builder.high_water(30)).await;
    let mut response = client.get("/").send().await.unwrap();
    settle().await;
    assert_eq!(sent.load(Ordering::Relaxed), 3);
    let mut chunks = response.chunks();
    let mut next = async || poll_fn(|cx| Pin::new(&mut chunks).poll_next(cx)).await;
    assert_eq!(next().await.unwrap().unwrap().len(), 10);
    settle().await;
    assert_eq!(sent.load(Ordering::Relaxed), 4);
    while let Some(chunk) = next().await {
        chunk.unwrap();
    }
    assert_eq!(sent.load(Ordering::Relaxed), 100);
    client.idle().await.unwrap();
}

/// SPEC: DISC-1
#[tokio::test]
async fn a_response_that_is_dropped_disconnects() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let app = move |scope, _receive, mut send: Sender| {
        let tell = Arc::clone(&tell);
        async move {
            let http = http(scope)?;
            send.send(begin()).await?;
            send.send(body("all", http.local_path() == b"/more")).await?;
            let end = send.closed().await;
            let sent = send.send(body("", false)).await;
            tell.lock().unwrap().push(format!("{end:?} {sent:?}"));
            Ok::<_, Error>(())
        }
    };
    let client = start(app).await;
    for path in ["/more", "/done"] {
        drop(client.get(path).send().await.unwrap());
        client.idle().await.unwrap_or_default();
    }
    let gone = SendError::Disconnected(transom::End::Disconnected { code: None });
    let expected = [
        format!("Disconnected {{ code: None }} {:?}", Err::<(), _>(gone)),
        format!("Complete {:?}", Err::<(), _>(SendError::Finished)),
    ];
    assert_eq!(*told.lock().unwrap(), expected);
}

/// A request that is given up is a peer that leaves.
#[tokio::test]
async fn a_send_that_is_dropped_disconnects() {
    let client = start(|scope, _receive, mut send: Sender| async move {
        http(scope)?;
        let _ = send.closed().await;
        Ok::<_, Error>(())
    })
    .await;
    let sending = client.get("/").send();
    assert!(tokio::time::timeout(std::time::Duration::ZERO, sending).await.is_err());
    client.idle().await.unwrap();
}

#[tokio::test]
async fn the_request_goes_on_when_the_response_is_there() {
    let told = Arc::new(Mutex::new(String::new()));
    let tell = Arc::clone(&told);
    let app = move |scope, mut receive: Receiver, mut send: Sender| {
        let tell = Arc::clone(&tell);
        async move {
            http(scope)?;
            send.send(respond(200, "early")).await?;
            while let transom::Incoming::Body { data, more: true } = receive.recv().await {
                tell.lock().unwrap().push_str(std::str::from_utf8(&data)?);
            }
            Ok::<_, Error>(())
        }
    };
    let client = start(app).await;
    let mut response = client.post("/").stream(tokio_stream::iter(["a", "b"])).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "early");
    client.idle().await.unwrap();
    assert_eq!(*told.lock().unwrap(), "ab");
}

#[tokio::test(start_paused = true)]
async fn times_may_be_paused() {
    let client = start(|scope: Scope, receive, send| async {
        if matches!(scope, Scope::Http(_)) {
            tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
        }
        mirror(scope, receive, send).await
    })
    .await;
    assert_eq!(client.get("/").send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_the_same_time() {
    let client = start(mirror).await;
    let tasks: Vec<_> = (0..200)
        .map(|number| {
            let client = client.client.clone();
            tokio::spawn(async move {
                let request = client.post(&format!("/{number}")).stream(tokio_stream::iter(["a"; 20]));
                let told = request.send().await.unwrap().text().await.unwrap();
                assert!(told.starts_with(&format!("POST http:///{number}\n")) && told.ends_with(&"a".repeat(20)));
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    client.idle().await.unwrap();
}
