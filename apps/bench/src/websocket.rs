use crate::not_found;
use transom::{Capabilities, Error, Headers, Incoming, Message, Outgoing, Receiver, Sender, Utf8, WebSocketScope};

/// Accepts `/ws` and sends every message back; denies any other path, with 404 where the server can.
pub(crate) async fn serve(scope: WebSocketScope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    if scope.http().local_path() != b"/ws" {
        let can_respond = scope.http().capabilities().contains(Capabilities::WEBSOCKET_DENIAL);
        let close = Outgoing::Close { code: 1000, reason: Utf8::default() };
        send.send(if can_respond { not_found() } else { close }).await?;
        return Ok(());
    }
    send.send(Outgoing::Accept { subprotocol: None, headers: Headers::new() }).await?;
    loop {
        match receive.recv().await {
            Incoming::Message(message @ (Message::Text(_) | Message::Binary(_))) => {
                send.send(Outgoing::Message(message)).await?;
            }
            Incoming::End(_) => return Ok(()),
            _ => {}
        }
    }
}
