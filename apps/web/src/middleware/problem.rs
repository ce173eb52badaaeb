//! What a layer answers itself.

use crate::Problem;
use transom::{Capabilities, Error, Outgoing, Scope, Sender, Utf8};

/// The status, and in one sentence why.
pub(super) fn problem(status: u16, detail: &'static str) -> Outgoing {
    Problem::new(status).detail(detail).into()
}

/// Answers with `response` in the application's place.
pub(super) async fn answer(scope: &Scope, mut send: Sender, response: Outgoing) -> Result<(), Error> {
    Ok(send.send(Refusal::of(scope).with(|| response)).await?)
}

/// How an exchange can be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// With any response.
    Response,
    /// With a status of 403, for a WebSocket that can be denied with that alone (WS-7).
    Close,
}

impl Refusal {
    pub(super) fn of(scope: &Scope) -> Self {
        match scope {
            Scope::WebSocket(socket) if !socket.http().capabilities().contains(Capabilities::WEBSOCKET_DENIAL) => {
                Self::Close
            }
            _ => Self::Response,
        }
    }

    /// `response`, or what says no in its place.
    pub(super) fn with(self, response: impl FnOnce() -> Outgoing) -> Outgoing {
        match self {
            Self::Response => response(),
            Self::Close => Outgoing::Close { code: 1008, reason: Utf8::default() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_json() {
        let Outgoing::Response { status, headers, body } = problem(413, "the body is too long") else { panic!() };
        assert_eq!((status, headers.get("content-type")), (413, Some(&b"application/problem+json"[..])));
        let expected =
            r#"{"type":"about:blank","title":"Content Too Large","status":413,"detail":"the body is too long"}"#;
        assert_eq!(body, expected);
    }
}
