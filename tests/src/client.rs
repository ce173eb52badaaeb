use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// How long a client waits for bytes before it gives up and the test fails. Nothing that works comes near it.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// One connection, byte by byte: nothing is repaired and nothing tried again.
#[derive(Debug)]
pub struct Client<S = TcpStream> {
    stream: S,
    /// Read and not yet taken.
    received: Vec<u8>,
}

/// How the server closed a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// So that the client reads an end.
    Orderly,
    /// So that the client reads an error.
    Reset,
    /// Not at all, and nothing came for as long as [`PATIENCE`].
    Not,
}

impl Client {
    /// Connects, and sends without delay what is given to it.
    pub fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).expect("the server listens"))
    }

    /// Connects with room for only so many bytes that were received and not yet read.
    pub fn with_receive_buffer(address: SocketAddr, bytes: usize) -> Self {
        let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None);
        let socket = socket.expect("a socket");
        socket.set_recv_buffer_size(bytes).expect("before the connection it can be set");
        socket.connect(&address.into()).expect("the server listens");
        Self::over(socket.into())
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a TCP socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above zero");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout above zero");
        Self::new(stream)
    }

    /// The address that the server sees.
    pub fn address(&self) -> SocketAddr {
        self.stream.local_addr().expect("a connected socket")
    }

    /// Closes the sending side.
    pub fn half_close(&self) {
        // It fails if the server was first to close.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Closes with a reset.
    pub fn reset(self) {
        socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).expect("a TCP socket");
    }
}

impl<S: Read + Write> Client<S> {
    /// Talks over a connected stream.
    pub fn new(stream: S) -> Self {
        Self { stream, received: Vec::new() }
    }

    /// Sends bytes, in one write if the system takes them. That the server closes meanwhile is seen when reading.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref());
    }

    /// The stream itself.
    pub fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Whether everything that was received is taken.
    pub fn is_read(&self) -> bool {
        self.received.is_empty()
    }

    /// Reads `expected`, and not a byte more.
    ///
    /// # Errors
    /// Something else came, or the end: what was received instead.
    pub fn expect(&mut self, expected: &[u8]) -> Result<(), Vec<u8>> {
        loop {
            let common = self.received.len().min(expected.len());
            if self.received[..common] != expected[..common] {
                return Err(std::mem::take(&mut self.received));
            }
            if common == expected.len() {
                self.received.drain(..common);
                return Ok(());
            }
            if self.fill().is_err() {
                return Err(std::mem::take(&mut self.received));
            }
        }
    }

    /// Reads up to the end of the connection, and says how it came.
    pub fn rest(&mut self) -> (Vec<u8>, Closed) {
        loop {
            if let Err(closed) = self.fill() {
                return (std::mem::take(&mut self.received), closed);
            }
        }
    }

    /// Reads `count` bytes.
    #[track_caller]
    pub fn take(&mut self, count: usize) -> Vec<u8> {
        while self.received.len() < count {
            self.fill_for("a body");
        }
        self.received.drain(..count).collect()
    }

    /// Reads a line, which must end with CRLF, without its end.
    #[track_caller]
    pub fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.received.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.received.drain(..=end).collect();
                let line = line.strip_suffix(b"\r\n").expect("a line ends with CRLF");
                assert!(!line.contains(&b'\r'), "a CR within a line");
                return String::from_utf8(line.to_vec()).expect("these tests send and expect UTF-8");
            }
            self.fill_for("a line");
        }
    }

    #[track_caller]
    fn fill_for(&mut self, what: &str) {
        if let Err(closed) = self.fill() {
            panic!("the connection ended ({closed:?}) within {what}: {:?}", self.received.escape_ascii().to_string());
        }
    }

    /// Waits for more bytes.
    fn fill(&mut self) -> Result<(), Closed> {
        let mut buffer = [0; 64 << 10];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(Closed::Orderly),
                Ok(count) => {
                    self.received.extend_from_slice(&buffer[..count]);
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
                    return Err(Closed::Reset);
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Err(Closed::Not);
                }
                Err(error) => panic!("{error} after {:?}", self.received.escape_ascii().to_string()),
            }
        }
    }
}
