//! actix-web with one worker.

use actix_web::http::header::{ContentType, SERVER};
use actix_web::{App, HttpRequest, HttpResponse, HttpResponseBuilder, HttpServer, web};
use actix_ws::Message;
use futures_util::{StreamExt, stream};
use std::convert::Infallible;
use std::time::Duration;

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let app = || {
        App::new()
            .route("/plaintext", web::get().to(plaintext))
            .route("/json", web::get().to(json))
            .route("/sink", web::post().to(sink))
            .route("/stream", web::get().to(chunks))
            .route("/ws", web::get().to(websocket))
    };
    // By default it takes 25,000 connections, 256 new ones at once, and closes what is idle for five seconds.
    let server = HttpServer::new(app).workers(1).max_connections(100_000).max_connection_rate(100_000);
    let server = server.keep_alive(Duration::from_secs(75)).tcp_nodelay(true);
    server.listen(peers::listener(peers::port()))?.run().await
}

fn ok() -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.insert_header((SERVER, "actix"));
    response
}

async fn plaintext() -> HttpResponse {
    ok().content_type(ContentType::plaintext()).body(peers::GREETING)
}

async fn json() -> HttpResponse {
    ok().json(peers::Message::GREETING)
}

async fn sink(mut body: web::Payload) -> HttpResponse {
    let mut length = 0;
    while let Some(Ok(data)) = body.next().await {
        length += data.len();
    }
    ok().content_type(ContentType::plaintext()).body(length.to_string())
}

async fn chunks(request: HttpRequest) -> HttpResponse {
    let (count, chunk) = peers::chunks(request.query_string());
    let body = stream::iter((0..count).map(move |_| Ok::<_, Infallible>(chunk.clone())));
    ok().content_type(ContentType::octet_stream()).streaming(body)
}

async fn websocket(request: HttpRequest, body: web::Payload) -> Result<HttpResponse, actix_web::Error> {
    let (response, mut session, messages) = actix_ws::handle(&request, body)?;
    let mut messages = messages.max_frame_size(16 << 20);
    actix_web::rt::spawn(async move {
        while let Some(Ok(message)) = messages.next().await {
            let sent = match message {
                Message::Text(text) => session.text(text).await,
                Message::Binary(data) => session.binary(data).await,
                Message::Close(_) => break,
                _ => Ok(()),
            };
            if sent.is_err() {
                break;
            }
        }
    });
    Ok(response)
}
