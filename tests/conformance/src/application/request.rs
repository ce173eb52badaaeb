use bytes::Bytes;
use transom::Message;

/// What an application is asked: requests are drawn from these.
///
/// ```
/// use transom_conformance::Request;
///
/// let requests = [
///     Request::http("GET", "/"),
///     Request::http("POST", "/orders?dry=1").header("content-type", "application/json").body("[]").body("[1]"),
///     Request::websocket("/chat").subprotocols(["v1", "v2"]).text("hello"),
///     Request::lifespan(),
/// ];
/// ```
#[derive(Clone, Debug)]
pub struct Request {
    pub(super) target: String,
    pub(super) fields: Vec<(String, String)>,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// Of one method, or of any; with one of these bodies, or with any.
    Http {
        method: Option<String>,
        protocol: Option<String>,
        bodies: Vec<Bytes>,
    },
    /// With these messages, or with any.
    WebSocket {
        subprotocols: Vec<String>,
        messages: Vec<Message>,
    },
    Lifespan,
}

impl Request {
    /// An HTTP request. Those with `CONNECT` may become tunnels.
    pub fn http(method: &str, target: &str) -> Self {
        Self::new(target, Kind::Http { method: Some(method.into()), protocol: None, bodies: Vec::new() })
    }

    /// An HTTP request of any method, unknown ones among them.
    pub fn any(target: &str) -> Self {
        Self::new(target, Kind::Http { method: None, protocol: None, bodies: Vec::new() })
    }

    /// A WebSocket.
    pub fn websocket(target: &str) -> Self {
        Self::new(target, Kind::WebSocket { subprotocols: Vec::new(), messages: Vec::new() })
    }

    /// The life of the server.
    pub fn lifespan() -> Self {
        Self::new("", Kind::Lifespan)
    }

    fn new(target: &str, kind: Kind) -> Self {
        Self { target: target.into(), fields: Vec::new(), kind }
    }

    /// Adds a header field.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// Adds a body to draw from. Without any, bodies are random bytes. Only for HTTP.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        if let Kind::Http { bodies, .. } = &mut self.kind {
            bodies.push(body.into());
        }
        self
    }

    /// The client asks for a change to this protocol, which may make a tunnel. Only for HTTP.
    #[must_use]
    pub fn upgrade(mut self, to: &str) -> Self {
        if let Kind::Http { protocol, .. } = &mut self.kind {
            *protocol = Some(to.into());
        }
        self
    }

    /// The subprotocols that the client offers. Only for WebSockets.
    #[must_use]
    pub fn subprotocols<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        if let Kind::WebSocket { subprotocols, .. } = &mut self.kind {
            subprotocols.extend(names.into_iter().map(Into::into));
        }
        self
    }

    /// Adds a message to draw from. Without any, messages are random. Only for WebSockets.
    #[must_use]
    pub fn message(mut self, message: Message) -> Self {
        if let Kind::WebSocket { messages, .. } = &mut self.kind {
            messages.push(message);
        }
        self
    }

    /// Adds a text to draw from, as [`message`](Self::message).
    #[must_use]
    pub fn text(self, text: &'static str) -> Self {
        self.message(Message::Text(text.into()))
    }
}
