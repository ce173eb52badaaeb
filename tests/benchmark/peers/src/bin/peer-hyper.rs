//! hyper as it is, with a runtime of one thread.
//!
//! Its second argument: `pipeline-flush` sets the option of that name; `fastwebsockets` has that crate serve `/ws`, which
//! tokio-tungstenite does otherwise.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Either, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SERVER, UPGRADE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

type Body = Either<Either<Full<Bytes>, Incoming>, UnsyncBoxBody<Bytes, Infallible>>;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mode = peers::mode().unwrap_or_default();
    let fastwebsockets = mode == "fastwebsockets";
    let mut builder = http1::Builder::new();
    builder.pipeline_flush(mode == "pipeline-flush");
    let serve = async {
        let listener = tokio::net::TcpListener::from_std(peers::listener(peers::port())).expect("it is not blocking");
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            drop(stream.set_nodelay(true));
            let service = service_fn(move |request| async move {
                Ok::<_, Infallible>(if fastwebsockets { upgrade(request) } else { handle(request).await })
            });
            let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
            tokio::task::spawn_local(async move { drop(connection.await) });
        }
    };
    tokio::task::LocalSet::new().run_until(serve).await;
}

async fn handle(request: Request<Incoming>) -> Response<Body> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/plaintext") => respond("text/plain", full(peers::GREETING)),
        (&Method::GET, "/json") => {
            let text = serde_json::to_vec(&peers::Message::GREETING).expect("it has nothing that JSON has not");
            respond("application/json", full(text))
        }
        (&Method::POST, "/echo") => {
            respond("application/octet-stream", Either::Left(Either::Right(request.into_body())))
        }
        (&Method::POST, "/sink") => respond("text/plain", full(length(request.into_body()).await.to_string())),
        (&Method::GET, "/stream") => {
            let (count, chunk) = peers::chunks(request.uri().query().unwrap_or_default());
            let chunks = stream::iter((0..count).map(move |_| Ok(Frame::data(chunk.clone()))));
            respond("application/octet-stream", Either::Right(StreamBody::new(chunks).boxed_unsync()))
        }
        (&Method::GET, "/ws") => websocket(request),
        _ => not_found(),
    }
}

fn full(body: impl Into<Bytes>) -> Body {
    Either::Left(Either::Left(Full::new(body.into())))
}

fn respond(kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(SERVER, HeaderValue::from_static("hyper"));
    response
}

fn not_found() -> Response<Body> {
    let mut response = respond("text/plain", full("not found"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

async fn length(mut body: Incoming) -> usize {
    let mut length = 0;
    while let Some(Ok(frame)) = body.frame().await {
        length += frame.data_ref().map_or(0, Bytes::len);
    }
    length
}

fn websocket(mut request: Request<Incoming>) -> Response<Body> {
    let key = request.headers().get(SEC_WEBSOCKET_KEY).map_or(&b""[..], |key| key.as_bytes());
    let accept = HeaderValue::from_str(&derive_accept_key(key)).expect("base64 is a field value");
    tokio::task::spawn_local(async move {
        if let Ok(stream) = hyper::upgrade::on(&mut request).await {
            echo(stream).await;
        }
    });
    let mut response = Response::new(full(""));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    response
}

async fn echo(stream: Upgraded) {
    let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(stream), Role::Server, None).await;
    while let Some(Ok(message)) = socket.next().await {
        if (message.is_text() || message.is_binary()) && socket.send(message).await.is_err() {
            break;
        }
    }
}

/// `/ws` as fastwebsockets serves it.
fn upgrade(mut request: Request<Incoming>) -> Response<Body> {
    use fastwebsockets::{FragmentCollector, OpCode, upgrade};
    let Ok((response, upgraded)) = upgrade::upgrade(&mut request) else { return not_found() };
    tokio::task::spawn_local(async move {
        let Ok(socket) = upgraded.await else { return };
        let mut socket = FragmentCollector::new(socket);
        while let Ok(frame) = socket.read_frame().await {
            let data = matches!(frame.opcode, OpCode::Text | OpCode::Binary);
            if frame.opcode == OpCode::Close || (data && socket.write_frame(frame).await.is_err()) {
                break;
            }
        }
    });
    response.map(|_| full(""))
}
