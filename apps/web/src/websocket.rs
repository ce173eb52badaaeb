//! WebSockets, as handlers see them.

mod handler;
mod handshake;
mod socket;

pub use handler::SocketHandler;
pub use handshake::Handshake;
pub use socket::{Closed, SocketReceiver, SocketSender, WebSocket};
pub use transom::Message;
