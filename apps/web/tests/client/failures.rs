use super::{begin, body, http, respond, start, start_with};
use std::sync::Arc;
use tokio::sync::Notify;
use transom::{BadRequest, End, Error, Headers, Incoming, Outgoing, Receiver, Scope, SendError, Sender, Violation};
use transom_web::client::{self, Client};

/// Fails as the path says.
async fn app(scope: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    let http = http(scope)?;
    match http.local_path() {
        b"/error" => return Err("broken".into()),
        b"/panic" => panic!("at the disco"),
        b"/nothing" => return Ok(()),
        b"/unsupported" => return Err(Error::unsupported()),
        b"/late" => send.send(respond(200, "there")).await?,
        b"/dropped" => {
            drop(send);
            std::future::pending::<()>().await;
            return Ok(());
        }
        b"/cut" => {
            send.send(begin()).await?;
            send.send(body("half", true)).await?;
        }
        b"/body" => while !matches!(receive.recv().await, Incoming::End(End::BadRequest(BadRequest::Truncated))) {},
        _ => {}
    }
    Err("broken".into())
}

fn application<T: std::fmt::Debug>(result: Result<T, client::Error>) -> String {
    match result {
        Err(client::Error::Application(error)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

/// SPEC: APP-5, RETURN-1, RETURN-9
#[tokio::test]
async fn failures_are_errors() {
    let client = start(app).await;
    for (path, expected) in [
        ("/error", "broken"),
        ("/panic", "it panicked: at the disco"),
        ("/nothing", "it gave up its response, or returned without one"),
        ("/unsupported", "the application does not serve this kind of scope"),
        ("/dropped", "it gave up its response, or returned without one"),
    ] {
        assert_eq!(application(client.get(path).send().await), expected);
    }
    let mut response = client.get("/cut").send().await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "half");
    assert_eq!(application(response.chunk().await), "broken");
    assert!(matches!(response.chunk().await, Err(client::Error::Incomplete)));
}

/// SPEC: RETURN-1
#[tokio::test]
async fn or_are_answered() {
    let client = start_with(app, |builder| builder.answer_failures(true)).await;
    for (path, status) in
        [("/error", 500), ("/panic", 500), ("/nothing", 500), ("/unsupported", 501), ("/dropped", 500)]
    {
        let mut response = client.get(path).send().await.unwrap();
        assert_eq!((response.status(), response.bytes().await.unwrap().len()), (status, 0), "{path}");
    }
    let mut response = client.get("/cut").send().await.unwrap();
    assert!(matches!(response.text().await, Err(client::Error::Incomplete)));
    assert_eq!(client.get("/late").send().await.unwrap().status(), 200);
}

/// SPEC: RETURN-2
#[tokio::test]
async fn a_bad_request_is_no_failure() {
    let client = start(app).await;
    let response = client.post("/body").header("content-length", "9").body("short").send().await.unwrap();
    assert_eq!(response.status(), 400);
    client.idle().await.unwrap();
}

#[tokio::test]
async fn what_fails_later_is_told_once() {
    let client = start(app).await;
    assert_eq!(client.get("/late").send().await.unwrap().text().await.unwrap(), "there");
    assert_eq!(application(client.idle().await), "broken");
    client.idle().await.unwrap();
    client.get("/late").send().await.unwrap();
    assert_eq!(application(client.client.clone().close().await), "broken");
}

#[tokio::test]
async fn idle_waits_for_what_is_done_in_the_background() {
    let gate = Arc::new(Notify::new());
    let (pass, done) = (Arc::clone(&gate), Arc::new(std::sync::atomic::AtomicBool::new(false)));
    let tell = Arc::clone(&done);
    let client = start(move |scope, _: Receiver, mut send: Sender| {
        let (pass, tell) = (Arc::clone(&pass), Arc::clone(&tell));
        async move {
            http(scope)?;
            send.send(respond(200, "there")).await?;
            pass.notified().await;
            tell.store(true, std::sync::atomic::Ordering::Relaxed);
            Ok::<_, Error>(())
        }
    })
    .await;
    assert_eq!(client.get("/").send().await.unwrap().text().await.unwrap(), "there");
    let mut idle = Box::pin(client.idle());
    assert!(std::future::poll_fn(|cx| std::task::Poll::Ready(idle.as_mut().poll(cx).is_pending())).await);
    gate.notify_one();
    idle.await.unwrap();
    assert!(done.load(std::sync::atomic::Ordering::Relaxed));
}

/// SPEC: HTTP-SEND-7, HTTP-SEND-11, HTTP-SEND-12
#[tokio::test]
async fn a_body_of_another_length_is_refused() {
    let client = start(|scope, _: Receiver, mut send: Sender| async move {
        http(scope)?;
        let headers = || Headers::from_static(&[("content-length", "3")]);
        let whole = Outgoing::Response { status: 200, headers: headers(), body: "four".into() };
        assert_eq!(send.send(whole).await, Err(SendError::Violation(Violation::BadHeader)));
        send.send(Outgoing::Start { status: 200, headers: headers() }).await?;
        assert_eq!(send.send(body("four", false)).await, Err(SendError::Violation(Violation::LengthMismatch)));
        assert_eq!(send.send(body("tw", false)).await, Err(SendError::Violation(Violation::LengthMismatch)));
        Ok::<_, Error>(send.send(body("3rd", false)).await?)
    })
    .await;
    assert_eq!(client.get("/").send().await.unwrap().text().await.unwrap(), "3rd");
}

#[tokio::test]
async fn a_lint_finds_what_is_wrong() {
    async fn wrong(scope: Scope, _: Receiver, mut send: Sender) -> Result<(), Error> {
        http(scope)?;
        let _ = send.send(body("early", true)).await;
        Ok(send.send(respond(200, "")).await?)
    }
    assert_eq!(Client::new(wrong).await.unwrap().get("/").send().await.unwrap().status(), 200);
    let client = Client::new(wrong).lint(true).await.unwrap();
    let told = application(client.get("/").send().await);
    assert_eq!(told, "it panicked: HTTP-SEND-1: the application sent Body before Start");
}
