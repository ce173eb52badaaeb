use std::time::Duration;

/// How WebSockets are served: their limits and timeouts. `None` is "without".
///
/// | what is exceeded | what the peer gets |
/// |---|---|
/// | `max_message` | close with 1009, before the payload of the frame that exceeds it is read |
/// | `ping_timeout` | close with 1011 |
/// | `close_timeout` | the connection is closed |
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebSocketConfig {
    /// Whether handshakes are served as WebSockets. If not, they are HTTP requests like others, which the application
    /// may answer with a tunnel.
    pub enabled: bool,
    /// Bytes of a message, uncompressed, in however many frames; uvicorn's default is the same.
    pub max_message: Option<usize>,
    /// Without a byte from the peer until it is sent a ping; any byte counts as life.
    pub ping_interval: Option<Duration>,
    /// From such a ping on, without a byte from the peer.
    pub ping_timeout: Option<Duration>,
    /// From the server's close frame until the peer's.
    pub close_timeout: Duration,
    /// Whether messages may be compressed (permessage-deflate, RFC 7692).
    pub deflate: DeflateMode,
}

/// Whether messages may be compressed, if a client offers it.
///
/// Compression costs memory and time for each connection, and lets whoever sees the length of a message guess at
/// secrets that stand in it beside text of the attacker's choice (as in the BREACH attack). So it is off by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum DeflateMode {
    /// No message is.
    #[default]
    Off,
    /// Messages are, each by itself: no memory is held between them.
    PerMessage,
    /// Messages are, each by what went before as far as the client allows, which makes them smaller and holds up to
    /// 420 KiB per connection.
    ContextTakeover,
}

impl Default for WebSocketConfig {
    fn default() -> Self {
        let twenty_seconds = Some(Duration::from_secs(20));
        Self {
            enabled: true,
            max_message: Some(16 << 20),
            ping_interval: twenty_seconds,
            ping_timeout: twenty_seconds,
            close_timeout: Duration::from_secs(10),
            deflate: DeflateMode::Off,
        }
    }
}
