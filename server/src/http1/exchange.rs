//! What the application's handles and the connection share while a call runs.
//!
//! The handles only move data in and out of the state under a short lock; the connection, which polls the call inside
//! its own task, does the reading and writing afterwards. A handle that is used while the connection is parked (from
//! another task or thread) wakes it. No channel, no task, and no lock is held while bytes are read or written.

mod handles;
#[cfg(all(test, loom))]
mod models;

use super::decode::{DecodeLimits, Decoder};
use super::encode::{Asked, Framing};
use super::response::Response;
use crate::driver::Driver;
use crate::output::Output;
use crate::sync::{AtomicU64, Mutex, MutexGuard};
use crate::waiting::{Waiting, wake_other};
use crate::worker::Worker;
use bytes::{Bytes, BytesMut};
use std::sync::{Arc, PoisonError};
use std::task::Waker;
use tokio::time::Instant;
use transom::order::{HttpRules, HttpSend, Returned};
use transom::{BodyHint, Capabilities, End, Error, ExchangeId, Headers, HttpVersion, Outgoing};

/// Exchanges, one after the other: of one connection while it has them, then of another.
pub(super) struct Exchanges {
    worker: Arc<Worker>,
    /// The last exchange whose response is complete: a `Sender` dropped after that means nothing, and most are.
    complete: AtomicU64,
    state: Mutex<State>,
}

/// What the connection lends to an exchange, and gets back at its end. Boxed, since it changes hands twice per request.
#[derive(Default)]
pub(super) struct Lent {
    pub(super) input: BytesMut,
    pub(super) output: Output,
}

impl Lent {
    /// Empties it, and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.input.clear();
        if !self.output.is_empty() {
            self.output.clear();
        }
    }
}

struct State {
    id: ExchangeId,
    lent: Box<Lent>,
    decoder: Decoder,
    send: HttpSend,
    /// Why nothing more will be received.
    end: Option<End>,
    /// Why nothing more can be sent.
    lost: Option<End>,
    /// The protocol that a 101 changes to.
    protocol: Option<Box<str>>,
    /// The request was handed over to its end.
    received: bool,
    response: Response,
    expects_continue: bool,
    wants_input: bool,
    /// No byte of the peer will come any more.
    input_ended: bool,
    /// What is received behind the last byte of a tunnel, if its orderly end has not come.
    cut_short: Option<End>,
    /// Bytes that the connection took to write and has not written.
    in_flight: u64,
    abandoned: bool,
    now: Instant,
    waiting: Waiting,
    driver: Driver,
}

/// A request, about to be handed over.
pub(super) struct Begin<'a> {
    pub(super) rules: HttpRules,
    pub(super) asked: Asked,
    pub(super) expects_continue: bool,
    pub(super) protocol: Option<Box<str>>,
    pub(super) lent: &'a mut Box<Lent>,
    pub(super) decoder: Decoder,
    pub(super) now: Instant,
}

/// What a running call would like the connection to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand {
    /// The application waits for bytes of the request.
    pub(super) input: bool,
    /// Bytes that are read and not yet taken.
    pub(super) buffered: usize,
    /// Bytes of the body that are still to come, as far as that is known.
    pub(super) remaining: u64,
    /// The `Sender` is gone though the response is not complete.
    pub(super) abandoned: bool,
    /// The exchange is a tunnel.
    pub(super) tunnel: bool,
    /// Everything was sent.
    pub(super) done: bool,
}

/// An exchange that is over.
pub(super) struct Finished {
    pub(super) returned: Returned,
    /// The exchange was lost before everything that was sent was written.
    pub(super) lost: bool,
    pub(super) end: Option<End>,
    pub(super) response: Response,
    pub(super) expects_continue: bool,
    /// What is left of the request body.
    pub(super) unread: Option<Decoder>,
}

/// What is allowed of a body that is not there.
const NO_BODY: DecodeLimits = DecodeLimits { body: None, trailers: 0, fields: 0 };

impl Exchanges {
    pub(super) fn new(worker: Arc<Worker>) -> Self {
        let rules = HttpRules { capabilities: Capabilities::NONE, head: false, connect: false, upgrade: false };
        let asked = Asked { version: HttpVersion::Http11, head: false, connect: false, keep_alive: false };
        let state = State {
            id: ExchangeId(0),
            lent: Box::default(),
            decoder: Decoder::new(BodyHint::None, NO_BODY),
            send: HttpSend::new(rules),
            end: Some(End::Complete),
            lost: None,
            protocol: None,
            received: true,
            response: Response::new(asked),
            expects_continue: false,
            wants_input: false,
            input_ended: false,
            cut_short: None,
            in_flight: 0,
            abandoned: false,
            now: Instant::now(),
            waiting: Waiting::default(),
            driver: Driver::RUNNING,
        };
        Self { worker, complete: AtomicU64::new(0), state: Mutex::new(state) }
    }

    /// Whether these are exchanges of a connection of `worker`.
    pub(super) fn is_of(&self, worker: &Arc<Worker>) -> bool {
        Arc::ptr_eq(&self.worker, worker)
    }

    /// Begins the next exchange; handles with any earlier number are dead.
    #[inline]
    pub(super) fn begin(self: &mut Arc<Self>, begin: Begin<'_>) -> ExchangeId {
        match Arc::get_mut(self) {
            Some(exchanges) => exchanges.state_mut().begin(begin),
            None => self.lock().begin(begin),
        }
    }

    /// Ends an exchange of which nothing is left to be done: the call returned well, and request and response are
    /// complete and to be followed by others. `false`, and nothing changed, if it is not like that.
    #[inline]
    pub(super) fn finish_smoothly(self: &mut Arc<Self>, lent: &mut Box<Lent>) -> bool {
        match Arc::get_mut(self) {
            Some(exchanges) => exchanges.state_mut().finish_smoothly(lent),
            None => self.lock().finish_smoothly(lent),
        }
    }

    /// Ends the exchange after its call returned; handles that are left are dead. What was lent comes back, but for the
    /// output if `lent` still has some that goes first: that [`collect_rest`](Self::collect_rest) brings.
    #[inline]
    pub(super) fn finish(&self, result: Result<(), &Error>, lent: &mut Box<Lent>) -> Finished {
        let mut guard = self.lock();
        let state = &mut *guard;
        std::mem::swap(&mut state.lent, lent);
        if !state.lent.output.is_empty() {
            std::mem::swap(&mut state.lent.output, &mut lent.output);
        }
        let unread = (!state.decoder.is_finished())
            .then(|| std::mem::replace(&mut state.decoder, Decoder::new(BodyHint::None, NO_BODY)));
        let finished = Finished {
            unread,
            lost: state.lost.is_some(),
            returned: state.send.returned(result),
            end: state.end.take().or_else(|| state.lost.clone()),
            response: state.response,
            expects_continue: state.expects_continue,
        };
        state.id.0 += 1;
        let waiting = std::mem::take(&mut state.waiting);
        drop(guard);
        waiting.wake_all();
        finished
    }

    /// The output of a finished exchange, once what went before is written.
    pub(super) fn collect_rest(&self, output: &mut Output) {
        std::mem::swap(&mut self.lock().lent.output, output);
    }

    /// Forgets what was sent in a finished exchange and will not be written.
    pub(super) fn clear(&self) {
        self.lock().lent.clear();
    }

    /// Takes what the application sent, if `output` has room for it, and says what it waits for.
    pub(super) fn collect(&self, output: &mut Output, now: Instant) -> Demand {
        let mut state = self.lock();
        state.driver = Driver::RUNNING;
        state.now = now;
        if output.is_empty() {
            std::mem::swap(output, &mut state.lent.output);
        }
        state.in_flight = output.len();
        Demand {
            input: state.wants_input,
            buffered: state.lent.input.len(),
            remaining: state.decoder.remaining().unwrap_or(u64::MAX),
            abandoned: std::mem::take(&mut state.abandoned),
            tunnel: state.response.framing == Framing::Tunnel,
            done: state.send.is_done(),
        }
    }

    /// Takes note of what is left to write. Whether `driver`'s own call may go on because of it.
    pub(super) fn written(&self, left: u64, driver: &Waker) -> bool {
        let mut state = self.lock();
        state.in_flight = left;
        let flushed = state.is_flushed();
        let (room, received) = (state.buffered() < self.worker.config().limits.high_water as u64, state.received);
        let over = flushed && state.send.is_done();
        let waiting = Waiting {
            room: state.waiting.room.take_if(|_| room),
            flush: state.waiting.flush.take_if(|_| flushed),
            receive: state.waiting.receive.take_if(|_| over && received),
            closed: state.waiting.closed.take_if(|_| over),
        };
        drop(state);
        waiting.wake_others(driver)
    }

    /// Takes the input buffer out, to read into it; [`put_input`](Self::put_input) brings it back.
    pub(super) fn take_input(&self) -> BytesMut {
        std::mem::take(&mut self.lock().lent.input)
    }

    /// Brings the input buffer back. Whether `driver`'s own call may go on because of it.
    pub(super) fn put_input(&self, input: BytesMut, news: bool, driver: &Waker) -> bool {
        let mut state = self.lock();
        state.lent.input = input;
        // Whoever asked on another thread meanwhile found no buffer, and so nothing in it. Once the request is received,
        // what is read is not part of it.
        let found = news || (state.wants_input && !state.lent.input.is_empty());
        if state.received || !found {
            return false;
        }
        state.wants_input = false;
        let receive = state.waiting.receive.take();
        drop(state);
        wake_other(receive, driver)
    }

    /// The peer closed its sending side: in a tunnel the end of one direction, elsewhere the end of the request if
    /// half-closed connections are served. Whether `driver`'s own call may go on because of it; `None` if it
    /// counts as leaving.
    pub(super) fn input_ended(&self, driver: &Waker) -> Option<bool> {
        let mut state = self.lock();
        if state.response.framing != Framing::Tunnel && !self.worker.config().half_close {
            return None;
        }
        state.input_ended = true;
        let receive = state.waiting.receive.take();
        drop(state);
        Some(wake_other(receive, driver))
    }

    /// Nothing can be received any more, but a response may still be sent.
    pub(super) fn receive_failed(&self, end: End, driver: &Waker) -> bool {
        let mut state = self.lock();
        state.end.get_or_insert(end);
        let receive = state.waiting.receive.take();
        drop(state);
        wake_other(receive, driver)
    }

    /// The exchange is over for this reason, unless it was over before; and nothing more of the request is received.
    /// Whether `driver`'s own call may go on because of it.
    pub(super) fn lost(&self, end: End, driver: &Waker) -> bool {
        let mut state = self.lock();
        // A request that is all there is received, whoever left afterwards.
        let all_there = state.received || state.decoder.is_finished();
        if !state.is_over() || !all_there {
            state.end.get_or_insert_with(|| end.clone());
        }
        state.lose(end);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.wake_others(driver)
    }

    /// As [`lost`](Self::lost); but in a tunnel what the peer sent before is received first, up to
    /// [`input_ended`](Self::input_ended).
    pub(super) fn unreachable(&self, end: End, driver: &Waker) -> bool {
        let mut state = self.lock();
        if state.response.framing != Framing::Tunnel || state.received {
            drop(state);
            return self.lost(end, driver);
        }
        if !state.input_ended {
            state.cut_short = Some(end.clone());
        }
        state.lose(end);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.wake_others(driver)
    }

    /// What was sent so far, and whether the rest of it is lost.
    pub(super) fn progress(&self) -> (Response, bool) {
        let state = self.lock();
        (state.response, state.lost.is_some())
    }

    /// Answers on behalf of an application that gave its `Sender` away before it answered; `false` if it had begun to.
    pub(super) fn answer_for(&self, status: u16) -> bool {
        let mut state = self.lock();
        if !state.send.is_idle() {
            return false;
        }
        let state = &mut *state;
        state.response.asked.keep_alive = false;
        let (fixed, now) = (self.worker.fixed(), state.now.into_std());
        state.response.own(status, &Headers::new(), &mut state.lent.output, fixed, now);
        // Idle, it takes any error status.
        let _ = state.send.accept(&Outgoing::Response { status, headers: Headers::new(), body: Bytes::new() });
        state.end = Some(End::Complete);
        true
    }

    /// The connection is at work again: what the call does now, it will see before it parks.
    pub(super) fn resume(&self, driver: &Waker) {
        let mut state = self.lock();
        state.driver = Driver::RUNNING;
        // A `recv` in the connection's own task will be polled again if it is still waited for; if not, no byte is due.
        if state.waiting.receive.as_ref().is_some_and(|waker| waker.will_wake(driver)) {
            state.wants_input = false;
        }
    }

    /// Lets the connection wait, unless something happened since [`collect`](Self::collect).
    pub(super) fn park(&self, waker: &Waker) -> bool {
        self.lock().driver.park(waker)
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held, except the allocator.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state where there are no handles, which is so before and after nearly every call: without a lock.
    #[inline]
    fn state_mut(&mut self) -> &mut State {
        self.state.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    #[inline]
    fn begin(&mut self, begin: Begin<'_>) -> ExchangeId {
        self.id.0 += 1;
        self.received = false;
        self.decoder = begin.decoder;
        std::mem::swap(&mut self.lent, begin.lent);
        self.send = HttpSend::new(begin.rules);
        self.end = None;
        self.lost = None;
        self.protocol = begin.protocol;
        self.response = Response::new(begin.asked);
        self.expects_continue = begin.expects_continue;
        self.wants_input = false;
        self.input_ended = false;
        self.cut_short = None;
        self.in_flight = 0;
        self.abandoned = false;
        self.now = begin.now;
        self.driver = Driver::RUNNING;
        self.id
    }

    #[inline]
    fn finish_smoothly(&mut self, lent: &mut Box<Lent>) -> bool {
        let smooth = self.send.is_done()
            && self.end.is_none()
            && self.response.asked.keep_alive
            && self.decoder.is_finished()
            && self.waiting.is_empty()
            && lent.output.is_empty();
        if smooth {
            std::mem::swap(&mut self.lent, lent);
            self.id.0 += 1;
        }
        smooth
    }

    /// Nothing more can be sent.
    fn lose(&mut self, end: End) {
        if !self.is_over() {
            self.send.lost(end.clone());
            self.lost.get_or_insert(end);
        }
        self.lent.output.clear();
        self.in_flight = 0;
    }

    fn buffered(&self) -> u64 {
        self.in_flight + self.lent.output.len()
    }

    fn is_flushed(&self) -> bool {
        self.buffered() == 0
    }

    fn is_over(&self) -> bool {
        self.send.is_done() && self.is_flushed()
    }
}
