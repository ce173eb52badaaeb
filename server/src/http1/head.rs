//! Request heads: `httparse` judges their form, and what they say is decided in [`meaning`].
//!
//! Two readers give the same [`Lines`](lines::Lines). [`strict`] is the judge: `httparse`, with the rules of RFC 9112 that
//! it lacks. [`plain`] stands in front of it for speed alone: a pipelined request takes 3,440 instructions with it and 4,100
//! without, a browser's 7,480 and 9,600. It takes heads of the form that nearly all have, and refuses none; whatever it
//! leaves, because it is incomplete, faulty or unusual, is for the judge. `agreement` is what tests and a fuzzer hold the
//! two to.

#[cfg(any(test, fuzzing))]
pub(super) mod agreement;
mod lines;
mod meaning;
mod plain;
mod strict;

use crate::Config;
use meaning::KnownHost;
use transom::{Head, Place};

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
    host: KnownHost,
}

impl Parser {
    /// Parses the head at the front of `input` into `head`; `None` if it is not complete. What is there is written as
    /// it is read, and means the same afterwards: field names in lower case, a minor version above 1.1 as 1.1.
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
        let (len, limits) = (input.len(), &config.limits);
        if self.seen > 0 && len < self.again {
            // The end of a head; with a bare LF too, so that it is refused at once.
            let new = &input[self.seen.saturating_sub(2)..];
            let ends = |at: usize| matches!(new[at + 1..], [b'\n', ..] | [b'\r', b'\n', ..]);
            if !memchr::memchr_iter(b'\n', new).any(ends) {
                self.seen = len;
                return Ok(None);
            }
        }
        let skipped = empty_line(input)?;
        let input = &mut input[skipped..];
        let lines = match plain::read(input, limits, &mut self.places) {
            Some(lines) => lines,
            None => match strict::read(input, limits, &mut self.places)? {
                Some(lines) => lines,
                None => {
                    self.seen = len;
                    // What is too long is to be refused as soon as it is.
                    let limit = limits.head.min(limits.target);
                    let next = if len <= limit { limit + 1 } else { limits.head + 1 };
                    self.again = (2 * len).max(1024).min(skipped + next);
                    return Ok(None);
                }
            },
        };
        let request = meaning::interpret(&lines, config, &mut self.host, head)?;
        self.restart();
        Ok(Some(Request { len: skipped + request.len, ..request }))
    }

    /// Forgets what was seen: the next input is another.
    pub(super) fn restart(&mut self) {
        (self.seen, self.again) = (0, 0);
    }

    /// Nothing of the input was seen yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.seen == 0
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

#[cfg(test)]
mod tests;
