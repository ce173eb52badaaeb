use super::Verdict;
use super::content::{payload, size};
use super::protocol::Protocol;
use crate::order::http::has_body;
use crate::{BadRequest, End, Error, Incoming, Outgoing, SendError};
use bytes::Bytes;
use std::collections::VecDeque;
use std::mem;
use std::task::{Context, Poll, Waker};

/// How the server's side of the wire behaves, and the peer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// `send` waits while as many bytes wait for the peer.
    pub(super) high_water: u64,
    /// The peer takes as many bytes at a time.
    pub(super) take: u64,
    /// What the peer sends arrives one event at a time, each after it was waited for.
    pub(super) trickle: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Self { high_water: 64 << 10, take: u64::MAX, trickle: false }
    }
}

/// What is known of an exchange. No method calls a waker: those that are due are taken and woken when no lock is held.
pub(super) struct State {
    protocol: Protocol,
    terms: Terms,
    /// What the peer will send.
    coming: VecDeque<Incoming>,
    /// What may be received without waiting.
    arrived: VecDeque<Incoming>,
    /// The events that the peer has not taken in full.
    output: VecDeque<Output>,
    /// There is a [`Peer`](super::Peer): it is given the events, and they are not recorded.
    attended: bool,
    /// Why the exchange is over.
    closed: Option<End>,
    /// Why nothing more will be received.
    received: Option<End>,
    /// The `Sender` is gone.
    abandoned: bool,
    /// What the server did before the call returned.
    verdict: Option<Verdict>,
    /// The call has returned, or was dropped: handles are dead, and told this.
    dead: Option<End>,
    record: Record,
    waiting: Waiting,
    /// To be woken when the lock is released.
    due: Vec<Waker>,
    /// To be dropped then: what a waker holds on to may be a handle of this very exchange.
    stale: Vec<Waker>,
}

/// An event on its way to the peer.
struct Output {
    /// The bytes that are left of it.
    left: u64,
    /// For a [`Peer`](super::Peer).
    event: Option<Outgoing>,
}

/// What came of the call so far.
#[derive(Default)]
pub(super) struct Record {
    pub(super) events: Vec<Outgoing>,
    pub(super) refused: Vec<(Outgoing, SendError)>,
    pub(super) body: Vec<u8>,
    pub(super) received_before_response: bool,
}

#[derive(Default)]
struct Waiting {
    receive: Option<Waker>,
    /// `poll_ready` and `poll_flush`.
    send: Option<Waker>,
    closed: Option<Waker>,
    /// The [`Peer`](super::Peer), for an event and for somebody who wants to receive.
    next: Option<Waker>,
    wanted: Option<Waker>,
}

impl State {
    pub(super) fn new(protocol: Protocol, script: VecDeque<Incoming>, terms: Terms) -> Self {
        let (coming, arrived) = if terms.trickle { (script, VecDeque::new()) } else { (VecDeque::new(), script) };
        Self {
            protocol,
            terms,
            coming,
            arrived,
            output: VecDeque::new(),
            attended: false,
            closed: None,
            received: None,
            abandoned: false,
            verdict: None,
            dead: None,
            record: Record::default(),
            waiting: Waiting::default(),
            due: Vec::new(),
            stale: Vec::new(),
        }
    }

    pub(super) fn receive(&mut self, cx: &Context<'_>) -> Poll<Incoming> {
        self.record.received_before_response |= self.protocol.is_undecided() && self.dead.is_none();
        if self.has_returned() {
            return Poll::Ready(Incoming::End(End::Complete));
        }
        if let Some(end) = &self.received {
            return Poll::Ready(Incoming::End(end.clone()));
        }
        if self.protocol.lacks_body() {
            return Poll::Ready(self.protocol.receive_nothing());
        }
        if self.is_due(self.arrived.front())
            && let Some(event) = self.arrived.pop_front()
        {
            if let Incoming::End(end) = event {
                self.end(end);
                return self.receive(cx);
            }
            let event = self.protocol.receive(event);
            self.complete();
            return Poll::Ready(event);
        }
        if let Some(end) = &self.closed
            && !self.is_due(self.coming.front())
            && !self.protocol.awaits_input()
        {
            self.received = Some(end.clone());
            return Poll::Ready(Incoming::End(end.clone()));
        }
        self.stale.extend(register(&mut self.waiting.receive, cx));
        wake(&mut self.waiting.wanted, &mut self.due);
        Poll::Pending
    }

    /// What is wrong is said when the event is sent.
    pub(super) fn ready(&mut self, cx: &Context<'_>) -> Poll<Result<(), SendError>> {
        let is_over = self.dead.is_some() || self.closed.is_some() || self.protocol.is_finished();
        if is_over || self.buffered() < self.terms.high_water {
            return Poll::Ready(Ok(()));
        }
        self.stale.extend(register(&mut self.waiting.send, cx));
        Poll::Pending
    }

    pub(super) fn send(&mut self, event: Outgoing) -> Result<(), SendError> {
        if self.has_returned() {
            return Err(SendError::Finished);
        }
        // Legal first, readable second, and a refusal changes nothing.
        let mut protocol = self.protocol.clone();
        match protocol.accept(&event).and_then(|()| Ok(payload(&event)?)) {
            Err(refusal) => {
                self.record.refused.push((event, refusal.clone()));
                Err(refusal)
            }
            Ok(payload) => {
                self.protocol = protocol;
                let left = size(&event, payload.len());
                let sent = if self.protocol.is_head() { Bytes::new() } else { payload };
                let event = if self.attended {
                    Some(given(event, sent))
                } else {
                    if !matches!(event, Outgoing::Message(_)) {
                        self.record.body.extend_from_slice(&sent);
                    }
                    self.record.events.push(event);
                    None
                };
                self.output.push_back(Output { left, event });
                wake(&mut self.waiting.next, &mut self.due);
                if self.is_due(self.arrived.front()) {
                    wake(&mut self.waiting.receive, &mut self.due);
                }
                Ok(())
            }
        }
    }

    pub(super) fn flush(&mut self, cx: &Context<'_>) -> Poll<Result<(), SendError>> {
        match &self.closed {
            _ if self.has_returned() => return Poll::Ready(Err(SendError::Finished)),
            None | Some(End::Complete | End::Closed { clean: true, .. }) if self.output.is_empty() => {
                return Poll::Ready(Ok(()));
            }
            None | Some(End::Complete | End::Closed { clean: true, .. }) => {}
            Some(end) => return Poll::Ready(Err(SendError::Disconnected(end.clone()))),
        }
        self.stale.extend(register(&mut self.waiting.send, cx));
        Poll::Pending
    }

    pub(super) fn closed(&mut self, cx: &Context<'_>) -> Poll<End> {
        if self.has_returned() {
            return Poll::Ready(End::Complete);
        }
        // The end needs no `recv` to be noticed when nothing is before it.
        let front = self.arrived.front();
        if matches!(front, Some(Incoming::End(_)))
            && self.is_due(front)
            && let Some(Incoming::End(end)) = self.arrived.pop_front()
        {
            self.end(end);
        }
        if let Some(end) = &self.closed {
            return Poll::Ready(end.clone());
        }
        self.stale.extend(register(&mut self.waiting.closed, cx));
        Poll::Pending
    }

    pub(super) fn settle(&mut self) -> bool {
        if mem::take(&mut self.abandoned) && self.abandon() {
            return true;
        }
        let took = self.take(self.terms.take);
        let is_end = matches!(self.coming.front(), Some(Incoming::End(_)));
        let is_awaited = self.waiting.receive.is_some() || is_end && self.waiting.closed.is_some();
        if is_awaited
            && self.is_due(self.coming.front())
            && let Some(event) = self.coming.pop_front()
        {
            self.push(event);
            return true;
        }
        took
    }

    /// The peer's `event` arrives.
    pub(super) fn push(&mut self, event: Incoming) {
        self.arrived.push_back(event);
        wake(&mut self.waiting.receive, &mut self.due);
        wake(&mut self.waiting.closed, &mut self.due);
    }

    /// The peer leaves.
    pub(super) fn hang_up(&mut self) {
        self.end(self.protocol.hung_up());
    }

    /// The [`Peer`](super::Peer) leaves, and has what was sent to it where that is all.
    pub(super) fn leave(&mut self) {
        if self.protocol.is_finished() {
            self.take(u64::MAX);
        }
        if self.closed.is_none() {
            self.hang_up();
        }
    }

    /// The handle is gone; [`settle`](Self::settle) sees to it, for the call may be about to return.
    pub(super) fn drop_sender(&mut self) {
        self.abandoned = true;
    }

    /// Acts on a `Sender` that was dropped while the call goes on: as for an error, at once.
    fn abandon(&mut self) -> bool {
        let verdict = self.judge(Err(&"the sender was dropped".into()));
        let end = match verdict {
            Verdict::Respond(_) => End::Complete,
            Verdict::Abort => End::Disconnected { code: None },
            Verdict::Close(code) => End::Closed { code, reason: Default::default(), clean: true },
            Verdict::Nothing | Verdict::Exit => return false,
        };
        self.verdict = Some(verdict);
        self.end(end);
        true
    }

    /// The peer takes as many bytes; whether there were any.
    pub(super) fn take(&mut self, mut bytes: u64) -> bool {
        let before = self.buffered();
        while let Some(Output { left, .. }) = self.output.front_mut() {
            let part = bytes.min(*left);
            (*left, bytes) = (*left - part, bytes - part);
            if *left > 0 {
                break;
            }
            self.output.pop_front();
        }
        if self.buffered() == before {
            return false;
        }
        self.taken();
        true
    }

    /// The peer has taken something.
    fn taken(&mut self) {
        if self.buffered() < self.terms.high_water {
            wake(&mut self.waiting.send, &mut self.due);
        }
        self.complete();
    }

    /// From now on the peer takes what [`next`](Self::next) gives it, and nothing else.
    pub(super) fn attend(&mut self) {
        self.attended = true;
        self.terms.take = 0;
    }

    /// The peer takes the next event; `None` when no more can come.
    pub(super) fn next(&mut self, cx: &Context<'_>) -> Poll<Option<Outgoing>> {
        while let Some(Output { event, .. }) = self.output.pop_front() {
            self.taken();
            if event.is_some() {
                return Poll::Ready(event);
            }
        }
        if self.closed.is_some() {
            return Poll::Ready(None);
        }
        self.stale.extend(register(&mut self.waiting.next, cx));
        Poll::Pending
    }

    /// Whether the application waits for more than the peer has sent; `false` when it will not receive any more.
    pub(super) fn wanted(&mut self, cx: &Context<'_>) -> Poll<bool> {
        if self.received.is_some() || self.dead.is_some() || !self.protocol.takes_input() {
            return Poll::Ready(false);
        }
        if self.waiting.receive.is_some() && self.coming.is_empty() {
            return Poll::Ready(true);
        }
        self.stale.extend(register(&mut self.waiting.wanted, cx));
        Poll::Pending
    }

    /// What the server did about the call, once it did.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        self.verdict
    }

    /// Notices that the exchange is over.
    fn complete(&mut self) {
        if self.closed.is_none() && self.output.is_empty() {
            self.closed = self.protocol.complete();
            if self.closed.is_some() {
                self.wake_all();
            }
        }
    }

    pub(super) fn end(&mut self, end: End) {
        if let End::BadRequest(_) | End::Timeout = end {
            // A response may still be sent.
            self.received.get_or_insert(end);
            return self.wake_all();
        }
        if self.closed.is_none() {
            self.protocol.lose(end.clone());
            self.closed = Some(end.clone());
        }
        if self.received.is_none() {
            self.received = if self.protocol.awaits_input() { Some(end) } else { self.closed.clone() };
        }
        self.wake_all();
    }

    /// The call is no more, and its handles are dead.
    fn die(&mut self, end: End) {
        self.end(end.clone());
        self.dead.get_or_insert(end);
    }

    /// The call was dropped, unless it had returned.
    pub(super) fn dropped(&mut self) {
        // A call of the lifespan that was dropped is as one that returned (LIFE-16).
        self.die(if self.protocol.is_lifespan() { End::Complete } else { End::ServerShutdown });
    }

    /// The call returned.
    pub(super) fn returned(&mut self, result: Result<(), &Error>) -> (Verdict, Record) {
        let verdict = self.verdict.unwrap_or_else(|| self.judge(result));
        self.verdict = Some(verdict);
        self.die(End::Complete);
        (verdict, mem::take(&mut self.record))
    }

    /// What a server does about a call that came to this.
    fn judge(&self, result: Result<(), &Error>) -> Verdict {
        let verdict = self.protocol.returned(result);
        // RETURN-2: what was wrong with the request is what the peer is told.
        match (verdict, &self.received) {
            (Verdict::Respond(_), Some(End::Timeout)) => Verdict::Respond(408),
            (Verdict::Respond(_), Some(End::BadRequest(BadRequest::TooLarge))) => Verdict::Respond(413),
            (Verdict::Respond(_), Some(End::BadRequest(_))) => Verdict::Respond(400),
            _ => verdict,
        }
    }

    pub(super) fn take_events(&mut self) -> Vec<Outgoing> {
        mem::take(&mut self.record.events)
    }

    /// The wakers to be woken, and those to be dropped, once no lock is held.
    pub(super) fn take_wakers(&mut self) -> (Vec<Waker>, Vec<Waker>) {
        (mem::take(&mut self.due), mem::take(&mut self.stale))
    }

    /// What is waited for, and by whom.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (&'static str, &Waker)> {
        let Waiting { receive, send, closed, .. } = &self.waiting;
        [("recv", receive), ("send or flush", send), ("closed", closed)]
            .into_iter()
            .filter_map(|(what, slot)| Some((what, slot.as_ref()?)))
    }

    /// Nothing that came before counts any more.
    fn has_returned(&self) -> bool {
        self.dead == Some(End::Complete)
    }

    fn is_due(&self, event: Option<&Incoming>) -> bool {
        event.is_some_and(|event| self.protocol.may_receive(event))
    }

    fn wake_all(&mut self) {
        let Waiting { receive, send, closed, next, wanted } = mem::take(&mut self.waiting);
        self.due.extend([receive, send, closed, next, wanted].into_iter().flatten());
    }

    pub(super) fn buffered(&self) -> u64 {
        self.output.iter().map(|output| output.left).sum()
    }
}

/// `event` as the peer sees it: the range of a file is bytes, and `sent` is all that goes out. A whole response has its
/// length (HTTP-SEND-15).
fn given(event: Outgoing, sent: Bytes) -> Outgoing {
    match event {
        Outgoing::Response { status, mut headers, body } => {
            if has_body(status) && headers.get("content-length").is_none() {
                headers.push("content-length", body.len().to_string().as_bytes());
            }
            Outgoing::Response { status, headers, body: sent }
        }
        Outgoing::Body { more, .. } | Outgoing::File { more, .. } => Outgoing::Body { data: sent, more },
        event => event,
    }
}

fn wake(slot: &mut Option<Waker>, due: &mut Vec<Waker>) {
    due.extend(slot.take());
}

/// Puts the waker of `cx` into `slot`; what was there before, to be dropped where no lock is held.
#[must_use]
fn register(slot: &mut Option<Waker>, cx: &Context<'_>) -> Option<Waker> {
    match slot {
        Some(waker) if waker.will_wake(cx.waker()) => None,
        slot => slot.replace(cx.waker().clone()),
    }
}
