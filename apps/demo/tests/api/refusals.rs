use super::{Board, answer};
use serde_json::{Value, json};

/// The status, and where what is wrong.
fn fault((status, problem): (u16, Value)) -> (u16, String) {
    let fault = &problem["faults"][0];
    (status, format!("{} {}", fault["in"].as_str().unwrap_or("-"), fault["at"].as_str().unwrap_or("-")))
}

#[tokio::test]
async fn what_is_wrong_is_told_and_where() {
    let board = Board::open().await;
    let card = |member: &str, value: Value| {
        let mut card = json!({ "board": 1, "column": 1, "title": "x" });
        card[member] = value;
        card
    };
    let cases = [
        ("title", json!("  "), "body title"),
        ("title", json!("x".repeat(201)), "body title"),
        ("title", json!("a\nb"), "body title"),
        ("title", Value::Null, "body title"),
        ("description", json!("\u{0}"), "body description"),
        ("due", json!("2031-02-30"), "body due"),
        ("assignee", json!("me"), "body assignee"),
        ("assignee", json!(99), "body assignee"),
        ("column", json!(99), "body column"),
    ];
    for (member, value, place) in cases {
        let content = card(member, value);
        assert_eq!(fault(board.send("POST", "/api/cards", &content).await), (422, place.to_owned()), "{content}");
    }
    let (status, _) = board.send("POST", "/api/cards", &card("position", json!(1))).await;
    assert_eq!(status, 422, "a member that is not known");
    let stranger = board.client.post("/api/cards").header("x-person", "99").json(&card("title", json!("x")));
    assert_eq!(fault(answer(stranger).await), (422, "header x-person".to_owned()));
    let before = json!({ "column": 1, "before": 9999 });
    assert_eq!(fault(board.send("POST", "/api/cards/1/move", &before).await), (422, "body before".to_owned()));
    for query in ["board=1&limit=0", "board=1&limit=201", "board=1&limit=many"] {
        assert_eq!(fault(board.get(&format!("/api/cards?{query}")).await), (422, "query limit".to_owned()), "{query}");
    }
    assert_eq!(board.get("/api/activity").await.0, 422);
    board.close().await;
}

#[tokio::test]
async fn what_is_not_there() {
    let board = Board::open().await;
    for path in ["/api/boards/99", "/api/cards/99", "/api/cards?board=99", "/api/activity?board=99", "/api/cards/x"] {
        assert_eq!(board.get(path).await.0, 404, "{path}");
    }
    let move_it = json!({ "column": 1 });
    assert_eq!(board.send("POST", "/api/cards/99/move", &move_it).await.0, 404);
    assert_eq!(board.send("PATCH", "/api/cards/1", &move_it).await.0, 405);
    let text = board.client.post("/api/cards").header("content-type", "text/plain").body("{}");
    assert_eq!(answer(text).await.0, 415);
    let large = board.client.post("/api/cards").json(&json!({ "description": "x".repeat(70_000) }));
    assert_eq!(answer(large).await.0, 413);
    board.close().await;
}

#[tokio::test]
async fn pages_of_other_sites_change_nothing() {
    let board = Board::open().await;
    let content = json!({ "board": 1, "column": 1, "title": "x" });
    for (origin, status) in [
        ("https://elsewhere.example", 403),
        ("null", 403),
        ("http://board.example.elsewhere.example", 403),
        ("http://board.example:8000", 403),
        ("http://board.example", 201),
    ] {
        let request = board.client.post("http://board.example/api/cards").header("origin", origin).json(&content);
        assert_eq!(answer(request).await.0, status, "{origin}");
    }
    let socket = board.client.websocket("/live?board=1").header("origin", "https://elsewhere.example");
    assert!(socket.connect().await.is_err());
    board.close().await;
}
