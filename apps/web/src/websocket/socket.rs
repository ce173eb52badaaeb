use crate::Error;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use transom::{End, Incoming, Message, Outgoing, Receiver, Sender, Utf8};

/// An open WebSocket.
///
/// When its handler returns, it is closed: with 1000, or with 1011 for an `Err`. When the server stops it is closed with
/// 1012, and [`recv`](Self::recv) comes to its end.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use transom_web::{Error, Handshake, Router};
///
/// #[derive(Deserialize, Serialize)]
/// struct Move {
///     card: u64,
///     to: u64,
/// }
///
/// async fn live(handshake: Handshake) -> Result<(), Error> {
///     let mut socket = handshake.accept().await?;
///     while let Some(moved) = socket.recv_json::<Move>().await? {
///         socket.send_json(&moved).await?;
///     }
///     Ok(())
/// }
/// # Router::new().websocket("/live", live);
/// ```
#[derive(Debug)]
pub struct WebSocket {
    receiver: SocketReceiver,
    sender: SocketSender,
}

/// The half that receives.
#[derive(Debug)]
pub struct SocketReceiver {
    receive: Receiver,
    closed: Option<Closed>,
}

/// The half that sends.
#[derive(Debug)]
pub struct SocketSender {
    send: Sender,
}

/// How a WebSocket came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The close code (RFC 6455 section 7.4); 1005 if there was none, 1006 for a lost connection.
    pub code: u16,
    /// The reason.
    pub reason: String,
    /// Whether both sides have agreed to it.
    pub clean: bool,
}

impl WebSocket {
    pub(super) fn new(receive: Receiver, send: Sender) -> Self {
        Self { receiver: SocketReceiver { receive, closed: None }, sender: SocketSender { send } }
    }

    /// The two halves, for two who go on at the same time.
    pub fn split(self) -> (SocketSender, SocketReceiver) {
        (self.sender, self.receiver)
    }

    /// The next message; `None` when the socket is closed, for the reason that [`closed`](Self::closed) gives.
    ///
    /// Cancel-safe: a future that is dropped has taken nothing.
    pub async fn recv(&mut self) -> Option<Message> {
        self.receiver.recv().await
    }

    /// The next message, which has to be a text.
    ///
    /// # Errors
    /// It is not; the socket is then closed with 1003.
    pub async fn recv_text(&mut self) -> Result<Option<Utf8>, Error> {
        match self.recv().await {
            Some(Message::Text(text)) => Ok(Some(text)),
            None => Ok(None),
            Some(_) => Err(self.refuse(1003, "a text is wanted").await),
        }
    }

    /// The next message, which has to be bytes.
    ///
    /// # Errors
    /// It is not; the socket is then closed with 1003.
    pub async fn recv_bytes(&mut self) -> Result<Option<Bytes>, Error> {
        match self.recv().await {
            Some(Message::Binary(data)) => Ok(Some(data)),
            None => Ok(None),
            Some(_) => Err(self.refuse(1003, "bytes are wanted").await),
        }
    }

    /// The next message as JSON, whether text or bytes.
    ///
    /// # Errors
    /// It is not what `T` wants; the socket is then closed with 1007.
    pub async fn recv_json<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Error> {
        let parsed = match self.recv().await {
            None => return Ok(None),
            Some(Message::Text(text)) => serde_json::from_str(&text),
            Some(Message::Binary(data)) => serde_json::from_slice(&data),
            Some(_) => return Err(self.refuse(1003, "JSON is wanted").await),
        };
        match parsed {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(self.refuse(1007, "the message is not the JSON that is wanted").await),
        }
    }

    async fn refuse(&mut self, code: u16, reason: &'static str) -> Error {
        match self.close(code, reason).await {
            Ok(()) => reason.into(),
            Err(error) => error,
        }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// The socket is closed.
    pub async fn send(&mut self, message: Message) -> Result<(), Error> {
        self.sender.send(message).await
    }

    /// Sends a text.
    ///
    /// # Errors
    /// The socket is closed.
    pub async fn send_text(&mut self, text: impl Into<Utf8>) -> Result<(), Error> {
        self.sender.send_text(text).await
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// The socket is closed.
    pub async fn send_bytes(&mut self, data: impl Into<Bytes>) -> Result<(), Error> {
        self.sender.send_bytes(data).await
    }

    /// Sends JSON, as a text.
    ///
    /// # Errors
    /// The socket is closed, or `value` is not JSON.
    pub async fn send_json<T: Serialize>(&mut self, value: &T) -> Result<(), Error> {
        self.sender.send_json(value).await
    }

    /// Closes. Messages that were under way may still be received.
    ///
    /// # Errors
    /// The socket is closed already, or the code may not be sent.
    pub async fn close(&mut self, code: u16, reason: impl Into<Utf8>) -> Result<(), Error> {
        self.sender.close(code, reason).await
    }

    /// How it was closed, once [`recv`](Self::recv) has given `None`.
    pub fn closed(&self) -> Option<&Closed> {
        self.receiver.closed()
    }
}

impl SocketReceiver {
    /// As [`WebSocket::recv`].
    pub async fn recv(&mut self) -> Option<Message> {
        loop {
            match self.receive.recv().await {
                Incoming::Message(message) => return Some(message),
                Incoming::End(end) => {
                    self.closed = Some(end.into());
                    return None;
                }
                _ => {}
            }
        }
    }

    /// As [`WebSocket::closed`].
    pub fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }
}

impl SocketSender {
    /// Sends a message.
    ///
    /// # Errors
    /// The socket is closed.
    pub async fn send(&mut self, message: Message) -> Result<(), Error> {
        Ok(self.send.send(Outgoing::Message(message)).await?)
    }

    /// Sends a text.
    ///
    /// # Errors
    /// The socket is closed.
    pub async fn send_text(&mut self, text: impl Into<Utf8>) -> Result<(), Error> {
        self.send(Message::Text(text.into())).await
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// The socket is closed.
    pub async fn send_bytes(&mut self, data: impl Into<Bytes>) -> Result<(), Error> {
        self.send(Message::Binary(data.into())).await
    }

    /// Sends JSON, as a text.
    ///
    /// # Errors
    /// The socket is closed, or `value` is not JSON.
    pub async fn send_json<T: Serialize>(&mut self, value: &T) -> Result<(), Error> {
        self.send_text(serde_json::to_string(value)?).await
    }

    /// As [`WebSocket::close`].
    ///
    /// # Errors
    /// The socket is closed already, or the code may not be sent.
    pub async fn close(&mut self, code: u16, reason: impl Into<Utf8>) -> Result<(), Error> {
        Ok(self.send.send(Outgoing::Close { code, reason: reason.into() }).await?)
    }
}

impl From<End> for Closed {
    fn from(end: End) -> Self {
        match end {
            End::Closed { code, reason, clean } => Self { code, reason: reason.to_string(), clean },
            other => Self { code: 1006, reason: other.to_string(), clean: false },
        }
    }
}
