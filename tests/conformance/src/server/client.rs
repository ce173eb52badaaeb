//! One connection, byte by byte: nothing is repaired and nothing tried again.

use super::check::{Checked, Fault, ensure, same};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

pub(super) struct Client {
    stream: TcpStream,
    /// Read and not yet taken.
    received: Vec<u8>,
}

/// How the server closed a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// So that the client reads an end.
    Orderly,
    /// So that the client reads an error.
    Reset,
}

/// A response, its framing taken off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Response {
    pub(super) status: u16,
    /// Names in lower case, in order.
    pub(super) fields: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) trailers: Vec<(String, String)>,
}

impl Response {
    /// The value of the only field called `name`.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.0 == name).map(|field| &*field.1)
    }

    /// All values of `name`.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|field| field.0 == name).map(|field| &*field.1).collect()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn is(&self, status: u16, body: &str) -> Checked {
        same("the response", (self.status, self.text()), (status, body.into()))
    }
}

impl Client {
    pub(super) fn connect(address: SocketAddr, patience: Duration) -> Result<Self, Fault> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Self { stream, received: Vec::new() })
    }

    /// The address that the server sees.
    pub(super) fn address(&self) -> Result<SocketAddr, Fault> {
        Ok(self.stream.local_addr()?)
    }

    /// Sends bytes. That the server closes meanwhile is seen when reading.
    pub(super) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref());
    }

    /// Sends `block` again and again, up to `most` bytes, until no more is taken for a second. How much was taken.
    pub(super) fn stuff(&mut self, block: &[u8], most: usize) -> Result<usize, Fault> {
        self.stream.set_write_timeout(Some(Duration::from_secs(1)))?;
        let mut taken = 0;
        while taken < most {
            match self.stream.write(block) {
                Ok(count) => taken += count,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(taken)
    }

    /// Closes the sending side.
    pub(super) fn half_close(&self) {
        // It fails if the server was first to close.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Asks for something and reads the response.
    pub(super) fn ask(&mut self, request: impl AsRef<[u8]>) -> Result<Response, Fault> {
        self.send(request);
        self.response()
    }

    /// Reads up to the end of the connection, and says how it came.
    pub(super) fn rest(&mut self) -> Result<(Vec<u8>, Closed), Fault> {
        loop {
            if let Some(closed) = self.fill()? {
                return Ok((std::mem::take(&mut self.received), closed));
            }
        }
    }

    /// Reads up to the end of the connection, which is to come before the next `most` bytes. How many there were.
    pub(super) fn rest_below(&mut self, most: usize) -> Result<usize, Fault> {
        while self.received.len() < most {
            if self.fill()?.is_some() {
                return Ok(self.received.len());
            }
        }
        Err(Fault::failed(format!("{most} bytes, and no end")))
    }

    /// The connection ends without another byte.
    pub(super) fn ends(&mut self) -> Checked {
        let (rest, _) = self.rest()?;
        ensure!(rest.is_empty(), "the connection does not end, but goes on with {:?}", shown(&rest));
        Ok(())
    }

    /// Reads `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> Result<Vec<u8>, Fault> {
        while self.received.len() < count {
            self.fill_for("a body")?;
        }
        Ok(self.received.drain(..count).collect())
    }

    fn line(&mut self) -> Result<String, Fault> {
        loop {
            if let Some(end) = self.received.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.received.drain(..=end).collect();
                let text = line.strip_suffix(b"\r\n").filter(|line| !line.contains(&b'\r'));
                let text = text.ok_or_else(|| Fault::failed(format!("a line that is none: {:?}", shown(&line))))?;
                return Ok(text.iter().copied().map(char::from).collect());
            }
            self.fill_for("a line")?;
        }
    }

    fn fill_for(&mut self, what: &str) -> Checked {
        match self.fill()? {
            None => Ok(()),
            Some(closed) => {
                let received = shown(&self.received);
                Err(Fault::failed(format!("the connection ends ({closed:?}) within {what}, after {received:?}")))
            }
        }
    }

    /// Waits for more bytes, or the end.
    fn fill(&mut self) -> Result<Option<Closed>, Fault> {
        let mut buffer = [0; 64 << 10];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Ok(Some(Closed::Orderly)),
                Ok(count) => {
                    self.received.extend_from_slice(&buffer[..count]);
                    return Ok(None);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
                    return Ok(Some(Closed::Reset));
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Err(Fault::failed(format!("nothing comes after {:?}", shown(&self.received))));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn shown(bytes: &[u8]) -> String {
    let most = &bytes[..bytes.len().min(300)];
    most.escape_ascii().to_string()
}

/// Responses.
impl Client {
    /// Reads one response to a GET, up to its last byte.
    pub(super) fn response(&mut self) -> Result<Response, Fault> {
        let mut response = self.head()?;
        let (length, coding) = (response.all("content-length"), response.all("transfer-encoding"));
        if matches!(response.status, 100..200 | 204 | 304) {
            ensure!(coding.is_empty(), "transfer-encoding with {}", response.status);
            return Ok(response);
        }
        match (&length[..], &coding[..]) {
            ([], ["chunked"]) => loop {
                let data = self.chunk()?;
                if data.is_empty() {
                    response.trailers = self.fields()?;
                    break;
                }
                response.body.extend(data);
            },
            ([length], []) => {
                let length = length.parse().map_err(|_| Fault::failed(format!("content-length: {length}")))?;
                response.body = self.take(length)?;
            }
            ([], []) => response.body = self.rest()?.0,
            framing => return Err(Fault::failed(format!("content-length and transfer-encoding: {framing:?}"))),
        }
        Ok(response)
    }

    /// Reads the head of a response.
    pub(super) fn head(&mut self) -> Result<Response, Fault> {
        let line = self.line()?;
        let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        let status = status.ok_or_else(|| Fault::failed(format!("no status line: {line:?}")))?;
        Ok(Response { status, fields: self.fields()?, body: Vec::new(), trailers: Vec::new() })
    }

    /// Reads one chunk; empty is the last.
    pub(super) fn chunk(&mut self) -> Result<Vec<u8>, Fault> {
        let line = self.line()?;
        let size = usize::from_str_radix(&line, 16).map_err(|_| Fault::failed(format!("chunk size: {line:?}")))?;
        let data = self.take(size)?;
        if size > 0 {
            same("what is behind a chunk", self.line()?, String::new())?;
        }
        Ok(data)
    }

    fn fields(&mut self) -> Result<Vec<(String, String)>, Fault> {
        let mut fields = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(fields);
            }
            let (name, value) = line.split_once(':').ok_or_else(|| Fault::failed(format!("no field: {line:?}")))?;
            fields.push((name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).to_owned()));
        }
    }
}

/// A frame of RFC 6455: its opcode, whether it is the last, and its payload.
pub(super) type Frame = (u8, Vec<u8>);

/// WebSocket.
impl Client {
    /// Sends a frame: the first byte, and the payload, which is masked.
    pub(super) fn frame(&mut self, first: u8, payload: &[u8]) {
        const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];
        let length = u8::try_from(payload.len()).expect("the frames of these checks are short");
        assert!(length < 126, "the frames of these checks are short");
        let masked = payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask);
        let frame: Vec<u8> = [first, 0x80 | length].into_iter().chain(MASK).chain(masked).collect();
        self.send(frame);
    }

    /// Reads a frame, which must be whole, and not masked.
    pub(super) fn read_frame(&mut self) -> Result<Frame, Fault> {
        let head = self.take(2)?;
        ensure!(head[0] & 0xf0 == 0x80 && head[1] < 126, "a frame that begins with {head:02x?}");
        Ok((head[0] & 0x0f, self.take(head[1].into())?))
    }

    /// Reads a close frame with this code.
    pub(super) fn closes(&mut self, code: u16) -> Checked {
        let (opcode, payload) = self.read_frame()?;
        let found = payload.get(..2).map(|code| u16::from_be_bytes([code[0], code[1]]));
        same("the close frame", (opcode, found), (8, Some(code)))
    }
}
