//! What the peers share, so that they differ in their servers alone: allocator, listener and the bodies that they send.
//!
//! Each peer is one thread that serves the endpoints of the application `bench`, on the port that is its first argument.

use bytes::Bytes;
use socket2::{Domain, Socket, Type};
use std::env;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The body of `/plaintext`, and the message of `/json`.
pub const GREETING: &str = "Hello, World!";

/// The body of `/json`.
#[derive(serde::Serialize)]
pub struct Message {
    message: &'static str,
}

impl Message {
    /// The one that every server sends.
    pub const GREETING: Self = Self { message: GREETING };
}

/// The port of the first argument.
///
/// # Panics
///
/// When there is none.
pub fn port() -> u16 {
    env::args().nth(1).and_then(|port| port.parse().ok()).expect("the first argument is a port")
}

/// The argument behind the port.
pub fn mode() -> Option<String> {
    env::args().nth(2)
}

/// A listener with the backlog of the program `transom`, for an asynchronous runtime.
///
/// # Panics
///
/// When the port is taken.
pub fn listener(port: u16) -> TcpListener {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("there is IPv4");
    socket.set_reuse_address(true).expect("a new socket may have it");
    socket.set_nonblocking(true).expect("a new socket may have it");
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into()).expect("the port is free");
    socket.listen(2048).expect("the port is free");
    socket.into()
}

/// What `/stream` is asked for: how many chunks, and what each of them is.
pub fn chunks(query: &str) -> (usize, Bytes) {
    let (mut count, mut size) = (1, 1024);
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("n", value)) => count = value.parse().unwrap_or(count),
            Some(("size", value)) => size = value.parse().unwrap_or(size),
            _ => {}
        }
    }
    (count, vec![b'x'; size].into())
}
