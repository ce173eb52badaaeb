//! What can be typed: every flag, its environment variable and its default, in the order of `--help`.

use super::field::{Field, field_value, root_path};
use super::{period::Period, size::Size};
use crate::access_log::Format;
use crate::{Bind, Config, Limits, WebSocketConfig};
use clap::builder::BoolishValueParser;
use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Args, FromArgMatches, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;
use tracing_subscriber::filter::LevelFilter;

/// The options of every program that serves.
#[derive(Clone, Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    pub(super) listening: Listening,
    #[command(flatten)]
    pub(super) workers: Workers,
    #[command(flatten)]
    pub(super) limits: LimitOptions,
    #[command(flatten)]
    pub(super) timeouts: Timeouts,
    #[command(flatten)]
    pub(super) responses: Responses,
    #[command(flatten)]
    pub(super) websocket: WebSocketOptions,
    #[command(flatten)]
    pub(super) logging: Logging,
    #[command(flatten)]
    pub(super) other: Other,
}

impl Options {
    /// The options of a parsed command line.
    pub(super) fn of(matches: &ArgMatches) -> Self {
        let options = Self::from_arg_matches(matches);
        let mut options = options.expect("the command has all of these arguments, which clap has checked");
        let Self { responses, websocket, logging, .. } = &mut options;
        responses.no_server_header = is_last(matches, "no_server_header", "server_header");
        responses.no_date_header = is_last(matches, "no_date_header", "date_header");
        websocket.no_ws = is_last(matches, "no_ws", "ws");
        logging.no_access_log = is_last(matches, "no_access_log", "access_log");
        options
    }
}

/// Whether `switch` was typed, and after its `opposite` if that was too. (clap's `overrides_with` does not do: a
/// variable that is set and its opposite that is typed are a conflict to it.)
fn is_last(matches: &ArgMatches, switch: &str, opposite: &str) -> bool {
    let typed = |name| matches.value_source(name) == Some(ValueSource::CommandLine);
    let place = |name| if typed(name) { matches.index_of(name) } else { None };
    place(switch) > place(opposite)
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Listening")]
pub(super) struct Listening {
    #[arg(
        short,
        long,
        env = "TRANSOM_BIND",
        help = "PORT, ADDRESS:PORT, [ADDRESS]:PORT, *:PORT (IPv4 and IPv6), unix:PATH, fd://NUMBER or systemd; \
                again, or after a comma, for more",
        value_name = "WHERE",
        value_delimiter = ',',
        default_value = "127.0.0.1:8000"
    )]
    pub(super) bind: Vec<Bind>,
    /// Permissions of Unix sockets, octal; by default any user's proxy may connect, as with nginx and systemd, and
    /// the directory keeps others out
    #[arg(long, env = "TRANSOM_UNIX_MODE", value_name = "MODE", value_parser = unix_mode, default_value = "666")]
    pub(super) unix_mode: u32,
    /// Connections that wait to be accepted
    #[arg(
        long,
        env = "TRANSOM_BACKLOG",
        value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(i32::MAX)),
        default_value_t = 2048
    )]
    pub(super) backlog: u32,
    /// Each worker accepts for itself, from its own SO_REUSEPORT socket
    #[arg(long, env = "TRANSOM_REUSE_PORT", value_parser = BoolishValueParser::new())]
    pub(super) reuse_port: bool,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Workers")]
pub(super) struct Workers {
    /// Threads that serve connections; 0 is one per core
    #[arg(short, long, env = "TRANSOM_WORKERS", value_name = "COUNT", default_value_t = Config::default().workers)]
    pub(super) workers: usize,
    /// Whether a connection stays with its worker or work moves to idle ones
    #[arg(long, env = "TRANSOM_RUNTIME", value_name = "KIND", default_value = "per-core")]
    pub(super) runtime: RuntimeOption,
    /// Threads for blocking applications
    #[arg(
        long,
        env = "TRANSOM_BLOCKING_THREADS",
        value_name = "COUNT",
        value_parser = clap::value_parser!(u16).range(1..),
        default_value_t = Config::default().blocking_threads as u16
    )]
    pub(super) blocking_threads: u16,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(super) struct LimitOptions {
    /// Bytes of a request's target; more is 414
    #[arg(
        long,
        env = "TRANSOM_LIMIT_TARGET",
        value_name = "SIZE",
        value_parser = Size::above_zero,
        default_value_t = Limits::default().target.into()
    )]
    pub(super) limit_target: Size,
    /// Bytes of a request's head; more is 431
    #[arg(
        long,
        env = "TRANSOM_LIMIT_HEAD",
        value_name = "SIZE",
        value_parser = Size::above_zero,
        default_value_t = Limits::default().head.into()
    )]
    pub(super) limit_head: Size,
    /// Fields of a request's head; more is 431
    #[arg(
        long,
        env = "TRANSOM_LIMIT_HEADERS",
        value_name = "COUNT",
        value_parser = clap::value_parser!(u16).range(1..),
        default_value_t = Limits::default().headers as u16
    )]
    pub(super) limit_headers: u16,
    /// Bytes of the trailers after a request's body
    #[arg(
        long,
        env = "TRANSOM_LIMIT_TRAILERS",
        value_name = "SIZE",
        default_value_t = Limits::default().trailers.into()
    )]
    pub(super) limit_trailers: Size,
    /// Bytes of a request's body; more is 413; 0 is unlimited
    #[arg(
        long,
        env = "TRANSOM_LIMIT_BODY",
        value_name = "SIZE",
        default_value_t = Size(Limits::default().body.unwrap_or(0))
    )]
    pub(super) limit_body: Size,
    /// Open connections; more wait in the backlog; 0 is as many as file descriptors allow
    #[arg(
        long,
        env = "TRANSOM_LIMIT_CONNECTIONS",
        value_name = "COUNT",
        default_value_t = Limits::default().connections.unwrap_or(0)
    )]
    pub(super) limit_connections: usize,
    /// Requests at the same time; more get 503; 0 is unlimited
    #[arg(
        long,
        env = "TRANSOM_LIMIT_IN_FLIGHT",
        value_name = "COUNT",
        default_value_t = Limits::default().in_flight.unwrap_or(0)
    )]
    pub(super) limit_in_flight: usize,
    /// Bytes of a request's unread body that are thrown away to keep the connection open
    #[arg(
        long,
        env = "TRANSOM_LIMIT_DISCARD",
        value_name = "SIZE",
        default_value_t = Size(Limits::default().discard)
    )]
    pub(super) limit_discard: Size,
    /// Bytes of response that a connection buffers before the application has to wait
    #[arg(
        long,
        env = "TRANSOM_HIGH_WATER",
        value_name = "SIZE",
        value_parser = Size::above_zero,
        default_value_t = Limits::default().high_water.into()
    )]
    pub(super) high_water: Size,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Timeouts")]
pub(super) struct Timeouts {
    /// From the first to the last byte of a request's head; then 408; 0 is never
    #[arg(
        long,
        env = "TRANSOM_TIMEOUT_HEAD",
        value_name = "TIME",
        default_value_t = Period::of(Limits::default().head_timeout)
    )]
    pub(super) timeout_head: Period,
    /// Open connection without a request; longer than the load balancer's in front; 0 is never
    #[arg(
        long,
        env = "TRANSOM_TIMEOUT_KEEP_ALIVE",
        value_name = "TIME",
        default_value_t = Period::of(Limits::default().keep_alive)
    )]
    pub(super) timeout_keep_alive: Period,
    /// Without a byte of a request body that is waited for; then 408; 0 is never
    #[arg(
        long,
        env = "TRANSOM_TIMEOUT_BODY",
        value_name = "TIME",
        default_value_t = Period::of(Limits::default().body_timeout)
    )]
    pub(super) timeout_body: Period,
    /// Without the client taking a byte of a response; then the connection is cut; 0 is never
    #[arg(
        long,
        env = "TRANSOM_TIMEOUT_WRITE",
        value_name = "TIME",
        default_value_t = Period::of(Limits::default().write_timeout)
    )]
    pub(super) timeout_write: Period,
    /// After the last response, for the client to read it before the connection is closed; 0 closes at once
    #[arg(
        long,
        env = "TRANSOM_TIMEOUT_LINGER",
        value_name = "TIME",
        default_value_t = Period(Limits::default().linger)
    )]
    pub(super) timeout_linger: Period,
    /// For running requests after a stop signal; a second signal ends it; 0 drops them at once
    #[arg(long, env = "TRANSOM_TIMEOUT_GRACE", value_name = "TIME", default_value_t = Period(Config::default().grace))]
    pub(super) timeout_grace: Period,
    /// For the application to start up, and to clean up; 0 is never
    #[arg(
        long,
        env = "TRANSOM_TIMEOUT_LIFESPAN",
        value_name = "TIME",
        default_value_t = Period::of(Config::default().lifespan_timeout)
    )]
    pub(super) timeout_lifespan: Period,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Responses")]
pub(super) struct Responses {
    /// Send a server field, with this value; an empty value leaves it out
    #[arg(
        long,
        env = "TRANSOM_SERVER_HEADER",
        value_name = "VALUE",
        value_parser = field_value,
        num_args = 0..=1,
        require_equals = true,
        default_value_t = Config::default().server_header.unwrap_or_default(),
        default_missing_value = "transom"
    )]
    pub(super) server_header: String,
    /// Leave the server field out
    #[arg(long)]
    pub(super) no_server_header: bool,
    /// Send a date field [default: on]
    #[arg(
        long,
        env = "TRANSOM_DATE_HEADER",
        value_parser = BoolishValueParser::new(),
        default_value_t = Config::default().date_header,
        action = ArgAction::SetTrue
    )]
    pub(super) date_header: bool,
    /// Leave the date field out
    #[arg(long)]
    pub(super) no_date_header: bool,
    /// A field for every response that has none of this name; again, or on a new line, for more
    // A value may contain commas, but no newline.
    #[arg(long, env = "TRANSOM_HEADER", value_name = "NAME:VALUE", value_delimiter = '\n')]
    pub(super) header: Vec<Field>,
    /// Where a proxy in front publishes the application, as in /api; given back to requests that lack it
    #[arg(long, env = "TRANSOM_ROOT_PATH", value_name = "PATH", value_parser = root_path, default_value = "", hide_default_value = true)]
    pub(super) root_path: String,
    /// Refuse what browsers send in a target against RFC 3986: "<>\^{|} and the backtick
    #[arg(long, env = "TRANSOM_STRICT_TARGET", value_parser = BoolishValueParser::new())]
    pub(super) strict_target: bool,
    /// Answer a client that has closed its sending side, instead of taking it for gone
    #[arg(long, env = "TRANSOM_HALF_CLOSE", value_parser = BoolishValueParser::new())]
    pub(super) half_close: bool,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "WebSocket")]
pub(super) struct WebSocketOptions {
    /// Serve WebSocket handshakes as WebSockets [default: on]
    #[arg(
        long,
        env = "TRANSOM_WS",
        value_parser = BoolishValueParser::new(),
        default_value_t = WebSocketConfig::default().enabled,
        action = ArgAction::SetTrue
    )]
    pub(super) ws: bool,
    /// Serve them as HTTP requests like others
    #[arg(long)]
    pub(super) no_ws: bool,
    /// Bytes of a message, uncompressed; more is a close with 1009; 0 is unlimited
    #[arg(
        long,
        env = "TRANSOM_WS_MAX_MESSAGE",
        value_name = "SIZE",
        default_value_t = WebSocketConfig::default().max_message.unwrap_or(0).into()
    )]
    pub(super) ws_max_message: Size,
    /// Without a byte from the client; then it is sent a ping; 0 is never
    #[arg(
        long,
        env = "TRANSOM_WS_PING_INTERVAL",
        value_name = "TIME",
        default_value_t = Period::of(WebSocketConfig::default().ping_interval)
    )]
    pub(super) ws_ping_interval: Period,
    /// Without a byte from the client after a ping; then it is a close with 1011; 0 is never
    #[arg(
        long,
        env = "TRANSOM_WS_PING_TIMEOUT",
        value_name = "TIME",
        default_value_t = Period::of(WebSocketConfig::default().ping_timeout)
    )]
    pub(super) ws_ping_timeout: Period,
    /// For the client to answer a close, before the connection is closed; 0 closes at once
    #[arg(
        long,
        env = "TRANSOM_WS_CLOSE_TIMEOUT",
        value_name = "TIME",
        default_value_t = Period(WebSocketConfig::default().close_timeout)
    )]
    pub(super) ws_close_timeout: Period,
    /// Compress messages, if the client offers it: each by itself, or by what went before; alone it is per-message
    #[arg(
        long,
        env = "TRANSOM_WS_DEFLATE",
        value_name = "MODE",
        num_args = 0..=1,
        require_equals = true,
        default_value = "off",
        default_missing_value = "per-message"
    )]
    pub(super) ws_deflate: DeflateOption,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Logging")]
pub(super) struct Logging {
    /// The least important messages to write to standard error
    #[arg(long, env = "TRANSOM_LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    pub(super) log_level: LogLevel,
    /// Watch how the application and the server keep their contract, and log each clause of it that is broken
    #[arg(long, env = "TRANSOM_LINT", value_parser = BoolishValueParser::new())]
    pub(super) lint: bool,
    /// Write a line per request, and two per WebSocket, to standard output [default: off]
    #[arg(
        long,
        env = "TRANSOM_ACCESS_LOG",
        value_parser = BoolishValueParser::new()
    )]
    pub(super) access_log: bool,
    /// Write no such lines
    #[arg(long)]
    pub(super) no_access_log: bool,
    /// common, combined, json, or a text with Apache's atoms such as '%h "%r" %>s %B %{ms}T'
    #[arg(long, env = "TRANSOM_ACCESS_LOG_FORMAT", value_name = "FORMAT", default_value = "combined")]
    pub(super) access_log_format: Format,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Other")]
pub(super) struct Other {
    /// Read environment variables from this file, NAME=VALUE per line; those that are set already stay
    #[arg(long, env = "TRANSOM_ENV_FILE", value_name = "PATH")]
    pub(super) env_file: Option<PathBuf>,
    /// Print the completions for a shell
    #[arg(long, value_name = "SHELL")]
    pub(super) completions: Option<Shell>,
    /// Print this help
    #[arg(short, long, action = ArgAction::Help)]
    help: Option<bool>,
    /// Print the version
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
}

// No comments on the variants: they would make `--help` several lines per flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum RuntimeOption {
    PerCore,
    WorkStealing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum DeflateOption {
    Off,
    PerMessage,
    ContextTakeover,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

fn unix_mode(text: &str) -> Result<u32, &'static str> {
    match u32::from_str_radix(text, 8) {
        Ok(mode) if mode <= 0o777 && !text.starts_with('+') => Ok(mode),
        _ => Err("expected permissions in octal, such as 660"),
    }
}
