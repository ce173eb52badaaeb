//! A WebSocket while it runs: the call is polled inside the connection's task, and whenever it waits, what it sent is
//! written and what the peer sent is read. Control frames are seen to also when the application receives nothing.

#[cfg(test)]
mod tests;

use super::connection::Connection;
use super::decode::Received;
use super::exchange::{AHEAD, Closing};
use super::fault::Fault;
use super::keepalive::Due;
use super::stock;
use crate::access_log;
use crate::application;
use crate::wire::READ;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tokio::sync::futures::Notified;
use tokio::time::Instant;
use transom::{Message, Utf8};

/// What a peer said last.
#[derive(Debug)]
pub(super) enum Last {
    Close(Option<u16>, Utf8),
    Fault(Fault),
}

impl Connection<'_, '_> {
    /// Polls the call until it returns, reading and writing for it.
    pub(super) fn poll_call(
        &mut self,
        mut drained: Pin<&mut Notified<'_>>,
        cx: &mut Context<'_>,
    ) -> Poll<application::Outcome> {
        self.resume();
        // What woke the task is most often the peer.
        self.read(cx);
        loop {
            if let Poll::Ready(outcome) = self.call.poll(cx) {
                return Poll::Ready(outcome);
            }
            while !(self.write(drained.as_mut(), cx) | self.read(cx)) {
                if self.park(cx) {
                    return Poll::Pending;
                }
            }
        }
    }

    /// After the call: writes what is left, and waits for the peer's close.
    pub(super) fn poll_end(&mut self, mut drained: Pin<&mut Notified<'_>>, cx: &mut Context<'_>) -> Poll<()> {
        self.resume();
        loop {
            self.write(drained.as_mut(), cx);
            self.read(cx);
            self.write(drained.as_mut(), cx);
            let awaited = self.progress.accepted && self.progress.closing != Closing::Done;
            if self.ended || (self.writing.is_empty() && !awaited) {
                return Poll::Ready(());
            }
            if self.park(cx) {
                return Poll::Pending;
            }
        }
    }

    fn resume(&mut self) {
        self.http.now = Instant::now();
        self.progress = self.exchange.resume(self.http.now);
    }

    /// Lets the task wait, unless there is something to see; then without a buffer that is empty.
    fn park(&mut self, cx: &mut Context<'_>) -> bool {
        let parked = self.exchange.park(cx.waker());
        if parked {
            self.http.wire.rest();
            stock::trim(&mut self.decoded);
            if self.writing.is_empty() {
                stock::give_output(&mut self.writing);
            }
        }
        if parked && self.input.is_empty() && self.input.capacity() > 0 {
            stock::give_input(std::mem::take(&mut self.input));
        }
        parked
    }

    /// Reads and decodes until the call may go on, which it says, or has to wait.
    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.progress.accepted {
            return !self.ended && self.watch(cx);
        }
        while !self.ended {
            let go_on = self.decode(cx.waker());
            if go_on {
                return true;
            }
            if self.blocked {
                return self.http.wire.poll_reset(cx).is_ready() && self.end(cx.waker());
            }
            self.make_room();
            let missing = self.decoder.missing(&self.input) as u64;
            match self.http.wire.poll_read_body(&mut self.input, missing, cx) {
                Poll::Ready(Ok(count)) if count > 0 => {
                    self.keepalive.heard(self.http.now);
                    self.answers = true;
                }
                Poll::Ready(_) => return self.end(cx.waker()),
                Poll::Pending => return false,
            }
        }
        false
    }

    #[inline]
    fn make_room(&mut self) {
        if self.input.capacity() == 0 {
            self.input = stock::input();
        }
    }

    /// Until it is accepted a client has nothing to say; but it may leave.
    fn watch(&mut self, cx: &mut Context<'_>) -> bool {
        while self.input.len() < READ {
            self.make_room();
            match self.http.wire.poll_read(&mut self.input, cx) {
                Poll::Ready(Ok(count)) if count > 0 => {}
                Poll::Ready(_) => return self.end(cx.waker()),
                Poll::Pending => return false,
            }
        }
        self.http.wire.poll_closed(cx).is_ready() && self.end(cx.waker())
    }

    /// Decodes what is there, up to what the application has to receive first. Whether the call may go on because of
    /// it.
    fn decode(&mut self, waker: &Waker) -> bool {
        let mut go_on = false;
        while self.progress.closing != Closing::Done {
            // All of a buffer when nothing waits to be received; when something does, up to the next message.
            let data = self.is_deaf() || (self.progress.received && self.decoded.len() < AHEAD);
            let last = match self.last.take() {
                Some(last) => last,
                None => match self.decoder.decode(&mut self.input, data) {
                    Ok(Some(Received::Message(message))) => {
                        self.message(message);
                        continue;
                    }
                    Ok(Some(Received::Close(code, reason))) => Last::Close(code, reason),
                    Err(fault) => Last::Fault(fault),
                    Ok(None) => {
                        if !self.decoded.is_empty() {
                            self.progress.received = false;
                            go_on |= self.exchange.deliver(&mut self.decoded, waker);
                        }
                        let in_message = self.decoder.is_in_message(&self.input);
                        let waits = !self.progress.received && (in_message || self.exchange.receives_control());
                        self.blocked = waits && self.exchange.block(in_message);
                        if waits && in_message && !self.blocked {
                            // Another thread received it all meanwhile.
                            self.progress.received = true;
                            continue;
                        }
                        return go_on;
                    }
                },
            };
            if self.exchange.deliver(&mut self.decoded, waker) {
                // First come the answers to what came before it.
                self.last = Some(last);
                return true;
            }
            go_on |= self.close_for(last, waker);
        }
        // What comes behind a close is not looked at (RFC 6455 section 5.5.1).
        self.input.clear();
        self.blocked = false;
        go_on
    }

    /// Nobody receives what comes, and it need not be kept.
    fn is_deaf(&self) -> bool {
        self.returned || self.progress.deaf
    }

    fn message(&mut self, message: Message) {
        if let Message::Ping(payload) = &message {
            self.exchange.pong(payload.clone());
        }
        if !self.is_deaf() && self.exchange.receives(&message) {
            self.decoded.push_back(message);
        }
    }

    /// Writes what there is to write, and sees to what is due. Whether the call may go on because of it.
    fn write(&mut self, mut drained: Pin<&mut Notified<'_>>, cx: &mut Context<'_>) -> bool {
        let mut go_on = false;
        self.collect();
        loop {
            if self.progress.accepted && !self.accepted {
                self.accepted = true;
                self.keepalive.heard(self.http.now);
                self.record_acceptance();
            }
            if self.ended {
                self.writing.clear();
                return go_on;
            }
            if self.progress.abandoned && !self.returned {
                match self.abandoned(cx) {
                    Some(may_go_on) => go_on |= may_go_on,
                    None => return true,
                }
                self.collect();
                continue;
            }
            if self.progress.accepted && self.is_due(drained.as_mut(), cx, &mut go_on) {
                self.collect();
                continue;
            }
            if self.writing.is_empty() {
                return go_on;
            }
            let timeout = self.http.worker.config().limits.write_timeout;
            if std::mem::take(&mut self.answers) {
                self.http.wire.write_now(&mut self.writing);
            }
            match self.http.wire.poll_write(&mut self.writing, timeout, cx) {
                Poll::Ready(Ok(())) => {
                    let (may_go_on, progress) = self.exchange.collect_next(&mut self.writing, cx.waker());
                    self.progress = progress;
                    go_on |= may_go_on;
                }
                Poll::Pending => {
                    self.keepalive.delayed(self.http.now);
                    return self.exchange.written(self.writing.len(), cx.waker()) | go_on;
                }
                Poll::Ready(Err(error)) => {
                    if error.kind() == io::ErrorKind::TimedOut {
                        self.failure = Some(access_log::Outcome::Timeout);
                    }
                    return self.end(cx.waker()) | go_on;
                }
            }
        }
    }

    /// Takes what is to be written, if nothing is left of what was taken before.
    fn collect(&mut self) {
        if self.writing.is_empty() {
            stock::give_output(&mut self.writing);
            (self.writing, self.progress) = self.exchange.collect();
        } else {
            self.progress = self.exchange.progress();
        }
    }

    /// Sees to what the time, a stop or a close demands. Whether that brought something to write, or the end.
    fn is_due(&mut self, drained: Pin<&mut Notified<'_>>, cx: &mut Context<'_>, go_on: &mut bool) -> bool {
        let now = self.http.now;
        match self.progress.closing {
            Closing::Open => {
                if self.is_draining(drained, cx) {
                    *go_on |= self.exchange.close(1012, cx.waker());
                    return true;
                }
                if !self.writing.is_empty() {
                    // First it has to take that.
                    return false;
                }
                if self.blocked {
                    // It is not listened to.
                    self.keepalive.heard(now);
                }
                match self.keepalive.due(now) {
                    Due::Ping => {
                        self.keepalive.pinged(now);
                        self.exchange.ping();
                        true
                    }
                    Due::GiveUp => {
                        self.failure = Some(access_log::Outcome::Timeout);
                        *go_on |= self.fail(Fault::Silent, cx.waker());
                        true
                    }
                    Due::Nothing(at) => self.has_passed(at, cx),
                }
            }
            Closing::Sent => {
                if !self.writing.is_empty() {
                    // The close frame is the last of that.
                    return false;
                }
                let timeout = self.http.worker.config().websocket.close_timeout;
                let deadline = *self.close_deadline.get_or_insert(now + timeout);
                let late = self.has_passed(Some(deadline), cx);
                if late {
                    let _ = self.http.wire.poll_shutdown(cx);
                    *go_on |= self.end(cx.waker());
                }
                late
            }
            Closing::Done => {
                // After the call the connection is closed as any other.
                if self.writing.is_empty() && !self.shut && !self.returned {
                    match self.http.wire.poll_shutdown(cx) {
                        Poll::Ready(Ok(())) => self.shut = true,
                        Poll::Ready(Err(_)) => *go_on |= self.end(cx.waker()),
                        Poll::Pending => {}
                    }
                }
                false
            }
        }
    }

    fn has_passed(&mut self, deadline: Option<Instant>, cx: &mut Context<'_>) -> bool {
        let passed = self.http.wire.timer.has_passed(deadline, cx);
        if passed {
            self.http.now = Instant::now();
        }
        passed
    }

    fn is_draining(&mut self, drained: Pin<&mut Notified<'_>>, cx: &mut Context<'_>) -> bool {
        // Listening for the stop first and looking for it afterwards misses none. The task stays the same, so once is
        // enough.
        if !std::mem::replace(&mut self.told_of_drain, true) {
            let _ = drained.poll(cx);
        }
        self.http.worker.is_draining()
    }

    fn close_for(&mut self, last: Last, waker: &Waker) -> bool {
        match last {
            Last::Fault(fault) => self.fail(fault, waker),
            Last::Close(code, reason) => {
                self.progress.closing = Closing::Done;
                self.exchange.peer_closed(code, reason, waker)
            }
        }
    }

    fn fail(&mut self, fault: Fault, waker: &Waker) -> bool {
        self.progress.closing = Closing::Done;
        self.exchange.fail(fault.code(), fault.reason(), waker)
    }

    /// No byte comes or goes any more.
    fn end(&mut self, waker: &Waker) -> bool {
        self.ended = true;
        self.writing.clear();
        // What it said counts (RFC 6455 section 7.1.5), though the answer does not reach it.
        let go_on = self.last.take().is_some_and(|last| self.close_for(last, waker));
        self.exchange.gone(waker) | go_on
    }

    /// The application gave its `Sender` away: as if the call had failed. `None` if its response is cut.
    fn abandoned(&mut self, cx: &mut Context<'_>) -> Option<bool> {
        tracing::error!("the application dropped its sender before it was done");
        let answered = self.exchange.abandoned(cx.waker());
        if answered.is_none() || self.progress.accepted {
            self.failure = Some(access_log::Outcome::Aborted);
        }
        if answered.is_none() {
            // What was accepted is handed over as far as that goes at once.
            let _ = self.http.wire.poll_write(&mut self.writing, None, cx);
            let _ = self.http.wire.poll_shutdown(cx);
            self.end(cx.waker());
        }
        answered
    }
}
