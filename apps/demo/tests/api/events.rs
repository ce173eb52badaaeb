use super::Board;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;
use transom_web::client::{Response, Socket};

/// Nothing here takes as long, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

async fn news(socket: &mut Socket) -> Value {
    timeout(PATIENCE, socket.receive_json()).await.expect("there is news").expect("the socket is open")
}

#[tokio::test]
async fn pages_are_told_what_changes() {
    let board = Board::open().await;
    let mut first = board.client.websocket("/live?board=1").connect().await.expect("a socket");
    assert_eq!(news(&mut first).await, json!({ "present": 1 }));
    let mut second = board.client.websocket("/live?board=1").connect().await.expect("a socket");
    assert_eq!(news(&mut second).await, json!({ "present": 2 }));
    assert_eq!(news(&mut first).await, json!({ "present": 2 }));

    let content = json!({ "board": 1, "column": 4, "title": "Seen by all" });
    let (_, change) = board.send("POST", "/api/cards", &content).await;
    assert_eq!(news(&mut first).await, json!({ "change": change }));
    assert_eq!(news(&mut second).await, json!({ "change": change }));

    second.close(1000, "").await.expect("it closes");
    assert_eq!(news(&mut first).await, json!({ "present": 1 }));
    let denied = board.client.websocket("/live?board=99").connect().await;
    assert!(denied.is_err(), "there is no such board");
    board.close().await;
    assert!(first.receive().await.is_err());
    assert_eq!(first.closed().map(|(code, _)| code), Some(1012));
}

/// Ids and data of the next events.
async fn events(stream: &mut Response, count: usize) -> Vec<(i64, Value)> {
    let (mut text, mut events) = (String::new(), Vec::new());
    while events.len() < count {
        let chunk = timeout(PATIENCE, stream.chunk()).await.expect("there is more");
        let chunk = chunk.expect("it is not cut off").expect("it goes on");
        text.push_str(std::str::from_utf8(&chunk).expect("whole characters"));
        while let Some((event, rest)) = text.split_once("\n\n") {
            let field = |name| event.lines().find_map(|line| line.strip_prefix(name));
            if let (Some(id), Some(data)) = (field("id: "), field("data: ")) {
                events.push((id.parse().expect("a number"), serde_json::from_str(data).expect("JSON")));
            }
            text = rest.to_owned();
        }
    }
    events
}

#[tokio::test]
async fn activity_is_told_and_gone_on_with() {
    let board = Board::open().await;
    let (_, all) = board.get("/api/activity?board=1").await;
    let known = all["activity"].as_array().expect("activity");
    let mut stream = board.client.get("/activity/stream?board=1").send().await.expect("a response");
    assert_eq!(stream.header("content-type"), Some("text/event-stream"));
    let seen = events(&mut stream, known.len()).await;
    assert!(seen.iter().map(|(_, data)| data).eq(known.iter().rev()));

    let mut made = Vec::new();
    for title in ["first", "second"] {
        let content = json!({ "board": 1, "column": 1, "title": title });
        made.push(board.send("POST", "/api/cards", &content).await.1["activity"].clone());
    }
    let after = events(&mut stream, 2).await;
    assert_eq!(after.iter().map(|(_, data)| data.clone()).collect::<Vec<_>>(), made);
    drop(stream);

    let last = after[0].0.to_string();
    let again = board.client.get("/activity/stream?board=1").header("last-event-id", &last);
    let mut stream = again.send().await.expect("a response");
    assert_eq!(events(&mut stream, 1).await, [(after[1].0, made[1].clone())]);
    assert_eq!(board.get("/activity/stream?board=99").await.0, 404);

    board.close().await;
    assert_eq!(stream.chunk().await.expect("it ends in order"), None);
}
