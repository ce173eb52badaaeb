//! How much body a started response still owes.

use super::super::clause::{Clause, Refuse};
use super::HttpRules;
use super::head::has_body;
use crate::{SendError, Violation};

pub(crate) const HTTP_SEND_10: Clause = Clause {
    id: "HTTP-SEND-10",
    sentence: "After a `Start` with status 204, 205 or 304 a byte of body MUST be refused with `LengthMismatch`.",
};

pub(crate) const HTTP_SEND_11: Clause = Clause {
    id: "HTTP-SEND-11",
    sentence: "After a `Start` with `content-length` bytes beyond it MUST be refused with `LengthMismatch`.",
};

pub(crate) const HTTP_SEND_12: Clause = Clause {
    id: "HTTP-SEND-12",
    sentence: "An event without `more` that leaves bytes owing MUST be refused with `LengthMismatch`, unless there was \
               no byte at all and the request was HEAD or the status is 304.",
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Body {
    /// What is left of the announced `content-length`.
    left: Option<u64>,
    /// The status allows a body.
    allowed: bool,
    /// To HEAD, and with 304, `content-length` tells what a GET would have got: sending none is complete.
    may_be_absent: bool,
    /// The status allows trailers, and no length was announced.
    pub(super) trailers: bool,
}

impl Body {
    /// The body of a response that begins with this status and `content-length`.
    pub(super) fn new(rules: HttpRules, status: u16, announced: Option<u64>) -> Self {
        let allowed = has_body(status);
        Self {
            // With a 304 it is the length of what is not sent.
            left: if allowed { announced } else { Some(0) },
            allowed,
            may_be_absent: rules.may_lack_body(status),
            trailers: announced.is_none() && allowed,
        }
    }

    /// Takes an event with `len` bytes into account.
    #[inline]
    pub(super) fn sent(&mut self, len: u64, more: bool, refuse: &mut impl Refuse) -> Result<(), SendError> {
        let may_be_absent = self.may_be_absent && len == 0;
        if let Some(left) = self.left {
            if left < len {
                let clause = if self.allowed { &HTTP_SEND_11 } else { &HTTP_SEND_10 };
                refuse.refuse(clause, Violation::LengthMismatch.into())?;
            } else if !more && left > len && !may_be_absent {
                refuse.refuse(&HTTP_SEND_12, Violation::LengthMismatch.into())?;
            }
            self.left = Some(left.saturating_sub(len));
        }
        self.may_be_absent = may_be_absent;
        Ok(())
    }
}
