//! WebSocket (RFC 6455), and the compression of its messages (RFC 7692).

mod config;

pub use config::{DeflateMode, WebSocketConfig};
