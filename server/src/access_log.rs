//! The access log: one line per exchange, written when the exchange is over, and two per WebSocket.
//!
//! What a peer sends is untrusted: a text format escapes every byte that could break a line, a quoted value or a
//! terminal, and JSON is always valid JSON.

mod atom;
mod escape;
mod format;
mod json;
mod queue;
mod timestamp;
mod websocket;

pub use format::{Format, FormatError};
pub use websocket::{WebSocketRecord, WebSocketTotals};

use queue::Queue;
use std::cell::RefCell;
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use transom::Head;

/// Where completed exchanges are recorded. Clones share one output.
///
/// [`record`](Self::record) never waits: lines are queued, and one thread writes what is queued, as much as there is
/// at once. When the output is so slow that 1 MiB is queued, further lines are dropped, counted and reported in the
/// process log. When the last clone is gone the thread writes the rest and ends.
///
/// ```
/// use transom_server::AccessLog;
///
/// let log = AccessLog::to_writer("combined".parse()?, std::io::sink())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct AccessLog(Arc<Shared>);

impl AccessLog {
    /// A log on standard output.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn to_stdout(format: Format) -> io::Result<Self> {
        Self::to_writer(format, io::stdout())
    }

    /// A log on `output`, which may block.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn to_writer(format: Format, output: impl Write + Send + 'static) -> io::Result<Self> {
        let queue = Queue::start(output)?;
        Ok(Self(Arc::new(Shared { format, queue })))
    }

    /// Writes the line of one record.
    pub fn record(&self, record: &Record<'_>) {
        LINE.with_borrow_mut(|line| {
            line.clear();
            self.0.format.write(record, line);
            self.0.queue.push(line);
            // One long line should not cost each thread its memory for ever.
            line.shrink_to(USUAL_LINE);
        });
    }

    /// Waits until every line recorded so far is written, for 2 s at most: an output that nobody reads must not keep
    /// the process from ending. Says whether they are.
    pub fn flush(&self) -> bool {
        self.0.queue.flush(Duration::from_secs(2))
    }

    /// How many lines were dropped so far because the output was too slow.
    pub fn dropped(&self) -> u64 {
        self.0.queue.dropped()
    }
}

impl fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AccessLog").field(&self.0.format).finish()
    }
}

/// What one line tells of: an exchange that is over, or a WebSocket that is accepted.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The request; its target is empty when it could not be read.
    pub head: &'a Head,
    /// The status of the final response; 0 when none was sent, 101 for an accepted WebSocket, then and at its end.
    pub status: u16,
    /// Bytes of response body that were sent, without framing; at the end of a WebSocket its
    /// [`bytes_sent`](WebSocketTotals::bytes_sent).
    pub bytes: u64,
    /// When the request began.
    pub started: SystemTime,
    /// From there to the end of the exchange, or until the WebSocket was accepted.
    pub duration: Duration,
    /// How it ended; [`Complete`](Outcome::Complete) for a WebSocket that is accepted.
    pub outcome: Outcome,
    /// What happened to the WebSocket; `None` for HTTP, of which a handshake that was denied is a case.
    pub websocket: Option<WebSocketRecord>,
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The whole response was sent, or the WebSocket was closed by both sides.
    Complete,
    /// The peer left before.
    Disconnected,
    /// The peer was too slow, in sending or in taking.
    Timeout,
    /// The application failed after the response was started, which was cut, or on an accepted WebSocket.
    Aborted,
    /// The call was still running when the shutdown grace was over.
    Stopped,
}

impl Outcome {
    /// The word for it in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Disconnected => "disconnected",
            Self::Timeout => "timeout",
            Self::Aborted => "aborted",
            Self::Stopped => "stopped",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

struct Shared {
    format: Format,
    queue: Queue,
}

const USUAL_LINE: usize = 4 << 10;

thread_local! {
    /// Where a thread puts its line together, so that none is an allocation.
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Appends formatted text.
fn put(line: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    line.write_fmt(text).expect("writing to memory does not fail");
}

#[cfg(test)]
mod tests;
