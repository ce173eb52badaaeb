//! What a scope may look like.

use super::report::{Blame, Report};
use crate::order::Clause;
use crate::{BodyHint, Capabilities, Headers, HttpScope, HttpVersion, Manifest, Method, Scope, field};

/// Checks a scope, and whether its server may call an application with this manifest at all.
pub(super) fn check(scope: &Scope, manifest: Manifest) -> Vec<Report> {
    let mut found = Found(Vec::new());
    check_manifest(scope, manifest, &mut found);
    match scope {
        Scope::Http(scope) => check_request(scope, &mut found),
        Scope::WebSocket(scope) => {
            check_request(scope.http(), &mut found);
            check_handshake(scope.http(), &mut found);
        }
        Scope::Lifespan(_) => {}
    }
    found.0
}

struct Found(Vec<Report>);

impl Found {
    fn add(&mut self, clause: &'static Clause, what: impl AsRef<str>) {
        self.0.push(Report::new(clause, Blame::Server, what.as_ref()));
    }
}

fn check_request(scope: &HttpScope, found: &mut Found) {
    check_capabilities(scope, found);
    check_target(scope, found);
    check_body(scope, found);
    check_protocol(scope, found);
    check_fields(scope.headers(), found);
}

pub(super) const APP_10: Clause = Clause {
    id: "APP-10",
    sentence: "A server that lacks any capability in `requires` MUST refuse to start and name what is missing.",
};

fn check_manifest(scope: &Scope, manifest: Manifest, found: &mut Found) {
    let missing = manifest.requires.without(scope.server().capabilities);
    if !missing.is_empty() {
        found.add(&APP_10, format!("calls though it lacks {missing}, which the application requires"));
    }
}

pub(super) const CAP_1: Clause =
    Clause { id: "CAP-1", sentence: "The capabilities of a scope MUST be a subset of those of its server." };

pub(super) const CAP_2: Clause = Clause {
    id: "CAP-2",
    sentence: "A scope MUST lack what its version of HTTP cannot carry: 1.0 has no `INFORMATIONAL`, `TRAILERS`, \
               `UPGRADE`.",
};

const NOT_HTTP10: Capabilities = Capabilities::INFORMATIONAL.union(Capabilities::TRAILERS).union(Capabilities::UPGRADE);

fn check_capabilities(scope: &HttpScope, found: &mut Found) {
    let capabilities = scope.capabilities();
    let beyond = capabilities.without(scope.connection().server_info.capabilities);
    if !beyond.is_empty() {
        found.add(&CAP_1, format!("gave the scope {beyond}, which it does not have itself"));
    }
    if scope.version() == HttpVersion::Http10 && capabilities.without(NOT_HTTP10) != capabilities {
        found.add(&CAP_2, format!("gave a request of HTTP/1.0 {capabilities}"));
    }
}

pub(super) const PATH_1: Clause = Clause {
    id: "PATH-1",
    sentence: "`target` MUST be the path and query as received, but for PATH-8, `*` for OPTIONS of the server as a \
               whole, or `host:port` for CONNECT; a target in absolute form loses its scheme and authority.",
};

pub(super) const PATH_2: Clause = Clause {
    id: "PATH-2",
    sentence: "`raw_path` MUST be the target up to its first `?`, and `query` what follows that, `None` without one.",
};

pub(super) const PATH_3: Clause = Clause { id: "PATH-3", sentence: "An empty path MUST be given as `/`." };

fn check_target(scope: &HttpScope, found: &mut Found) {
    let target = scope.target();
    let shown = target.escape_ascii();
    match scope.method() {
        Method::Connect if target.contains(&b':') && !target.starts_with(b"/") => return,
        Method::Connect => return found.add(&PATH_1, format!("gave `{shown}` as the target of CONNECT")),
        Method::Options if target == b"*" => return,
        _ => {}
    }
    match target.first() {
        Some(b'/') => {}
        None | Some(b'?') => found.add(&PATH_3, format!("gave the target `{shown}`, which has no path")),
        Some(_) => found.add(&PATH_1, format!("gave the target `{shown}`, which does not begin with a path")),
    }
    let path_len = target.iter().position(|&byte| byte == b'?').unwrap_or(target.len());
    if scope.raw_path().len() != path_len {
        let path = scope.raw_path().escape_ascii();
        found.add(&PATH_2, format!("gave `{path}` as the path of `{shown}`"));
    }
}

pub(super) const SCOPE_10: Clause = Clause {
    id: "SCOPE-10",
    sentence: "`body` MUST be `None` for no body or length 0, `Exact(n)` for an announced length, else `Unknown`.",
};

fn check_body(scope: &HttpScope, found: &mut Found) {
    let announced = scope.headers().get("content-length").and_then(field::content_length);
    let expected = match (announced, scope.body()) {
        (_, BodyHint::Exact(0)) | (Some(0), _) => BodyHint::None,
        (Some(length), _) => BodyHint::Exact(length),
        (None, hint) => hint,
    };
    if scope.body() != expected {
        found.add(&SCOPE_10, format!("gave {:?} where {expected:?} was announced", scope.body()));
    }
}

pub(super) const SCOPE_11: Clause = Clause {
    id: "SCOPE-11",
    sentence: "`protocol` MUST be the protocol to which the client asks to change (RFC 9110 section 7.8): `websocket` \
               if that is among those offered, else the first, and `None` without such a request.",
};

/// Only HTTP/1.1 has `upgrade`; and a layer may have taken it away.
fn check_protocol(scope: &HttpScope, found: &mut Found) {
    let headers = scope.headers();
    let Some(first) = headers.get_all("upgrade").flat_map(field::list).next() else { return };
    let expected = match scope.version() {
        HttpVersion::Http11 if headers.has_token("upgrade", "websocket") => Some(&b"websocket"[..]),
        HttpVersion::Http11 => Some(first),
        _ => None,
    }
    .filter(|name| headers.has_token("connection", "upgrade") && name.is_ascii());
    let given = scope.protocol().map(str::as_bytes);
    if given.map(<[u8]>::to_ascii_lowercase) != expected.map(<[u8]>::to_ascii_lowercase) {
        found.add(&SCOPE_11, format!("gave {:?} as the protocol", scope.protocol()));
    }
}

pub(super) const HEADERS_1: Clause =
    Clause { id: "HEADERS-1", sentence: "Names MUST be tokens (RFC 9110 section 5.6.2) in lower case." };

pub(super) const HEADERS_2: Clause = Clause {
    id: "HEADERS-2",
    sentence: "Values MUST be the bytes received without the white space around them, free of controls other than tab.",
};

fn check_fields(headers: &Headers, found: &mut Found) {
    for (name, value) in headers {
        if !field::is_lowercase_token(name.as_bytes()) {
            found.add(&HEADERS_1, format!("gave a field with the name `{}`", name.escape_debug()));
        }
        let is_blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
        if !field::is_value(value) || is_blank(value.first()) || is_blank(value.last()) {
            found.add(&HEADERS_2, format!("gave the field {name} with the value `{}`", value.escape_ascii()));
        }
    }
}

/// As [`check`], for the trailers of a request.
pub(super) fn check_trailers(fields: &Headers) -> Vec<Report> {
    let mut found = Found(Vec::new());
    check_fields(fields, &mut found);
    found.0
}

pub(super) const WS_1: Clause = Clause {
    id: "WS-1",
    sentence: "The scope MUST be that of a handshake which the server would complete if the application accepted it.",
};

/// What RFC 6455 section 4.2.1 asks of a handshake over HTTP/1.1.
fn check_handshake(scope: &HttpScope, found: &mut Found) {
    if scope.version() > HttpVersion::Http11 {
        return;
    }
    let headers = scope.headers();
    let key = headers.get("sec-websocket-key").unwrap_or_default();
    let wrong = if *scope.method() != Method::Get || scope.version() != HttpVersion::Http11 {
        "the request line"
    } else if !headers.has_token("upgrade", "websocket") || !headers.has_token("connection", "upgrade") {
        "upgrade"
    } else if headers.get("sec-websocket-version") != Some(b"13") {
        "sec-websocket-version"
    } else if key.len() != 24 || !key.ends_with(b"==") {
        "sec-websocket-key"
    } else {
        return;
    };
    found.add(&WS_1, format!("gave a handshake that it could not complete: {wrong}"));
}
