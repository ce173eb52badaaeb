//! The trailer section of a chunked body (RFC 9112 section 7.1.2).

use transom::{BadRequest, Headers, field};

/// A trailer section as far as it was read, byte by byte: rare and small, so that nothing but its limits
/// decides what it costs. Allocates when the first field begins.
#[derive(Debug)]
pub(super) struct Trailers {
    state: State,
    /// What the limits leave for field lines, their line ends included.
    bytes: usize,
    /// What they leave for fields.
    count: usize,
    section: Option<Box<Section>>,
}

#[derive(Debug, Default)]
struct Section {
    fields: Headers,
    /// The field line that is being read, without its colon: the name in lower case, then the value.
    line: Vec<u8>,
    /// The length of the name.
    name: usize,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug)]
enum State {
    /// The first of a line: a field, or the end.
    Start,
    Name,
    Value,
    /// The LF of a field line.
    Lf,
    /// The LF of the empty line.
    LastLf,
}

impl Trailers {
    pub(super) fn new(bytes: usize, count: usize) -> Self {
        Self { state: State::Start, bytes, count, section: None }
    }

    /// Takes one byte; says whether it was the last of the section.
    pub(super) fn read(&mut self, byte: u8) -> Result<bool, BadRequest> {
        self.state = match (self.state, byte) {
            (State::LastLf, b'\n') => return Ok(true),
            (State::Start, b'\r') => State::LastLf,
            _ => {
                self.bytes = self.bytes.checked_sub(1).ok_or(BadRequest::TooLarge)?;
                self.field(byte)?
            }
        };
        Ok(false)
    }

    /// The fields, if there are any that may be passed on.
    pub(super) fn fields(&mut self) -> Option<&mut Headers> {
        self.section.as_mut().map(|section| &mut section.fields).filter(|fields| !fields.is_empty())
    }

    /// Takes one byte of a field line; gives what comes next.
    fn field(&mut self, byte: u8) -> Result<State, BadRequest> {
        if let State::Start = self.state {
            self.count = self.count.checked_sub(1).ok_or(BadRequest::TooLarge)?;
        }
        let section = self.section.get_or_insert_default();
        match (self.state, byte) {
            // White space at the start of a line would be obs-fold (RFC 9112 section 5.2): no token, refused.
            (State::Start | State::Name, byte) if field::is_token(&[byte]) => {
                section.line.push(byte.to_ascii_lowercase());
                Ok(State::Name)
            }
            (State::Name, b':') => {
                section.name = section.line.len();
                Ok(State::Value)
            }
            (State::Value, b'\r') => Ok(State::Lf),
            (State::Value, byte) if field::is_value(&[byte]) => {
                section.line.push(byte);
                Ok(State::Value)
            }
            (State::Lf, b'\n') => {
                section.end_line();
                Ok(State::Start)
            }
            _ => Err(BadRequest::Malformed),
        }
    }
}

impl Section {
    /// Keeps the field of the line, unless it may not be a trailer: such a one is ignored, since acting on it
    /// would change what was decided from the head (RFC 9110 section 6.5.1).
    fn end_line(&mut self) {
        let (name, value) = self.line.split_at(self.name);
        let name = std::str::from_utf8(name).expect("a token is ASCII");
        if !field::is_forbidden_in_trailers(name) {
            self.fields.push(name, value.trim_ascii());
        }
        self.line.clear();
    }
}
