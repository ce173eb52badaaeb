//! The legal order of events, as tables in code: `(state, event) -> new state, or refusal`.
//!
//! Pure: no bytes, no clock, no handle. Servers, the in-memory exchange and checkers all
//! ask these types, so that they cannot differ. A refused event leaves the state as it was.

mod http;
mod lifespan;
mod websocket;

pub use http::{HttpRules, HttpSend, Returned};
pub use lifespan::LifespanSend;
pub use websocket::{WebSocketReturned, WebSocketSend, is_close_code};
