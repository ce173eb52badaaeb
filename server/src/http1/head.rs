//! Request heads: [`line`] reads their lines, and what those mean together is decided here.
//!
//! What is refused is refused because two parties could disagree on where a message ends or whom it is for.

mod line;

use super::authority;
use super::target;
use crate::Config;
use line::{FieldLine, RequestLine, Unread};
use transom::{BodyHint, Head, HttpVersion, Method, Place, field};

/// What a head says to the server, beyond what it says to the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// Bytes of input that the head took.
    pub(super) len: usize,
    /// The connection may be used again afterwards (RFC 9112 section 9.3).
    pub(super) keep_alive: bool,
    /// The client waits for 100 before it sends the body (RFC 9110 section 10.1.1).
    pub(super) expects_continue: bool,
}

/// A head that is refused, with the status to say so. The connection is closed afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused(pub(super) u16);

const BAD_REQUEST: Refused = Refused(400);
const URI_TOO_LONG: Refused = Refused(414);
const EXPECTATION_FAILED: Refused = Refused(417);
const FIELDS_TOO_LARGE: Refused = Refused(431);
const NOT_IMPLEMENTED: Refused = Refused(501);
const VERSION_NOT_SUPPORTED: Refused = Refused(505);

/// Finds heads in a growing buffer, without parsing the same bytes again and again.
#[derive(Debug, Default)]
pub(super) struct Parser {
    /// How much of the input was seen without finding an end.
    seen: usize,
    /// From this length on the input is parsed again even without an end in sight, so that what is wrong early is
    /// refused early, in linear time altogether.
    again: usize,
    /// Where the fields of the last head stand.
    places: Vec<Place>,
    /// The last valid `host`: requests are nearly always for the same.
    host: Vec<u8>,
}

impl Parser {
    /// Parses the head at the front of `input` into `head`; `None` if it is not complete. Field names are put in lower
    /// case where they stand.
    ///
    /// # Errors
    /// The head is refused.
    #[inline]
    pub(super) fn parse(
        &mut self,
        input: &mut [u8],
        config: &Config,
        head: &mut Head,
    ) -> Result<Option<Request>, Refused> {
        if self.seen > 0 && input.len() < self.again {
            // The end of a head; with a bare LF too, so that it is refused at once.
            let new = &input[self.seen.saturating_sub(2)..];
            let ends = |at: usize| matches!(new[at + 1..], [b'\n', ..] | [b'\r', b'\n', ..]);
            if !memchr::memchr_iter(b'\n', new).any(ends) {
                self.seen = input.len();
                return Ok(None);
            }
        }
        let limits = &config.limits;
        // Where something stands is kept as a `u32`.
        let longest = limits.head.min(u32::MAX as usize);
        let skipped = empty_line(input)?;
        let input = &mut input[skipped..];
        let within = input.len().min(longest);
        match self.parse_lines(&mut input[..within], config, head) {
            Ok(request) => {
                self.restart();
                Ok(Some(Request { len: skipped + request.len, ..request }))
            }
            Err(Unread::Refused(refused)) => Err(refused),
            Err(Unread::Incomplete) if input.len() > longest => Err(FIELDS_TOO_LARGE),
            Err(Unread::Incomplete) => {
                self.seen = skipped + input.len();
                // What is too long is to be refused as soon as it is.
                let limit = limits.head.min(limits.target);
                let next = if input.len() <= limit { limit + 1 } else { limits.head + 1 };
                self.again = skipped + (2 * input.len()).max(1024).min(next);
                Ok(None)
            }
        }
    }

    /// Forgets what was seen: the next input is another.
    pub(super) fn restart(&mut self) {
        (self.seen, self.again) = (0, 0);
    }

    /// Nothing of the input was seen yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.seen == 0
    }

    /// Parses a head that is no longer than it may be.
    #[inline]
    fn parse_lines(&mut self, input: &mut [u8], config: &Config, head: &mut Head) -> Result<Request, Unread> {
        let line = RequestLine::read(input, config.limits.target)?;
        let (start, authority) = (line.len, request_line(&line, config, head)?);
        let lines = &mut input[start..];
        let mut meaning = Meaning::default();
        let mut len = 0;
        self.places.clear();
        while let Some(line) = FieldLine::read(&mut lines[len..])? {
            if self.places.len() == config.limits.headers {
                return Err(FIELDS_TOO_LARGE.into());
            }
            let FieldLine { name, value, .. } = line;
            match name.len() {
                4 if name == b"host" => meaning.host(self.is_host(value))?,
                6 if name == b"expect" => meaning.expect(value),
                7 if name == b"upgrade" => meaning.upgrade = true,
                10 if name == b"connection" => meaning.connection(value),
                14 if name == b"content-length" => meaning.content_length(value)?,
                17 if name == b"transfer-encoding" => meaning.transfer_encoding(value)?,
                _ => {}
            }
            let place = |start: usize, part: &[u8]| start as u32..(start + part.len()) as u32;
            self.places.push(Place { name: place(len, name), value: place(len + line.value_start, value) });
            len += line.len;
        }
        head.headers.load(&lines[..len], &self.places);
        if let Some(authority) = authority {
            head.headers.set("host", &authority);
        }
        Ok(meaning.finish(start + len + EMPTY_LINE, head)?)
    }

    #[inline]
    fn is_host(&mut self, value: &[u8]) -> bool {
        if value == self.host {
            return true;
        }
        let valid = authority::is_host(value);
        if valid {
            self.host.clear();
            self.host.extend_from_slice(value);
        }
        valid
    }
}

/// Takes over what a request line says, but for the host of an absolute-form target, which it returns.
#[inline]
fn request_line(line: &RequestLine<'_>, config: &Config, head: &mut Head) -> Result<Option<Vec<u8>>, Refused> {
    if line.method.len() > LONGEST_METHOD {
        return Err(NOT_IMPLEMENTED);
    }
    head.method = method(line.method);
    head.version = line.version;
    let target = target::parse(&head.method, line.target, config.strict_target).ok_or(BAD_REQUEST)?;
    head.target.clear();
    if target.path_len == 0 {
        // An empty path is `/` (RFC 9110 section 4.2.3).
        head.target.push(b'/');
    }
    head.target.extend_from_slice(target.target);
    head.path_len = target.path_len.max(1) as u32;
    Ok(target.authority.map(<[u8]>::to_vec))
}

/// Puts the path under which a proxy publishes the application in front of a target that lacks it.
pub(super) fn publish(head: &mut Head, root_path: &[u8]) {
    let rest = head.target.strip_prefix(root_path);
    let published = rest.is_some_and(|rest| matches!(rest, [] | [b'/' | b'?', ..]));
    if head.target.starts_with(b"/") && !published {
        head.target.splice(..0, root_path.iter().copied());
        head.path_len += root_path.len() as u32;
    }
}

/// What the fields of one head mean for the server.
#[derive(Default)]
struct Meaning {
    host: bool,
    length: Option<u64>,
    codings: Codings,
    close: bool,
    keep_alive: bool,
    wants_upgrade: bool,
    upgrade: bool,
    expects_continue: bool,
    expects_other: bool,
}

#[derive(Default, PartialEq)]
enum Codings {
    #[default]
    None,
    Chunked,
    Unknown,
}

impl Meaning {
    /// Exactly one, and valid (RFC 9112 section 3.2).
    fn host(&mut self, is_valid: bool) -> Result<(), Refused> {
        if std::mem::replace(&mut self.host, true) || !is_valid { Err(BAD_REQUEST) } else { Ok(()) }
    }

    /// Exactly one: that some recipients take the first of several and others the last is how requests are smuggled
    /// (RFC 9112 section 6.3).
    fn content_length(&mut self, value: &[u8]) -> Result<(), Refused> {
        let length = field::content_length(value).ok_or(BAD_REQUEST)?;
        if self.length.replace(length).is_some() {
            return Err(BAD_REQUEST);
        }
        Ok(())
    }

    /// `chunked`, once and last (RFC 9112 section 6.1).
    fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Refused> {
        let mut members = field::list(value).peekable();
        if members.peek().is_none() {
            return Err(BAD_REQUEST);
        }
        for coding in members {
            if self.codings == Codings::Chunked || !field::is_token(coding) {
                return Err(BAD_REQUEST);
            }
            let chunked = coding.eq_ignore_ascii_case(b"chunked");
            self.codings = match self.codings {
                Codings::None if chunked => Codings::Chunked,
                _ => Codings::Unknown,
            };
        }
        Ok(())
    }

    fn connection(&mut self, value: &[u8]) {
        // What browsers send.
        if value == b"keep-alive" {
            self.keep_alive = true;
            return;
        }
        for option in field::list(value) {
            match option.len() {
                5 if option.eq_ignore_ascii_case(b"close") => self.close = true,
                7 if option.eq_ignore_ascii_case(b"upgrade") => self.wants_upgrade = true,
                10 if option.eq_ignore_ascii_case(b"keep-alive") => self.keep_alive = true,
                _ => {}
            }
        }
    }

    fn expect(&mut self, value: &[u8]) {
        if value.eq_ignore_ascii_case(b"100-continue") {
            self.expects_continue = true;
        } else {
            self.expects_other = true;
        }
    }

    fn finish(self, len: usize, head: &mut Head) -> Result<Request, Refused> {
        let http11 = head.version == HttpVersion::Http11;
        // HTTP/1.0 has neither `host` nor expectations nor transfer codings (RFC 9112 section 6.1: such a message is
        // to be treated as faulty).
        if (http11 && !self.host) || (self.codings != Codings::None && (!http11 || self.length.is_some())) {
            return Err(BAD_REQUEST);
        }
        if self.codings == Codings::Unknown {
            return Err(NOT_IMPLEMENTED);
        }
        if http11 && self.expects_other {
            return Err(EXPECTATION_FAILED);
        }
        head.body = match self.length {
            _ if self.codings == Codings::Chunked => BodyHint::Unknown,
            Some(0) | None => BodyHint::None,
            Some(length) => BodyHint::Exact(length),
        };
        head.protocol = if http11 && self.upgrade && self.wants_upgrade { protocol(head) } else { None };
        Ok(Request {
            len,
            keep_alive: !self.close && (http11 || self.keep_alive),
            expects_continue: http11 && self.expects_continue && head.body != BodyHint::None,
        })
    }
}

/// The protocol to change to: `websocket` if it is among those offered, else the first (RFC 9110 section 7.8).
fn protocol(head: &Head) -> Option<Box<str>> {
    if head.headers.has_token("upgrade", "websocket") {
        return Some("websocket".into());
    }
    let offered = head.headers.get_all("upgrade").flat_map(field::list).next()?;
    std::str::from_utf8(offered).ok().map(Box::from)
}

/// IANA's longest is UPDATEREDIRECTREF with 17.
const LONGEST_METHOD: usize = 32;

const EMPTY_LINE: usize = b"\r\n".len();

/// The length of the one empty line that may come before a request: clients that end a body with one leave it over
/// (RFC 9112 section 2.2).
fn empty_line(input: &[u8]) -> Result<usize, Refused> {
    match input {
        [b'\r', b'\n', b'\r' | b'\n', ..] | [b'\n', ..] => Err(BAD_REQUEST),
        [b'\r', b'\n', ..] => Ok(EMPTY_LINE),
        _ => Ok(0),
    }
}

fn method(name: &[u8]) -> Method {
    match name {
        b"GET" => Method::Get,
        name => Method::from(std::str::from_utf8(name).expect("a token is ASCII")),
    }
}

#[cfg(test)]
mod tests;
