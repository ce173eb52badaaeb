//! One request with its peer, as data: drawn at random, shown, and made simpler.

use super::request::{Kind, Request};
use crate::random::Random;
use bytes::Bytes;
use std::fmt;
use std::time::Duration;
use transom::memory::{self, Call, Script};
use transom::{App, BadRequest, Capabilities, End, HttpVersion, Incoming, Message, State};

/// A request, what the peer sends, and how everybody behaves.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// Decides when what happens.
    pub(super) seed: u64,
    opening: Opening,
    fields: Vec<(String, String)>,
    /// What arrives, in order.
    pub(super) arriving: Vec<Piece>,
    pub(super) manner: Manner,
    pub(super) fate: Fate,
}

#[derive(Clone, Debug)]
enum Opening {
    Http { method: String, target: String, version: HttpVersion, length: Length, protocol: Option<String> },
    WebSocket { target: String, subprotocols: Vec<String> },
    Lifespan,
}

/// What is announced of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    None,
    Exact(usize),
    Unknown,
}

/// What arrives; an [`Incoming`] that can be cloned.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Body { data: Bytes, more: bool },
    Trailers,
    Message(Message),
    End(End),
    Draining,
    Shutdown,
}

/// How server and peer behave: legally, and otherwise as badly as is wished.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// `send` waits while as many bytes wait for the peer.
    high_water: u64,
    /// The peer takes so many bytes at a time.
    take: u64,
    /// The exchange has all capabilities that its version allows, or none but those that the application requires.
    bare: bool,
    /// Every `recv` and `send` waits a while, so that each is a place to leave at.
    pub(super) pauses: bool,
    /// The call is polled also when it was not woken.
    pub(super) spurious: bool,
    /// Each poll is on another thread.
    pub(super) threads: bool,
}

/// What becomes of the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The peer leaves when nothing else is left to happen.
    Stay,
    /// The peer leaves just before this poll.
    HangUpAt(usize),
    /// The server drops the call before this poll.
    DropAt(usize),
}

impl Case {
    /// A case that fits `request`.
    pub(super) fn draw(seed: u64, requests: &[Request]) -> Self {
        let random = &mut Random::new(seed);
        let request = random.of(requests);
        let (opening, arriving) = match &request.kind {
            Kind::Http { method, protocol, bodies } => draw_http(random, request, method, protocol, bodies),
            Kind::WebSocket { subprotocols, messages } => {
                let opening = Opening::WebSocket { target: request.target.clone(), subprotocols: subprotocols.clone() };
                (opening, draw_messages(random, messages))
            }
            Kind::Lifespan => (Opening::Lifespan, vec![Piece::Draining, Piece::Shutdown]),
        };
        let manner = Manner {
            high_water: *random.of(&[1, 1, 2, 100, 64 << 10]),
            take: *random.of(&[1, 3, 1000, u64::MAX, u64::MAX]),
            bare: random.one_in(8),
            pauses: random.one_in(2),
            spurious: random.one_in(3),
            threads: random.one_in(8),
        };
        let fields = request.fields.clone();
        Self { seed: random.next(), opening, fields, arriving, manner, fate: Fate::Stay }
    }

    pub(super) fn with_fate(&self, fate: Fate) -> Self {
        Self { fate, ..self.clone() }
    }

    fn may_be_tunnel(&self) -> bool {
        matches!(&self.opening, Opening::Http { method, protocol, .. } if method == "CONNECT" || protocol.is_some())
    }

    pub(super) fn is_lifespan(&self) -> bool {
        matches!(self.opening, Opening::Lifespan)
    }

    /// Begins the call.
    pub(super) fn start(&self, app: impl App, state: &State) -> Call {
        match &self.opening {
            Opening::Lifespan => memory::lifespan().unfinished().grace(Duration::from_secs(1)).start(app),
            Opening::WebSocket { target, subprotocols } => {
                let mut script = memory::websocket(target);
                if !subprotocols.is_empty() {
                    script = script.subprotocols(subprotocols.iter().map(String::as_str));
                }
                self.start_script(script, app, state)
            }
            Opening::Http { method, target, version, length, protocol } => {
                let mut script = memory::http(method, target).version(*version).unfinished();
                if let Length::Exact(length) = length {
                    script = script.header("content-length", length.to_string());
                }
                if let Some(protocol) = protocol {
                    script = script.upgrade(protocol);
                }
                // Nothing arrives, and that is known at once.
                if *length == Length::None {
                    script = script.header("content-length", "0");
                }
                self.start_script(script, app, state)
            }
        }
    }

    fn start_script<S>(&self, mut script: Script<S>, app: impl App, state: &State) -> Call {
        script = script.state(state.clone()).high_water(self.manner.high_water).take(self.manner.take);
        if self.manner.bare {
            script = script.capabilities(app.manifest().requires);
        }
        for (name, value) in &self.fields {
            script = script.header(name, value);
        }
        script.start(app)
    }

    /// Cases with less in them, the boldest first.
    pub(super) fn simpler(&self) -> Vec<Self> {
        let mut cases = Vec::new();
        let usual = Manner { spurious: false, threads: false, pauses: false, bare: false, ..self.manner };
        let with = |manner| Self { manner, ..self.clone() };
        cases.push(with(Manner { high_water: 64 << 10, take: u64::MAX, ..usual }));
        cases.push(with(usual));
        cases.push(with(Manner { high_water: 64 << 10, take: u64::MAX, ..self.manner }));
        cases.push(with(Manner { threads: false, ..self.manner }));
        cases.push(with(Manner { spurious: false, ..self.manner }));
        cases.push(with(Manner { pauses: false, ..self.manner }));
        cases.push(with(Manner { bare: false, ..self.manner }));
        // What is announced must still come, but it may come in fewer pieces, and messages need not come at all.
        for index in 0..self.arriving.len() {
            let mut arriving = self.arriving.clone();
            match arriving.remove(index) {
                Piece::Message(_) => {}
                Piece::Body { data, more: true } if data.is_empty() => {}
                Piece::Body { data, more: true } => match arriving.get_mut(index) {
                    // The last one of a tunnel is to stay empty.
                    Some(Piece::Body { data: next, more }) if *more || !self.may_be_tunnel() => {
                        *next = [&data[..], next].concat().into();
                    }
                    _ => continue,
                },
                _ => continue,
            }
            cases.push(Self { arriving, ..self.clone() });
        }
        if let Fate::HangUpAt(poll @ 2..) = self.fate {
            cases.push(self.with_fate(Fate::HangUpAt(poll - 1)));
        }
        if let Fate::DropAt(poll @ 2..) = self.fate {
            cases.push(self.with_fate(Fate::DropAt(poll - 1)));
        }
        cases.retain(|case| case.size() < self.size());
        cases
    }

    /// Falls with everything that is made simpler.
    fn size(&self) -> usize {
        let Manner { high_water, take, bare, pauses, spurious, threads } = self.manner;
        let unusual = [high_water != 64 << 10, take != u64::MAX, bare, pauses, spurious, threads];
        let fate = match self.fate {
            Fate::Stay => 0,
            Fate::HangUpAt(poll) | Fate::DropAt(poll) => poll,
        };
        self.arriving.len() + fate + unusual.iter().filter(|is| **is).count()
    }
}

fn draw_http(
    random: &mut Random,
    request: &Request,
    method: &Option<String>,
    protocol: &Option<String>,
    bodies: &[Bytes],
) -> (Opening, Vec<Piece>) {
    const METHODS: [&str; 10] = ["GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get-it!"];
    let method = method.clone().unwrap_or_else(|| (*random.of(&METHODS)).into());
    let may_be_tunnel = method == "CONNECT" || protocol.is_some();
    let data = match bodies {
        // Neither CONNECT nor TRACE brings a body (RFC 9110 section 9.3).
        _ if may_be_tunnel || method == "TRACE" => Bytes::new(),
        [] if random.one_in(3) => Bytes::new(),
        [] => {
            let length = *random.of(&[1, 2, 5, 17, 300, 70_000]);
            random.bytes(length).into()
        }
        bodies => random.of(bodies).clone(),
    };
    // A long body in one-byte pieces takes long, and finds nothing that a short one does not.
    let most = if data.len() > 1000 { data.len() / 4 } else { *random.of(&[1, 7, usize::MAX]) };
    let length = match data.len() {
        0 if random.one_in(2) || may_be_tunnel => Length::None,
        0 => Length::Unknown,
        length if random.one_in(2) => Length::Exact(length),
        _ => Length::Unknown,
    };
    let mut arriving = Vec::new();
    if length != Length::None {
        for piece in data.chunks(most.max(1)) {
            if random.one_in(4) {
                arriving.push(Piece::Body { data: Bytes::new(), more: true });
            }
            arriving.push(Piece::Body { data: data.slice_ref(piece), more: true });
        }
        finish(random, &mut arriving, length);
    }
    if may_be_tunnel {
        let pieces = random.below(5);
        arriving.extend((0..pieces).map(|_| {
            let length = random.below(20);
            Piece::Body { data: random.bytes(length).into(), more: true }
        }));
        if random.one_in(2) {
            arriving.push(Piece::Body { data: Bytes::new(), more: false });
        }
    }
    let version = if random.one_in(6) && !may_be_tunnel { HttpVersion::Http10 } else { HttpVersion::Http11 };
    let target = request.target.clone();
    (Opening::Http { method, target, version, length, protocol: protocol.clone() }, arriving)
}

/// The end of a request body, as announced or not.
fn finish(random: &mut Random, arriving: &mut Vec<Piece>, length: Length) {
    match random.below(10) {
        // It ends where it is, by an event of its own or by the last piece.
        0..3 => arriving.push(Piece::Body { data: Bytes::new(), more: false }),
        3..6 => match arriving.last_mut() {
            Some(Piece::Body { more, .. }) => *more = false,
            _ => arriving.push(Piece::Body { data: Bytes::new(), more: false }),
        },
        6 if length == Length::Unknown => arriving.push(Piece::Trailers),
        6 => arriving.push(Piece::Body { data: Bytes::new(), more: false }),
        // It is cut off, somewhere.
        choice => {
            let left = random.below(arriving.len() + 1);
            arriving.truncate(left);
            let end = match choice {
                7 => End::BadRequest(BadRequest::Truncated),
                8 => End::Timeout,
                _ => End::BadRequest(*random.of(&[BadRequest::Malformed, BadRequest::TooLarge])),
            };
            arriving.push(Piece::End(end));
        }
    }
}

fn draw_messages(random: &mut Random, messages: &[Message]) -> Vec<Piece> {
    let count = random.below(6);
    let mut arriving: Vec<_> = (0..count)
        .map(|_| match messages {
            [] => draw_message(random),
            messages => random.of(messages).clone(),
        })
        .map(Piece::Message)
        .collect();
    let (code, reason, clean) = match random.below(6) {
        0 => (1000, "", true),
        1 => (1005, "", true),
        2 => (4999, "tschüss", true),
        3 => (1002, "a reserved bit", false),
        4 => (1006, "", false),
        // It stays.
        _ => return arriving,
    };
    arriving.push(Piece::End(End::Closed { code, reason: reason.into(), clean }));
    arriving
}

fn draw_message(random: &mut Random) -> Message {
    let length = *random.of(&[0, 1, 20, 125, 1000]);
    match random.below(6) {
        0..3 => Message::Text("Grüße ☃ ".chars().cycle().take(length).collect::<String>().into()),
        3 => Message::Ping(random.bytes(length.min(125)).into()),
        4 => Message::Pong(random.bytes(length.min(125)).into()),
        _ => Message::Binary(random.bytes(length).into()),
    }
}

impl Piece {
    pub(super) fn event(&self) -> Incoming {
        match self.clone() {
            Self::Body { data, more } => Incoming::Body { data, more },
            Self::Trailers => Incoming::Trailers([("x-checksum", "0")].into_iter().collect()),
            Self::Message(message) => Incoming::Message(message),
            Self::End(end) => Incoming::End(end),
            Self::Draining => Incoming::Draining { grace: Duration::from_secs(1) },
            Self::Shutdown => Incoming::Shutdown,
        }
    }

    /// Whether an application with this manifest would be given it.
    pub(super) fn is_wanted(&self, wants: Capabilities) -> bool {
        let is_control = matches!(self, Self::Message(Message::Ping(_) | Message::Pong(_)));
        !is_control || wants.contains(Capabilities::WEBSOCKET_CONTROL)
    }
}

/// A line for each thing that happens.
impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.opening {
            Opening::Http { method, target, version, length, protocol } => {
                write!(f, "{method} {target} {version}, body: {length:?}")?;
                if let Some(protocol) = protocol {
                    write!(f, ", upgrade: {protocol}")?;
                }
            }
            Opening::WebSocket { target, subprotocols } => {
                write!(f, "WebSocket {target}, subprotocols: {subprotocols:?}")?;
            }
            Opening::Lifespan => f.write_str("lifespan")?,
        }
        for (name, value) in &self.fields {
            write!(f, "\n  {name}: {value}")?;
        }
        for piece in &self.arriving {
            match piece {
                Piece::Body { data, more } if data.len() > 60 => {
                    write!(f, "\n  receives Body {{ {} bytes, more: {more} }}", data.len())?;
                }
                Piece::Message(Message::Text(text)) if text.len() > 60 => {
                    write!(f, "\n  receives a text Message of {} bytes", text.len())?;
                }
                Piece::Message(Message::Binary(data) | Message::Ping(data) | Message::Pong(data))
                    if data.len() > 60 =>
                {
                    write!(f, "\n  receives a Message of {} bytes", data.len())?;
                }
                piece => write!(f, "\n  receives {piece:?}")?,
            }
        }
        match self.fate {
            Fate::Stay => {}
            Fate::HangUpAt(poll) => write!(f, "\n  the peer leaves before poll {poll}")?,
            Fate::DropAt(poll) => write!(f, "\n  the call is dropped before poll {poll}")?,
        }
        let Manner { high_water, take, bare, pauses, spurious, threads } = self.manner;
        write!(f, "\n  high-water mark: {high_water}")?;
        if take != u64::MAX {
            write!(f, ", the peer takes {take} bytes at a time")?;
        }
        let ways = [
            (bare, "no capabilities"),
            (pauses, "every wait waits"),
            (spurious, "polled without a wake"),
            (threads, "each poll on another thread"),
        ];
        ways.iter().filter(|(is, _)| *is).try_for_each(|(_, way)| write!(f, ", {way}"))
    }
}
