//! Request heads: `httparse` finds the parts, the rules here decide.
//!
//! `httparse` is laxer than RFC 9112 (bare LF, leading empty lines) and knows nothing of what fields mean. What is
//! refused here is refused because two parties could disagree on where a message ends or whom it is for.

use super::authority;
use super::target;
use crate::Config;
use httparse::{Header, Status};
use std::mem::MaybeUninit;
use transom::{BodyHint, Head, HttpVersion, Method, field};

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
    /// The last valid `host`: requests are nearly always for the same.
    host: Vec<u8>,
}

impl Parser {
    /// Parses the head at the front of `input` into `head`; `None` if it is not complete.
    ///
    /// # Errors
    /// The head is refused.
    #[inline]
    pub(super) fn parse(&mut self, input: &[u8], config: &Config, head: &mut Head) -> Result<Option<Request>, Refused> {
        if self.seen > 0 && input.len() < self.again {
            // The end of a head; with a bare LF too, so that it is refused at once.
            let new = &input[self.seen.saturating_sub(2)..];
            let ends = |at: usize| matches!(new[at + 1..], [b'\n', ..] | [b'\r', b'\n', ..]);
            if !memchr::memchr_iter(b'\n', new).any(ends) {
                self.seen = input.len();
                return Ok(None);
            }
        }
        // One empty line before a request is left over from clients that end a body with one (RFC 9112 section 2.2).
        let skipped = match input {
            [b'\r', b'\n', b'\r' | b'\n', ..] | [b'\n', ..] => return Err(BAD_REQUEST),
            [b'\r', b'\n', ..] => 2,
            _ => 0,
        };
        let parsed = self.parse_whole(&input[skipped..], config, head)?;
        match parsed {
            Some(_) => self.restart(),
            None => {
                self.seen = input.len();
                // What is too long is to be refused as soon as it is.
                let limit = config.limits.head.min(config.limits.target);
                let next = if input.len() <= limit { limit + 1 } else { config.limits.head + 1 };
                self.again = (2 * input.len()).max(1024).min(skipped + next);
            }
        }
        Ok(parsed.map(|request| Request { len: request.len + skipped, ..request }))
    }

    /// Forgets what was seen: the next input is another.
    pub(super) fn restart(&mut self) {
        (self.seen, self.again) = (0, 0);
    }

    /// Nothing of the input was seen yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.seen == 0
    }

    fn parse_whole(&mut self, input: &[u8], config: &Config, head: &mut Head) -> Result<Option<Request>, Refused> {
        let limit = config.limits.headers;
        if limit <= FIELDS_ON_STACK {
            let mut fields = [const { MaybeUninit::uninit() }; FIELDS_ON_STACK];
            self.parse_into(input, &mut fields[..limit], config, head)
        } else {
            self.parse_into(input, &mut vec![MaybeUninit::uninit(); limit], config, head)
        }
    }

    #[inline]
    fn parse_into<'b>(
        &mut self,
        input: &'b [u8],
        fields: &mut [MaybeUninit<Header<'b>>],
        config: &Config,
        head: &mut Head,
    ) -> Result<Option<Request>, Refused> {
        let mut request = httparse::Request::new(&mut []);
        let len = match request.parse_with_uninit_headers(input, fields) {
            Ok(Status::Complete(len)) => len,
            Ok(Status::Partial) => return check_partial(input, config),
            Err(httparse::Error::Version) => return self.other_version(input, config, head),
            Err(error) => return refuse(error, input, config),
        };
        let (Some(method), Some(path), Some(minor)) = (request.method, request.path, request.version) else {
            return Err(BAD_REQUEST);
        };
        if path.len() > config.limits.target {
            return Err(URI_TOO_LONG);
        }
        if len > config.limits.head {
            return Err(FIELDS_TOO_LARGE);
        }
        // `httparse` takes a bare LF as a line end. RFC 9112 section 2.2 lets a recipient do that, and a proxy in front
        // that does not sees another message. The end of the last line and the empty one first, the others below.
        if !input[..len].ends_with(b"\r\n\r\n") {
            return Err(BAD_REQUEST);
        }
        if method.len() > LONGEST_METHOD {
            return Err(NOT_IMPLEMENTED);
        }

        let version = if minor == 0 { HttpVersion::Http10 } else { HttpVersion::Http11 };
        head.method = Method::from(method);
        head.version = version;
        let target = target::parse(&head.method, path.as_bytes(), config.strict_target).ok_or(BAD_REQUEST)?;
        head.target.clear();
        if target.path_len == 0 {
            // An empty path is `/` (RFC 9110 section 4.2.3).
            head.target.push(b'/');
        }
        head.target.extend_from_slice(target.target);
        // The limit of the target keeps it far below 4 GiB.
        head.path_len = target.path_len.max(1) as u32;

        let mut meaning = Meaning::default();
        let base = input.as_ptr() as usize;
        let start = request.headers.first().map_or(len, |field| field.name.as_ptr() as usize - base);
        head.headers.load(&input[start..len]);
        for field in request.headers.iter() {
            let name = field.name.as_ptr() as usize - base;
            // A field's line begins with its name, so before it the line above ends.
            if input[..name].last_chunk() != Some(b"\r\n") {
                return Err(BAD_REQUEST);
            }
            let name = name - start;
            let value = field.value;
            // An empty slice may point anywhere.
            let at = if value.is_empty() { 0 } else { value.as_ptr() as usize - base - start };
            match head.headers.push_loaded(name..name + field.name.len(), at..at + value.len()) {
                // Exactly one, and valid (RFC 9112 section 3.2).
                b"host" if std::mem::replace(&mut meaning.host, true) || !self.is_host(value) => {
                    return Err(BAD_REQUEST);
                }
                b"connection" => meaning.connection(value),
                b"content-length" => meaning.content_length(value)?,
                b"transfer-encoding" => meaning.transfer_encoding(value)?,
                b"expect" => meaning.expect(value),
                b"upgrade" => meaning.upgrade = true,
                _ => {}
            }
        }
        if let Some(authority) = target.authority {
            head.headers.set("host", authority);
        }
        let http11 = version == HttpVersion::Http11;
        meaning.finish(http11, len, head).map(Some)
    }

    /// A version that `httparse` does not know. A minor one above 1.1 is read as 1.1 (RFC 9110 section 2.5).
    #[cold]
    fn other_version(&mut self, input: &[u8], config: &Config, head: &mut Head) -> Result<Option<Request>, Refused> {
        let Some(end) = input.iter().position(|&byte| byte == b'\n') else {
            // What it is shows at the end of the line.
            return check_partial(input, config);
        };
        match version_of(&input[..end]) {
            Some((b'1', minor)) if minor > b'1' => {
                let mut known = input.to_vec();
                let digit = known[..end].trim_ascii_end().len() - 1;
                known[digit] = b'1';
                self.parse_whole(&known, config, head)
            }
            Some((b'1', _)) | None => refuse(httparse::Error::Version, input, config),
            Some(_) => Err(VERSION_NOT_SUPPORTED),
        }
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

/// Puts the path under which a proxy publishes the application in front of a target that lacks it.
pub(super) fn publish(head: &mut Head, root_path: &[u8]) {
    let rest = head.target.strip_prefix(root_path);
    let published = rest.is_some_and(|rest| matches!(rest, [] | [b'/' | b'?', ..]));
    if head.target.starts_with(b"/") && !published {
        head.target.splice(..0, root_path.iter().copied());
        head.path_len += root_path.len() as u32;
    }
}

/// Room for so many fields is free, on the stack; a higher limit costs an allocation per request.
const FIELDS_ON_STACK: usize = 128;

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

    fn finish(self, http11: bool, len: usize, head: &mut Head) -> Result<Request, Refused> {
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

fn check_partial(input: &[u8], config: &Config) -> Result<Option<Request>, Refused> {
    if target_len(input) > config.limits.target {
        return Err(URI_TOO_LONG);
    }
    if input.len() > config.limits.head {
        return Err(FIELDS_TOO_LARGE);
    }
    Ok(None)
}

fn refuse(error: httparse::Error, input: &[u8], config: &Config) -> Result<Option<Request>, Refused> {
    if target_len(input) > config.limits.target {
        return Err(URI_TOO_LONG);
    }
    match error {
        httparse::Error::TooManyHeaders => Err(FIELDS_TOO_LARGE),
        _ => Err(BAD_REQUEST),
    }
}

/// The length of the target as far as it is there.
fn target_len(input: &[u8]) -> usize {
    let mut parts = input.split(|byte| matches!(byte, b' ' | b'\r' | b'\n'));
    parts.next();
    parts.next().map_or(0, <[u8]>::len)
}

/// The version of a request line, if the line has three parts and the last one the form of a version.
fn version_of(line: &[u8]) -> Option<(u8, u8)> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut parts = line.split(|&byte| byte == b' ');
    let (Some(_), Some(_), Some(version), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    match version {
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit() => {
            Some((*major, *minor))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
