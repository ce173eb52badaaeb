//! The application as its clients see it, without a socket.

mod attachments;
mod cards;
mod events;
mod page;
mod refusals;

use demo::{Config, app_with};
use serde_json::Value;
use tempfile::TempDir;
use transom_web::client::{Client, RequestBuilder};

/// A board of its own, and somebody who works on it.
struct Board {
    client: Client,
    _directory: TempDir,
}

impl Board {
    async fn open() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let config = Config { directory: directory.path().to_owned(), ..Config::default() };
        let client = Client::new(app_with(config)).header("x-person", "2").await.expect("it starts");
        Self { client, _directory: directory }
    }

    /// Stops it in order.
    async fn close(self) {
        self.client.close().await.expect("it stops");
    }

    /// Status and JSON of the response.
    async fn get(&self, url: &str) -> (u16, Value) {
        answer(self.client.get(url)).await
    }

    /// The same, of a request with content.
    async fn send(&self, method: &str, url: &str, content: &Value) -> (u16, Value) {
        answer(self.client.request(method, url).json(content)).await
    }
}

async fn answer(request: RequestBuilder) -> (u16, Value) {
    let mut response = request.send().await.expect("a response");
    let content = response.json().await.expect("JSON");
    (response.status(), content)
}
