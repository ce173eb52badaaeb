//! Lines on their way to the output: bounded in bytes, never waited for.

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{io, thread};

/// What may be queued, in bytes because a line may be long: usual ones are some seven thousand.
const CAPACITY: usize = 1 << 20;

/// The writer gathers lines until it has this much or until it waited this long, so that a busy server neither
/// wakes a thread nor makes a system call for each of them.
const BATCH: usize = 32 << 10;
const GATHER: Duration = Duration::from_millis(10);

/// The caller's end of the queue. Dropping it lets the writer write the rest and end.
pub(super) struct Queue(Arc<Shared>);

impl Queue {
    /// A queue and the thread that empties it into `output`.
    pub(super) fn start(output: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let writer = Arc::clone(&shared);
        thread::Builder::new().name("access-log".into()).spawn(move || writer.empty_into(output))?;
        Ok(Self(shared))
    }

    /// Queues `line`, or counts it as dropped.
    pub(super) fn push(&self, line: &[u8]) {
        let mut state = self.0.lock();
        let (before, after) = (state.lines.len(), state.lines.len() + line.len());
        if after > CAPACITY {
            state.dropped += 1;
            return;
        }
        state.lines.extend_from_slice(line);
        drop(state);
        if before == 0 || (before < BATCH && after >= BATCH) {
            self.0.queued.notify_one();
        }
    }

    /// Waits until all that is queued by now is written, but no longer than `limit`.
    pub(super) fn flush(&self, limit: Duration) -> bool {
        let mut state = self.0.lock();
        let end = state.written + (state.in_hand + state.lines.len()) as u64;
        state.flushing += 1;
        self.0.queued.notify_one();
        let waited = self.0.written.wait_timeout_while(state, limit, |state| state.written < end);
        let (mut state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        state.flushing -= 1;
        !timeout.timed_out()
    }

    /// How many lines were dropped.
    pub(super) fn dropped(&self) -> u64 {
        self.0.lock().dropped
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.queued.notify_one();
    }
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Something for the writer to look at.
    queued: Condvar,
    /// The writer is done with a batch.
    written: Condvar,
}

#[derive(Default)]
struct State {
    lines: Vec<u8>,
    /// Bytes that the writer took and has not written yet.
    in_hand: usize,
    /// Bytes that the writer is done with.
    written: u64,
    dropped: u64,
    flushing: usize,
    closed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The writer's loop, until the queue is closed and empty.
    fn empty_into(&self, mut output: impl Write) {
        let (mut batch, mut reported, mut failing) = (Vec::new(), 0, false);
        while let Some(dropped) = self.take(&mut batch) {
            if dropped > reported {
                tracing::warn!("access log: the output is too slow, {} lines were dropped", dropped - reported);
                reported = dropped;
            }
            let result = output.write_all(&batch).and_then(|()| output.flush());
            if let Err(error) = &result
                && !failing
            {
                tracing::warn!("access log: lines are lost until the output can be written to again: {error}");
            }
            failing = result.is_err();
            batch.clear();
            let mut state = self.lock();
            state.written += std::mem::take(&mut state.in_hand) as u64;
            drop(state);
            self.written.notify_all();
        }
    }

    /// Swaps what is queued for the empty `batch`; says how many lines were dropped in all.
    fn take(&self, batch: &mut Vec<u8>) -> Option<u64> {
        let idle = |state: &mut State| state.lines.is_empty() && !state.closed;
        let state = self.queued.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        let few = |state: &mut State| state.lines.len() < BATCH && state.flushing == 0 && !state.closed;
        let gathered = self.queued.wait_timeout_while(state, GATHER, few);
        let (mut state, _) = gathered.unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(batch, &mut state.lines);
        state.in_hand = batch.len();
        (!batch.is_empty()).then_some(state.dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// An output that waits for a permission per write and hands over what it was given.
    struct Gate {
        permits: mpsc::Receiver<()>,
        written: mpsc::Sender<Vec<u8>>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.permits.recv().map_err(io::Error::other)?;
            self.written.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gated() -> (Queue, mpsc::Sender<()>, mpsc::Receiver<Vec<u8>>) {
        let (permit, permits) = mpsc::channel();
        let (written, output) = mpsc::channel();
        (Queue::start(Gate { permits, written }).expect("a thread"), permit, output)
    }

    const PATIENCE: Duration = Duration::from_secs(60);

    #[test]
    fn many_lines_are_one_write() {
        let (queue, permit, output) = gated();
        queue.push(b"first\n");
        // The writer holds the first line; whether more of them is a matter of timing.
        queue.push(b"second\n");
        queue.push(b"third\n");
        permit.send(()).expect("a writer");
        permit.send(()).expect("a writer");
        assert!(queue.flush(PATIENCE));
        let writes: Vec<_> = output.try_iter().collect();
        assert!(writes.len() <= 2, "{writes:?}");
        assert_eq!(writes.concat(), b"first\nsecond\nthird\n");
    }

    #[test]
    fn a_stuck_output_drops_lines_and_counts_them() {
        let (queue, permit, output) = gated();
        let line = [b'x'; 1000];
        for _ in 0..4000 {
            queue.push(&line);
        }
        let dropped = queue.dropped();
        assert!(dropped > 0);
        assert!(!queue.flush(Duration::ZERO));
        drop(queue);
        // Each write is a whole batch, and there are two at most: one in hand and one queued.
        permit.send(()).expect("a writer");
        permit.send(()).expect("a writer");
        let written: usize = output.iter().map(|batch| batch.len()).sum();
        assert_eq!(written, (4000 - dropped as usize) * line.len());
        assert!(written <= 2 * CAPACITY);
    }

    #[test]
    fn the_rest_is_written_after_the_last_handle_is_gone() {
        let (queue, permit, output) = gated();
        queue.push(b"late\n");
        drop(queue);
        permit.send(()).expect("a writer");
        assert_eq!(output.iter().collect::<Vec<_>>().concat(), b"late\n");
    }

    #[test]
    fn an_output_that_fails_costs_its_lines_and_nothing_else() {
        let (queue, permit, output) = gated();
        drop(permit);
        queue.push(b"lost\n");
        assert!(queue.flush(PATIENCE));
        drop(queue);
        assert_eq!(output.iter().count(), 0);
    }
}
