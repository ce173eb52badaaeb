//! HTTP/1.0 and HTTP/1.1 (RFC 9110, RFC 9112).
//!
//! ```text
//!  bytes in ─▶ head ─▶ Scope ─▶ the application ─▶ Outgoing ─▶ encode ─▶ output ─▶ bytes out
//!          └─▶ decode ─▶ Incoming ──────▲   ▲
//!                                       └ exchange: what both sides share while a call runs
//! ```
//!
//! `head`, `target`, `decode`, `encode` and `output` are pure: bytes and values, no socket, no clock. `exchange` is the
//! state behind the application's handles. `connection` is the shell that reads, writes and waits: `running` while a
//! call runs, `wire` being its socket and `equipment` what it has only while it is busy.

mod authority;
mod connection;
mod date;
mod decode;
mod encode;
mod equipment;
mod exchange;
mod head;
mod output;
mod running;
mod target;
mod wire;

pub(crate) use connection::serve;
pub(crate) use encode::Fixed;
pub(crate) use output::SLICES;
