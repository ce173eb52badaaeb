//! What a head, or the trailers, may hold.

use super::super::clause::{Clause, Refuse};
use crate::{Headers, SendError, Violation, field};

pub(crate) const HTTP_SEND_5: Clause = Clause {
    id: "HTTP-SEND-5",
    sentence: "A field whose name is not a token, or whose value has a control other than tab, MUST be refused with \
               `BadHeader`, in every event that has fields.",
};

pub(crate) const HTTP_SEND_6: Clause = Clause {
    id: "HTTP-SEND-6",
    sentence: "A second `content-length`, or one that is not 1 to 19 digits and below 2^63, MUST be refused with \
               `BadHeader`.",
};

/// Checks every field and returns the `content-length`.
#[inline]
pub(super) fn check_fields(headers: &Headers, refuse: &mut impl Refuse) -> Result<Option<u64>, SendError> {
    let mut length = None;
    // A static table was checked when it was made.
    for (name, value) in headers.table() {
        if *name == "content-length" {
            announce(&mut length, value.as_bytes(), refuse)?;
        }
    }
    for (name, value) in headers.owned() {
        if !field::is_token(name.as_bytes()) || !field::is_value(value) {
            refuse.refuse(&HTTP_SEND_5, Violation::BadHeader.into())?;
        }
        if name == "content-length" {
            announce(&mut length, value, refuse)?;
        }
    }
    Ok(length)
}

/// At most one, and a number.
fn announce(length: &mut Option<u64>, value: &[u8], refuse: &mut impl Refuse) -> Result<(), SendError> {
    let number = field::content_length(value);
    if number.is_none() || length.is_some() {
        refuse.refuse(&HTTP_SEND_6, Violation::BadHeader.into())?;
    }
    *length = number;
    Ok(())
}

pub(crate) const TRAILERS_2: Clause = Clause {
    id: "TRAILERS-2",
    sentence: "`Trailers` with a field of this list MUST be refused with `BadHeader`: age, authorization, \
               cache-control, connection, content-encoding, content-length, content-range, content-type, cookie, date, \
               expect, expires, forwarded, host, keep-alive, location, max-forwards, pragma, proxy-authenticate, \
               proxy-authorization, proxy-connection, range, retry-after, set-cookie, te, trailer, transfer-encoding, \
               upgrade, vary, via, www-authenticate, x-forwarded-for, x-forwarded-host, x-forwarded-proto, x-real-ip.",
};

/// Checks the fields that end a response.
pub(super) fn check_trailers(fields: &Headers, refuse: &mut impl Refuse) -> Result<(), SendError> {
    check_fields(fields, refuse)?;
    if fields.iter().any(|(name, _)| field::is_forbidden_in_trailers(name)) {
        refuse.refuse(&TRAILERS_2, Violation::BadHeader.into())?;
    }
    Ok(())
}

/// Whether a response with this status may carry content (RFC 9110 sections 15.3.5, 15.3.6, 15.4.5).
pub(crate) fn has_body(status: u16) -> bool {
    !matches!(status, 204 | 205 | 304)
}
