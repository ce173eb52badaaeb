use crate::{Error, Headers, Message, Outgoing, SendError, State};

/// What became of a call.
///
/// The methods read [`events`](Self::events): they tell what the peer was given, whatever the call returned.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// What the application sent and the exchange accepted, in order.
    pub events: Vec<Outgoing>,
    /// What it sent and the exchange refused, in order, and why.
    pub refused: Vec<(Outgoing, SendError)>,
    /// What the call returned.
    pub result: Result<(), Error>,
    /// What a server does about it.
    pub verdict: Verdict,
    /// The application asked for the request before it began to respond: where the client expects it
    /// (RFC 9110 section 10.1.1), a server sends `100 Continue`.
    pub received_before_response: bool,
    /// How often the call was polled.
    pub polls: usize,
    pub(super) body: Vec<u8>,
}

/// What a server does when a call has returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Nothing: the exchange is complete, or the peer is gone. Lifespan: it carries on.
    Nothing,
    /// Nothing was started: it answers with this status.
    Respond(u16),
    /// A response was started and not completed: it cuts it off so that the peer sees it.
    Abort,
    /// A WebSocket is open: it closes it with this code.
    Close(u16),
    /// Lifespan: startup failed, or what was started did; the process ends with an error.
    Exit,
}

impl Outcome {
    /// The status of the response, also of one that denies a WebSocket (403 for a close before it was accepted).
    pub fn status(&self) -> Option<u16> {
        let denied = self.close().is_some() && !self.is_accepted();
        self.head().map(|(status, _)| status).or(denied.then_some(403))
    }

    /// The header fields of the response, or of the accepted WebSocket handshake.
    pub fn headers(&self) -> Option<&Headers> {
        self.head().map(|(_, headers)| headers).or_else(|| self.acceptance().map(|(_, headers)| headers))
    }

    /// The first value of this field of the [`headers`](Self::headers), if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.headers()?.get(name)?).ok()
    }

    /// The body of the response, with the contents of its files; in a tunnel, the raw bytes. To HEAD there is none.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The trailer fields of the response.
    pub fn trailers(&self) -> Option<&Headers> {
        self.events.iter().find_map(|event| match event {
            Outgoing::Trailers(fields) => Some(fields),
            _ => None,
        })
    }

    /// The interim responses: status and fields.
    pub fn informational(&self) -> impl Iterator<Item = (u16, &Headers)> {
        self.events.iter().filter_map(|event| match event {
            Outgoing::Informational { status, headers } => Some((*status, headers)),
            _ => None,
        })
    }

    /// Whether a response was sent to its end.
    pub fn is_complete(&self) -> bool {
        self.events.iter().any(|event| match event {
            Outgoing::Response { .. } | Outgoing::Trailers(_) => true,
            Outgoing::Body { more, .. } | Outgoing::File { more, .. } => !more,
            _ => false,
        })
    }

    /// Whether the WebSocket was accepted.
    pub fn is_accepted(&self) -> bool {
        self.acceptance().is_some()
    }

    /// The subprotocol that the WebSocket was accepted with.
    pub fn subprotocol(&self) -> Option<&str> {
        self.acceptance()?.0
    }

    /// The messages that the application sent.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.events.iter().filter_map(|event| match event {
            Outgoing::Message(message) => Some(message),
            _ => None,
        })
    }

    /// The code and reason that the application closed the WebSocket with.
    pub fn close(&self) -> Option<(u16, &str)> {
        self.events.iter().find_map(|event| match event {
            Outgoing::Close { code, reason } => Some((*code, reason.as_str())),
            _ => None,
        })
    }

    /// The state that the lifespan call made; `None` if it never was ready.
    pub fn state(&self) -> Option<&State> {
        self.events.iter().find_map(|event| match event {
            Outgoing::Ready(state) => Some(state),
            _ => None,
        })
    }

    fn head(&self) -> Option<(u16, &Headers)> {
        self.events.iter().find_map(|event| match event {
            Outgoing::Response { status, headers, .. } | Outgoing::Start { status, headers } => {
                Some((*status, headers))
            }
            _ => None,
        })
    }

    fn acceptance(&self) -> Option<(Option<&str>, &Headers)> {
        self.events.iter().find_map(|event| match event {
            Outgoing::Accept { subprotocol, headers } => Some((subprotocol.as_deref(), headers)),
            _ => None,
        })
    }
}
