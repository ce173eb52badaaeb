use crate::{BYTES, TEXT, respond};
use bytes::Bytes;
use transom::{BodyHint, Error, Incoming, Outgoing, Receiver, SendError, Sender};

/// Sends the request body back as it arrives; one that arrives in one event goes back in one.
pub(crate) async fn echo(hint: BodyHint, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    let (mut data, mut more) = first(hint, &mut receive).await?;
    if !more {
        send.send(respond(200, BYTES, data)).await?;
        return Ok(());
    }
    let mut headers = BYTES;
    if let BodyHint::Exact(length) = hint {
        headers.push("content-length", length.to_string().as_bytes());
    }
    send.send(Outgoing::Start { status: 200, headers }).await?;
    loop {
        send.send(Outgoing::Body { data, more }).await?;
        if !more {
            return Ok(());
        }
        (data, more) = next(&mut receive).await?;
    }
}

/// Reads the request body to its end and answers how many bytes it has.
pub(crate) async fn sink(hint: BodyHint, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    let (mut data, mut more) = first(hint, &mut receive).await?;
    let mut length = data.len() as u64;
    while more {
        (data, more) = next(&mut receive).await?;
        length += data.len() as u64;
    }
    send.send(respond(200, TEXT, length.to_string().into())).await?;
    Ok(())
}

/// As [`next`]; where there is no body there is no event to wait for.
async fn first(hint: BodyHint, receive: &mut Receiver) -> Result<(Bytes, bool), SendError> {
    if hint == BodyHint::None { Ok((Bytes::new(), false)) } else { next(receive).await }
}

/// The next bytes of the body, and whether more follow.
async fn next(receive: &mut Receiver) -> Result<(Bytes, bool), SendError> {
    loop {
        match receive.recv().await {
            Incoming::Body { data, more } => return Ok((data, more)),
            Incoming::Trailers(_) => return Ok((Bytes::new(), false)),
            Incoming::End(end) => return Err(SendError::Disconnected(end)),
            _ => {}
        }
    }
}
