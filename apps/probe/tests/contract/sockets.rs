use super::app;
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;
use transom::Message;
use transom::memory::{self, Outcome, Verdict};

async fn open(target: &str) -> Outcome {
    memory::websocket(target).text("hé").close(1000, "").start(app()).await
}

fn texts(outcome: &Outcome) -> Vec<&str> {
    let mut texts = Vec::new();
    for message in outcome.messages() {
        if let Message::Text(text) = message {
            texts.push(text.as_str());
        }
    }
    texts
}

#[tokio::test(start_paused = true)]
async fn echo() {
    for path in ["/ws/echo", "/ws", "/", "/other"] {
        let socket = memory::websocket(path).text("hé").binary("\u{0}").text("");
        let outcome = socket.close(1000, "").start(app()).await;
        let binary = Message::Binary(Bytes::from_static(b"\0"));
        let expected = [Message::Text("hé".into()), binary, Message::Text("".into())];
        assert_eq!(outcome.messages().cloned().collect::<Vec<_>>(), expected);
        assert!(outcome.result.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn reject() {
    let outcome = open("/ws/reject").await;
    assert_eq!((outcome.status(), outcome.is_accepted()), (Some(403), false));
    assert!(outcome.result.is_ok());
}

#[tokio::test(start_paused = true)]
async fn subprotocol() {
    let socket = memory::websocket("/ws/subprotocol").subprotocols(["a", "b"]).close(1000, "");
    assert_eq!(socket.start(app()).await.subprotocol(), Some("b"));
    let outcome = open("/ws/subprotocol").await;
    assert_eq!((outcome.subprotocol(), texts(&outcome)), (None, vec!["hé"]));
}

#[tokio::test(start_paused = true)]
async fn headers() {
    let outcome = open("/ws/headers").await;
    assert_eq!((outcome.header("x-ws"), outcome.header("set-cookie")), (Some("yes"), Some("w=1")));
    assert_eq!(texts(&outcome), ["hé"]);
}

#[tokio::test(start_paused = true)]
async fn raise() {
    let outcome = open("/ws/raise").await;
    assert!(outcome.is_accepted() && outcome.result.is_err());
    assert_eq!(outcome.verdict, Verdict::Close(1011));
}

#[tokio::test(start_paused = true)]
async fn close() {
    let outcome = memory::websocket("/ws/close").start(app()).await;
    assert_eq!(outcome.close(), Some((4001, "bye")));
    assert!(outcome.result.is_ok());
}

#[tokio::test(start_paused = true)]
async fn scope() {
    let socket = memory::websocket("/ws/scope?a=1").subprotocols(["x", "y"]).text("hé").close(1000, "");
    let outcome = socket.start(app()).await;
    let [report, "hé"] = texts(&outcome)[..] else { panic!("{:?}", outcome.events) };
    let mut report: Value = serde_json::from_str(report).unwrap();
    let headers = report["headers"].take();
    assert!(headers.as_array().unwrap().contains(&json!(["sec-websocket-protocol", "x, y"])));
    let expected = json!({
        "type": "websocket",
        "scheme": "ws",
        "path": "/ws/scope",
        "query_string": "a=1",
        "subprotocols": ["x", "y"],
        "headers": null,
    });
    assert_eq!(report, expected);
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_recorded_whenever_it_is_noticed() {
    for poll in 2..5 {
        let app = Arc::new(app());
        let socket = memory::websocket("/ws/echo").text("a").trickle().high_water(1).take(1);
        let outcome = socket.hang_up_at(poll).start(Arc::clone(&app)).await;
        assert!(outcome.result.is_ok());
        let state = memory::http("GET", "/state").start(app).await;
        let state: Value = serde_json::from_slice(state.body()).unwrap();
        assert_eq!(state["ws_closed"], json!([1006]), "at poll {poll}");
    }
}
