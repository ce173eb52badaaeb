#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod app;
mod blocking;
mod cancel;
mod capability;
mod connection;
mod error;
mod event;
mod exchange;
pub mod field;
mod handle;
mod head;
mod headers;
pub mod lint;
pub mod memory;
pub mod order;
mod scope;
mod shared;
mod state;
pub mod status;

pub use app::{App, BoxApp, Manifest, SpecVersion};
pub use blocking::{Blocking, BlockingPool, run};
pub use cancel::cancel_on_disconnect;
pub use capability::Capabilities;
pub use connection::{Address, Connection, ServerInfo, TlsInfo};
pub use error::{Error, SendError, Violation};
pub use event::{BadRequest, End, FileBody, FileSource, Incoming, Message, Outgoing, Utf8};
pub use exchange::{Exchange, ExchangeId, Half, Sink, Source};
pub use handle::{Receiver, Sender};
pub use head::{BodyHint, Head, HttpVersion, Method, Scheme};
pub use headers::{Headers, Iter, Place};
pub use scope::{HttpScope, LifespanScope, Scope, WebSocketScope};
pub use state::{Extensions, State};
