use super::WebSocket;
use crate::response::Destination;
use crate::router::Routes;
use crate::{Error, IntoResponse};
use std::sync::Arc;
use transom::{Capabilities, Headers, Outgoing, Receiver, Sender, Utf8, WebSocketScope};

/// A client that asks for a WebSocket, and has no answer yet.
///
/// ```
/// use transom_web::{Error, Handshake, Problem, Router};
///
/// async fn chat(handshake: Handshake) -> Result<(), Error> {
///     if handshake.scope().http().headers().get("origin") != Some(b"https://chat.example") {
///         return handshake.deny(Problem::new(403)).await;
///     }
///     let mut socket = handshake.accept().await?;
///     while let Some(text) = socket.recv_text().await? {
///         socket.send_text(format!("You said: {text}")).await?;
///     }
///     Ok(())
/// }
///
/// Router::new().websocket("/chat", chat);
/// ```
///
/// Browsers let any page open a WebSocket anywhere, with its cookies: look at the `origin` where cookies count.
#[derive(Debug)]
#[must_use = "a client waits for its answer"]
pub struct Handshake {
    scope: WebSocketScope,
    receive: Receiver,
    send: Sender,
    routes: Arc<Routes>,
}

impl Handshake {
    pub(crate) fn new(scope: WebSocketScope, receive: Receiver, send: Sender, routes: Arc<Routes>) -> Self {
        Self { scope, receive, send, routes }
    }

    /// The scope of the exchange.
    pub fn scope(&self) -> &WebSocketScope {
        &self.scope
    }

    /// The first of `known` that the client offers.
    pub fn subprotocol<'a>(&self, known: &[&'a str]) -> Option<&'a str> {
        known.iter().copied().find(|known| self.scope.subprotocols().any(|offered| offered == *known))
    }

    /// Accepts.
    ///
    /// # Errors
    /// The client has left.
    pub async fn accept(self) -> Result<WebSocket, Error> {
        self.accept_with(None, Headers::new()).await
    }

    /// Accepts, with one of the subprotocols that the client offers, and with fields for the response.
    ///
    /// # Errors
    /// The client has left, or did not offer the subprotocol, or a field may not be there.
    pub async fn accept_with(self, subprotocol: Option<&str>, headers: Headers) -> Result<WebSocket, Error> {
        let Self { receive, mut send, .. } = self;
        let subprotocol = subprotocol.map(|name| Utf8::from(name.to_owned()));
        send.send(Outgoing::Accept { subprotocol, headers }).await?;
        Ok(WebSocket::new(receive, send))
    }

    /// Denies, with a response where the exchange can have one; otherwise its status is 403.
    ///
    /// # Errors
    /// The client has left.
    pub async fn deny(self, response: impl IntoResponse) -> Result<(), Error> {
        let Self { scope, mut send, routes, .. } = self;
        let response = response.into_response();
        if !scope.http().capabilities().contains(Capabilities::WEBSOCKET_DENIAL) {
            return Ok(send.send(Outgoing::Close { code: 1000, reason: Utf8::default() }).await?);
        }
        response.send(Destination { scope: scope.http(), send: &mut send, render: routes.render() }).await
    }
}
