//! The socket of a connection and the one timer for what is expected of its peer.

use crate::output::{Next, Output, SLICES};
use crate::timer::Timer;
use crate::transport::{Readiness, Transport, WriteClosed};
use bytes::BytesMut;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::task::yield_now;
use tokio::time::Instant;

/// Read at once. A head fits; and a read that does not fill its buffer tells the runtime that the socket is empty,
/// which saves the read that would only have found that out.
pub(crate) const READ: usize = 16 << 10;

/// Read at once of a body that is waited for.
const READ_BODY: usize = 128 << 10;

/// Written before the other connections of the thread have their turn. The runtime's own measure is operations: of
/// writes like these it lets pass megabytes.
const TURN: u64 = 512 << 10;

pub(crate) struct Wire {
    transport: Transport,
    reading: Readiness,
    writing: Readiness,
    /// The sending side is closed.
    shut_down: bool,
    /// A write waits for room.
    blocked: bool,
    /// Bytes written since others had their turn.
    turn: u64,
    pub(crate) timer: Timer,
    /// When the peer must have taken some of what waits to be written.
    write_deadline: Option<Instant>,
}

impl Wire {
    pub(crate) fn new(transport: Transport) -> Self {
        Self {
            transport,
            reading: Readiness::default(),
            writing: Readiness::default(),
            shut_down: false,
            blocked: false,
            turn: 0,
            timer: Timer::default(),
            write_deadline: None,
        }
    }

    /// Reads what is there, up to one buffer, behind what `input` holds; 0 at the end.
    #[inline]
    pub(crate) fn poll_read(&mut self, input: &mut BytesMut, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if input.capacity() - input.len() < READ / 2 {
            // In all as much as the buffer was made for, so that the beginning of a head only moves to its front.
            input.reserve(READ.saturating_sub(input.len()).max(READ / 2));
        }
        self.poll_read_reserved(input, cx)
    }

    /// Reads what is there of a body that is waited for.
    pub(crate) fn poll_read_body(
        &mut self,
        input: &mut BytesMut,
        remaining: u64,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if remaining <= READ as u64 {
            return self.poll_read(input, cx);
        }
        input.reserve((READ_BODY as u64).min(remaining) as usize);
        self.poll_read_reserved(input, cx)
    }

    #[inline]
    fn poll_read_reserved(&mut self, input: &mut BytesMut, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.reading == Readiness::Hidden {
            match self.transport.read_hidden(input) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.reading = Readiness::Polled,
                read => return Poll::Ready(read),
            }
        }
        pin!(self.transport.read_buf(input)).poll(cx)
    }

    /// Becomes ready when the peer left, or closed its sending side, though bytes of it are unread.
    pub(crate) fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.transport.poll_read_closed(cx, &mut self.reading)
    }

    /// Becomes ready when no byte can reach the peer any more, though bytes of it may be unread. A peer that closed its
    /// sending side alone can be reached, and that the sending side here is closed is no reason either. A peer that
    /// closed both sides shows on a Unix socket at once, and on TCP when something is sent to it.
    pub(crate) fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.blocked {
            // The write fails by then, and the news of room are for it alone.
            return Poll::Pending;
        }
        match ready!(self.transport.poll_write_closed(cx, &mut self.writing)) {
            // Both sides are at their end, so nothing more will happen.
            WriteClosed::Orderly if self.shut_down => Poll::Pending,
            _ => Poll::Ready(()),
        }
    }

    /// Writes what can be written at once. Unlike [`poll_write`](Self::poll_write) it takes no part in the runtime's
    /// fair sharing: for what answers that which was read, since reading does.
    #[inline]
    pub(crate) fn write_now(&mut self, output: &mut Output) {
        if let Next::Flat(bytes) = output.next() {
            // An error comes again where it is waited for.
            if let Ok(count) = self.transport.try_write(bytes) {
                output.advance(count as u64);
                (self.write_deadline, self.blocked) = (None, false);
            }
        }
    }

    /// Writes all of `output`; an error also when the peer took nothing for as long as `timeout`.
    #[inline]
    pub(crate) fn poll_write(
        &mut self,
        output: &mut Output,
        timeout: Option<Duration>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let written = match output.next() {
                Next::Nothing => {
                    self.write_deadline = None;
                    return Poll::Ready(Ok(()));
                }
                _ if self.turn >= TURN => {
                    self.turn = 0;
                    // It wakes this task when the others, and what the system has for them, had their turn.
                    let _ = pin!(yield_now()).poll(cx);
                    return Poll::Pending;
                }
                _ if self.writing == Readiness::Hidden => match self.write_hidden(output) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        self.writing = Readiness::Polled;
                        continue;
                    }
                    written => Poll::Ready(written),
                },
                Next::Flat(bytes) => self.transport.poll_write(bytes, cx),
                Next::Slices => {
                    let mut slices = [IoSlice::new(&[]); SLICES];
                    let count = output.slices(&mut slices);
                    self.transport.poll_write_vectored(&slices[..count], cx)
                }
                Next::File { file, offset, len } => self.transport.poll_send_file(&file, offset, len, cx),
            };
            match written {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => {
                    output.advance(count as u64);
                    self.turn += count as u64;
                    (self.write_deadline, self.blocked) = (None, false);
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    self.turn = 0;
                    // From the last byte that was taken, which was now if there was one.
                    let deadline = self.write_deadline.or_else(|| timeout.map(|timeout| Instant::now() + timeout));
                    (self.write_deadline, self.blocked) = (deadline, true);
                    if self.timer.has_passed(deadline, cx) {
                        return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                    }
                    return Poll::Pending;
                }
            }
        }
    }

    /// Writes some of `output` though the poller was made to forget that there is room.
    #[cold]
    fn write_hidden(&self, output: &Output) -> io::Result<usize> {
        if let Next::File { file, offset, len } = output.next() {
            return self.transport.send_file_hidden(&file, offset, len);
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        let count = output.slices(&mut slices);
        self.transport.write_hidden(&slices[..count])
    }

    /// The task waits, and the others of the thread have their turn.
    #[inline]
    pub(crate) fn rest(&mut self) {
        self.turn = 0;
    }

    /// Closes the sending side.
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shut_down = true;
        self.transport.poll_shutdown(cx)
    }

    /// Throws away what the peer still sends, until its end or `deadline`.
    pub(crate) fn poll_drain(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let mut input = BytesMut::new();
        loop {
            input.clear();
            match self.poll_read(&mut input, cx) {
                Poll::Ready(Ok(count)) if count > 0 && Instant::now() < deadline => {}
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending if self.timer.has_passed(Some(deadline), cx) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Makes the coming close a reset.
    pub(crate) fn reset_on_close(&self) {
        self.transport.reset_on_close();
    }
}
