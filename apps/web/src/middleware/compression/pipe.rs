//! The sending half: what is compressed at once, and what is left over for later polls.

use super::eligible::{Eligible, eligible, weaken};
use super::encoder::Encoder;
use super::{Coding, Levels, UnlessType, status};
use crate::middleware::head::{response, vary};
use bytes::Bytes;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use transom::order::{HttpRules, HttpSend};
use transom::{Capabilities, End, Headers, HttpScope, Outgoing, SendError, Sender, Sink, field};

/// So much is compressed in one go.
pub(super) const PIECE: usize = 32 << 10;

/// How the responses to one request are compressed.
pub(super) struct Plan {
    pub(super) coding: Coding,
    /// The client accepts a response that is not compressed.
    pub(super) identity: bool,
    pub(super) levels: Levels,
    pub(super) min_size: u64,
    pub(super) unless_type: Option<Arc<UnlessType>>,
    pub(super) is_head: bool,
}

/// A sender that compresses, and the layer's hold on it. `http` has no `FILE` any more.
pub(super) fn pipe(send: Sender, plan: Plan, http: &HttpScope) -> (Sender, Pump) {
    let pipe = Arc::new(Mutex::new(Pipe {
        send,
        plan,
        order: HttpSend::new(HttpRules::of(http)),
        mode: Mode::Idle,
        backlog: VecDeque::new(),
        application: None,
        layer: None,
        has_returned: false,
        itself: None,
    }));
    let pump = Pump(Arc::downgrade(&pipe));
    (Sender::layer(Outlet(pipe)), pump)
}

struct Pipe {
    send: Sender,
    plan: Plan,
    /// What the application may send: the server sees something else.
    order: HttpSend,
    mode: Mode,
    /// What was accepted and is not compressed yet: not more than one event, if the application waits for room.
    backlog: VecDeque<Outgoing>,
    /// To be woken when there is no backlog any more.
    application: Option<Waker>,
    /// To be woken when there is one.
    layer: Option<Waker>,
    /// The handle that the application left is dead.
    has_returned: bool,
    /// Kept alive while there is a backlog, though the application may drop its sender after the last event.
    itself: Option<Arc<Mutex<Pipe>>>,
}

enum Mode {
    /// No final head was sent.
    Idle,
    /// Everything passes as it is.
    Pass,
    /// To HEAD: the head is that of a compressed response, and there is no body.
    Bodiless,
    Encode(Encoder),
    /// All that there is was encoded.
    Finished,
}

/// The layer's hold. Weak, so that a sender which the application drops is dropped for the server too (RETURN-9).
pub(super) struct Pump(Weak<Mutex<Pipe>>);

/// What the application has.
struct Outlet(Arc<Mutex<Pipe>>);

impl Pump {
    /// Compresses a piece of the backlog if there is room for it; ready when there is no backlog.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(pipe) = self.0.upgrade() else { return Poll::Ready(()) };
        let mut locked = lock(&pipe);
        let mut replaced = None;
        if !locked.backlog.is_empty() {
            let readiness = locked.send.poll_ready(cx);
            if readiness.is_pending() {
                return Poll::Pending;
            }
            if locked.advance().is_err() {
                // Nobody is left to send it to.
                locked.backlog.clear();
            }
        }
        if !locked.backlog.is_empty() {
            drop(locked);
            // One piece for each poll: other exchanges have their turn.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if !locked.layer.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            replaced = locked.layer.replace(cx.waker().clone());
        }
        let application = locked.application.take();
        let itself = locked.itself.take();
        // No lock is held while one is woken or dropped (WAKE-5).
        drop(locked);
        drop((itself, replaced));
        application.into_iter().for_each(Waker::wake);
        Poll::Ready(())
    }

    /// The call has returned.
    pub(super) fn returned(&self) {
        if let Some(pipe) = self.0.upgrade() {
            lock(&pipe).has_returned = true;
        }
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        if let Some(pipe) = self.0.upgrade() {
            let itself = lock(&pipe).itself.take();
            drop(itself);
        }
    }
}

impl Sink for Outlet {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        let mut pipe = lock(&self.0);
        if pipe.has_returned || pipe.order.is_done() {
            return Poll::Ready(Ok(()));
        }
        if pipe.backlog.is_empty() {
            return pipe.send.poll_ready(cx);
        }
        wait(pipe, cx)
    }

    fn start_send(&mut self, event: Outgoing) -> Result<(), SendError> {
        let mut pipe = lock(&self.0);
        if pipe.has_returned {
            return Err(SendError::Finished);
        }
        pipe.start_send(event)?;
        if pipe.backlog.is_empty() {
            return Ok(());
        }
        pipe.itself = Some(Arc::clone(&self.0));
        let layer = pipe.layer.clone();
        drop(pipe);
        layer.into_iter().for_each(Waker::wake);
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        let mut pipe = lock(&self.0);
        if pipe.has_returned {
            return Poll::Ready(Err(SendError::Finished));
        }
        if pipe.backlog.is_empty() {
            return pipe.send.poll_flush(cx);
        }
        wait(pipe, cx)
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let mut pipe = lock(&self.0);
        if pipe.has_returned {
            return Poll::Ready(End::Complete);
        }
        pipe.send.poll_closed(cx)
    }
}

/// Waits until there is no backlog.
fn wait<T>(mut pipe: MutexGuard<'_, Pipe>, cx: &mut Context<'_>) -> Poll<T> {
    let replaced = pipe.application.replace(cx.waker().clone());
    drop(pipe);
    // It may be the last owner of a task that has this very sender.
    drop(replaced);
    Poll::Pending
}

impl Pipe {
    fn start_send(&mut self, event: Outgoing) -> Result<(), SendError> {
        match &self.mode {
            _ if matches!(event, Outgoing::File { .. }) => Err(SendError::Unsupported(Capabilities::FILE)),
            Mode::Idle if matches!(event, Outgoing::Response { .. } | Outgoing::Start { .. }) => self.begin(event),
            Mode::Idle | Mode::Pass => self.send.start_send(event),
            // What the application agreed on with the server, after all that came before.
            _ if matches!(event, Outgoing::Extension(_)) => {
                while !self.backlog.is_empty() {
                    self.advance()?;
                }
                self.send.start_send(event)
            }
            Mode::Bodiless => {
                self.order.accept(&event)?;
                self.send.start_send(event)
            }
            Mode::Encode(_) | Mode::Finished => {
                let mut order = self.order.clone();
                order.accept(&event)?;
                self.backlog.push_back(event);
                if self.backlog.len() == 1
                    && let Err(error) = self.advance()
                {
                    self.backlog.clear();
                    return Err(error);
                }
                self.order = order;
                Ok(())
            }
        }
    }

    /// Sends the head, and says what is to become of the body.
    fn begin(&mut self, mut event: Outgoing) -> Result<(), SendError> {
        let mut order = self.order.clone();
        order.accept(&event)?;
        let (status, plan) = (status(&event), &self.plan);
        let body = match &event {
            Outgoing::Response { body, .. } => Some(body.clone()),
            _ => None,
        };
        let Some(headers) = response(&mut event) else { return self.send.start_send(event) };
        let eligible = eligible(status, headers, plan.unless_type.as_deref(), !plan.identity);
        if eligible != Eligible::Never {
            vary(headers, "accept-encoding");
        }
        if status == 304 && eligible == Eligible::NotThis {
            // The tag of what it stands for was made weak.
            weaken(headers);
        }
        let announced = headers.get("content-length").and_then(field::content_length);
        // To HEAD there may be no body where there would be one to GET.
        let length = body.as_ref().map(|body| body.len() as u64).filter(|length| *length > 0 || !plan.is_head);
        let length = announced.or(length);
        let is_worth_it = length.is_none_or(|length| length >= plan.min_size.max(1) || (!plan.identity && length > 0));
        let encoder = (eligible == Eligible::Yes && is_worth_it).then(|| Encoder::new(plan.coding, plan.levels));
        // Without the memory for one it goes as it is.
        let Some(Ok(encoder)) = encoder else { return self.pass(event) };
        let mut encoded = headers.clone();
        plan.announce(&mut encoded);

        if plan.is_head {
            self.send.start_send(Outgoing::Start { status, headers: encoded })?;
            (self.order, self.mode) = (order, Mode::Bodiless);
            if body.is_some() {
                self.mode = Mode::Pass;
                self.send.start_send(Outgoing::Body { data: Bytes::new(), more: false })?;
            }
            return Ok(());
        }
        match body {
            Some(body) if body.len() <= PIECE => {
                let Ok(output) = encoder.finish(&body) else { return self.pass(event) };
                if output.len() >= body.len() && self.plan.identity {
                    return self.pass(event);
                }
                self.send.start_send(Outgoing::Response { status, headers: encoded, body: output })?;
                (self.order, self.mode) = (order, Mode::Finished);
                Ok(())
            }
            body => {
                self.send.start_send(Outgoing::Start { status, headers: encoded })?;
                (self.order, self.mode) = (order, Mode::Encode(encoder));
                if let Some(data) = body {
                    self.backlog.push_back(Outgoing::Body { data, more: false });
                    if self.advance().is_err() {
                        // It was lost when the head was sent already; the application hears of that.
                        self.backlog.clear();
                    }
                }
                Ok(())
            }
        }
    }

    fn pass(&mut self, event: Outgoing) -> Result<(), SendError> {
        self.send.start_send(event)?;
        self.mode = Mode::Pass;
        Ok(())
    }

    /// Compresses and sends a piece of the backlog, the whole of a small event.
    fn advance(&mut self) -> Result<(), SendError> {
        let Some(event) = self.backlog.pop_front() else { return Ok(()) };
        match event {
            Outgoing::Body { data, more: true } if data.is_empty() => {
                self.send.start_send(Outgoing::Body { data, more: true })
            }
            Outgoing::Body { mut data, more } => {
                let piece = data.split_to(data.len().min(PIECE));
                let is_whole = data.is_empty();
                if !is_whole {
                    self.backlog.push_front(Outgoing::Body { data, more });
                }
                if is_whole && !more {
                    let data = self.finish(&piece)?;
                    return self.send.start_send(Outgoing::Body { data, more: false });
                }
                let Mode::Encode(encoder) = &mut self.mode else { return Err(SendError::Finished) };
                let data = encoder.write(&piece, is_whole).map_err(broken)?;
                self.send.start_send(Outgoing::Body { data, more: true })
            }
            Outgoing::Trailers(fields) => {
                let data = self.finish(&[])?;
                self.send.start_send(Outgoing::Body { data, more: true })?;
                self.send.start_send(Outgoing::Trailers(fields))
            }
            // The order has refused all others.
            event => self.send.start_send(event),
        }
    }

    fn finish(&mut self, data: &[u8]) -> Result<Bytes, SendError> {
        match std::mem::replace(&mut self.mode, Mode::Finished) {
            Mode::Encode(encoder) => encoder.finish(data).map_err(broken),
            _ => Err(SendError::Finished),
        }
    }
}

/// An encoder that ran out of memory has lost what it was given: the exchange is lost.
fn broken(_: io::Error) -> SendError {
    SendError::Disconnected(End::Disconnected { code: None })
}

impl Plan {
    fn announce(&self, headers: &mut Headers) {
        headers.set("content-encoding", self.coding.as_str().as_bytes());
        headers.remove("content-length");
        // Ranges would be of other bytes.
        headers.remove("accept-ranges");
        weaken(headers);
    }
}

fn lock(pipe: &Mutex<Pipe>) -> MutexGuard<'_, Pipe> {
    // A pipe whose encoder has panicked is not used again: the call is over.
    pipe.lock().unwrap_or_else(PoisonError::into_inner)
}
