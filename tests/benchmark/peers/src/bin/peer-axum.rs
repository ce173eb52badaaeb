//! axum, on a runtime of one thread.

use axum::body::Body;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::extract::{DefaultBodyLimit, RawQuery};
use axum::http::header::{CONTENT_TYPE, SERVER};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use futures_util::{StreamExt, stream};
use std::convert::Infallible;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let listener = tokio::net::TcpListener::from_std(peers::listener(peers::port())).expect("it is not blocking");
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let app = Router::new()
        .route("/plaintext", get(plaintext))
        .route("/json", get(json))
        .route("/echo", post(echo))
        .route("/sink", post(sink))
        .route("/stream", get(chunks))
        .route("/ws", any(websocket))
        .layer(DefaultBodyLimit::disable());
    axum::serve(listener, app).await.expect("it never ends");
}

async fn plaintext() -> impl IntoResponse {
    ([(SERVER, "axum"), (CONTENT_TYPE, "text/plain")], peers::GREETING)
}

async fn json() -> impl IntoResponse {
    ([(SERVER, "axum")], Json(peers::Message::GREETING))
}

async fn echo(body: Body) -> impl IntoResponse {
    ([(SERVER, "axum"), (CONTENT_TYPE, "application/octet-stream")], body)
}

async fn sink(body: Body) -> impl IntoResponse {
    let mut body = body.into_data_stream();
    let mut length = 0;
    while let Some(Ok(data)) = body.next().await {
        length += data.len();
    }
    ([(SERVER, "axum"), (CONTENT_TYPE, "text/plain")], length.to_string())
}

async fn chunks(RawQuery(query): RawQuery) -> impl IntoResponse {
    let (count, chunk) = peers::chunks(query.as_deref().unwrap_or_default());
    let body = Body::from_stream(stream::iter((0..count).map(move |_| Ok::<_, Infallible>(chunk.clone()))));
    ([(SERVER, "axum"), (CONTENT_TYPE, "application/octet-stream")], body)
}

async fn websocket(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|mut socket| async move {
        while let Some(Ok(message)) = socket.recv().await {
            if matches!(message, Message::Text(_) | Message::Binary(_)) && socket.send(message).await.is_err() {
                break;
            }
        }
    })
}
