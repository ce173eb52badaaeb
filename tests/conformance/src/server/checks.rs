//! The checks.

mod end;
mod files;
mod flow;
mod interim;
mod lifespan;
mod receive;
mod refusals;
mod scope;
mod send;
mod tunnel;
mod websocket;

use super::check::Check;

/// Everything that is asked of a server, and the clauses that each check proves.
///
/// ```
/// let mut clauses: Vec<_> = transom_conformance::checks().flat_map(|check| check.clauses()).collect();
/// clauses.sort();
/// clauses.dedup();
/// assert!(clauses.len() > 100);
/// ```
pub fn checks() -> impl Iterator<Item = &'static Check> {
    [
        scope::CHECKS,
        receive::CHECKS,
        interim::CHECKS,
        refusals::CHECKS,
        send::CHECKS,
        files::CHECKS,
        end::CHECKS,
        flow::CHECKS,
        tunnel::CHECKS,
        websocket::CHECKS,
        lifespan::CHECKS,
    ]
    .into_iter()
    .flatten()
}

/// A WebSocket handshake (RFC 6455 section 1.3).
pub(super) const HANDSHAKE: &str = "GET /socket?x HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: v1, v2\r\n\r\n";
