use crate::{BlockingPool, Capabilities, SpecVersion, State};
use bytes::Bytes;
use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

/// One connection of a peer. One object for all its exchanges.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Connection {
    /// A number that no other connection of this server has.
    pub id: u64,
    /// The peer's address.
    pub client: Address,
    /// The address that the peer connected to.
    pub server: Address,
    /// What the TLS handshake settled; `None` without TLS.
    pub tls: Option<TlsInfo>,
    /// What the application made at startup.
    pub state: State,
    /// The server.
    pub server_info: Arc<ServerInfo>,
}

impl Connection {
    /// A connection without TLS.
    pub fn new(id: u64, client: Address, server: Address, state: State, server_info: Arc<ServerInfo>) -> Self {
        Self { id, client, server, tls: None, state, server_info }
    }
}

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Address {
    /// An IP address and a port.
    Ip(SocketAddr),
    /// A Unix socket; clients rarely have a path.
    Unix(Option<Arc<Path>>),
    /// Not known.
    #[default]
    Unknown,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Unix(Some(path)) => write!(f, "unix:{}", path.display()),
            Self::Unix(None) => f.write_str("unix:"),
            Self::Unknown => f.write_str("-"),
        }
    }
}

/// What a TLS handshake settled.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct TlsInfo {
    /// The protocol version as on the wire: `0x0304` is TLS 1.3.
    pub version: u16,
    /// The cipher suite as on the wire (IANA's registry).
    pub cipher: u16,
    /// The server name that the client asked for.
    pub sni: Option<Box<str>>,
    /// The application protocol that was agreed on.
    pub alpn: Option<Bytes>,
    /// The client's certificates in DER, its own first.
    pub peer_chain: Vec<Bytes>,
    /// Whether they were verified.
    pub peer_verified: bool,
}

/// The server: one object for the life of the process.
#[derive(Clone)]
#[non_exhaustive]
pub struct ServerInfo {
    /// The version of the contract that it keeps.
    pub spec: SpecVersion,
    /// Its name and version, as `name/1.2.3`.
    pub software: Cow<'static, str>,
    /// What it can do at best; each scope says what holds for its exchange.
    pub capabilities: Capabilities,
    /// A path prefix that a front proxy takes off: for building links, never a part of `raw_path`. `transom-server`
    /// never sets it, for its root path is a part of `raw_path`.
    pub external_prefix: Option<Box<str>>,
    /// Threads that may block; without them [`Blocking`](crate::Blocking) starts its own.
    pub blocking: Option<Arc<dyn BlockingPool>>,
}

impl ServerInfo {
    /// A server of the current version of the contract.
    pub fn new(software: impl Into<Cow<'static, str>>, capabilities: Capabilities) -> Self {
        Self {
            spec: SpecVersion::CURRENT,
            software: software.into(),
            capabilities,
            external_prefix: None,
            blocking: None,
        }
    }
}

impl Default for ServerInfo {
    fn default() -> Self {
        Self::new("", Capabilities::NONE)
    }
}

impl fmt::Debug for ServerInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerInfo")
            .field("spec", &self.spec)
            .field("software", &self.software)
            .field("capabilities", &self.capabilities)
            .field("external_prefix", &self.external_prefix)
            .finish_non_exhaustive()
    }
}
