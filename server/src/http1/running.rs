//! A connection while a call runs: the call is polled inside the connection's task, and whenever it waits, what it sent
//! is written and what it wants is read. Writing comes before every wait, so an application never has to flush.

use super::connection::Connection;
use super::equipment::Equipment;
use super::exchange::Demand;
use crate::application::Outcome;
use crate::wire::READ;
use std::io;
use std::task::{Context, Poll};
use tokio::time::Instant;
use transom::End;

const LEFT: End = End::Disconnected { code: None };

/// What became of the connection during the call.
#[derive(Debug, Default)]
pub(super) struct Running {
    waited: bool,
    /// Nothing more is read: the peer closed its sending side, or was too slow.
    input_ended: bool,
    output_ended: bool,
    lost: bool,
    broken_off: bool,
    timed_out: bool,
    unwritten: bool,
    /// When the next byte of a body must have come.
    input_deadline: Option<Instant>,
}

impl Running {
    /// The peer can no longer be reached.
    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }

    /// By the server, because the application gave up in the middle of its response.
    pub(super) fn is_broken_off(&self) -> bool {
        self.broken_off
    }

    /// It took nothing for as long as the server waits.
    pub(super) fn has_timed_out(&self) -> bool {
        self.timed_out
    }

    /// What was taken over from the exchange to be written is not written yet.
    pub(super) fn has_unwritten(&self) -> bool {
        self.unwritten
    }
}

impl Connection<'_> {
    /// Polls the call until it returns, reading and writing for it.
    pub(super) fn poll_call(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        if std::mem::replace(&mut self.running.waited, true) {
            self.now = Instant::now();
            self.equipment.exchanges.resume(cx.waker());
        }
        loop {
            if let Poll::Ready(outcome) = self.equipment.call.poll(cx) {
                self.running.unwritten = !self.equipment.lent.output.is_empty();
                return Poll::Ready(outcome);
            }
            let may_go_on = self.poll_io(cx);
            if !may_go_on && self.equipment.exchanges.park(cx.waker()) {
                self.wire.rest();
                return Poll::Pending;
            }
        }
    }

    /// Whether the call may go on because of what was read or written.
    fn poll_io(&mut self, cx: &mut Context<'_>) -> bool {
        let mut may_go_on = false;
        let demand = loop {
            let Equipment { exchanges, lent, .. } = &mut *self.equipment;
            let demand = exchanges.collect(&mut lent.output, self.now);
            if self.running.lost {
                return !self.running.input_ended && self.poll_input(demand, cx);
            }
            if demand.abandoned {
                return self.abandoned(cx);
            }
            if self.equipment.lent.output.is_empty() {
                break demand;
            }
            let timeout = self.worker.config().limits.write_timeout;
            let written = self.wire.poll_write(&mut self.equipment.lent.output, timeout, cx);
            if let Poll::Ready(Err(error)) = written {
                self.running.timed_out = error.kind() == io::ErrorKind::TimedOut;
                return self.lose_peer(demand.tunnel && !self.running.timed_out, cx);
            }
            may_go_on |= self.equipment.exchanges.written(self.equipment.lent.output.len(), cx.waker());
            if written.is_pending() {
                break demand;
            }
        };
        if demand.tunnel && demand.done && self.equipment.lent.output.is_empty() && !self.running.output_ended {
            // The application's direction of a tunnel is at its end, and the peer's may go on.
            match self.wire.poll_shutdown(cx) {
                Poll::Ready(Ok(())) => self.running.output_ended = true,
                Poll::Ready(Err(_)) => return self.lose_peer(true, cx),
                Poll::Pending => {}
            }
        }
        if !self.running.input_ended {
            may_go_on |= self.poll_input(demand, cx);
        }
        if self.running.input_ended && !self.running.lost && !self.running.output_ended {
            may_go_on |= self.poll_peer(demand.tunnel, cx);
        }
        may_go_on
    }

    /// Reads what the call waits for; and if it waits for nothing, one buffer ahead, which also shows when
    /// the peer leaves.
    fn poll_input(&mut self, mut demand: Demand, cx: &mut Context<'_>) -> bool {
        let config = self.worker.config();
        if !demand.input {
            self.running.input_deadline = None;
        }
        while demand.input || demand.buffered < READ {
            let mut input = self.equipment.exchanges.take_input();
            let read = match demand.input {
                true => self.wire.poll_read_body(&mut input, demand.remaining, cx),
                false => self.wire.poll_read(&mut input, cx),
            };
            demand.buffered = input.len();
            let news = matches!(read, Poll::Ready(Ok(count)) if count > 0);
            let may_go_on = self.equipment.exchanges.put_input(input, news, cx.waker());
            match read {
                Poll::Ready(Ok(0)) => {
                    self.running.input_ended = true;
                    return self.equipment.exchanges.input_ended(cx.waker()).unwrap_or_else(|| self.lose(cx));
                }
                Poll::Ready(Ok(_)) => {
                    self.running.input_deadline = None;
                    if may_go_on {
                        return true;
                    }
                    // It is there for whoever asked; from here on the peer is watched.
                    demand.input = false;
                }
                Poll::Ready(Err(_)) => {
                    self.running.input_ended = true;
                    let may_go_on = self.lose_peer(demand.tunnel, cx);
                    return may_go_on | self.equipment.exchanges.input_ended(cx.waker()).unwrap_or_default();
                }
                // A tunnel may be silent.
                Poll::Pending if demand.input && !demand.tunnel => {
                    let timeout = config.limits.body_timeout;
                    let deadline = self.running.input_deadline.or(timeout.map(|timeout| self.now + timeout));
                    self.running.input_deadline = deadline;
                    if self.wire.timer.has_passed(deadline, cx) {
                        self.running.input_ended = true;
                        return self.equipment.exchanges.receive_failed(End::Timeout, cx.waker());
                    }
                    return false;
                }
                Poll::Pending => return may_go_on,
            }
        }
        !self.running.lost && self.poll_peer(demand.tunnel, cx)
    }

    /// Watches for a peer that leaves while nothing of it is read.
    fn poll_peer(&mut self, tunnel: bool, cx: &mut Context<'_>) -> bool {
        let gone = match tunnel || self.worker.config().half_close {
            // The end of one direction comes after its bytes, and leaves the other open.
            true => self.wire.poll_reset(cx),
            false => self.wire.poll_closed(cx),
        };
        gone.is_ready() && self.lose_peer(tunnel, cx)
    }

    fn lose(&mut self, cx: &Context<'_>) -> bool {
        (self.running.lost, self.running.input_ended) = (true, true);
        self.equipment.lent.output.clear();
        self.equipment.exchanges.lost(LEFT, cx.waker())
    }

    /// The peer left. In a tunnel what it sent before is still received.
    fn lose_peer(&mut self, tunnel: bool, cx: &Context<'_>) -> bool {
        if !tunnel {
            return self.lose(cx);
        }
        self.running.lost = true;
        self.equipment.lent.output.clear();
        self.equipment.exchanges.unreachable(LEFT, cx.waker())
    }

    /// The application gave its `Sender` away before the response was complete: as if the call had failed.
    fn abandoned(&mut self, cx: &mut Context<'_>) -> bool {
        tracing::error!("the application dropped its sender before the response was complete");
        if self.equipment.exchanges.answer_for(500) {
            return true;
        }
        self.running.broken_off = true;
        // What was accepted is handed over as far as that goes at once; and the peer learns now that there is no more,
        // though the call goes on.
        let _ = self.wire.poll_write(&mut self.equipment.lent.output, None, cx);
        let _ = self.wire.poll_shutdown(cx);
        self.lose(cx)
    }
}
