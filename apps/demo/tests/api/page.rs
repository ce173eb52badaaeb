use super::Board;

#[tokio::test]
async fn what_the_page_refers_to_is_there() {
    let board = Board::open().await;
    let mut page = board.client.get("/").send().await.expect("a response");
    assert_eq!((page.status(), page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"));
    let html = page.text().await.expect("text");
    assert!(!html.contains("style=") && !html.contains("onclick="), "the policy forbids it");
    let mut pages = vec![html];
    let mut seen = Vec::new();
    while let Some(text) = pages.pop() {
        let names = text.split('"').map(|name| name.trim_start_matches("./"));
        for name in names.filter(|name| [".js", ".css", ".svg"].iter().any(|ending| name.ends_with(ending))) {
            if seen.contains(&name.to_owned()) {
                continue;
            }
            let mut file = board.client.get(&format!("/{name}")).send().await.expect("a response");
            assert_eq!(file.status(), 200, "{name}");
            assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
            let again =
                board.client.get(&format!("/{name}")).header("if-none-match", file.header("etag").expect("an etag"));
            assert_eq!(again.send().await.expect("a response").status(), 304);
            seen.push(name.to_owned());
            pages.push(file.text().await.expect("text"));
        }
    }
    assert!(seen.len() >= 8, "{seen:?}");
    assert_eq!(board.client.get("/gone.js").send().await.expect("a response").status(), 404);
    board.close().await;
}

#[tokio::test]
async fn operators_are_answered() {
    let board = Board::open().await;
    for path in ["/health", "/ready", "/slow-async", "/slow-sync"] {
        assert_eq!(board.client.get(path).send().await.expect("a response").status(), 200, "{path}");
    }
    board.close().await;
}
