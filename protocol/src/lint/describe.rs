//! Events in a few words.

use crate::{Incoming, Message, Outgoing};
use std::fmt;

/// What is said of an event that was passed on since.
#[derive(Clone, Copy)]
pub(super) struct Sent {
    name: &'static str,
    status: Option<u16>,
}

impl Sent {
    pub(super) fn new(event: &Outgoing) -> Self {
        let (name, status) = match event {
            Outgoing::Informational { status, .. } => ("Informational", Some(*status)),
            Outgoing::Response { status, .. } => ("Response", Some(*status)),
            Outgoing::Start { status, .. } => ("Start", Some(*status)),
            Outgoing::Body { more: true, .. } => ("Body", None),
            Outgoing::Body { more: false, .. } => ("the last Body", None),
            Outgoing::File { more: true, .. } => ("File", None),
            Outgoing::File { more: false, .. } => ("the last File", None),
            Outgoing::Trailers(_) => ("Trailers", None),
            Outgoing::Accept { .. } => ("Accept", None),
            Outgoing::Message(message) => (kind(message), None),
            Outgoing::Close { code, .. } => ("Close", Some(*code)),
            Outgoing::Ready(_) => ("Ready", None),
            Outgoing::Extension(_) => ("Extension", None),
        };
        Self { name, status }
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.status.map_or(Ok(()), |status| write!(f, " {status}"))
    }
}

/// An event that was delivered.
pub(super) struct Delivered<'a>(pub(super) &'a Incoming);

impl fmt::Display for Delivered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Incoming::Body { data, more: true } => write!(f, "Body with {} bytes and more to come", data.len()),
            Incoming::Body { data, more: false } => write!(f, "the last Body with {} bytes", data.len()),
            Incoming::Trailers(_) => f.write_str("Trailers"),
            Incoming::Message(message) => f.write_str(kind(message)),
            Incoming::Draining { .. } => f.write_str("Draining"),
            Incoming::Shutdown => f.write_str("Shutdown"),
            Incoming::Extension(_) => f.write_str("Extension"),
            Incoming::End(end) => write!(f, "End ({end})"),
        }
    }
}

fn kind(message: &Message) -> &'static str {
    match message {
        Message::Text(_) => "a text Message",
        Message::Binary(_) => "a binary Message",
        Message::Ping(_) => "a ping",
        Message::Pong(_) => "a pong",
    }
}
