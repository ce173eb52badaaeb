//! The atoms of a text format, in Apache's letters.

use super::escape::text;
use super::websocket::{Total, WebSocketRecord};
use super::{FormatError, Record, put, timestamp};
use std::path::Path;
use transom::{Address, field};

/// One piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Atom {
    Literal(Box<str>),
    /// `-`, for what a server does not know.
    Nobody,
    ClientAddress,
    ClientPort,
    ServerAddress,
    ServerPort,
    Time,
    TimeRfc3339,
    RequestLine,
    Method,
    Path,
    Query,
    Version,
    Status,
    Bytes,
    BytesOrDash,
    Microseconds,
    Milliseconds,
    Seconds,
    DecimalSeconds,
    /// A request field, by its name in lower case.
    Field(Box<str>),
    Process,
    Outcome,
    WebSocketEvent,
    WebSocketTotal(Total),
}

impl Atom {
    /// All there are, for messages.
    pub(super) const KNOWN: &str = "%h %a %{remote}p %A %p %l %u %t %{rfc3339}t %r %m %U %q %H %s %>s %b %B %D %T %{s}T %{ms}T %{us}T %L \
         %{Name}i %v %P %X %{event}W %{code}W %{messages-received}W %{messages-sent}W %{bytes-received}W \
         %{bytes-sent}W %%";

    /// The atom at the start of `format`, which is a `%`, and its length.
    pub(super) fn read(format: &str) -> Result<(Self, usize), FormatError> {
        let unfinished = || FormatError::Unfinished(format.to_owned());
        let (argument, letter_at) = match format[1..].strip_prefix('{') {
            Some(rest) => {
                let len = rest.find('}').ok_or_else(unfinished)?;
                (Some(&rest[..len]), len + 3)
            }
            None if format[1..].starts_with('>') => (Some(">"), 2),
            None => (None, 1),
        };
        let letter = format[letter_at..].chars().next().ok_or_else(unfinished)?;
        let len = letter_at + letter.len_utf8();
        let atom = Self::of(letter, argument).ok_or_else(|| FormatError::Atom(format[..len].to_owned()))?;
        Ok((atom, len))
    }

    fn of(letter: char, argument: Option<&str>) -> Option<Self> {
        Some(match (letter, argument) {
            ('%', None) => Self::Literal("%".into()),
            ('l' | 'u', None) => Self::Nobody,
            ('h' | 'a', None) => Self::ClientAddress,
            ('p', Some("remote")) => Self::ClientPort,
            ('A', None) => Self::ServerAddress,
            ('p', None) => Self::ServerPort,
            ('t', None) => Self::Time,
            ('t', Some("rfc3339")) => Self::TimeRfc3339,
            ('r', None) => Self::RequestLine,
            ('m', None) => Self::Method,
            ('U', None) => Self::Path,
            ('q', None) => Self::Query,
            ('H', None) => Self::Version,
            ('s', None | Some(">")) => Self::Status,
            ('b', None) => Self::BytesOrDash,
            ('B', None) => Self::Bytes,
            ('D', None) | ('T', Some("us")) => Self::Microseconds,
            ('T', Some("ms")) => Self::Milliseconds,
            ('T', None | Some("s")) => Self::Seconds,
            ('L', None) => Self::DecimalSeconds,
            ('i', Some(name)) if field::is_token(name.as_bytes()) => Self::Field(name.to_ascii_lowercase().into()),
            ('v', None) => Self::Field("host".into()),
            ('P', None) => Self::Process,
            ('X', None) => Self::Outcome,
            ('W', Some("event")) => Self::WebSocketEvent,
            ('W', Some(name)) => Self::WebSocketTotal(Total::named(name)?),
            _ => return None,
        })
    }

    /// Appends what this atom says of `record`.
    pub(super) fn write(&self, record: &Record<'_>, line: &mut Vec<u8>) {
        let head = record.head;
        let readable = !head.target.is_empty();
        let path_len = head.path_len as usize;
        let duration = record.duration;
        match self {
            Self::Literal(literal) => line.extend_from_slice(literal.as_bytes()),
            Self::ClientAddress => address(&head.connection.client, line),
            Self::ClientPort => port(&head.connection.client, line),
            Self::ServerAddress => address(&head.connection.server, line),
            Self::ServerPort => port(&head.connection.server, line),
            Self::Time => {
                line.push(b'[');
                timestamp::apache(record.started, line);
                line.push(b']');
            }
            Self::TimeRfc3339 => timestamp::rfc3339(record.started, line),
            Self::RequestLine if readable => {
                text(head.method.as_str().as_bytes(), line);
                line.push(b' ');
                text(&head.target, line);
                put(line, format_args!(" {}", head.version));
            }
            Self::Method if readable => text(head.method.as_str().as_bytes(), line),
            Self::Path if readable => text(&head.target[..path_len], line),
            Self::Query => text(&head.target[path_len..], line),
            Self::Version if readable => put(line, format_args!("{}", head.version)),
            Self::Status if record.status != 0 => put(line, format_args!("{}", record.status)),
            Self::BytesOrDash if record.bytes == 0 => line.push(b'-'),
            Self::Bytes | Self::BytesOrDash => put(line, format_args!("{}", record.bytes)),
            Self::Microseconds => put(line, format_args!("{}", duration.as_micros())),
            Self::Milliseconds => put(line, format_args!("{}", duration.as_millis())),
            Self::Seconds => put(line, format_args!("{}", duration.as_secs())),
            Self::DecimalSeconds => {
                put(line, format_args!("{}.{:06}", duration.as_secs(), duration.subsec_micros()));
            }
            Self::Field(name) => match head.headers.get(name) {
                // A dash keeps the columns apart where the atom is not in quotes.
                None | Some(b"") => line.push(b'-'),
                Some(value) => text(value, line),
            },
            Self::Process => put(line, format_args!("{}", std::process::id())),
            Self::Outcome => line.extend_from_slice(record.outcome.as_str().as_bytes()),
            Self::WebSocketEvent => {
                let event = record.websocket.as_ref().map_or("-", WebSocketRecord::as_str);
                line.extend_from_slice(event.as_bytes());
            }
            Self::WebSocketTotal(total) => match &record.websocket {
                Some(WebSocketRecord::Closed(totals)) => put(line, format_args!("{}", total.of(totals))),
                Some(WebSocketRecord::Accepted) | None => line.push(b'-'),
            },
            Self::Nobody | Self::RequestLine | Self::Method | Self::Path | Self::Version | Self::Status => {
                line.push(b'-');
            }
        }
    }
}

fn address(address: &Address, line: &mut Vec<u8>) {
    match address {
        // A client of a dual-stack socket that speaks IPv4 is written as such.
        Address::Ip(address) => put(line, format_args!("{}", address.ip().to_canonical())),
        Address::Unix(path) => {
            line.extend_from_slice(b"unix:");
            // A peer may bind its end to any path.
            text(path.as_deref().unwrap_or(Path::new("")).as_os_str().as_encoded_bytes(), line);
        }
        _ => line.push(b'-'),
    }
}

fn port(address: &Address, line: &mut Vec<u8>) {
    match address {
        Address::Ip(address) => put(line, format_args!("{}", address.port())),
        _ => line.push(b'-'),
    }
}
