//! WebSocket (RFC 6455), and the compression of its messages (RFC 7692).
//!
//! ```text
//!  bytes in ─▶ frame ─▶ decode ─▶ Message ─▶ the application ─▶ Message ─▶ frame ─▶ output ─▶ bytes out
//!                       │  └ deflate           ▲     ▲                └ deflate
//!                       └ pongs and closes     │     └ exchange: what both sides share while the call runs
//!                                              └ handshake, extension: whether there is a WebSocket at all
//! ```
//!
//! `handshake`, `extension`, `frame`, `mask`, `decode`, `deflate` and `keepalive` are pure: bytes and values, no socket,
//! no clock. `exchange` is the state behind the application's handles. `connection` is the shell, `running` where it
//! reads, writes and waits, and `stock` has the buffers that it needs only while it is busy. The headers of frames are
//! tungstenite's to write; what is around them is not, for tungstenite knows no extensions and keeps its buffers as long
//! as the socket.

mod config;
mod connection;
mod decode;
mod deflate;
mod exchange;
mod extension;
mod fault;
mod frame;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod handshake;
mod keepalive;
mod mask;
mod running;
mod stock;

pub use config::{DeflateMode, WebSocketConfig};
pub(crate) use connection::serve;
