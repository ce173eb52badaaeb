//! What the lines of a head mean together, whichever reader they come from.
//!
//! What is refused is refused because two parties could disagree on where a message ends or whom it is for.

use super::lines::Lines;
use super::{BAD_REQUEST, EXPECTATION_FAILED, NOT_IMPLEMENTED, Refused, Request};
use crate::Config;
use crate::http1::{authority, target};
use transom::{BodyHint, Head, HttpVersion, Method, Place, field};

/// Decides what `lines` mean: for the server, and into `head` for the application.
///
/// # Errors
/// The head is refused.
#[inline]
pub(super) fn interpret(
    lines: &Lines<'_>,
    config: &Config,
    known: &mut KnownHost,
    head: &mut Head,
) -> Result<Request, Refused> {
    let authority = request_line(lines, config, head)?;
    let mut meaning = Meaning::default();
    for Place { name, value } in lines.places {
        let (name, value) = (lines.part(name), || lines.part(value));
        match name.len() {
            4 if name == b"host" => meaning.host(known.is_host(value()))?,
            6 if name == b"expect" => meaning.expect(value()),
            7 if name == b"upgrade" => meaning.upgrade = true,
            10 if name == b"connection" => meaning.connection(value()),
            14 if name == b"content-length" => meaning.content_length(value())?,
            17 if name == b"transfer-encoding" => meaning.transfer_encoding(value())?,
            _ => {}
        }
    }
    head.headers.load(lines.block, lines.places);
    if let Some(authority) = authority {
        head.headers.set("host", authority);
    }
    meaning.finish(lines.len, head)
}

/// Takes over what a request line says, but for the host of an absolute-form target, which it returns.
#[inline]
fn request_line<'a>(lines: &Lines<'a>, config: &Config, head: &mut Head) -> Result<Option<&'a [u8]>, Refused> {
    if lines.method.len() > LONGEST_METHOD {
        return Err(NOT_IMPLEMENTED);
    }
    head.method = method(lines.method);
    head.version = lines.version;
    let target = target::parse(&head.method, lines.target, config.strict_target).ok_or(BAD_REQUEST)?;
    head.target.clear();
    if target.path_len == 0 {
        // An empty path is `/` (RFC 9110 section 4.2.3).
        head.target.push(b'/');
    }
    head.target.extend_from_slice(target.target);
    head.path_len = target.path_len.max(1) as u32;
    Ok(target.authority)
}

/// The last valid `host`: requests are nearly always for the same.
#[derive(Debug, Default)]
pub(super) struct KnownHost(Vec<u8>);

impl KnownHost {
    #[inline]
    fn is_host(&mut self, value: &[u8]) -> bool {
        if value == self.0 {
            return true;
        }
        let valid = authority::is_host(value);
        if valid {
            self.0.clear();
            self.0.extend_from_slice(value);
        }
        valid
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

fn method(name: &[u8]) -> Method {
    match name {
        b"GET" => Method::Get,
        name => Method::from(std::str::from_utf8(name).expect("a token is ASCII")),
    }
}
