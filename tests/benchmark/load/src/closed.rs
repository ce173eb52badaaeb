//! Closed loop: each connection sends the same bytes as soon as the reply to those before is there.

use crate::socket::{self, PATIENCE, Poller};
use std::error::Error;
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// What is sent and what comes back.
pub(crate) struct Work {
    /// One or more requests or messages.
    pub(crate) bytes: Vec<u8>,
    /// How many.
    pub(crate) depth: u64,
    /// The length of all their replies.
    pub(crate) reply: usize,
    /// What the first reply begins with.
    pub(crate) begins: &'static [u8],
}

/// When it is enough.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    Elapsed(Duration),
    /// So many requests, rounded up to what is sent at once.
    Requests(u64),
}

/// How many requests were answered.
pub(crate) fn run(streams: Vec<TcpStream>, work: &Work, until: Until) -> Result<u64, Box<dyn Error>> {
    let start = Instant::now();
    let mut left = match until {
        Until::Elapsed(_) => u64::MAX,
        Until::Requests(requests) => requests.div_ceil(work.depth),
    };
    let mut poller = Poller::new()?;
    let mut connections: Vec<Connection> = streams.into_iter().map(Connection::new).collect();
    let (mut open, mut answered) = (0, 0);
    for (id, connection) in connections.iter_mut().enumerate() {
        poller.add(&connection.stream, id)?;
        if left > 0 {
            left -= 1;
            open += 1;
            connection.send(&work.bytes, &poller, id)?;
        }
    }
    let mut buffer = vec![0; 256 << 10];
    while open > 0 {
        let ready: Vec<_> = poller.wait(PATIENCE)?.collect();
        if ready.is_empty() {
            return Err(format!("stalled with {open} of {answered} unanswered").into());
        }
        if matches!(until, Until::Elapsed(limit) if start.elapsed() >= limit) {
            left = 0;
        }
        for ready in ready {
            let connection = &mut connections[ready.id];
            if ready.write {
                connection.send(&work.bytes, &poller, ready.id)?;
            }
            if ready.read && connection.receive(work, &mut buffer)? {
                answered += work.depth;
                open -= 1;
                if left > 0 {
                    left -= 1;
                    open += 1;
                    connection.send(&work.bytes, &poller, ready.id)?;
                }
            }
        }
    }
    Ok(answered)
}

struct Connection {
    stream: TcpStream,
    sent: usize,
    received: usize,
    blocked: bool,
}

impl Connection {
    fn new(stream: TcpStream) -> Self {
        Self { stream, sent: 0, received: 0, blocked: false }
    }

    fn send(&mut self, bytes: &[u8], poller: &Poller, id: usize) -> Result<(), Box<dyn Error>> {
        self.sent += socket::offer(&self.stream, &bytes[self.sent..])?;
        let blocked = self.sent < bytes.len();
        if blocked != self.blocked {
            poller.want_write(&self.stream, id, blocked)?;
            self.blocked = blocked;
        }
        Ok(())
    }

    /// Whether the reply is now complete; then the next may be asked for.
    fn receive(&mut self, work: &Work, buffer: &mut [u8]) -> Result<bool, Box<dyn Error>> {
        let Some(count) = socket::take(&self.stream, buffer)? else { return Ok(false) };
        if self.received == 0 && !buffer[..count].starts_with(&work.begins[..work.begins.len().min(count)]) {
            return Err(format!("unexpected reply: {}", String::from_utf8_lossy(&buffer[..count.min(100)])).into());
        }
        self.received += count;
        if self.received > work.reply {
            return Err(format!("{} bytes of reply instead of {}", self.received, work.reply).into());
        }
        let complete = self.received == work.reply && self.sent == work.bytes.len();
        if complete {
            (self.sent, self.received) = (0, 0);
        }
        Ok(complete)
    }
}
