/// What happened to a WebSocket. Each is a line of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WebSocketRecord {
    /// Its handshake was answered with 101.
    Accepted,
    /// It is over.
    Closed(WebSocketTotals),
}

/// What a WebSocket came to. Control frames do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WebSocketTotals {
    /// The close code (RFC 6455 section 7.1.5): 1005 for a close frame without one, 1006 without a close frame.
    pub code: u16,
    /// Messages from the peer.
    pub messages_received: u64,
    /// Messages to the peer.
    pub messages_sent: u64,
    /// Bytes of payload from the peer, uncompressed.
    pub bytes_received: u64,
    /// Bytes of payload to the peer, uncompressed.
    pub bytes_sent: u64,
}

impl WebSocketRecord {
    /// The word for it in the log.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Closed(_) => "closed",
        }
    }
}

/// One of the [`WebSocketTotals`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Total {
    Code,
    MessagesReceived,
    MessagesSent,
    BytesReceived,
    BytesSent,
}

impl Total {
    /// The one that atoms call `name`.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "code" => Self::Code,
            "messages-received" => Self::MessagesReceived,
            "messages-sent" => Self::MessagesSent,
            "bytes-received" => Self::BytesReceived,
            "bytes-sent" => Self::BytesSent,
            _ => return None,
        })
    }

    pub(super) fn of(self, totals: &WebSocketTotals) -> u64 {
        match self {
            Self::Code => totals.code.into(),
            Self::MessagesReceived => totals.messages_received,
            Self::MessagesSent => totals.messages_sent,
            Self::BytesReceived => totals.bytes_received,
            Self::BytesSent => totals.bytes_sent,
        }
    }
}
