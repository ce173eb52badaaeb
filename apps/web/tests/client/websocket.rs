use super::{start, start_with};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use transom::{App, Capabilities, End, Error, Headers, Incoming, Manifest, Message, Outgoing, Receiver, Scope, Sender};
use transom_web::client::{self, Socket};

/// Does as the path says, and notes how it ended.
#[derive(Clone, Default)]
struct Chat {
    control: bool,
    ends: Arc<Mutex<Vec<End>>>,
}

impl App for Chat {
    async fn call(&self, scope: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        let Scope::WebSocket(scope) = scope else { return Err(Error::unsupported()) };
        let mut headers = Headers::from_static(&[("x-room", "1"), ("set-cookie", "seat=3")]);
        let path = scope.http().local_path();
        match path {
            b"/forbidden" => return Ok(send.send(Outgoing::Close { code: 1008, reason: "".into() }).await?),
            b"/denied" => {
                send.send(Outgoing::Start { status: 401, headers }).await?;
                return Ok(send.send(Outgoing::Body { data: "who?".into(), more: false }).await?);
            }
            b"/nothing" => return Ok(()),
            b"/error" => return Err("broken".into()),
            _ => {}
        }
        if let Some(cookie) = scope.http().headers().get("cookie") {
            headers.push("x-cookie", cookie);
        }
        let subprotocol = scope.subprotocols().last().map(|name| name.to_owned().into());
        send.send(Outgoing::Accept { subprotocol, headers }).await?;
        match path {
            b"/bye" => {
                send.send(Outgoing::Message(Message::Text("bye".into()))).await?;
                send.send(Outgoing::Close { code: 4000, reason: "enough".into() }).await?;
            }
            b"/returns" => return Ok(()),
            b"/breaks" => return Err("broken".into()),
            b"/ping" => send.send(Outgoing::Message(Message::Ping("a".into()))).await?,
            _ => {}
        }
        loop {
            match receive.recv().await {
                Incoming::Message(Message::Ping(_)) => {}
                Incoming::Message(Message::Pong(data)) => send.send(Outgoing::Message(Message::Binary(data))).await?,
                Incoming::Message(message) => send.send(Outgoing::Message(message)).await?,
                Incoming::End(end) => {
                    self.ends.lock().unwrap().push(end);
                    return Ok(());
                }
                _ => {}
            }
        }
    }

    fn manifest(&self) -> Manifest {
        Manifest::default().wanting(if self.control { Capabilities::WEBSOCKET_CONTROL } else { Capabilities::NONE })
    }
}

fn closed(code: u16, reason: &str, clean: bool) -> End {
    End::Closed { code, reason: reason.to_owned().into(), clean }
}

async fn end(socket: &mut Socket) -> (u16, String) {
    match socket.receive().await {
        Err(client::Error::Closed { code, reason }) => (code, reason),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn messages_both_ways() {
    let app = Chat::default();
    let client = start(app.clone()).await;
    let connect = client.websocket("ws://testserver/ws").subprotocol("chat").subprotocol("v2").cookie("a", "1");
    let mut socket = connect.header("x", "y").query(&[("q", "1")]).connect().await.unwrap();
    assert_eq!((socket.subprotocol(), socket.headers().get("x-room")), (Some("v2"), Some(&b"1"[..])));
    assert_eq!(socket.headers().get("x-cookie"), Some(&b"a=1"[..]));
    assert_eq!(client.cookie("/ws", "seat").as_deref(), Some("3"));
    socket.send_text("text").await.unwrap();
    socket.send_bytes("bytes").await.unwrap();
    socket.send_json(&json!({"a": 1})).await.unwrap();
    socket.send_text("{}").await.unwrap();
    assert_eq!(socket.receive_text().await.unwrap(), "text");
    assert_eq!(socket.receive_bytes().await.unwrap(), "bytes");
    assert_eq!(socket.receive_json::<Value>().await.unwrap(), json!({"a": 1}));
    assert!(matches!(socket.receive_bytes().await, Err(client::Error::Unexpected(Message::Text(_)))));
    socket.send_text("last").await.unwrap();
    socket.close(3000, "done").await.unwrap();
    assert!(matches!(socket.send_text("x").await, Err(client::Error::Closed { code: 3000, .. })));
    assert_eq!(socket.receive_text().await.unwrap(), "last");
    for _ in 0..2 {
        assert_eq!(end(&mut socket).await, (3000, "done".into()));
    }
    client.idle().await.unwrap();
    assert_eq!(*app.ends.lock().unwrap(), [closed(3000, "done", true)]);
}

#[tokio::test]
async fn the_application_closes() {
    let app = Chat::default();
    let client = start(app.clone()).await;
    let mut socket = client.websocket("/bye").connect().await.unwrap();
    assert_eq!(socket.receive_text().await.unwrap(), "bye");
    assert_eq!(socket.closed(), None);
    assert_eq!(end(&mut socket).await, (4000, "enough".into()));
    assert_eq!(socket.closed(), Some((4000, "enough")));
    client.idle().await.unwrap();
    assert_eq!(*app.ends.lock().unwrap(), [closed(4000, "", true)]);
    // WS-14.
    assert_eq!(end(&mut client.websocket("/returns").connect().await.unwrap()).await, (1000, String::new()));
    let mut socket = client.websocket("/breaks").connect().await.unwrap();
    assert!(matches!(socket.receive().await, Err(client::Error::Application(error)) if error.to_string() == "broken"));
    let client = start_with(app, |builder| builder.answer_failures(true)).await;
    assert_eq!(end(&mut client.websocket("/breaks").connect().await.unwrap()).await, (1011, String::new()));
}

#[tokio::test]
async fn denials() {
    let client = start(Chat::default()).await;
    for (path, status, text) in [("/forbidden", 403, ""), ("/denied", 401, "who?"), ("/nothing", 403, "")] {
        let Err(client::Error::Denied(mut response)) = client.websocket(path).connect().await else { panic!("{path}") };
        assert_eq!((response.status(), &*response.text().await.unwrap()), (status, text));
    }
    assert!(matches!(client.websocket("/error").connect().await, Err(client::Error::Application(_))));
    client.idle().await.unwrap();
    let client = start_with(Chat::default(), |builder| builder.answer_failures(true)).await;
    let Err(client::Error::Denied(response)) = client.websocket("/error").connect().await else { panic!() };
    assert_eq!(response.status(), 500);
}

#[tokio::test]
async fn a_socket_that_is_dropped_is_lost() {
    let app = Chat::default();
    let client = start(app.clone()).await;
    drop(client.websocket("/").connect().await.unwrap());
    client.idle().await.unwrap();
    assert_eq!(*app.ends.lock().unwrap(), [closed(1006, "", false)]);
}

/// SPEC: WS-10, WS-11
#[tokio::test]
async fn pings() {
    let client = start(Chat { control: true, ..Chat::default() }).await;
    let mut socket = client.websocket("/ping").connect().await.unwrap();
    assert_eq!(socket.receive().await.unwrap(), Message::Ping("a".into()));
    assert_eq!(socket.receive_bytes().await.unwrap(), "a", "the pong");
    socket.ping("b").await.unwrap();
    assert!(matches!(socket.ping(vec![0; 126]).await, Err(client::Error::Request(_))));
    // Nothing of it reaches those who do not ask.
    let client = start(Chat::default()).await;
    let mut socket = client.websocket("/").connect().await.unwrap();
    socket.send(Message::Pong("c".into())).await.unwrap();
    socket.send_text("after").await.unwrap();
    assert_eq!(socket.receive_text().await.unwrap(), "after");
}

/// SPEC: WS-20
#[tokio::test]
async fn sockets_are_closed_when_the_client_is() {
    let app = Chat::default();
    let client = start(app.clone()).await;
    let mut socket = client.websocket("/").connect().await.unwrap();
    client.client.clone().close().await.unwrap();
    assert_eq!(end(&mut socket).await, (1012, String::new()));
    assert_eq!(*app.ends.lock().unwrap(), [closed(1012, "", true)]);
}

#[tokio::test]
async fn what_may_not_be_sent() {
    let client = start(Chat::default()).await;
    let mut socket = client.websocket("/").connect().await.unwrap();
    for (code, reason) in [(1005, ""), (999, ""), (1000, "x".repeat(124).as_str())] {
        assert!(matches!(socket.close(code, reason).await, Err(client::Error::Request(_))));
    }
    // A request is no handshake.
    let http = client.get("/").send().await;
    assert!(matches!(http, Err(client::Error::Application(error)) if error.is_unsupported()));
}
