//! What the options mean.

use super::options::{DeflateOption, LogLevel, Options, RuntimeOption};
use crate::access_log::Format;
use crate::{Bind, Config, DeflateMode, Limits, ListenOptions, Runtime, WebSocketConfig};

/// All that is needed to serve an application.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) binds: Vec<Bind>,
    pub(super) listen: ListenOptions,
    pub(super) config: Config,
    /// The form of the access log, if there is to be one.
    pub(super) access_log: Option<Format>,
    pub(super) log_level: LogLevel,
    /// The application is watched, and so is the server.
    pub(super) lint: bool,
}

impl From<Options> for Settings {
    fn from(options: Options) -> Self {
        let Options { listening, workers, limits, timeouts, responses, websocket, logging, other: _ } = options;
        // A `--no-` flag has no variable, and is set only if it was typed after its opposite.
        let server_header = !responses.no_server_header && !responses.server_header.is_empty();
        let access_log = logging.access_log && !logging.no_access_log;
        Self {
            binds: listening.bind,
            listen: ListenOptions {
                backlog: listening.backlog,
                unix_mode: Some(listening.unix_mode),
                reuse_port: listening.reuse_port,
            },
            config: Config {
                workers: workers.workers,
                runtime: match workers.runtime {
                    RuntimeOption::WorkStealing => Runtime::WorkStealing,
                    RuntimeOption::PerCore if listening.reuse_port => Runtime::ReusePort,
                    RuntimeOption::PerCore => Runtime::PerCore,
                },
                limits: Limits {
                    target: limits.limit_target.in_memory(),
                    head: limits.limit_head.in_memory(),
                    headers: limits.limit_headers.into(),
                    trailers: limits.limit_trailers.in_memory(),
                    head_timeout: timeouts.timeout_head.timeout(),
                    keep_alive: timeouts.timeout_keep_alive.timeout(),
                    body: above_zero(limits.limit_body.0),
                    body_timeout: timeouts.timeout_body.timeout(),
                    write_timeout: timeouts.timeout_write.timeout(),
                    high_water: limits.high_water.in_memory(),
                    discard: limits.limit_discard.0,
                    linger: timeouts.timeout_linger.0,
                    connections: above_zero(limits.limit_connections),
                    in_flight: above_zero(limits.limit_in_flight),
                },
                websocket: WebSocketConfig {
                    enabled: websocket.ws && !websocket.no_ws,
                    max_message: above_zero(websocket.ws_max_message.in_memory()),
                    ping_interval: websocket.ws_ping_interval.timeout(),
                    ping_timeout: websocket.ws_ping_timeout.timeout(),
                    close_timeout: websocket.ws_close_timeout.0,
                    deflate: match websocket.ws_deflate {
                        DeflateOption::Off => DeflateMode::Off,
                        DeflateOption::PerMessage => DeflateMode::PerMessage,
                        DeflateOption::ContextTakeover => DeflateMode::ContextTakeover,
                    },
                },
                grace: timeouts.timeout_grace.0,
                lifespan_timeout: timeouts.timeout_lifespan.timeout(),
                blocking_threads: workers.blocking_threads.into(),
                server_header: server_header.then_some(responses.server_header),
                date_header: responses.date_header && !responses.no_date_header,
                headers: responses.header.into_iter().map(|field| (field.name, field.value)).collect(),
                root_path: responses.root_path,
                strict_target: responses.strict_target,
                half_close: responses.half_close,
                access_log: None,
            },
            access_log: access_log.then_some(logging.access_log_format),
            log_level: logging.log_level,
            lint: logging.lint,
        }
    }
}

/// An optional limit, which zero switches off.
fn above_zero<T: Default + PartialEq>(limit: T) -> Option<T> {
    (limit != T::default()).then_some(limit)
}
