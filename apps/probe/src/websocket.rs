use crate::record::Record;
use crate::text;
use serde::Serialize;
use transom::{
    End, Error, Headers, Incoming, Message, Outgoing, Receiver, Scheme, SendError, Sender, Utf8, WebSocketScope,
};

/// Serves one WebSocket.
pub(crate) async fn serve(
    scope: WebSocketScope,
    mut receive: Receiver,
    mut send: Sender,
    record: &Record,
) -> Result<(), Error> {
    let path = text::decoded(scope.http().local_path());
    if path == "/ws/reject" {
        return Ok(send.send(Outgoing::Close { code: 1000, reason: Utf8::default() }).await?);
    }
    send.send(accept(&path, &scope)).await?;
    let greeting = match path.as_str() {
        "/ws/raise" => return Err("raised after accept".into()),
        "/ws/close" => Some(Outgoing::Close { code: 4001, reason: "bye".into() }),
        "/ws/scope" => Some(Outgoing::Message(Message::Text(report(&scope)?.into()))),
        _ => None,
    };
    match talk(&mut receive, &mut send, greeting).await {
        Ok(end) | Err(SendError::Disconnected(end)) => {
            record.closed(code(&end));
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

fn accept(path: &str, scope: &WebSocketScope) -> Outgoing {
    let subprotocol = match path {
        "/ws/subprotocol" => scope.subprotocols().last().map(|name| name.to_owned().into()),
        _ => None,
    };
    let headers = match path {
        "/ws/headers" => Headers::from_static(&[("x-ws", "yes"), ("set-cookie", "w=1")]),
        _ => Headers::new(),
    };
    Outgoing::Accept { subprotocol, headers }
}

/// Sends `greeting`, then every message back, until the socket is closed.
async fn talk(receive: &mut Receiver, send: &mut Sender, greeting: Option<Outgoing>) -> Result<End, SendError> {
    let closes = matches!(greeting, Some(Outgoing::Close { .. }));
    if let Some(event) = greeting {
        send.send(event).await?;
    }
    loop {
        match receive.recv().await {
            // Messages of the client may cross our close.
            Incoming::Message(_) if closes => {}
            Incoming::Message(message @ (Message::Text(_) | Message::Binary(_))) => {
                send.send(Outgoing::Message(message)).await?;
            }
            Incoming::End(end) => return Ok(end),
            _ => {}
        }
    }
}

/// The code that a client's disconnect is recorded with: 1006 when there was no close frame (RFC 6455 section
/// 7.1.5).
fn code(end: &End) -> u16 {
    match end {
        End::Closed { code, .. } => *code,
        _ => 1006,
    }
}

#[derive(Serialize)]
struct Report<'a> {
    r#type: &'static str,
    scheme: &'static str,
    path: String,
    query_string: String,
    subprotocols: Vec<&'a str>,
    headers: Vec<(&'a str, String)>,
}

fn report(scope: &WebSocketScope) -> Result<String, serde_json::Error> {
    let http = scope.http();
    serde_json::to_string(&Report {
        r#type: "websocket",
        scheme: if http.scheme() == Scheme::Https { "wss" } else { "ws" },
        path: text::decoded(http.raw_path()),
        query_string: text::latin1(http.query().unwrap_or_default()),
        subprotocols: scope.subprotocols().collect(),
        headers: text::fields(http.headers()),
    })
}
