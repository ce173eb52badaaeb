//! Listening sockets.

mod inherited;
mod unix;

use crate::bind::Bind;
use crate::transport::Transport;
use rustix::io::Errno;
use socket2::{Domain, Protocol, SockAddr, Type};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use transom::Address;

/// Bytes that the system takes beyond what it has sent, per connection.
const UNSENT: u32 = 256 << 10;

/// How sockets are made to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListenOptions {
    /// Connections that the system completes before they are accepted (`listen(2)`).
    pub backlog: u32,
    /// Permissions of a Unix socket; `None` leaves them to the umask.
    pub unix_mode: Option<u32>,
    /// Let several sockets listen on one port (`SO_REUSEPORT`).
    pub reuse_port: bool,
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self { backlog: 2048, unix_mode: None, reuse_port: false }
    }
}

/// A socket that listens, and does not accept yet.
#[derive(Debug)]
pub struct Listener {
    socket: socket2::Socket,
    address: Address,
    options: ListenOptions,
    /// Removes a Unix socket that was made here.
    path: Option<unix::Owned>,
}

/// A listener in the care of a runtime.
#[derive(Debug)]
pub(crate) enum Attached {
    Tcp(tokio::net::TcpListener),
    Unix(tokio::net::UnixListener),
}

/// Why there is no listener.
#[derive(Debug)]
pub struct ListenError {
    bind: String,
    error: io::Error,
}

impl Listener {
    /// Listens on what `bind` names: one socket, or one for each address of a host name, or all that were
    /// inherited.
    ///
    /// # Errors
    /// [`ListenError`], whose text says what is wrong and how to mend it.
    pub fn bind(bind: &Bind, options: &ListenOptions) -> Result<Vec<Self>, ListenError> {
        let listeners = match bind {
            Bind::Tcp(address) => Self::tcp(*address, address.is_ipv6(), options).map(|listener| vec![listener]),
            Bind::DualStack(port) => Self::dual_stack(*port, options).map(|listener| vec![listener]),
            Bind::Name(host, port) => Self::name(host, *port, options),
            Bind::Unix(path) => unix::listen(path, options).map(|listener| vec![listener]),
            Bind::Descriptor(number) => inherited::adopt(*number, options).map(|listener| vec![listener]),
            Bind::Systemd => inherited::systemd(options),
        };
        listeners.map_err(|error| ListenError { bind: bind.to_string(), error })
    }

    /// A listener of a socket that listens already.
    ///
    /// # Errors
    /// If the socket has no address, or cannot be made non-blocking.
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<Self> {
        let socket = socket2::Socket::from(listener);
        socket.set_nonblocking(true)?;
        Self::new(socket, ListenOptions::default(), None)
    }

    /// The address it listens on, with the port that the system chose.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Another listener on the same address, for another thread: of its own with `SO_REUSEPORT`, else the same one.
    pub(crate) fn sibling(&self) -> io::Result<Self> {
        match self.address {
            Address::Ip(address) if self.options.reuse_port => {
                Self::tcp(address, self.socket.only_v6().unwrap_or(false), &self.options)
            }
            _ => Self::new(self.socket.try_clone()?, self.options.clone(), None),
        }
    }

    /// Gives the socket to the runtime of the caller. What comes with it removes a Unix socket when it is dropped.
    pub(crate) fn attach(self) -> io::Result<(Attached, impl Sized)> {
        let attached = match self.address {
            Address::Unix(_) => Attached::Unix(tokio::net::UnixListener::from_std(self.socket.into())?),
            _ => Attached::Tcp(tokio::net::TcpListener::from_std(self.socket.into())?),
        };
        Ok((attached, self.path))
    }

    fn new(socket: socket2::Socket, options: ListenOptions, path: Option<unix::Owned>) -> io::Result<Self> {
        let address = socket.local_addr()?;
        let address = match (address.as_socket(), address.as_pathname()) {
            (Some(address), _) => Address::Ip(address),
            (None, path) => Address::Unix(path.map(Arc::from)),
        };
        if let Address::Ip(_) = address {
            // Accepted sockets inherit it. Responses leave in one write, so waiting to fill a segment only delays.
            socket.set_tcp_nodelay(true)?;
            // And this: a peer that reads slowly shows progress every so many bytes, not once per third of a send buffer
            // that grows to megabytes, and costs less of the system's memory. A system without it does without.
            let _ = socket.set_tcp_notsent_lowat(UNSENT);
        }
        Ok(Self { socket, address, options, path })
    }

    fn tcp(address: SocketAddr, only_v6: bool, options: &ListenOptions) -> io::Result<Self> {
        let kind = Type::STREAM.nonblocking().cloexec();
        let socket = socket2::Socket::new(Domain::for_address(address), kind, Some(Protocol::TCP))?;
        if address.is_ipv6() {
            socket.set_only_v6(only_v6)?;
        }
        // A port whose last connections are still in TIME-WAIT can be listened on again.
        socket.set_reuse_address(true)?;
        if options.reuse_port {
            socket.set_reuse_port(true)?;
        }
        socket.bind(&SockAddr::from(address))?;
        socket.listen(options.backlog.min(i32::MAX as u32) as i32)?;
        Self::new(socket, options.clone(), None)
    }

    fn dual_stack(port: u16, options: &ListenOptions) -> io::Result<Self> {
        match Self::tcp((IpAddr::from(Ipv6Addr::UNSPECIFIED), port).into(), false, options) {
            // A system without IPv6.
            Err(error) if error.raw_os_error() == Some(Errno::AFNOSUPPORT.raw_os_error()) => {
                Self::tcp((Ipv4Addr::UNSPECIFIED, port).into(), false, options)
            }
            listener => listener,
        }
    }

    fn name(host: &str, port: u16, options: &ListenOptions) -> io::Result<Vec<Self>> {
        let mut listeners: Vec<Self> = Vec::new();
        for address in (host, port).to_socket_addrs()? {
            // With port 0 all addresses get the port of the first.
            let port = match listeners.first().map(Self::address) {
                Some(Address::Ip(first)) => first.port(),
                _ => address.port(),
            };
            let address = SocketAddr::new(address.ip(), port);
            if !listeners.iter().any(|listener| *listener.address() == Address::Ip(address)) {
                listeners.push(Self::tcp(address, true, options)?);
            }
        }
        if listeners.is_empty() { Err(io::Error::other("the name has no address")) } else { Ok(listeners) }
    }
}

impl Attached {
    /// The next connection.
    pub(crate) async fn accept(&self) -> io::Result<(Transport, Address)> {
        Ok(match self {
            Self::Tcp(listener) => {
                let (stream, client) = listener.accept().await?;
                (Transport::Tcp(stream), Address::Ip(client))
            }
            Self::Unix(listener) => (Transport::Unix(listener.accept().await?.0), Address::Unix(None)),
        })
    }
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot listen on {}: ", self.bind)?;
        match self.error.kind() {
            io::ErrorKind::AddrInUse => {
                f.write_str("it is in use; stop the other program, or choose another address with --bind")
            }
            io::ErrorKind::PermissionDenied => f.write_str(
                "permission denied; choose a port from 1024 on, or a path that this user may write, with --bind",
            ),
            io::ErrorKind::AddrNotAvailable => f.write_str("this machine has no such address; see --bind"),
            _ => write!(f, "{}", self.error),
        }
    }
}

impl std::error::Error for ListenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

#[cfg(test)]
mod tests;
