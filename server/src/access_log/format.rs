use super::{Record, WebSocketRecord, atom::Atom, json};
use std::fmt;
use std::str::FromStr;

/// What a line of the access log looks like.
///
/// Written as `common`, `combined` (the formats of Apache and nginx), `json`, or as a text with atoms:
///
/// | atom | meaning |
/// |---|---|
/// | `%h`, `%a`, `%{remote}p` | the client's address without the port (twice), its port |
/// | `%A`, `%p` | the address and the port that it connected to |
/// | `%l`, `%u` | `-`: who the client is is not known |
/// | `%t`, `%{rfc3339}t` | when the request began, UTC: `[21/Nov/2026:08:00:00 +0000]`, `2026-11-21T08:00:00.000Z` |
/// | `%r` | method, target and version |
/// | `%m`, `%U`, `%q`, `%H` | method, path, query with its `?`, version |
/// | `%s`, `%>s` | status; `-` when none was sent |
/// | `%b`, `%B` | bytes of response body; none is `-` or `0` |
/// | `%D`, `%{us}T` | duration in microseconds |
/// | `%{ms}T` | duration in milliseconds |
/// | `%T`, `%{s}T`, `%L` | duration in seconds: whole ones (twice), with six decimals |
/// | `%{Name}i` | a request field |
/// | `%v` | the request's host |
/// | `%P` | the process id |
/// | `%X` | how the exchange ended: `complete`, `disconnected`, `timeout`, `aborted`, `stopped` |
/// | `%{event}W` | of a WebSocket: `accepted` or `closed` |
/// | `%{code}W` | the close code |
/// | `%{messages-received}W`, `%{messages-sent}W` | how many messages came from the client, and went to it |
/// | `%{bytes-received}W`, `%{bytes-sent}W` | bytes of payload in them |
/// | `%%` | `%` |
///
/// What is not known or does not apply is `-`. Whatever the peer sent is escaped: `\"`, `\\`, and `\xNN` for a byte
/// that is not visible ASCII. JSON has `time`, `client`, `method`, `target`, `version`, `status`, `bytes`,
/// `duration_ms`, `referer`, `user_agent`, `host` and `outcome`.
///
/// A WebSocket has two lines, with the status 101: one when it is accepted, and one when it is over, with its duration
/// from the handshake on and the bytes of payload sent. In `common` and `combined` one of these follows the last column,
/// with messages and bytes in each direction:
///
/// ```text
///  websocket=accepted
///  websocket=closed code=1000 seconds=12.345678 received=3/120 sent=4/160
/// ```
///
/// JSON has `websocket`, the event, and when it is over `code`, `messages_received`, `messages_sent`, `bytes_received`
/// and `bytes_sent`.
///
/// ```
/// use transom_server::Format;
///
/// let format: Format = r#"%h "%r" %>s %B bytes in %{ms}T ms"#.parse()?;
/// assert!("%h %Z".parse::<Format>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Format(Kind);

impl Format {
    /// Appends the line of `record`.
    pub(super) fn write(&self, record: &Record<'_>, line: &mut Vec<u8>) {
        match &self.0 {
            Kind::Json => json::write(record, line),
            Kind::Text(atoms) => write(atoms, record, line),
            Kind::Ncsa { columns, accepted, closed } => {
                write(columns, record, line);
                match record.websocket {
                    None => {}
                    Some(WebSocketRecord::Accepted) => write(accepted, record, line),
                    Some(WebSocketRecord::Closed(_)) => write(closed, record, line),
                }
            }
        }
        line.push(b'\n');
    }
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        match text {
            "json" => Ok(Self(Kind::Json)),
            "common" => ncsa(COMMON),
            "combined" => ncsa(COMBINED),
            // A text without an atom would be the same line for every request: a misspelt name.
            _ if !text.contains('%') => Err(FormatError::Name(text.to_owned())),
            _ => Ok(Self(Kind::Text(atoms(text)?))),
        }
    }
}

/// A text is not a [`Format`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormatError {
    /// Neither a known name nor a text with atoms.
    Name(String),
    /// There is no such atom.
    Atom(String),
    /// The text ends within an atom.
    Unfinished(String),
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => {
                write!(f, "no access log format is called '{name}': use common, combined, json or a text with atoms")?;
            }
            Self::Atom(atom) => write!(f, "no access log format has the atom '{atom}'")?,
            Self::Unfinished(atom) => write!(f, "the access log format ends within the atom '{atom}'")?,
        }
        write!(f, "; the atoms are {}", Atom::KNOWN)
    }
}

impl std::error::Error for FormatError {}

const COMMON: &str = r#"%h %l %u %t "%r" %>s %b"#;
const COMBINED: &str = r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#;
const ACCEPTED: &str = " websocket=%{event}W";
const CLOSED: &str = " websocket=%{event}W code=%{code}W seconds=%L received=%{messages-received}W/%{bytes-received}W \
                      sent=%{messages-sent}W/%{bytes-sent}W";

#[derive(Clone, Debug)]
enum Kind {
    Json,
    Text(Vec<Atom>),
    /// The columns of the NCSA, and what stands behind them in the lines of a WebSocket.
    Ncsa {
        columns: Vec<Atom>,
        accepted: Vec<Atom>,
        closed: Vec<Atom>,
    },
}

fn write(atoms: &[Atom], record: &Record<'_>, line: &mut Vec<u8>) {
    atoms.iter().for_each(|atom| atom.write(record, line));
}

fn ncsa(columns: &str) -> Result<Format, FormatError> {
    Ok(Format(Kind::Ncsa { columns: atoms(columns)?, accepted: atoms(ACCEPTED)?, closed: atoms(CLOSED)? }))
}

fn atoms(text: &str) -> Result<Vec<Atom>, FormatError> {
    let mut atoms = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        push_literal(&rest[..at], &mut atoms);
        let (atom, len) = Atom::read(&rest[at..])?;
        atoms.push(atom);
        rest = &rest[at + len..];
    }
    push_literal(rest, &mut atoms);
    Ok(atoms)
}

fn push_literal(text: &str, atoms: &mut Vec<Atom>) {
    if !text.is_empty() {
        atoms.push(Atom::Literal(text.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_what_is_wrong_and_what_is_known() {
        for (text, start) in [
            ("combine", "no access log format is called 'combine'"),
            ("", "no access log format is called ''"),
            ("%h %Z", "no access log format has the atom '%Z'"),
            ("%{ns}T", "no access log format has the atom '%{ns}T'"),
            ("%{}i", "no access log format has the atom '%{}i'"),
            ("%{a b}i", "no access log format has the atom '%{a b}i'"),
            ("%{x}h", "no access log format has the atom '%{x}h'"),
            ("%W", "no access log format has the atom '%W'"),
            ("%{bytes}W", "no access log format has the atom '%{bytes}W'"),
            ("%>b", "no access log format has the atom '%>b'"),
            ("%\u{e4}", "no access log format has the atom '%\u{e4}'"),
            ("%h %", "the access log format ends within the atom '%'"),
            ("%{Referer", "the access log format ends within the atom '%{Referer'"),
            ("%{Referer}", "the access log format ends within the atom '%{Referer}'"),
            ("%>", "the access log format ends within the atom '%>'"),
        ] {
            let message = text.parse::<Format>().expect_err(text).to_string();
            assert!(message.starts_with(start), "{text}: {message}");
            assert!(message.ends_with(Atom::KNOWN), "{text}: {message}");
        }
    }

    #[test]
    fn every_known_atom_is_one() {
        for atom in Atom::KNOWN.split(' ') {
            assert!(atom.parse::<Format>().is_ok(), "{atom}");
        }
    }
}
