//! WebSocket (RFC 6455), and the compression of its messages (RFC 7692).

mod config;
#[allow(dead_code)] // Nothing serves WebSockets yet.
mod deflate;
#[allow(dead_code)]
mod extension;

pub use config::{DeflateMode, WebSocketConfig};
