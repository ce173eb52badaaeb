//! The next request of a connection: its head read, its call begun.

use super::connection::{Connection, Ending, Request};
use super::decode::{DecodeLimits, Decoder};
use super::encode::Asked;
use super::equipment::Equipment;
use super::exchange::Begin;
use super::head::{self, Refused};
use super::running::Running;
use crate::access_log::Outcome;
use bytes::Buf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::futures::Notified;
use tokio::time::Instant;
use transom::order::HttpRules;
use transom::{BodyHint, Capabilities, Headers, HttpScope, Method, Receiver, Scope, Sender};

/// Answers to pipelined requests are gathered up to here before they are written.
const GATHERED: u64 = 64 << 10;

/// A request that the server answered by itself.
pub(super) struct Declined {
    /// Its body.
    pub(super) unread: Option<Decoder>,
    pub(super) keep_alive: bool,
}

impl Connection<'_> {
    /// The next request, its head in the equipment. What waits to be written goes out before anything is waited for.
    pub(super) fn poll_request(
        &mut self,
        mut drained: Pin<&mut Notified<'_>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Request, Ending>> {
        let worker = self.worker;
        let limits = &worker.config().limits;
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
                        self.head_began = self.now;
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
                    let deadline = limits.head_timeout.map(|timeout| self.head_began + timeout);
                    let late = self.wire.timer.has_passed(deadline, cx);
                    return if late { Poll::Ready(Err(Ending::Refused(408))) } else { Poll::Pending };
                }
            }
        }
    }

    pub(super) fn asks_for_websocket(&self) -> bool {
        let enabled = || self.worker.config().websocket.enabled;
        self.equipment.head.protocol.as_deref() == Some("websocket") && enabled()
    }

    /// Begins an exchange, unless the server answers by itself.
    #[inline]
    pub(super) fn begin(&mut self, request: &Request) -> Result<(), Declined> {
        let worker = self.worker;
        let config = worker.config();
        let limits = &config.limits;
        let decode_limits = DecodeLimits { body: limits.body, trailers: limits.trailers, fields: limits.headers };
        let decoder = Decoder::new(self.equipment.head.body, decode_limits);
        self.begun = self.begins();
        if let (BodyHint::Exact(length), Some(limit)) = (self.equipment.head.body, limits.body)
            && length > limit
        {
            self.decline(request, 413, &Headers::new());
            return Err(Declined { unread: None, keep_alive: false });
        }
        self.in_flight = worker.enter();
        if self.in_flight.is_none() {
            let asked = Asked { keep_alive: request.asked.keep_alive && !request.expects_continue, ..request.asked };
            self.answer(503, &Headers::from_static(&[("retry-after", "1")]), asked);
            self.record(503, 0, Outcome::Complete);
            return Err(Declined { unread: Some(decoder), keep_alive: asked.keep_alive });
        }

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

        (self.in_exchange, self.running) = (true, Running::default());
        Ok(())
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

    #[inline]
    fn parse_head(&mut self) -> Result<Option<Request>, Ending> {
        let equipment = &mut *self.equipment;
        if Arc::strong_count(&equipment.head) > 1 {
            // The application kept its scope.
            equipment.head = Arc::default();
        }
        let head = Arc::get_mut(&mut equipment.head).expect("there is one, and nobody else has a way to it");
        if !Arc::ptr_eq(&head.connection, &self.peer) {
            head.connection = Arc::clone(&self.peer);
        }
        let config = self.worker.config();
        let parsed = equipment.parser.parse(&mut equipment.lent.input, config, head);
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
}
