//! The endpoints on which servers are measured, so that the work is the server's and not the application's.
//!
//! | endpoint | answer |
//! |---|---|
//! | `GET /plaintext` | `Hello, World!` |
//! | `GET /json` | `{"message":"Hello, World!"}`, serialised at each request |
//! | `POST /echo` | the request body, streamed back as it arrives |
//! | `POST /sink` | how many bytes the request body has |
//! | `GET /stream?n=N&size=S` | N body events of S bytes each, without `content-length` |
//! | WebSocket `/ws` | every message, sent back |

#![forbid(unsafe_code)]

mod body;
mod stream;
mod websocket;

use bytes::Bytes;
use transom::{Error, Headers, Method, Outgoing, Receiver, Scope, Sender};

/// Serves the endpoints; everything else is 404.
///
/// `/plaintext` allocates nothing, neither here nor in what it asks of a server.
pub async fn app(scope: Scope, receive: Receiver, mut send: Sender) -> Result<(), Error> {
    let http = match scope {
        Scope::Http(http) => http,
        // Boxed: each idle connection of a server may hold room for this future.
        Scope::WebSocket(socket) => return Box::pin(websocket::serve(socket, receive, send)).await,
        _ => return Err(Error::unsupported()),
    };
    let response = match (http.method(), http.local_path()) {
        (Method::Get | Method::Head, b"/plaintext") => plaintext(),
        (Method::Get | Method::Head, b"/json") => json()?,
        (Method::Post, b"/echo") => return body::echo(http.body(), receive, send).await,
        (Method::Post, b"/sink") => return body::sink(http.body(), receive, send).await,
        (Method::Get, b"/stream") => return stream::serve(http.query(), send).await,
        _ => not_found(),
    };
    send.send(response).await?;
    Ok(())
}

const TEXT: Headers = Headers::from_static(&[("content-type", "text/plain")]);
const BYTES: Headers = Headers::from_static(&[("content-type", "application/octet-stream")]);
const JSON: Headers = Headers::from_static(&[("content-type", "application/json")]);

const GREETING: &str = "Hello, World!";

fn plaintext() -> Outgoing {
    respond(200, TEXT, GREETING.into())
}

fn json() -> Result<Outgoing, serde_json::Error> {
    #[derive(serde::Serialize)]
    struct Message {
        message: &'static str,
    }
    // Exactly as long as the text: a vector with room to spare would cost `Bytes` an allocation more.
    let mut text = Vec::with_capacity(r#"{"message":""}"#.len() + GREETING.len());
    serde_json::to_writer(&mut text, &Message { message: GREETING })?;
    Ok(respond(200, JSON, text.into()))
}

fn not_found() -> Outgoing {
    respond(404, TEXT, "not found".into())
}

fn respond(status: u16, headers: Headers, body: Bytes) -> Outgoing {
    Outgoing::Response { status, headers, body }
}
