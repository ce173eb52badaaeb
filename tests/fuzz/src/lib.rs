//! What an application may send, and what it may not, for the targets that take events.

use arbitrary::Arbitrary;
use bytes::Bytes;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use transom::{Capabilities, FileBody, FileSource, Headers, Message, Outgoing, State, Utf8};

/// An event.
#[derive(Arbitrary, Debug)]
pub enum Event<'a> {
    Informational { status: Status, fields: Vec<Field<'a>> },
    Response { status: Status, fields: Vec<Field<'a>>, body: &'a [u8] },
    Start { status: Status, fields: Vec<Field<'a>> },
    Body { data: &'a [u8], more: bool },
    Large { len: u16, more: bool },
    File { range: Range, more: bool },
    Trailers(Vec<Field<'a>>),
    Accept { subprotocol: Option<u8>, fields: Vec<Field<'a>> },
    Text(&'a str),
    Binary(&'a [u8]),
    Ping(&'a [u8]),
    Pong(&'a [u8]),
    Close { code: Code, reason: &'a str },
    Ready,
    Extension,
}

impl Event<'_> {
    pub fn outgoing(&self) -> Outgoing {
        let data = |data: &[u8]| Bytes::copy_from_slice(data);
        match *self {
            Self::Informational { status, ref fields } => {
                Outgoing::Informational { status: status.number(), headers: headers(fields) }
            }
            Self::Response { status, ref fields, body } => {
                Outgoing::Response { status: status.number(), headers: headers(fields), body: data(body) }
            }
            Self::Start { status, ref fields } => Outgoing::Start { status: status.number(), headers: headers(fields) },
            Self::Body { data: bytes, more } => Outgoing::Body { data: data(bytes), more },
            Self::Large { len, more } => Outgoing::Body { data: vec![b'x'; len.into()].into(), more },
            Self::File { range, more } => Outgoing::File { file: range.file(), more },
            Self::Trailers(ref fields) => Outgoing::Trailers(headers(fields)),
            Self::Accept { subprotocol, ref fields } => Outgoing::Accept {
                subprotocol: subprotocol.map(|index| Utf8::from(SUBPROTOCOLS[usize::from(index) % SUBPROTOCOLS.len()])),
                headers: headers(fields),
            },
            Self::Text(text) => Outgoing::Message(Message::Text(text.to_owned().into())),
            Self::Binary(bytes) => Outgoing::Message(Message::Binary(data(bytes))),
            Self::Ping(bytes) => Outgoing::Message(Message::Ping(data(bytes))),
            Self::Pong(bytes) => Outgoing::Message(Message::Pong(data(bytes))),
            Self::Close { code, reason } => Outgoing::Close { code: code.number(), reason: reason.to_owned().into() },
            Self::Ready => Outgoing::Ready(State::new()),
            Self::Extension => Outgoing::Extension(Box::new(())),
        }
    }
}

/// Some are offered, the last is not.
pub const SUBPROTOCOLS: [&str; 3] = ["chat", "superchat", "other"];

/// A status that means something more often than chance would have it.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Status {
    Known(u8),
    Any(u16),
}

impl Status {
    const KNOWN: [u16; 16] = [200, 204, 205, 206, 299, 304, 101, 100, 102, 103, 199, 301, 404, 426, 500, 599];

    fn number(self) -> u16 {
        match self {
            Self::Known(index) => Self::KNOWN[usize::from(index) % Self::KNOWN.len()],
            Self::Any(number) => number,
        }
    }
}

/// A close code that may be sent more often than chance would have it.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Code {
    Near(u8),
    Any(u16),
}

impl Code {
    fn number(self) -> u16 {
        match self {
            Self::Near(offset) => 995 + u16::from(offset),
            Self::Any(number) => number,
        }
    }
}

/// A header or trailer field.
#[derive(Arbitrary, Debug)]
pub struct Field<'a> {
    name: Name<'a>,
    value: Value<'a>,
}

#[derive(Arbitrary, Debug)]
enum Name<'a> {
    Known(u8),
    Other(&'a str),
}

#[derive(Arbitrary, Debug)]
enum Value<'a> {
    Number(u8),
    Known(u8),
    Other(&'a [u8]),
}

/// Those that the server has an opinion on.
const NAMES: [&str; 16] = [
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "date",
    "server",
    "te",
    "keep-alive",
    "proxy-connection",
    "trailer",
    "set-cookie",
    "x-fixed",
    "sec-websocket-accept",
    "host",
    "x-a",
    "content-type",
];

const VALUES: [&str; 8] = ["", "close", "keep-alive", "chunked", "upgrade, close", "websocket", "x", " y\t"];

fn headers(fields: &[Field<'_>]) -> Headers {
    let mut headers = Headers::new();
    for Field { name, value } in fields {
        let name = match name {
            Name::Known(index) => NAMES[usize::from(*index) % NAMES.len()],
            Name::Other(name) => name,
        };
        match value {
            Value::Number(number) => headers.push(name, number.to_string().as_bytes()),
            Value::Known(index) => headers.push(name, VALUES[usize::from(*index) % VALUES.len()].as_bytes()),
            Value::Other(value) => headers.push(name, value),
        }
    }
    headers
}

/// A part of a file.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Range {
    Inside { offset: u8, len: u8 },
    Outside { offset: u64, len: u8 },
    Nowhere,
}

/// A file that is there and never changes: the program itself.
static FILE: LazyLock<Arc<File>> = LazyLock::new(|| {
    let path = std::env::current_exe().expect("the program has a path");
    Arc::new(File::open(path).expect("the program can be read"))
});

impl Range {
    fn file(self) -> FileBody {
        let source = match self {
            Self::Nowhere => FileSource::Path(Path::new("/nowhere").into()),
            _ => FileSource::File(Arc::clone(&FILE)),
        };
        let (offset, len) = match self {
            Self::Inside { offset, len } => (offset.into(), len.into()),
            Self::Outside { offset, len } => (offset | 1 << 60, len.into()),
            Self::Nowhere => (0, 0),
        };
        FileBody { source, offset, len }
    }

    /// What is there.
    pub fn bytes(self) -> Option<Vec<u8>> {
        let Self::Inside { offset, len } = self else { return None };
        let mut bytes = vec![0; len.into()];
        FILE.read_exact_at(&mut bytes, offset.into()).expect("it is longer than that");
        Some(bytes)
    }
}

/// A set of capabilities: each bit is one.
pub fn capabilities(bits: u8) -> Capabilities {
    const EACH: [Capabilities; 7] = [
        Capabilities::INFORMATIONAL,
        Capabilities::TRAILERS,
        Capabilities::FILE,
        Capabilities::FULL_DUPLEX,
        Capabilities::UPGRADE,
        Capabilities::WEBSOCKET_CONTROL,
        Capabilities::WEBSOCKET_DENIAL,
    ];
    let present = EACH.into_iter().enumerate().filter(|(index, _)| bits >> index & 1 == 1);
    present.fold(Capabilities::NONE, |set, (_, capability)| set | capability)
}
