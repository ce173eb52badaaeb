//! HTTP/1.0 and HTTP/1.1 (RFC 9110, RFC 9112).
//!
//! ```text
//!  bytes in ─▶ head ─▶ Scope ─▶ the application ─▶ Outgoing ─▶ encode ─▶ output ─▶ bytes out
//!          └─▶ decode ─▶ Incoming ──────▲   ▲
//!                                       └ exchange: what both sides share while a call runs
//! ```
//!
//! `head`, `target`, `decode`, `encode` and `response` are pure: bytes and values, no socket, no clock. `exchange` is the
//! state behind the application's handles. `connection` is the shell that reads, writes and waits: `running` while a
//! call runs, and `equipment` is what it has only while it is busy.

mod authority;
mod conclusion;
mod connection;
mod date;
mod decode;
mod encode;
mod equipment;
mod exchange;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod head;
mod request;
mod response;
mod running;
mod target;

pub(crate) use connection::{After, Connection, HandedOver, Request};
pub(crate) use encode::{Asked, Fixed, Framing};
pub(crate) use response::{Response, Setting, open};
