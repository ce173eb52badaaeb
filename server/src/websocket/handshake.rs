//! The opening handshake (RFC 6455 section 4.2).

use super::config::DeflateMode;
use super::extension::{self, Agreed};
use data_encoding::BASE64;
use sha1::{Digest, Sha1};
use transom::{BodyHint, Headers, HttpScope, Method, Utf8, field};

/// A request that the server would complete if the application accepted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Handshake {
    accept: String,
    pub(super) deflate: Option<Agreed>,
}

/// Why a request that asks for a WebSocket gets none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is no handshake.
    Malformed,
    /// It is for another version of the protocol (RFC 6455 section 4.4).
    Version,
}

impl Refused {
    pub(super) fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Version => 426,
        }
    }

    /// The fields that go with the status.
    pub(super) fn headers(self) -> Headers {
        match self {
            Self::Malformed => Headers::new(),
            Self::Version => Headers::from_static(&[("upgrade", "websocket"), ("sec-websocket-version", "13")]),
        }
    }
}

impl Handshake {
    /// Reads a request of HTTP/1.1 that asks to change to `websocket`.
    pub(super) fn of(scope: &HttpScope, mode: DeflateMode) -> Result<Self, Refused> {
        let headers = scope.headers();
        if *scope.method() != Method::Get || scope.body() != BodyHint::None {
            return Err(Refused::Malformed);
        }
        if the_one(headers, "sec-websocket-version") != Some(b"13") {
            return Err(Refused::Version);
        }
        let key = the_one(headers, "sec-websocket-key").ok_or(Refused::Malformed)?;
        if BASE64.decode(key).map_or(0, |nonce| nonce.len()) != 16 {
            return Err(Refused::Malformed);
        }
        let mut subprotocols = headers.get_all("sec-websocket-protocol").flat_map(field::list);
        if !subprotocols.all(field::is_token) {
            return Err(Refused::Malformed);
        }
        let deflate = extension::agree(headers, mode).map_err(|_| Refused::Malformed)?;
        Ok(Self { accept: accept(key), deflate })
    }

    /// The fields of the answer that accepts.
    pub(super) fn answer(&self, subprotocol: Option<&Utf8>, headers: &Headers) -> Headers {
        let mut answer = Headers::new();
        answer.push("sec-websocket-accept", self.accept.as_bytes());
        if let Some(name) = subprotocol {
            answer.push("sec-websocket-protocol", name.as_bytes());
        }
        if let Some(agreed) = &self.deflate {
            let mut value = Vec::new();
            agreed.write(&mut value);
            answer.push("sec-websocket-extensions", &value);
        }
        answer.extend(headers);
        answer
    }
}

/// The value of a field that must be there once.
fn the_one<'a>(headers: &'a Headers, name: &'a str) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name);
    values.next().filter(|_| values.next().is_none())
}

fn accept(key: &[u8]) -> String {
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    BASE64.encode(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use transom::{Capabilities, Head};

    const VALID: [(&str, &str); 4] = [
        ("upgrade", "websocket"),
        ("connection", "upgrade"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    fn handshake(change: impl FnOnce(&mut Head)) -> Result<Handshake, Refused> {
        let mut head = Head { headers: VALID.into_iter().collect(), ..Head::default() };
        change(&mut head);
        Handshake::of(&HttpScope::new(head.into(), Capabilities::NONE), DeflateMode::PerMessage)
    }

    #[test]
    fn the_example_of_the_rfc() {
        let answer = handshake(|_| {}).unwrap().answer(None, &Headers::new());
        assert_eq!(answer.get("sec-websocket-accept"), Some(&b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="[..]));
        assert_eq!((answer.get("sec-websocket-protocol"), answer.get("sec-websocket-extensions")), (None, None));
    }

    #[test]
    fn the_answer_has_what_was_agreed_and_the_fields_of_the_application() {
        let offered = "permessage-deflate; client_max_window_bits";
        let handshake = handshake(|head| head.headers.push("sec-websocket-extensions", offered.as_bytes())).unwrap();
        let answer = handshake.answer(Some(&"chat".into()), &Headers::from_static(&[("x-a", "1")]));
        let names: Vec<_> = answer.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["sec-websocket-accept", "sec-websocket-protocol", "sec-websocket-extensions", "x-a"]);
    }

    /// SPEC: WS-1
    #[test]
    fn what_is_no_handshake() {
        type Change = fn(&mut Head);
        let malformed: [Change; 9] = [
            |head| head.method = Method::Post,
            |head| head.body = BodyHint::Exact(1),
            |head| head.body = BodyHint::Unknown,
            |head| {
                head.headers.remove("sec-websocket-key");
            },
            |head| head.headers.push("sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
            |head| head.headers.set("sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ"),
            |head| head.headers.set("sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ===="),
            |head| head.headers.push("sec-websocket-protocol", b"chat, super chat"),
            |head| head.headers.push("sec-websocket-extensions", b"permessage-deflate; ="),
        ];
        for (number, change) in malformed.into_iter().enumerate() {
            assert_eq!(handshake(change), Err(Refused::Malformed), "number {number}");
        }
        let version: [Change; 3] = [
            |head| {
                head.headers.remove("sec-websocket-version");
            },
            |head| head.headers.set("sec-websocket-version", b"8"),
            |head| head.headers.push("sec-websocket-version", b"13"),
        ];
        for change in version {
            assert_eq!(handshake(change), Err(Refused::Version));
        }
        assert_eq!(Refused::Version.headers().get("sec-websocket-version"), Some(&b"13"[..]));
    }
}
