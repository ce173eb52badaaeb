use super::exchange::{Exchange, Interim};
use super::shared::Shared;
use super::uri::{Uri, add_query};
use super::{Error, Response};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::sync::Arc;
use tokio::sync::oneshot;
use transom::memory::{self, Verdict};
use transom::order::is_close_code;
use transom::{Capabilities, End, Headers, Incoming, Message, Outgoing, Utf8};

/// A WebSocket handshake that is being put together. Made by [`Client::websocket`](super::Client::websocket).
#[must_use = "nothing happens before `connect`"]
pub struct SocketBuilder {
    shared: Arc<Shared>,
    uri: Result<Uri, Error>,
    headers: Headers,
    cookies: Vec<(String, String)>,
    subprotocols: Vec<String>,
}

impl SocketBuilder {
    pub(super) fn new(shared: &Arc<Shared>, url: &str) -> Self {
        Self {
            shared: Arc::clone(shared),
            uri: shared.base.request("GET", url),
            headers: Headers::new(),
            cookies: Vec::new(),
            subprotocols: Vec::new(),
        }
    }

    /// Adds a header field. The first of a name takes the place of those that the client sends by default.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push(name, value.as_ref());
        self
    }

    /// Adds to the query: a struct, a map or a list of pairs.
    pub fn query(mut self, query: &(impl Serialize + ?Sized)) -> Self {
        self.uri = add_query(self.uri, query);
        self
    }

    /// Sends this cookie, too, with this handshake alone.
    pub fn cookie(mut self, name: &str, value: &str) -> Self {
        self.cookies.push((name.into(), value.into()));
        self
    }

    /// Offers a subprotocol, after those that were offered before.
    pub fn subprotocol(mut self, name: &str) -> Self {
        self.subprotocols.push(name.into());
        self
    }

    /// Waits until the application has accepted the handshake.
    ///
    /// # Errors
    /// [`Error::Denied`] with the response when it denies it. [`Error::Request`], [`Error::Application`] and
    /// [`Error::Stopped`] as [`RequestBuilder::send`](super::RequestBuilder::send).
    pub async fn connect(self) -> Result<Socket, Error> {
        let uri = self.uri?;
        let mut headers = self.shared.headers(&uri, &self.headers, &self.cookies);
        if !self.subprotocols.is_empty() {
            headers.push("sec-websocket-protocol", self.subprotocols.join(", ").as_bytes());
        }
        let script = memory::websocket(&self.shared.target(&uri));
        let stopping = self.shared.calls.stopping();
        let (accept, accepted) = oneshot::channel();
        let capabilities = self.shared.capabilities(true);
        let mut exchange = self.shared.begin(script, &uri, &headers, capabilities, |mut peer| {
            Some(Box::pin(async move {
                // WS-20. A handshake that is not accepted is left to the application.
                if accepted.await.is_ok() {
                    stopping.await;
                    peer.end(End::Closed { code: 1012, reason: Utf8::default(), clean: true });
                }
            }))
        })?;
        let (interim, head) = exchange.head().await;
        if let Some(Outgoing::Accept { subprotocol, headers }) = head {
            self.shared.jar().store(&uri, &headers);
            // A call that has returned by now does not ask.
            let _ = accept.send(());
            let control = capabilities.contains(Capabilities::WEBSOCKET_CONTROL);
            return Ok(Socket { exchange, control, subprotocol, headers, interim, closed: None });
        }
        let response = Response::new(uri.clone(), exchange, interim, head)?;
        self.shared.jar().store(&uri, response.headers());
        Err(Error::Denied(Box::new(response)))
    }
}

impl fmt::Debug for SocketBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketBuilder").field("uri", &self.uri).finish_non_exhaustive()
    }
}

/// A WebSocket that the application accepted.
///
/// Dropping it is a loss of the connection; [`close`](Self::close) is the polite way. What is sent waits for the
/// application without a limit, what the application sends at the high-water mark.
#[derive(Debug)]
pub struct Socket {
    exchange: Exchange,
    /// The application asks for pings and pongs.
    control: bool,
    subprotocol: Option<Utf8>,
    headers: Headers,
    interim: Vec<Interim>,
    /// How it was closed, by whom ever.
    closed: Option<(u16, Utf8)>,
}

impl Socket {
    /// The subprotocol that the application chose.
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// The header fields that it accepted with.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The interim responses that came first.
    pub fn interim(&self) -> &[Interim] {
        &self.interim
    }

    /// The code and the reason of the close, once it was received or sent.
    pub fn closed(&self) -> Option<(u16, &str)> {
        self.closed.as_ref().map(|(code, reason)| (*code, reason.as_str()))
    }

    /// Sends a message. A ping or pong is dropped where the application does not ask for them, as a server does it;
    /// the pong that a server answers with is not received.
    ///
    /// # Errors
    /// [`Error::Closed`] when the close was received or sent.
    pub async fn send(&mut self, message: Message) -> Result<(), Error> {
        self.check_open()?;
        let is_control = matches!(message, Message::Ping(_) | Message::Pong(_));
        if !is_control || self.control {
            self.exchange.peer.push(Incoming::Message(message));
        }
        Ok(())
    }

    /// Sends text.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_text(&mut self, text: impl Into<String>) -> Result<(), Error> {
        self.send(Message::Text(text.into().into())).await
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_bytes(&mut self, data: impl Into<Bytes>) -> Result<(), Error> {
        self.send(Message::Binary(data.into())).await
    }

    /// Sends JSON, as text.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`Error::Request`].
    pub async fn send_json(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        let text = serde_json::to_string(value).map_err(Error::request)?;
        self.send_text(text).await
    }

    /// Sends a ping, of at most 125 bytes: see [`send`](Self::send).
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`Error::Request`] when it is too long.
    pub async fn ping(&mut self, data: impl Into<Bytes>) -> Result<(), Error> {
        let data = data.into();
        if data.len() > 125 {
            return Err(Error::request("a ping of more than 125 bytes"));
        }
        self.send(Message::Ping(data)).await
    }

    /// Waits for the next message. A ping is answered, and given too.
    ///
    /// # Errors
    /// [`Error::Closed`] when the application has closed the socket, or returned, and again and again;
    /// [`Error::Application`] when it failed; [`Error::Stopped`] when the client was closed.
    pub async fn receive(&mut self) -> Result<Message, Error> {
        match self.exchange.peer.next().await {
            Some(Outgoing::Message(message)) => {
                if let Message::Ping(data) = &message {
                    self.exchange.peer.push(Incoming::Message(Message::Pong(data.clone())));
                }
                return Ok(message);
            }
            Some(Outgoing::Close { code, reason }) => {
                self.closed.get_or_insert((code, reason));
            }
            // Nothing else is legal on an open socket.
            Some(_) => {}
            None => self.end()?,
        }
        Err(self.close_error())
    }

    /// Waits for the next message that is no ping or pong: it is to be text.
    ///
    /// # Errors
    /// As [`receive`](Self::receive), and [`Error::Unexpected`].
    pub async fn receive_text(&mut self) -> Result<String, Error> {
        match self.receive_data().await? {
            Message::Text(text) => Ok(text.as_str().to_owned()),
            other => Err(Error::Unexpected(other)),
        }
    }

    /// Waits for the next message that is no ping or pong: it is to be bytes.
    ///
    /// # Errors
    /// As [`receive`](Self::receive), and [`Error::Unexpected`].
    pub async fn receive_bytes(&mut self) -> Result<Bytes, Error> {
        match self.receive_data().await? {
            Message::Binary(data) => Ok(data),
            other => Err(Error::Unexpected(other)),
        }
    }

    /// Waits for the next message that is no ping or pong: it is to be JSON, as text or bytes.
    ///
    /// # Errors
    /// As [`receive`](Self::receive), and [`Error::Content`].
    pub async fn receive_json<T: DeserializeOwned>(&mut self) -> Result<T, Error> {
        match self.receive_data().await? {
            Message::Text(text) => serde_json::from_str(&text).map_err(Error::content),
            Message::Binary(data) => serde_json::from_slice(&data).map_err(Error::content),
            other => Err(Error::Unexpected(other)),
        }
    }

    /// Closes the socket. What the application has sent before can still be [received](Self::receive).
    ///
    /// # Errors
    /// [`Error::Closed`] when it is closed already, [`Error::Request`] for a code or a reason that may not be sent
    /// (RFC 6455 section 7.4).
    pub async fn close(&mut self, code: u16, reason: &str) -> Result<(), Error> {
        self.check_open()?;
        if !is_close_code(code) || reason.len() > 123 {
            return Err(Error::request("a close code or reason that may not be sent"));
        }
        let reason = Utf8::from(reason.to_owned());
        self.closed = Some((code, reason.clone()));
        self.exchange.peer.push(Incoming::End(End::Closed { code, reason, clean: true }));
        Ok(())
    }

    async fn receive_data(&mut self) -> Result<Message, Error> {
        loop {
            match self.receive().await? {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return Ok(message),
            }
        }
    }

    /// What the end of the exchange comes to.
    fn end(&mut self) -> Result<(), Error> {
        if self.closed.is_some() {
            return Ok(());
        }
        let code = match self.exchange.verdict() {
            Ok(Verdict::Close(code)) => code,
            Ok(_) | Err(Error::Stopped) if self.exchange.is_stopping() => 1012,
            Ok(_) => 1006,
            Err(error) => return Err(error),
        };
        self.closed = Some((code, Utf8::default()));
        Ok(())
    }

    fn check_open(&self) -> Result<(), Error> {
        if self.closed.is_some() { Err(self.close_error()) } else { Ok(()) }
    }

    fn close_error(&self) -> Error {
        let (code, reason) = self.closed().unwrap_or((1006, ""));
        Error::Closed { code, reason: reason.into() }
    }
}
