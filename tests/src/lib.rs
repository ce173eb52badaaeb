//! A raw-socket client and servers on port 0, for the tests beside this crate.

#![deny(unsafe_code)]

pub mod allocator;
mod app;
mod client;
mod gate;
mod response;
mod server;
mod thread;
pub mod websocket;

pub use app::{Sockets, Told, http, last, more, respond, sockets, start, telling};
pub use client::{Client, Closed, PATIENCE};
pub use gate::Gate;
pub use response::Response;
pub use server::{OnUnix, Running, quiet};
pub use thread::Watched;

/// The code of the guides is compiled and run.
#[cfg(doctest)]
mod guides {
    #[doc = include_str!("../../docs/writing-a-layer.md")]
    struct Layer;

    #[doc = include_str!("../../docs/writing-a-server.md")]
    struct Server;
}
