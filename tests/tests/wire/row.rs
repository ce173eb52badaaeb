//! A row, and how it is checked.

use crate::script::{Script, Stage};
use std::panic::Location;
use transom_server::Config;
use transom_tests::{Client, Closed, Running, Watched};

/// One row of the table.
pub(crate) struct Row {
    name: &'static str,
    /// Where it is written.
    place: &'static Location<'static>,
    /// What client and server say, in order.
    talk: Vec<Part>,
    /// What the application does in each call; the usual after that.
    scripts: Vec<Script>,
    /// What it saw in each call, if that is what the row is about.
    seen: Option<Vec<Vec<u8>>>,
    then: Then,
    /// Whether it matters what of the client's bytes comes together.
    at_once: bool,
}

pub(crate) enum Part {
    /// The client sends this.
    Say(Vec<u8>),
    /// The client receives this, byte for byte.
    Hear(Vec<u8>),
    /// The client receives the end of what the server sends, and may go on itself.
    HearEnd,
    /// The client closes its sending side.
    HalfClose,
}

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Another request is answered.
    Open,
    /// It ends, without another byte.
    Closed,
    /// It is reset, without another byte.
    Reset,
}

pub(crate) fn say(bytes: impl Into<Vec<u8>>) -> Part {
    Part::Say(bytes.into())
}

pub(crate) fn hear(bytes: impl Into<Vec<u8>>) -> Part {
    Part::Hear(bytes.into())
}

/// A request without a body.
pub(crate) const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

/// How the application sees it.
pub(crate) const SEEN_GET: &str = "GET / HTTP/1.1\nhost: a\n\n";

/// The answer of the usual application.
pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// The same, where the connection is closed afterwards.
pub(crate) const OK_CLOSE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

/// The answer of the server itself, for which the connection may stay.
pub(crate) fn own(status: &str) -> String {
    let length = status[4..].len() + 1;
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {length}\r\n");
    format!("{head}\r\n{}\n", &status[4..])
}

/// The answer of the server itself to what it cannot go on after.
pub(crate) fn own_close(status: &str) -> String {
    own(status).replacen("\r\n\r\n", "\r\nconnection: close\r\n\r\n", 1)
}

impl Row {
    /// Every request is answered as usual, and the connection stays open.
    #[track_caller]
    pub(crate) fn served(name: &'static str, request: impl Into<Vec<u8>>, seen: &[&str]) -> Self {
        Self::talk(name, vec![say(request), hear(OK.repeat(seen.len()))]).saw(seen)
    }

    /// As [`served`](Self::served), but the connection is closed after the last.
    #[track_caller]
    pub(crate) fn last_served(name: &'static str, request: impl Into<Vec<u8>>, seen: &[&str]) -> Self {
        let answers = [OK.repeat(seen.len() - 1), OK_CLOSE.into()].concat();
        Self::talk(name, vec![say(request), hear(answers)]).saw(seen).then(Then::Closed)
    }

    /// The server refuses the request by itself and closes.
    #[track_caller]
    pub(crate) fn refused(name: &'static str, request: impl Into<Vec<u8>>, status: &str) -> Self {
        Self::talk(name, vec![say(request), hear(own_close(status))]).saw(&[]).then(Then::Closed)
    }

    /// The application answers a GET by this script, and the connection stays open.
    #[track_caller]
    pub(crate) fn answered(name: &'static str, script: Script, response: impl Into<Vec<u8>>) -> Self {
        Self::asked(name, GET, script, response)
    }

    /// The application answers a request by this script, and the connection stays open.
    #[track_caller]
    pub(crate) fn asked(
        name: &'static str,
        request: impl Into<Vec<u8>>,
        script: Script,
        response: impl Into<Vec<u8>>,
    ) -> Self {
        Self { scripts: vec![script], ..Self::talk(name, vec![say(request), hear(response)]) }
    }

    /// A conversation.
    #[track_caller]
    pub(crate) fn talk(name: &'static str, talk: Vec<Part>) -> Self {
        let place = Location::caller();
        Self { name, place, talk, scripts: Vec::new(), seen: None, then: Then::Open, at_once: false }
    }

    pub(crate) fn scripts(self, scripts: &[Script]) -> Self {
        Self { scripts: scripts.to_vec(), ..self }
    }

    pub(crate) fn saw(self, seen: &[&str]) -> Self {
        self.saw_bytes(seen.iter().map(|seen| seen.as_bytes().to_vec()).collect())
    }

    pub(crate) fn saw_bytes(self, seen: Vec<Vec<u8>>) -> Self {
        Self { seen: Some(seen), ..self }
    }

    pub(crate) fn then(self, then: Then) -> Self {
        Self { then, ..self }
    }

    /// Says that it matters what comes together.
    pub(crate) fn at_once(self) -> Self {
        Self { at_once: true, ..self }
    }

    /// How many bytes the client sends.
    fn said(&self) -> usize {
        self.talk.iter().map(|part| if let Part::Say(bytes) = part { bytes.len() } else { 0 }).sum()
    }

    fn check(&self, server: &Running, stage: &Stage, reader: &Watched, bytewise: bool) -> Result<(), String> {
        let mut client = server.connect();
        let address = client.address();
        stage.expect(address, &self.scripts);
        let talked = self.hold(&mut client, reader, bytewise);
        drop(client);
        talked?;
        rest(reader)?;
        let act = stage.take(address);
        if let Some(seen) = &self.seen
            && *seen != act.seen
        {
            return Err(format!("expected to be seen: {}\nseen: {}", list(seen), list(&act.seen)));
        }
        if act.complaints.is_empty() { Ok(()) } else { Err(format!("the application: {}", act.complaints.join("; "))) }
    }

    fn hold(&self, client: &mut Client, reader: &Watched, bytewise: bool) -> Result<(), String> {
        for part in &self.talk {
            match part {
                Part::Say(bytes) if !bytewise => client.send(bytes),
                Part::Say(bytes) => {
                    for byte in bytes {
                        // The one before was read.
                        rest(reader)?;
                        client.send([*byte]);
                    }
                }
                Part::Hear(expected) => hear_exactly(client, expected)?,
                Part::HearEnd => hear_end(client, Closed::Orderly)?,
                Part::HalfClose => client.half_close(),
            }
        }
        match self.then {
            Then::Open => ask_again(client),
            Then::Closed => hear_end(client, Closed::Orderly),
            Then::Reset => hear_end(client, Closed::Reset),
        }
    }
}

/// Up to so many bytes are also sent one by one.
const BYTEWISE: usize = 2 << 10;

/// Checks every row against two servers: at once under a lint, and byte by byte without one, as applications run.
pub(crate) fn run(config: Config, rows: Vec<Row>) {
    let (watched, bare) = (Stage::default(), Stage::default());
    let ways = [
        ("at once", &watched, Running::start(watched.clone(), config.clone()).careless()),
        ("byte by byte", &bare, Running::without_lint(bare.clone(), config)),
    ];
    let mut failures = Vec::new();
    for (way, stage, server) in &ways {
        let bytewise = *way == "byte by byte";
        ask_again(&mut server.connect()).expect("it serves");
        let reader = stage.thread.get().expect("it was called");
        for row in rows.iter().filter(|row| !bytewise || !row.at_once && row.said() <= BYTEWISE) {
            if let Err(failure) = row.check(server, stage, reader, bytewise) {
                failures.push(format!("{} ({}), {way}\n{failure}\n", row.name, row.place));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {} rows\n\n{}", failures.len(), rows.len(), failures.join("\n"));
}

/// Waits until the server has done all it has to do.
fn rest(reader: &Watched) -> Result<(), String> {
    if reader.comes_to_rest() { Ok(()) } else { Err("the server is busy, with nothing to do".into()) }
}

/// Asks for another response, which may have fields that the configuration adds.
fn ask_again(client: &mut Client) -> Result<(), String> {
    client.send("GET /after HTTP/1.1\r\nhost: a\r\n\r\n");
    hear_exactly(client, b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n")?;
    while !client.line().is_empty() {}
    hear_exactly(client, b"after")
}

fn hear_exactly(client: &mut Client, expected: &[u8]) -> Result<(), String> {
    client.expect(expected).map_err(|got| format!("expected: {}\ngot: {}", show(expected), show(&got)))
}

fn hear_end(client: &mut Client, expected: Closed) -> Result<(), String> {
    match client.rest() {
        (rest, closed) if rest.is_empty() && closed == expected => Ok(()),
        (rest, closed) => Err(format!("expected to be closed: {expected:?}\ngot: {closed:?} after {}", show(&rest))),
    }
}

fn list(texts: &[Vec<u8>]) -> String {
    texts.iter().map(|text| show(text)).collect::<Vec<_>>().join(", ")
}

/// The bytes as text, of long ones the beginning.
fn show(bytes: &[u8]) -> String {
    let shown = bytes[..bytes.len().min(600)].escape_ascii();
    format!("\"{shown}\" ({} bytes)", bytes.len())
}
