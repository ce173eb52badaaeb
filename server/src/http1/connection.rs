//! One connection: read a head, run the call, write what it sent, and again.

use super::decode::{DecodeLimits, Decoder};
use super::encode::{self, Asked, Framing};
use super::equipment::{Borrowed, Equipment};
use super::exchange::{Begin, Finished};
use super::head::{self, Refused};
use super::running::Running;
use crate::access_log::{Outcome, Record};
use crate::application::Call;
use crate::output::Output;
use crate::transport::Transport;
use crate::wire::Wire;
use crate::worker::Worker;
use bytes::{Buf, BytesMut};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::SystemTime;
use tokio::sync::futures::Notified;
use tokio::time::Instant;
use transom::order::{HttpRules, Returned};
use transom::{
    BadRequest, BodyHint, Capabilities, End, Error, Head, Headers, HttpScope, HttpVersion, Method, Receiver, Scope,
    Sender,
};

/// Answers to pipelined requests are gathered up to here before they are written.
const GATHERED: u64 = 64 << 10;

/// What is taken as asked by a request that could not be understood.
const NOTHING_ASKED: Asked = Asked { version: HttpVersion::Http11, head: false, connect: false, keep_alive: false };

pub(crate) struct Connection<'w> {
    pub(crate) wire: Wire,
    pub(crate) worker: &'w Arc<Worker>,
    pub(super) equipment: Borrowed<'w>,
    /// When this task last had a reason to look at the clock.
    pub(crate) now: Instant,
    peer: Arc<transom::Connection>,
    /// Whether an exchange is running, or what is left of it.
    in_exchange: bool,
    /// Whether this task is told when the draining begins.
    told_of_drain: bool,
    /// When the running exchange began, if it is to be recorded.
    begun: Option<(SystemTime, Instant)>,
}

/// A request, its head in the equipment.
pub(crate) struct Request {
    pub(crate) asked: Asked,
    expects_continue: bool,
}

/// What a WebSocket takes over from the connection that had its request.
pub(crate) struct HandedOver {
    pub(crate) call: Box<dyn Call>,
    pub(crate) head: Arc<Head>,
    /// What was read behind the request.
    pub(crate) input: BytesMut,
    /// What is to be written before anything else: answers to earlier requests.
    pub(crate) output: Output,
}

/// Why there is no next request.
enum Ending {
    Refused(u16),
    Closed,
}

/// What comes after an exchange.
pub(crate) enum After {
    Next,
    Close { linger: bool },
    Reset,
}

impl<'w> Connection<'w> {
    pub(crate) fn new(transport: Transport, peer: transom::Connection, worker: &'w Arc<Worker>) -> Self {
        let peer = Arc::new(peer);
        Self {
            wire: Wire::new(transport),
            worker,
            equipment: Borrowed::none(worker),
            now: Instant::now(),
            peer,
            in_exchange: false,
            told_of_drain: false,
            begun: None,
        }
    }

    /// Serves requests until the connection is closed, or one asks for a WebSocket: that is the caller's to serve.
    pub(crate) async fn serve(&mut self) -> Option<Request> {
        let worker = self.worker;
        let mut drained = pin!(worker.drained());
        self.told_of_drain = false;
        loop {
            let after = match self.next_request(drained.as_mut()).await {
                Ok(request) if self.asks_for_websocket() => return Some(request),
                Ok(request) => self.exchange(request, drained.as_mut()).await,
                Err(Ending::Closed) => return None,
                Err(Ending::Refused(status)) => self.refuse(status),
            };
            if !self.go_on(after).await {
                return None;
            }
        }
    }

    /// Whether there are requests to come after an exchange; if not, the connection is ended.
    pub(crate) async fn go_on(&mut self, after: After) -> bool {
        match after {
            After::Next => return true,
            After::Close { linger } => self.close(linger).await,
            After::Reset => self.wire.reset_on_close(),
        }
        false
    }

    fn asks_for_websocket(&self) -> bool {
        let enabled = || self.worker.config().websocket.enabled;
        self.equipment.head.protocol.as_deref() == Some("websocket") && enabled()
    }

    /// The next request, its head in the equipment. What waits to be written goes out before anything is waited for.
    async fn next_request(&mut self, mut drained: Pin<&mut Notified<'_>>) -> Result<Request, Ending> {
        let worker = self.worker;
        let limits = &worker.config().limits;
        let mut head_began = self.now;
        poll_fn(|cx| {
            self.equipment.equip();
            loop {
                if !self.equipment.lent.input.is_empty()
                    && self.equipment.lent.output.len() < GATHERED
                    && let Some(request) = self.parse_head()?
                {
                    return Poll::Ready(Ok(request));
                }
                if !self.equipment.lent.output.is_empty() {
                    self.wire.write_now(&mut self.equipment.lent.output);
                }
                if !self.equipment.lent.output.is_empty() {
                    match self.wire.poll_write(&mut self.equipment.lent.output, limits.write_timeout, cx) {
                        Poll::Ready(Ok(())) => {}
                        Poll::Ready(Err(_)) => return Poll::Ready(Err(Ending::Closed)),
                        Poll::Pending => return Poll::Pending,
                    }
                }
                let empty = self.equipment.lent.input.is_empty();
                if !empty && self.equipment.parser.is_fresh() {
                    // Back to the heads that had to wait for room.
                    continue;
                }
                if empty && worker.is_draining() {
                    return Poll::Ready(Err(Ending::Closed));
                }
                match self.wire.poll_read(&mut self.equipment.lent.input, cx) {
                    Poll::Ready(Ok(count)) if count > 0 => {
                        self.now = Instant::now();
                        if empty {
                            head_began = self.now;
                        }
                    }
                    Poll::Ready(_) => return Poll::Ready(Err(Ending::Closed)),
                    Poll::Pending if empty => {
                        self.equipment.release();
                        let deadline = limits.keep_alive.map(|timeout| self.now + timeout);
                        if self.wire.timer.has_passed(deadline, cx) {
                            return Poll::Ready(Err(Ending::Closed));
                        }
                        let draining = self.is_draining(drained.as_mut(), cx);
                        return if draining { Poll::Ready(Err(Ending::Closed)) } else { Poll::Pending };
                    }
                    Poll::Pending => {
                        let deadline = limits.head_timeout.map(|timeout| head_began + timeout);
                        let late = self.wire.timer.has_passed(deadline, cx);
                        return if late { Poll::Ready(Err(Ending::Refused(408))) } else { Poll::Pending };
                    }
                }
            }
        })
        .await
    }

    #[inline]
    fn parse_head(&mut self) -> Result<Option<Request>, Ending> {
        let equipment = &mut *self.equipment;
        if Arc::get_mut(&mut equipment.head).is_none() {
            // The application kept its scope.
            equipment.head = Arc::default();
        }
        let head = Arc::get_mut(&mut equipment.head).expect("looked at above, and nobody else has a way to it");
        if !Arc::ptr_eq(&head.connection, &self.peer) {
            head.connection = Arc::clone(&self.peer);
        }
        let config = self.worker.config();
        let parsed = equipment.parser.parse(&equipment.lent.input, config, head);
        let parsed = parsed.map_err(|Refused(status)| Ending::Refused(status))?;
        let Some(request) = parsed else { return Ok(None) };
        equipment.lent.input.advance(request.len);
        if !config.root_path.is_empty() {
            head::publish(head, config.root_path.as_bytes());
        }
        let asked = Asked {
            version: head.version,
            head: head.method == Method::Head,
            connect: head.method == Method::Connect,
            keep_alive: request.keep_alive,
        };
        let expects_continue = request.expects_continue && equipment.lent.input.is_empty();
        Ok(Some(Request { asked, expects_continue }))
    }

    /// The scope of the request whose head is in the equipment.
    #[inline]
    pub(crate) fn scope(&self, capabilities: Capabilities) -> HttpScope {
        let mut scope = HttpScope::new(Arc::clone(&self.equipment.head), capabilities);
        let root_path = &self.worker.config().root_path;
        if !root_path.is_empty() {
            scope.mount(root_path.as_bytes());
        }
        scope
    }

    /// One exchange, from the call to what is left of its request.
    async fn exchange(&mut self, request: Request, drained: Pin<&mut Notified<'_>>) -> After {
        let worker = self.worker;
        let config = worker.config();
        let limits = &config.limits;
        let decode_limits = DecodeLimits { body: limits.body, trailers: limits.trailers, fields: limits.headers };
        let decoder = Decoder::new(self.equipment.head.body, decode_limits);
        self.begun = self.begins();
        if let (BodyHint::Exact(length), Some(limit)) = (self.equipment.head.body, limits.body)
            && length > limit
        {
            return self.decline(&request, 413, &Headers::new());
        }
        let Some(_in_flight) = worker.enter() else {
            let asked = Asked { keep_alive: request.asked.keep_alive && !request.expects_continue, ..request.asked };
            self.answer(503, &Headers::from_static(&[("retry-after", "1")]), asked);
            self.record(503, 0, Outcome::Complete);
            return self.settle(Some(decoder), asked.keep_alive, drained).await;
        };

        let scope = self.scope(worker.capabilities(self.equipment.head.version));
        let Equipment { exchanges, call, head, lent, .. } = &mut *self.equipment;
        let id = exchanges.begin(Begin {
            rules: HttpRules::of(&scope),
            asked: request.asked,
            expects_continue: request.expects_continue,
            protocol: head.protocol.clone(),
            lent,
            decoder,
            now: self.now,
        });
        let receive = Receiver::new(Arc::clone(exchanges) as _, id);
        let send = Sender::new(Arc::clone(exchanges) as _, id);
        call.start(Scope::Http(scope), receive, send);

        self.in_exchange = true;
        let mut running = Running::default();
        let result = poll_fn(|cx| self.poll_call(&mut running, cx)).await.into_result();
        let Equipment { exchanges, lent, .. } = &mut *self.equipment;
        if result.is_ok() && self.begun.is_none() && exchanges.finish_smoothly(lent) {
            self.in_exchange = false;
            return After::Next;
        }
        let mut finished = exchanges.finish(result.as_ref().copied(), lent);
        self.report(&result, &finished);
        let after = self.conclude(&running, &mut finished, drained).await;
        self.equipment.exchanges.clear();
        self.in_exchange = false;
        if self.begun.is_some() {
            let outcome = match finished.end {
                _ if running.has_timed_out() => Outcome::Timeout,
                Some(End::Timeout) => Outcome::Timeout,
                _ if running.is_broken_off() || finished.returned == Returned::Abort => Outcome::Aborted,
                _ if finished.lost => Outcome::Disconnected,
                _ => Outcome::Complete,
            };
            self.record(finished.response.status, finished.response.body_bytes, outcome);
        }
        after
    }

    /// Answers for the call where it did not, and sees to what is left of the request.
    async fn conclude(&mut self, running: &Running, finished: &mut Finished, drained: Pin<&mut Notified<'_>>) -> After {
        if running.is_lost() {
            // Where the end of the connection is the end of the body, an orderly one would pass for a whole response.
            // But an earlier response may still be on its way, to a peer that only closed its sending side.
            let cut = finished.lost && (finished.response.status != 0 || running.has_timed_out());
            return if cut { After::Reset } else { After::Close { linger: true } };
        }
        if running.has_unwritten() {
            if !self.flush().await {
                return After::Reset;
            }
            let Equipment { exchanges, lent, .. } = &mut *self.equipment;
            exchanges.collect_rest(&mut lent.output);
        }
        let asked = Asked {
            keep_alive: finished.response.asked.keep_alive && finished.end.is_none(),
            ..finished.response.asked
        };
        match finished.returned {
            Returned::Nothing if finished.response.framing == Framing::Tunnel => After::Close { linger: true },
            Returned::Nothing => self.settle(finished.unread.take(), asked.keep_alive, drained).await,
            Returned::Respond(status) => {
                finished.response.status = blame(status, finished.end.as_ref());
                let keep_alive = asked.keep_alive && finished.response.status >= 500 && !finished.expects_continue;
                self.answer(finished.response.status, &Headers::new(), Asked { keep_alive, ..asked });
                self.settle(finished.unread.take(), keep_alive, drained).await
            }
            // What was accepted is delivered; that it is not all must show. Where only the end of the connection
            // marks the end of the body, a reset is the only way to say so.
            Returned::Abort => {
                let flushed = self.flush().await;
                match finished.response.framing {
                    Framing::Length | Framing::Chunked if flushed => After::Close { linger: false },
                    _ => After::Reset,
                }
            }
        }
    }

    /// Reads what is left of a request body, if it is little enough to be worth a connection, and does not wait for it
    /// once the server drains.
    async fn settle(
        &mut self,
        unread: Option<Decoder>,
        keep_alive: bool,
        mut drained: Pin<&mut Notified<'_>>,
    ) -> After {
        if !keep_alive {
            return After::Close { linger: true };
        }
        let Some(mut unread) = unread.filter(|unread| !unread.is_finished()) else { return After::Next };
        let worker = self.worker;
        let limits = &worker.config().limits;
        let mut left = limits.discard;
        if unread.remaining().is_some_and(|remaining| remaining > left) {
            return After::Close { linger: true };
        }
        self.now = Instant::now();
        poll_fn(|cx| {
            loop {
                match unread.decode(&mut self.equipment.lent.input) {
                    Ok(_) if unread.is_finished() => return Poll::Ready(After::Next),
                    Ok(Some(_)) => continue,
                    Ok(None) => {}
                    Err(_) => return Poll::Ready(After::Close { linger: true }),
                }
                match self.wire.poll_write(&mut self.equipment.lent.output, limits.write_timeout, cx) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(_)) => return Poll::Ready(After::Close { linger: false }),
                    Poll::Pending => return Poll::Pending,
                }
                match self.wire.poll_read(&mut self.equipment.lent.input, cx) {
                    Poll::Ready(Ok(count)) if count > 0 && count as u64 <= left => {
                        left -= count as u64;
                        self.now = Instant::now();
                    }
                    Poll::Ready(_) => return Poll::Ready(After::Close { linger: true }),
                    Poll::Pending => {
                        let deadline = limits.body_timeout.map(|timeout| self.now + timeout);
                        let late = self.wire.timer.has_passed(deadline, cx);
                        return if late || self.is_draining(drained.as_mut(), cx) {
                            Poll::Ready(After::Close { linger: true })
                        } else {
                            Poll::Pending
                        };
                    }
                }
            }
        })
        .await
    }

    /// Whether the server drains; if not, the task is woken when it begins to.
    fn is_draining(&mut self, drained: Pin<&mut Notified<'_>>, cx: &mut Context<'_>) -> bool {
        // Listening first and looking afterwards misses nothing. The task stays the same, so once is enough.
        if !std::mem::replace(&mut self.told_of_drain, true) {
            let _ = drained.poll(cx);
        }
        self.worker.is_draining()
    }

    /// Writes everything; `false` if the peer does not take it.
    async fn flush(&mut self) -> bool {
        let timeout = self.worker.config().limits.write_timeout;
        poll_fn(|cx| self.wire.poll_write(&mut self.equipment.lent.output, timeout, cx)).await.is_ok()
    }

    /// Closes so that the peer gets everything that was written. A close with unread input makes the system send a
    /// reset, on which the peer may forget what it has not read yet: so the sending side goes first, and
    /// what still comes in is thrown away for a while (RFC 9112 section 9.6).
    async fn close(&mut self, linger: bool) {
        if self.equipment.has_output() && !self.flush().await {
            return self.wire.reset_on_close();
        }
        if poll_fn(|cx| self.wire.poll_shutdown(cx)).await.is_err() || !linger {
            return;
        }
        self.equipment.release();
        let deadline = Instant::now() + self.worker.config().limits.linger;
        poll_fn(|cx| self.wire.poll_drain(deadline, cx)).await;
    }

    /// Hands the equipment that a WebSocket needs over to it.
    pub(crate) fn hand_over(&mut self) -> HandedOver {
        let slot = self.worker.application().slot();
        let Equipment { call, head, lent, .. } = &mut *self.equipment;
        let handed_over = HandedOver {
            call: std::mem::replace(call, slot),
            head: std::mem::take(head),
            input: if lent.input.is_empty() { BytesMut::new() } else { std::mem::take(&mut lent.input) },
            output: if lent.output.is_empty() { Output::default() } else { std::mem::take(&mut lent.output) },
        };
        self.equipment.release();
        handed_over
    }

    /// Takes back what was read and is not a part of the request.
    pub(crate) fn take_back(&mut self, input: BytesMut) {
        self.equipment.equip();
        self.equipment.lent.input = input;
    }

    /// When the request began, if it is to be recorded.
    pub(crate) fn begins(&self) -> Option<(SystemTime, Instant)> {
        self.worker.config().access_log.is_some().then(|| (SystemTime::now(), self.now))
    }

    /// Answers a request in the server's own name, without a call, as the last of its connection.
    pub(crate) fn decline(&mut self, request: &Request, status: u16, headers: &Headers) -> After {
        self.begun = self.begun.or_else(|| self.begins());
        self.answer(status, headers, Asked { keep_alive: false, ..request.asked });
        self.record(status, 0, Outcome::Complete);
        After::Close { linger: true }
    }

    /// Answers a head that was refused. What is known of it is not enough to record a method or a target.
    fn refuse(&mut self, status: u16) -> After {
        // What can be told of it is whether a body would be taken for one (RFC 9110 section 9.3.2).
        let head = self.equipment.lent.input.starts_with(b"HEAD ");
        self.answer(status, &Headers::new(), Asked { head, ..NOTHING_ASKED });
        if self.worker.config().access_log.is_some() {
            self.equipment.head = Arc::new(Head { connection: Arc::clone(&self.peer), ..Head::default() });
            self.begun = self.begins();
            self.record(status, 0, Outcome::Complete);
        }
        After::Close { linger: true }
    }

    /// Records an exchange that is over, if exchanges are recorded.
    fn record(&mut self, status: u16, bytes: u64, outcome: Outcome) {
        if let (Some(log), Some((started, begun))) = (&self.worker.config().access_log, self.begun.take()) {
            let duration = begun.elapsed();
            log.record(&Record {
                head: &self.equipment.head,
                status,
                bytes,
                started,
                duration,
                outcome,
                websocket: None,
            });
        }
    }

    /// Answers in the server's own name.
    fn answer(&mut self, status: u16, headers: &Headers, asked: Asked) {
        let (fixed, now) = (self.worker.fixed(), self.now.into_std());
        self.equipment.lent.output.append(|out| encode::own(out, status, asked, headers, fixed, now));
    }

    /// One readable line for what went wrong in the application.
    #[cold]
    fn report(&self, result: &Result<(), Error>, finished: &Finished) {
        let what = match (result, finished.returned) {
            (Ok(()), Returned::Nothing) => return,
            (Err(error), _) if error.is_disconnect() && finished.end.is_some() => return,
            // The request was at fault, and is answered so.
            (_, Returned::Respond(500)) if finished.end.is_some() => return,
            (Err(error), _) => error.to_string(),
            (Ok(()), Returned::Respond(_)) => "it returned without a response".into(),
            (Ok(()), Returned::Abort) => "it returned before its response was complete".into(),
        };
        let Head { method, target, .. } = &*self.equipment.head;
        tracing::error!("the application failed on {method} {}: {what}", target.escape_ascii());
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        // Either way the grace is over: what was sent must not look complete.
        if self.equipment.has_output() {
            self.wire.reset_on_close();
        }
        if !self.in_exchange {
            return self.equipment.release();
        }
        // The call is dropped with the equipment. Handles that went elsewhere are told.
        self.equipment.exchanges.lost(End::ServerShutdown, Waker::noop());
        let (response, lost) = self.equipment.exchanges.progress();
        if lost && response.status != 0 {
            self.wire.reset_on_close();
        }
        self.record(response.status, response.body_bytes, Outcome::Stopped);
    }
}

/// The status of an answer for the application: its own failure, or that of the request it was given.
fn blame(status: u16, end: Option<&End>) -> u16 {
    match end {
        Some(End::Timeout) => 408,
        Some(End::BadRequest(BadRequest::TooLarge)) => 413,
        Some(End::BadRequest(_)) => 400,
        _ => status,
    }
}
