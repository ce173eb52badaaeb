//! What the application's handles and the connection share while the call of a WebSocket runs.
//!
//! The connection reads, decodes and writes without a lock; what it decoded it leaves here, and what the handles send
//! it takes over. Before the application accepts, what it sends is an HTTP response, framed as any other.

mod handles;
#[cfg(all(test, loom))]
mod models;
mod state;
#[cfg(test)]
mod tests;

use super::deflate::Deflater;
use super::frame;
use super::handshake::Handshake;
use super::stock;
use crate::access_log::WebSocketTotals;
use crate::driver::Driver;
use crate::http1::{Asked, Response};
use crate::output::Output;
use crate::sync::{Mutex, MutexGuard};
use crate::waiting::{Waiting, wake_other};
use crate::worker::Worker;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::task::Waker;
use tokio::time::Instant;
use transom::order::{Returned, WebSocketReturned, WebSocketSend};
use transom::{Capabilities, End, Error, ExchangeId, Headers, Message, Outgoing, Utf8, WebSocketScope};
use tungstenite::protocol::frame::coding::Control;

/// The only exchange there is; a higher number means that it is over.
pub(super) const ID: ExchangeId = ExchangeId(1);

/// Messages that are decoded before the application has received the first of them.
pub(super) const AHEAD: usize = 256;

pub(super) struct Exchange {
    worker: Arc<Worker>,
    handshake: Handshake,
    /// The application is given pings and pongs.
    control: bool,
    /// Apart from the state: what it compresses for one handle, the others need not wait for.
    deflater: Mutex<Option<Deflater>>,
    state: Mutex<State>,
}

struct State {
    id: ExchangeId,
    send: WebSocketSend,
    /// What is answered to the handshake.
    response: Response,
    output: Output,
    /// Decoded, and not received yet.
    ahead: VecDeque<Message>,
    /// The connection reads no further before `ahead` is empty.
    blocked: bool,
    /// The last ping for whose answer there was no room.
    pong: Option<Bytes>,
    closing: Closing,
    /// Why nothing more will be received, once `ahead` is empty.
    end: Option<End>,
    /// Why nothing more can be sent.
    lost: Option<End>,
    /// Bytes that the connection took to write and has not written.
    in_flight: u64,
    /// The `Sender` is gone, and nothing was done about it.
    abandoned: bool,
    /// The `Receiver` is gone: what comes is thrown away, so that what comes behind it is seen.
    deaf: bool,
    totals: WebSocketTotals,
    now: Instant,
    waiting: Waiting,
    driver: Driver,
}

/// How far the closing handshake has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    /// Nobody closed.
    Open,
    /// Our close frame is sent, the peer's is awaited.
    Sent,
    /// Nothing is awaited from the peer any more.
    Done,
}

/// How far the exchange has come, as far as the connection is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    /// The application accepted.
    pub(super) accepted: bool,
    pub(super) closing: Closing,
    /// Everything that was decoded is received.
    pub(super) received: bool,
    /// The `Sender` is gone, and that is to be acted upon.
    pub(super) abandoned: bool,
    /// Nobody receives what comes.
    pub(super) deaf: bool,
}

/// An exchange that is over.
pub(super) struct Finished {
    pub(super) returned: WebSocketReturned,
    pub(super) end: Option<End>,
}

impl Exchange {
    pub(super) fn new(
        worker: &Arc<Worker>,
        scope: &WebSocketScope,
        handshake: Handshake,
        asked: Asked,
        now: Instant,
    ) -> Self {
        let state = State {
            id: ID,
            send: WebSocketSend::new(scope),
            response: Response::new(asked),
            output: Output::default(),
            ahead: VecDeque::new(),
            blocked: false,
            pong: None,
            closing: Closing::Open,
            end: None,
            lost: None,
            in_flight: 0,
            abandoned: false,
            deaf: false,
            totals: WebSocketTotals {
                code: 0,
                messages_received: 0,
                messages_sent: 0,
                bytes_received: 0,
                bytes_sent: 0,
            },
            now,
            waiting: Waiting::default(),
            driver: Driver::RUNNING,
        };
        Self {
            worker: Arc::clone(worker),
            control: scope.http().capabilities().contains(Capabilities::WEBSOCKET_CONTROL),
            deflater: Mutex::new(handshake.deflate.map(Deflater::new)),
            handshake,
            state: Mutex::new(state),
        }
    }

    /// The connection is at work again.
    pub(super) fn resume(&self, now: Instant) -> Progress {
        let mut state = self.lock();
        state.driver = Driver::RUNNING;
        state.now = now;
        state.progress()
    }

    /// Leaves what was decoded to be received. Whether `driver`'s own call may go on because of it.
    pub(super) fn deliver(&self, decoded: &mut VecDeque<Message>, driver: &Waker) -> bool {
        if decoded.is_empty() {
            return false;
        }
        let mut state = self.lock();
        for len in decoded.iter().filter_map(data_len) {
            state.totals.messages_received += 1;
            state.totals.bytes_received += len;
        }
        if state.ahead.is_empty() {
            std::mem::swap(&mut state.ahead, decoded);
        } else {
            state.ahead.append(decoded);
        }
        let receive = state.waiting.receive.take();
        drop(state);
        wake_other(receive, driver)
    }

    /// Whether the application is given such a message: pings and pongs only if it asked for them.
    pub(super) fn receives(&self, message: &Message) -> bool {
        self.control || data_len(message).is_some()
    }

    /// Whether the application is given pings and pongs, which then wait to be received as messages do.
    pub(super) fn receives_control(&self) -> bool {
        self.control
    }

    /// The connection reads no further before everything is received, if what comes next is of a message or enough waits
    /// already; `false` if it may.
    pub(super) fn block(&self, in_message: bool) -> bool {
        let mut state = self.lock();
        state.blocked = state.ahead.len() >= if in_message { 1 } else { AHEAD };
        state.blocked
    }

    /// Answers a ping (RFC 6455 section 5.5.3): at once, or with the latest when there is room.
    pub(super) fn pong(&self, payload: Bytes) {
        let mut state = self.lock();
        if state.closing != Closing::Open {
            return;
        }
        if state.buffered() < self.high_water() {
            frame::write_control(state.room(), Control::Pong, payload);
            state.collect_again();
        } else {
            state.pong = Some(payload);
        }
    }

    /// Asks for a sign of life, if nobody closed: a handle on another thread may just have.
    pub(super) fn ping(&self) {
        let mut state = self.lock();
        if state.closing == Closing::Open {
            frame::write_control(state.room(), Control::Ping, Bytes::new());
        }
    }

    /// The peer closed, and is answered with its own code (RFC 6455 section 5.5.1). Whether `driver`'s own call may go
    /// on because of it.
    pub(super) fn peer_closed(&self, code: Option<u16>, reason: Utf8, driver: &Waker) -> bool {
        let mut state = self.lock();
        if state.closing == Closing::Open {
            frame::write_close(state.room(), code, "");
        }
        state.closing = Closing::Done;
        state.collect_again();
        // RFC 6455 section 7.1.5.
        let end = End::Closed { code: code.unwrap_or(1005), reason, clean: true };
        state.send.lost(end.clone());
        over(state, end, driver)
    }

    /// Closes for a fault of the peer, from whom nothing is awaited any more. Whether `driver`'s own call may go on
    /// because of it.
    pub(super) fn fail(&self, code: u16, reason: &'static str, driver: &Waker) -> bool {
        let mut state = self.lock();
        if state.closing == Closing::Open {
            frame::write_close(state.room(), Some(code), reason);
        }
        state.closing = Closing::Done;
        state.collect_again();
        let end = End::Closed { code, reason: reason.into(), clean: false };
        state.send.lost(end.clone());
        over(state, end, driver)
    }

    /// Closes in the server's own name, if nobody closed before. What the peer sent meanwhile can still be received.
    /// Whether `driver`'s own call may go on because of it.
    pub(super) fn close(&self, code: u16, driver: &Waker) -> bool {
        let mut state = self.lock();
        if state.closing != Closing::Open {
            return false;
        }
        frame::write_close(state.room(), Some(code), "");
        state.closing = Closing::Sent;
        state.send.lost(End::Closed { code, reason: Utf8::default(), clean: false });
        let room = state.waiting.room.take();
        drop(state);
        wake_other(room, driver)
    }

    /// No byte reaches the peer any more. Whether `driver`'s own call may go on because of it.
    pub(super) fn lost(&self, end: End, driver: &Waker) -> bool {
        lose(self.lock(), end, driver)
    }

    /// The peer is gone (RFC 6455 section 7.1.5). Whether `driver`'s own call may go on because of it.
    pub(super) fn gone(&self, driver: &Waker) -> bool {
        let state = self.lock();
        let end = match state.is_accepted() {
            true => End::Closed { code: 1006, reason: Utf8::default(), clean: false },
            false => End::Disconnected { code: None },
        };
        lose(state, end, driver)
    }

    /// Has a look while there is something to write. What is sent after it is to be collected when that is written,
    /// so it keeps nobody from [parking](Self::park).
    pub(super) fn progress(&self) -> Progress {
        let mut state = self.lock();
        state.driver = Driver::RUNNING;
        state.progress()
    }

    /// Takes what is to be written.
    pub(super) fn collect(&self) -> (Output, Progress) {
        let mut state = self.lock();
        state.driver = Driver::RUNNING;
        let output = std::mem::take(&mut state.output);
        state.in_flight = output.len();
        let progress = state.progress();
        (output, progress)
    }

    /// Takes note of what is left to write. Whether `driver`'s own call may go on because of it.
    pub(super) fn written(&self, left: u64, driver: &Waker) -> bool {
        let mut state = self.lock();
        let waiting = self.room_for(&mut state, left);
        drop(state);
        waiting.is_some_and(|waiting| waiting.wake_others(driver))
    }

    /// Takes note that everything is written, and [takes](Self::collect) what is to be written next in exchange for
    /// `written`, if there is something. Whether `driver`'s own call may go on because of it.
    pub(super) fn collect_next(&self, written: &mut Output, driver: &Waker) -> (bool, Progress) {
        let mut state = self.lock();
        let waiting = self.room_for(&mut state, 0);
        state.driver = Driver::RUNNING;
        if !state.output.is_empty() {
            std::mem::swap(&mut state.output, written);
            state.in_flight = written.len();
        }
        let progress = state.progress();
        drop(state);
        (waiting.is_some_and(|waiting| waiting.wake_others(driver)), progress)
    }

    /// With so much left to write, who need not wait for it any more.
    fn room_for(&self, state: &mut State, left: u64) -> Option<Waiting> {
        state.in_flight = left;
        if state.buffered() < self.high_water()
            && let Some(payload) = state.pong.take()
            && state.closing == Closing::Open
        {
            frame::write_control(state.room(), Control::Pong, payload);
            state.collect_again();
        }
        if state.waiting.is_empty() {
            return None;
        }
        let (flushed, room) = (state.is_flushed(), state.buffered() < self.high_water());
        let denied = flushed && state.send.is_denied();
        Some(Waiting {
            room: state.waiting.room.take_if(|_| room),
            flush: state.waiting.flush.take_if(|_| flushed),
            receive: state.waiting.receive.take_if(|_| denied),
            closed: state.waiting.closed.take_if(|_| denied),
        })
    }

    /// Lets the connection wait, unless something happened since [`collect`](Self::collect).
    pub(super) fn park(&self, waker: &Waker) -> bool {
        let mut state = self.lock();
        let parked = state.driver.park(waker);
        if parked && state.ahead.is_empty() {
            stock::trim(&mut state.ahead);
        }
        if parked && state.output.is_empty() {
            stock::give_output(&mut state.output);
        }
        parked
    }

    /// The application gave its `Sender` away before it was done: as if the call had failed. Whether `driver`'s own
    /// call may go on because of it, or `None` if a response is to be cut.
    pub(super) fn abandoned(&self, driver: &Waker) -> Option<bool> {
        let mut state = self.lock();
        state.abandoned = false;
        let returned = state.send.returned(Err(&Error::from("its sender was dropped")));
        drop(state);
        match returned {
            WebSocketReturned::Close(code) => Some(self.close(code, driver)),
            WebSocketReturned::Handshake(Returned::Respond(status)) => {
                let mut state = self.lock();
                self.deny(&mut state, status);
                let response = Outgoing::Response { status, headers: Headers::new(), body: Bytes::new() };
                // Idle, it takes any error status.
                let _ = state.send.accept(&response);
                Some(over(state, End::Complete, driver))
            }
            WebSocketReturned::Handshake(Returned::Abort) => None,
            WebSocketReturned::Handshake(Returned::Nothing) | WebSocketReturned::Nothing => Some(false),
        }
    }

    /// Ends the exchange after its call returned; handles that are left are dead.
    pub(super) fn finish(&self, result: Result<(), &Error>) -> Finished {
        let mut state = self.lock();
        state.id.0 += 1;
        let finished = Finished { returned: state.send.returned(result), end: state.end.clone() };
        let waiting = std::mem::take(&mut state.waiting);
        let ahead = std::mem::take(&mut state.ahead);
        drop(state);
        drop(ahead);
        waiting.wake_all();
        finished
    }

    /// Answers the handshake in the server's own name, when the call has returned.
    pub(super) fn respond(&self, status: u16) {
        self.deny(&mut self.lock(), status);
    }

    /// The end, and what was exchanged until then.
    pub(super) fn totals(&self) -> (Option<End>, WebSocketTotals) {
        let state = self.lock();
        let code = match &state.end {
            Some(End::Closed { code, .. }) => *code,
            _ => 1006,
        };
        (state.end.clone(), WebSocketTotals { code, ..state.totals })
    }

    /// What was answered to the handshake.
    pub(super) fn response(&self) -> Response {
        self.lock().response
    }

    fn deny(&self, state: &mut State, status: u16) {
        state.response.asked.keep_alive &= !self.worker.is_draining();
        let (fixed, now) = (self.worker.fixed(), state.now.into_std());
        state.response.own(status, &Headers::new(), &mut state.output, fixed, now);
    }

    fn high_water(&self) -> u64 {
        self.worker.config().limits.high_water as u64
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held, except the allocator.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// No byte reaches the peer any more. Whether `driver`'s own call may go on because of it.
fn lose(mut state: MutexGuard<'_, State>, end: End, driver: &Waker) -> bool {
    if state.is_over() && state.is_flushed() {
        return false;
    }
    let end = state.end.clone().unwrap_or(end);
    state.closing = Closing::Done;
    state.send.lost(end.clone());
    state.lost.get_or_insert(end.clone());
    state.output.clear();
    state.pong = None;
    state.in_flight = 0;
    over(state, end, driver)
}

/// The exchange is over for this reason, unless it was over before; everybody who waits is told. Whether `driver`'s own
/// call may go on because of it.
fn over(mut state: MutexGuard<'_, State>, end: End, driver: &Waker) -> bool {
    state.end.get_or_insert(end);
    let waiting = std::mem::take(&mut state.waiting);
    drop(state);
    waiting.wake_others(driver)
}

/// Bytes of a message; a ping or a pong is none.
fn data_len(message: &Message) -> Option<u64> {
    match message {
        Message::Text(text) => Some(text.as_bytes().len() as u64),
        Message::Binary(data) => Some(data.len() as u64),
        _ => None,
    }
}
