use crate::{BodyHint, Capabilities, Head, Incoming, Message, Method, field};
use bytes::Bytes;
use std::collections::VecDeque;

/// What the peer sends.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// Pieces of the request body, or messages.
    pub(super) events: Vec<Incoming>,
    /// The last piece of the body is known to be the last.
    pub(super) is_whole: bool,
    /// In place of the regular end.
    pub(super) ending: Option<Incoming>,
    /// There is no end.
    pub(super) unfinished: bool,
    /// What goes through a tunnel.
    pub(super) tunnel: Vec<Bytes>,
}

impl Sent {
    /// The events of an HTTP request; what its head says of the body is filled in.
    pub(super) fn into_request(self, head: &mut Head) -> VecDeque<Incoming> {
        let may_be_tunnel = head.method == Method::Connect || head.protocol.is_some();
        let stalls = self.unfinished && !may_be_tunnel;
        head.body = match head.headers.get("content-length").and_then(field::content_length) {
            Some(0) => BodyHint::None,
            Some(length) => BodyHint::Exact(length),
            None if stalls || self.ending.is_some() || !self.events.is_empty() => BodyHint::Unknown,
            None => BodyHint::None,
        };
        let mut script = VecDeque::new();
        if head.body != BodyHint::None {
            script.extend(self.events);
            if self.ending.is_none() && !stalls {
                match script.back_mut() {
                    Some(Incoming::Body { more, .. }) if self.is_whole => *more = false,
                    _ => script.push_back(body(Bytes::new(), false)),
                }
            }
        }
        script.extend(self.ending);
        if may_be_tunnel {
            script.extend(self.tunnel.into_iter().map(|data| body(data, true)));
            script.extend((!self.unfinished).then(|| body(Bytes::new(), false)));
        }
        script
    }

    /// The events of a WebSocket. Pings and pongs the server keeps to itself, unless it is asked for them.
    pub(super) fn into_messages(self, capabilities: Capabilities) -> VecDeque<Incoming> {
        let control = capabilities.contains(Capabilities::WEBSOCKET_CONTROL);
        let is_control = |event: &Incoming| matches!(event, Incoming::Message(Message::Ping(_) | Message::Pong(_)));
        self.events.into_iter().filter(|event| control || !is_control(event)).chain(self.ending).collect()
    }
}

/// A piece of a body, or of what goes through a tunnel.
pub(super) fn body(data: Bytes, more: bool) -> Incoming {
    Incoming::Body { data, more }
}
