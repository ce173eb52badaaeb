//! The legal order of events, as tables in code: `(state, event) -> new state, or refusal`.
//!
//! Pure: no bytes, no clock, no handle. Servers, the in-memory exchange and [`lint`](crate::lint) all
//! ask these types, so that they cannot differ. A refused event leaves the state as it was.
//!
//! With each rule stands the [`Clause`] of `SPEC.md` that it keeps.

pub(crate) mod clause;
pub(crate) mod http;
pub(crate) mod lifespan;
pub(crate) mod websocket;

pub use clause::{Clause, Refusal};
pub use http::{HttpReceive, HttpRules, HttpSend, Returned};
pub use lifespan::{LifespanReceive, LifespanSend};
pub use websocket::{Handshake, WebSocketReceive, WebSocketReturned, WebSocketSend, is_close_code};
