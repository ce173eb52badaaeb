//! Connections to the server, and how it is noticed that they have something to say.

use crate::reply;
use crate::request::HANDSHAKE;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, connect, recv, send, socket_with,
};
use std::error::Error;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::time::Duration;

/// How long the server may say nothing before that is an error.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn open(port: u16) -> Result<TcpStream, Box<dyn Error>> {
    ready(TcpStream::connect((Ipv4Addr::LOCALHOST, port))?)
}

/// Connection number `index` of more than one address has ports for. Each server has addresses of its own to be asked
/// from: the ports of connections to another one are taken for a minute after their end.
pub(crate) fn open_many(port: u16, index: usize) -> Result<TcpStream, Box<dyn Error>> {
    const EACH: usize = 10_000;
    let [high, low] = port.to_be_bytes();
    let from = Ipv4Addr::new(127, high, low, u8::try_from(1 + index / EACH)?);
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    bind(&socket, &SocketAddr::V4(SocketAddrV4::new(from, 0)))?;
    connect(&socket, &SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)))?;
    ready(socket.into())
}

fn ready(stream: TcpStream) -> Result<TcpStream, Box<dyn Error>> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Sends a request and reads all of the reply; returns its length.
pub(crate) fn ask(stream: &mut TcpStream, request: &[u8]) -> Result<usize, Box<dyn Error>> {
    stream.write_all(request)?;
    let mut received = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = stream.read(&mut buffer).map_err(patient)?;
        if count == 0 {
            return Err("the server closed the connection in the middle of a reply".into());
        }
        received.extend_from_slice(&buffer[..count]);
        match reply::length(&received)? {
            Some(length) if length == received.len() => return Ok(length),
            Some(_) => return Err("the server sends more than a reply".into()),
            None => {}
        }
    }
}

/// What it is called when a read has waited long enough.
fn patient(error: std::io::Error) -> Box<dyn Error> {
    if error.kind() == std::io::ErrorKind::WouldBlock {
        return format!("the server says nothing for {} seconds", PATIENCE.as_secs()).into();
    }
    error.into()
}

pub(crate) fn open_websocket(port: u16) -> Result<TcpStream, Box<dyn Error>> {
    let mut stream = open(port)?;
    ask(&mut stream, HANDSHAKE)?;
    Ok(stream)
}

/// Sends what the connection takes now; returns how much that is.
pub(crate) fn offer(stream: &TcpStream, bytes: &[u8]) -> Result<usize, Errno> {
    match send(stream, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
        Err(Errno::AGAIN) => Ok(0),
        other => other,
    }
}

/// Receives what is there; `None` if that is nothing.
pub(crate) fn take(stream: &TcpStream, buffer: &mut [u8]) -> Result<Option<usize>, Box<dyn Error>> {
    received(recv(stream, buffer, RecvFlags::DONTWAIT).map(|(_, count)| count))
}

/// Throws away up to `buffer.len()` bytes of what is there, without copying them; `None` if that is nothing.
pub(crate) fn discard(stream: &TcpStream, buffer: &mut [u8]) -> Result<Option<usize>, Box<dyn Error>> {
    received(recv(stream, buffer, RecvFlags::DONTWAIT | RecvFlags::TRUNC).map(|(_, count)| count))
}

fn received(result: Result<usize, Errno>) -> Result<Option<usize>, Box<dyn Error>> {
    match result {
        Ok(0) => Err("the server closed a connection".into()),
        Ok(count) => Ok(Some(count)),
        Err(Errno::AGAIN) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Tells which of many connections can be read, and written where that is asked for. Level-triggered.
pub(crate) struct Poller {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
}

/// What a connection is ready for.
pub(crate) struct Ready {
    /// The number that it was added with.
    pub(crate) id: usize,
    pub(crate) read: bool,
    pub(crate) write: bool,
}

impl Poller {
    pub(crate) fn new() -> Result<Self, Errno> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Self { epoll, events: Vec::with_capacity(1024) })
    }

    pub(crate) fn add(&self, stream: &TcpStream, id: usize) -> Result<(), Errno> {
        epoll::add(&self.epoll, stream, epoll::EventData::new_u64(id as u64), epoll::EventFlags::IN)
    }

    /// Whether it is to be told when the connection can be written.
    pub(crate) fn want_write(&self, stream: &TcpStream, id: usize, write: bool) -> Result<(), Errno> {
        let write = if write { epoll::EventFlags::OUT } else { epoll::EventFlags::empty() };
        epoll::modify(&self.epoll, stream, epoll::EventData::new_u64(id as u64), epoll::EventFlags::IN | write)
    }

    /// Waits until something is ready, but no longer than `limit`.
    pub(crate) fn wait(&mut self, limit: Duration) -> Result<impl ExactSizeIterator<Item = Ready>, Errno> {
        self.events.clear();
        let limit = Timespec::try_from(limit).expect("no limit is longer than ages");
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&limit)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
        Ok(self.events.drain(..).map(|event| {
            let (data, flags) = (event.data, event.flags);
            // An error or the end shows when it is read.
            let read = flags != epoll::EventFlags::OUT;
            Ready { id: data.u64() as usize, read, write: flags.contains(epoll::EventFlags::OUT) }
        }))
    }
}
