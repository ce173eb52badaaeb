use crate::not_found;
use transom::{Error, Headers, Incoming, Message, Outgoing, Receiver, Sender, WebSocketScope};

/// Accepts `/ws` and sends every message back; denies any other path.
pub(crate) async fn serve(scope: WebSocketScope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    if scope.http().local_path() != b"/ws" {
        send.send(not_found()).await?;
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
