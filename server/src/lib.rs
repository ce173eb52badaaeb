#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

mod accept;
mod access_log;
mod application;
mod bind;
mod blocking;
#[cfg(feature = "cli")]
pub mod cli;
mod config;
mod connection;
mod driver;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod http1;
mod lifespan;
mod limits;
mod listener;
mod output;
mod server;
mod sync;
mod threads;
mod timer;
mod transport;
mod waiting;
mod websocket;
mod wire;
mod worker;

pub use access_log::{AccessLog, Format, FormatError, Outcome, Record, WebSocketRecord, WebSocketTotals};
pub use application::Application;
pub use bind::{Bind, BindError};
#[cfg(feature = "cli")]
pub use cli::main;
pub use config::{Config, Runtime};
pub use limits::Limits;
pub use listener::{ListenError, ListenOptions, Listener};
pub use server::{ServeError, Server};
pub use websocket::{DeflateMode, WebSocketConfig};
