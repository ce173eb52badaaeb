use super::Board;
use serde_json::{Value, json};

#[tokio::test]
async fn the_life_of_a_card() {
    let board = Board::open().await;
    let content = json!({ "board": 1, "column": 1, "title": "  New \u{1F680} ", "due": "2031-05-17" });
    let mut response = board.client.post("/api/cards").json(&content).send().await.expect("a response");
    assert_eq!(response.status(), 201);
    let place = response.header("location").expect("it is somewhere").to_owned();
    let made: Value = response.json().await.expect("JSON");
    assert_eq!(made["activity"]["person"], 2);
    assert_eq!(made["activity"]["kind"], "created");

    let (status, card) = board.get(&place).await;
    assert_eq!((status, &card), (200, &made["cards"][0]));
    assert_eq!(card["title"], "New \u{1F680}");
    assert_eq!((&card["due"], &card["version"], &card["assignee"]), (&json!("2031-05-17"), &json!(1), &Value::Null));

    let edit = json!({ "version": 1, "title": "Edited", "description": "a\r\nb", "assignee": 3 });
    let (status, edited) = board.send("PUT", &place, &edit).await;
    assert_eq!((status, &edited["cards"][0]["description"]), (200, &json!("a\nb")));
    assert_eq!((&edited["cards"][0]["due"], &edited["cards"][0]["version"]), (&Value::Null, &json!(2)));
    let (status, problem) = board.send("PUT", &place, &edit).await;
    assert_eq!((status, &problem["detail"]), (409, &json!("the card was changed: its version is 2")));

    let (_, whole) = board.get("/api/boards/1").await;
    let first = whole["cards"].as_array().expect("cards").iter().find(|card| card["column"] == 2).expect("a card");
    let (status, moved) =
        board.send("POST", &format!("{place}/move"), &json!({ "column": 2, "before": first["id"] })).await;
    assert_eq!((status, &moved["activity"]["detail"]), (200, &json!("In progress")));
    assert!(moved["cards"][0]["position"].as_i64() < first["position"].as_i64());
    assert_eq!(moved["revision"].as_i64(), whole["board"]["revision"].as_i64().map(|revision| revision + 1));

    let (status, deleted) = board.send("DELETE", &place, &Value::Null).await;
    assert_eq!((status, &deleted["gone"][0]), (200, &card["id"]));
    assert_eq!(board.get(&place).await.0, 404);
    board.close().await;
}

#[tokio::test]
async fn lists_come_in_pages() {
    let board = Board::open().await;
    let (_, whole) = board.get("/api/boards/1").await;
    let mut after = json!(0);
    let mut found = Vec::new();
    while !after.is_null() {
        let (status, page) = board.get(&format!("/api/cards?board=1&limit=5&after={after}")).await;
        assert_eq!(status, 200);
        found.extend(page["cards"].as_array().expect("cards").iter().cloned());
        after = page["after"].clone();
    }
    assert_eq!(&json!(found), &whole["cards"]);

    let (_, all) = board.get("/api/activity?board=1&limit=200").await;
    assert_eq!(all["before"], Value::Null);
    let (_, first) = board.get("/api/activity?board=1&limit=4").await;
    let (_, second) = board.get(&format!("/api/activity?board=1&limit=4&before={}", first["before"])).await;
    let pages: Vec<_> =
        [first, second].iter().flat_map(|page| page["activity"].as_array().expect("activity").clone()).collect();
    assert_eq!(pages, all["activity"].as_array().expect("activity")[..8]);

    let (_, own) = board.get("/api/cards?board=1&column=2&assignee=2").await;
    let own = own["cards"].as_array().expect("cards");
    assert!(!own.is_empty() && own.iter().all(|card| card["column"] == 2 && card["assignee"] == 2));
    let (_, people) = board.get("/api/people").await;
    assert_eq!(people["people"].as_array().map(Vec::len), Some(5));
    let (_, boards) = board.get("/api/boards").await;
    assert_eq!(boards["boards"][0], whole["board"]);
    board.close().await;
}
