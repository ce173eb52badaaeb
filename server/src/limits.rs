use std::time::Duration;

/// Every limit and timeout of the wire. `None` is "without limit"; every timeout is finite by default.
///
/// | what is exceeded | what the peer gets |
/// |---|---|
/// | `target` | 414, close |
/// | `head`, `headers` | 431, close |
/// | `head_timeout` | 408, close |
/// | `keep_alive` | close |
/// | `body` | 413 before the application reads it, close |
/// | `trailers` | as a body that is too large: the application gets `End(BadRequest)`; 413 if it had sent nothing |
/// | `body_timeout` | the application gets `End(Timeout)`; 408 if it had sent nothing |
/// | `write_timeout` | the connection is reset, the application gets `Disconnected` |
/// | `in_flight` | 503 with `retry-after` |
/// | `connections` | waits in the listen backlog |
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of the request target. nginx and Apache take 8 KiB for the whole request line.
    pub target: usize,
    /// Bytes of a request head, from the first of the request line to the empty line. Node allows 16 KiB,
    /// nginx 32 KiB, hyper 400 KiB.
    pub head: usize,
    /// Fields of a request head. hyper and Apache allow 100.
    pub headers: usize,
    /// Bytes of a trailer section.
    pub trailers: usize,
    /// From the first byte of a head to its last.
    pub head_timeout: Option<Duration>,
    /// Without a request on an open connection. Longer than the 60 s of the usual load balancers, so that
    /// they close first and no request is lost on the way.
    pub keep_alive: Option<Duration>,
    /// Bytes of a request body.
    pub body: Option<u64>,
    /// Without a byte of a request body that is waited for. A `recv` that is given up in the call's own task stops it;
    /// in a tunnel there is none.
    pub body_timeout: Option<Duration>,
    /// Since the peer took the last byte, while there are more for it.
    pub write_timeout: Option<Duration>,
    /// Bytes of response that are buffered for a peer before `send` waits: the high-water mark, which
    /// uvicorn has at 64 KiB too.
    pub high_water: usize,
    /// Bytes of an unread request body that are read and thrown away so that the connection can be kept.
    pub discard: u64,
    /// After the last byte of a response on a connection that is closed with input unread: how long input
    /// is thrown away, however much it is, so that the peer gets to read the response (RFC 9112 section 9.6).
    pub linger: Duration,
    /// Open connections. `None` derives it from the limit of file descriptors.
    pub connections: Option<usize>,
    /// Calls at the same time.
    pub in_flight: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = |count| Some(Duration::from_secs(count));
        Self {
            target: 8 << 10,
            head: 32 << 10,
            headers: 100,
            trailers: 8 << 10,
            head_timeout: seconds(10),
            keep_alive: seconds(75),
            body: None,
            body_timeout: seconds(30),
            write_timeout: seconds(30),
            high_water: 64 << 10,
            discard: 64 << 10,
            linger: Duration::from_secs(2),
            connections: None,
            in_flight: None,
        }
    }
}
