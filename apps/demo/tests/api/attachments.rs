use super::{Board, answer};
use serde_json::{Value, json};
use transom_web::client::RequestBuilder;

/// An upload of files.
fn form(request: RequestBuilder, files: &[(&str, &[u8])]) -> RequestBuilder {
    let mut body = Vec::new();
    for (name, content) in files {
        body.extend(format!("--b\r\ncontent-disposition: form-data; name=\"f\"; filename=\"{name}\"\r\n").bytes());
        body.extend(b"content-type: text/html\r\n\r\n");
        body.extend(*content);
        body.extend(b"\r\n");
    }
    body.extend(b"--b--\r\n");
    request.header("content-type", "multipart/form-data; boundary=b").body(body)
}

#[tokio::test]
async fn files_come_back() {
    let board = Board::open().await;
    let large: Vec<u8> = (0..3_000_000_u32).map(|number| number as u8).collect();
    let upload = form(board.client.post("/api/cards/1/attachments"), &[("ä.html", b"<script>"), ("large", &large)]);
    let (status, change) = answer(upload).await;
    assert_eq!((status, &change["activity"]["detail"]), (201, &json!("ä.html, large")));
    let files = &change["cards"][0]["attachments"];
    assert_eq!((&files[0]["name"], &files[1]["size"]), (&json!("ä.html"), &json!(3_000_000)));

    let mut page = board.client.get(&format!("/api/attachments/{}", files[0]["id"])).send().await.expect("a response");
    assert_eq!((page.status(), &page.bytes().await.expect("it is whole")[..]), (200, &b"<script>"[..]));
    assert!(page.header("content-disposition").is_some_and(|value| value.starts_with("attachment;")));
    assert_eq!(page.header("content-security-policy"), Some("sandbox"));

    let place = format!("/api/attachments/{}", files[1]["id"]);
    let mut part = board.client.get(&place).header("range", "bytes=-5").send().await.expect("a response");
    assert_eq!((part.status(), &part.bytes().await.expect("it is whole")[..]), (206, &large[2_999_995..]));
    assert_eq!(board.send("DELETE", &place, &Value::Null).await.0, 200);
    assert_eq!(board.get(&place).await.0, 404);
    board.close().await;
}

#[tokio::test]
async fn what_is_no_upload() {
    let board = Board::open().await;
    assert_eq!(answer(form(board.client.post("/api/cards/1/attachments"), &[])).await.0, 422);
    assert_eq!(answer(form(board.client.post("/api/cards/99/attachments"), &[("a", b"")])).await.0, 404);
    assert_eq!(board.send("POST", "/api/cards/1/attachments", &json!({})).await.0, 415);
    let huge = vec![0; 33 << 20];
    assert_eq!(answer(form(board.client.post("/api/cards/1/attachments"), &[("huge", &huge)])).await.0, 413);
    let (_, card) = board.get("/api/cards/1").await;
    assert_eq!(card["attachments"], json!([]));
    board.close().await;
}
