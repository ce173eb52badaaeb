use crate::{AccessLog, Limits, WebSocketConfig};
use std::time::Duration;
use transom::Headers;

/// How a [`Server`](crate::Server) behaves. `Config::default()` is what the binary does without flags.
///
/// ```
/// use transom_server::Config;
///
/// let mut config = Config::default();
/// config.workers = 1;
/// config.limits.body = Some(1 << 20);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Threads that serve connections; 0 is one per core.
    pub workers: usize,
    /// How connections are spread over them.
    pub runtime: Runtime,
    /// The limits and timeouts of the wire.
    pub limits: Limits,
    /// How WebSockets are served.
    pub websocket: WebSocketConfig,
    /// How long running calls may go on after the stop; then they are dropped, with zero at once.
    pub grace: Duration,
    /// How long the application may take to start up, and to clean up; `None` is for ever.
    pub lifespan_timeout: Option<Duration>,
    /// Threads for blocking code ([`transom::Blocking`]).
    pub blocking_threads: usize,
    /// The `server` field of every response, without control bytes; `None` leaves it out.
    pub server_header: Option<String>,
    /// Whether every response has a `date`.
    pub date_header: bool,
    /// Fields of every response, unless the application sets one of the same name. Names are tokens, and values have no
    /// control bytes.
    pub headers: Headers,
    /// The path under which a front proxy publishes the application; begins with `/`, and slashes at its end do not
    /// count.
    /// A request that does not carry it (because the proxy took it off) gets it back, so that the
    /// application always sees the public path.
    pub root_path: String,
    /// Refuse characters that RFC 3986 does not allow in a target but browsers send (`"<>\^{|}` and the backtick).
    pub strict_target: bool,
    /// A client that closes its sending side after a complete request still gets its response. Off, that counts
    /// as leaving, since it cannot be told from a client that is gone.
    pub half_close: bool,
    /// Where exchanges are recorded when they are over, and WebSockets when they are accepted too.
    pub access_log: Option<AccessLog>,
}

/// How connections are spread over the workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Runtime {
    /// Each worker runs its own connections; an acceptor gives a new one to the worker with the fewest.
    #[default]
    PerCore,
    /// Each worker accepts by itself, from its own `SO_REUSEPORT` listener.
    ReusePort,
    /// Workers steal work from each other.
    WorkStealing,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            workers: 0,
            runtime: Runtime::PerCore,
            limits: Limits::default(),
            websocket: WebSocketConfig::default(),
            grace: Duration::from_secs(30),
            lifespan_timeout: Some(Duration::from_secs(60)),
            blocking_threads: 64,
            server_header: Some("transom".into()),
            date_header: true,
            headers: Headers::new(),
            root_path: String::new(),
            strict_target: false,
            half_close: false,
            access_log: None,
        }
    }
}
