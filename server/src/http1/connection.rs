//! One connection: read a head, run the call, write what it sent, and again.

use super::encode::{self, Asked};
use super::equipment::{Borrowed, Equipment};
use super::request::Declined;
use super::running::Running;
use crate::access_log::{Outcome, Record};
use crate::application::Call;
use crate::output::Output;
use crate::transport::Transport;
use crate::wire::Wire;
use crate::worker::{InFlight, Worker};
use bytes::BytesMut;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::SystemTime;
use tokio::sync::futures::Notified;
use tokio::time::Instant;
use transom::{End, Error, Head, Headers, HttpVersion};

/// What is taken as asked by a request that could not be understood.
const NOTHING_ASKED: Asked = Asked { version: HttpVersion::Http11, head: false, connect: false, keep_alive: false };

pub(crate) struct Connection<'w> {
    pub(crate) wire: Wire,
    pub(crate) worker: &'w Arc<Worker>,
    pub(super) equipment: Borrowed<'w>,
    /// When this task last had a reason to look at the clock.
    pub(crate) now: Instant,
    pub(super) peer: Arc<transom::Connection>,
    /// Whether an exchange is running, or what is left of it.
    pub(super) in_exchange: bool,
    /// What became of the connection during its call.
    pub(super) running: Running,
    /// Its place among the calls that run.
    pub(super) in_flight: Option<InFlight<'w>>,
    /// When the first byte of the next head came, if it has come.
    pub(super) head_began: Instant,
    /// Whether this task is told when the draining begins.
    told_of_drain: bool,
    /// When the running exchange began, if it is to be recorded.
    pub(super) begun: Option<(SystemTime, Instant)>,
}

/// A request, its head in the equipment.
pub(crate) struct Request {
    pub(crate) asked: Asked,
    pub(super) expects_continue: bool,
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

/// Where serving one request after the other is left for what has to be awaited.
enum Step {
    /// The call of an exchange returned.
    Returned(Result<(), Error>),
    /// A request was answered without a call.
    Declined(Declined),
    WebSocket(Request),
    Ended(Ending),
}

/// Why there is no next request.
pub(super) enum Ending {
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
            running: Running::default(),
            in_flight: None,
            head_began: Instant::now(),
            told_of_drain: false,
            begun: None,
        }
    }

    /// Serves requests until the connection is closed, or one asks for a WebSocket: that is the caller's to serve.
    pub(crate) async fn serve(&mut self) -> Option<Request> {
        let mut drained = pin!(self.worker.drained());
        self.told_of_drain = false;
        self.head_began = self.now;
        loop {
            let after = match poll_fn(|cx| self.poll_requests(drained.as_mut(), cx)).await {
                Step::Returned(result) => self.conclude(result, drained.as_mut()).await,
                Step::Declined(declined) => self.settle(declined.unread, declined.keep_alive, drained.as_mut()).await,
                Step::WebSocket(request) => return Some(request),
                Step::Ended(Ending::Closed) => return None,
                Step::Ended(Ending::Refused(status)) => self.refuse(status),
            };
            if !self.go_on(after).await {
                return None;
            }
            self.head_began = self.now;
        }
    }

    /// Serves requests as long as nothing is left to be done after each, which is the usual case.
    fn poll_requests(&mut self, mut drained: Pin<&mut Notified<'_>>, cx: &mut Context<'_>) -> Poll<Step> {
        loop {
            if !self.in_exchange {
                match ready!(self.poll_request(drained.as_mut(), cx)) {
                    Ok(request) if self.asks_for_websocket() => return Poll::Ready(Step::WebSocket(request)),
                    Ok(request) => {
                        if let Err(declined) = self.begin(&request) {
                            return Poll::Ready(Step::Declined(declined));
                        }
                    }
                    Err(ending) => return Poll::Ready(Step::Ended(ending)),
                }
            }
            let result = ready!(self.poll_call(cx)).into_result();
            let Equipment { exchanges, lent, .. } = &mut *self.equipment;
            if result.is_err() || self.begun.is_some() || !exchanges.finish_smoothly(lent) {
                return Poll::Ready(Step::Returned(result));
            }
            self.in_exchange = false;
            self.in_flight = None;
            self.head_began = self.now;
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

    /// Whether the server drains; if not, the task is woken when it begins to.
    pub(super) fn is_draining(&mut self, drained: Pin<&mut Notified<'_>>, cx: &mut Context<'_>) -> bool {
        // Listening first and looking afterwards misses nothing. The task stays the same, so once is enough.
        if !std::mem::replace(&mut self.told_of_drain, true) {
            let _ = drained.poll(cx);
        }
        self.worker.is_draining()
    }

    /// Writes everything; `false` if the peer does not take it.
    pub(super) async fn flush(&mut self) -> bool {
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
    pub(super) fn record(&mut self, status: u16, bytes: u64, outcome: Outcome) {
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
    pub(super) fn answer(&mut self, status: u16, headers: &Headers, asked: Asked) {
        let (fixed, now) = (self.worker.fixed(), self.now.into_std());
        self.equipment.lent.output.append(|out| encode::own(out, status, asked, headers, fixed, now));
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
