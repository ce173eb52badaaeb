use super::protocol::Protocol;
use super::signal::Signal;
use super::state::{State, Terms};
use super::{Outcome, Verdict};
use crate::{End, Error, Exchange, ExchangeId, Half, Incoming, Outgoing, SendError};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// The number of the one exchange that a [`Wire`] serves.
pub(super) const ID: ExchangeId = ExchangeId(1);

/// What the handles of an exchange and the peer at its other end share.
pub(super) struct Wire {
    signal: Arc<Signal>,
    state: Mutex<State>,
}

impl Wire {
    pub(super) fn new(signal: Arc<Signal>, protocol: Protocol, script: VecDeque<Incoming>, terms: Terms) -> Self {
        Self { signal, state: Mutex::new(State::new(protocol, script, terms)) }
    }

    /// Does what a server does before it waits; whether that changed anything.
    pub(super) fn settle(&self) -> bool {
        self.with(State::settle)
    }

    pub(super) fn push(&self, event: Incoming) {
        self.with(|state| state.push(event));
    }

    pub(super) fn take(&self, bytes: u64) {
        self.with(|state| state.take(bytes));
    }

    pub(super) fn end(&self, end: End) {
        self.with(|state| state.end(end));
    }

    pub(super) fn hang_up(&self) {
        self.with(State::hang_up);
    }

    pub(super) fn buffered(&self) -> u64 {
        self.with(|state| state.buffered())
    }

    pub(super) fn attend(&self) {
        self.with(State::attend);
    }

    pub(super) fn poll_next(&self, cx: &Context<'_>) -> Poll<Option<Outgoing>> {
        self.with(|state| state.next(cx))
    }

    pub(super) fn poll_wanted(&self, cx: &Context<'_>) -> Poll<bool> {
        self.with(|state| state.wanted(cx))
    }

    pub(super) fn leave(&self) {
        self.with(State::leave);
    }

    pub(super) fn verdict(&self) -> Option<Verdict> {
        self.with(|state| state.verdict())
    }

    pub(super) fn take_events(&self) -> Vec<Outgoing> {
        self.with(State::take_events)
    }

    /// The call returned: from now on its handles are dead.
    pub(super) fn returned(&self, result: Result<(), Error>, mut events: Vec<Outgoing>, polls: usize) -> Outcome {
        let (verdict, record) = self.with(|state| state.returned(result.as_ref().copied()));
        events.extend(record.events);
        Outcome {
            events,
            refused: record.refused,
            result,
            verdict,
            received_before_response: record.received_before_response,
            polls,
            body: record.body,
        }
    }

    /// The call was dropped, and its handles are dead.
    pub(super) fn dropped_call(&self) {
        self.with(State::dropped);
    }

    /// How many of the wakers that it keeps are `own`.
    pub(super) fn count(&self, own: &Waker) -> usize {
        self.with(|state| state.waiting().filter(|(_, waker)| waker.will_wake(own)).count())
    }

    /// What the handles wait for.
    pub(super) fn awaited(&self) -> Vec<&'static str> {
        self.with(|state| state.waiting().map(|(what, _)| what).collect())
    }

    /// Changes the state, and wakes whom that concerns.
    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        // Nothing panics while it is held but the allocator.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut state);
        let (due, stale) = state.take_wakers();
        drop(state);
        drop(stale);
        due.into_iter().for_each(Waker::wake);
        result
    }

    /// As [`with`](Self::with), for a handle: what it does is news for the one who drives the call.
    fn with_handle<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = self.with(change);
        self.signal.report();
        result
    }
}

impl Exchange for Wire {
    fn poll_recv(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<Incoming> {
        if id != ID {
            return Poll::Ready(Incoming::End(End::Complete));
        }
        self.with_handle(|state| state.receive(cx))
    }

    fn poll_ready(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        if id != ID {
            return Poll::Ready(Ok(()));
        }
        self.with_handle(|state| state.ready(cx))
    }

    fn start_send(&self, id: ExchangeId, event: Outgoing) -> Result<(), SendError> {
        if id != ID {
            return Err(SendError::Finished);
        }
        self.with_handle(|state| state.send(event))
    }

    fn poll_send(
        &self,
        id: ExchangeId,
        cx: &mut Context<'_>,
        event: &mut Option<Outgoing>,
    ) -> Poll<Result<(), SendError>> {
        if id != ID {
            *event = None;
            return Poll::Ready(Err(SendError::Finished));
        }
        self.with_handle(|state| {
            if state.ready(cx).is_pending() {
                return Poll::Pending;
            }
            Poll::Ready(event.take().map_or(Ok(()), |event| state.send(event)))
        })
    }

    fn poll_flush(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        if id != ID {
            return Poll::Ready(Err(SendError::Finished));
        }
        self.with_handle(|state| state.flush(cx))
    }

    fn poll_closed(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<End> {
        if id != ID {
            return Poll::Ready(End::Complete);
        }
        self.with_handle(|state| state.closed(cx))
    }

    fn dropped(&self, id: ExchangeId, half: Half) {
        if id == ID && half == Half::Send {
            self.with_handle(State::drop_sender);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Capabilities, Head, Headers, HttpScope, Receiver, Sender};
    use std::task::Wake;

    fn wire(high_water: u64) -> Arc<Wire> {
        let scope = HttpScope::new(Arc::new(Head::default()), Capabilities::NONE);
        let terms = Terms { high_water, ..Terms::default() };
        Arc::new(Wire::new(Arc::default(), Protocol::http(&scope), VecDeque::new(), terms))
    }

    fn start() -> Outgoing {
        Outgoing::Start { status: 200, headers: Headers::new() }
    }

    /// SPEC: END-6
    #[test]
    fn another_number_is_another_exchange() {
        let wire = wire(1);
        let stale = ExchangeId(ID.0 - 1);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(wire.poll_recv(stale, &mut cx), Poll::Ready(Incoming::End(End::Complete))));
        assert_eq!(wire.poll_ready(stale, &mut cx), Poll::Ready(Ok(())));
        assert_eq!(wire.start_send(stale, start()), Err(SendError::Finished));
        let mut event = Some(start());
        assert_eq!(wire.poll_send(stale, &mut cx, &mut event), Poll::Ready(Err(SendError::Finished)));
        assert!(event.is_none());
        assert_eq!(wire.poll_flush(stale, &mut cx), Poll::Ready(Err(SendError::Finished)));
        assert_eq!(wire.poll_closed(stale, &mut cx), Poll::Ready(End::Complete));
        wire.dropped(stale, Half::Send);
        assert!(!wire.settle(), "its dropped sender is not ours");
        assert_eq!(wire.start_send(ID, start()), Ok(()));
    }

    /// SPEC: HANDLE-5
    #[test]
    fn an_event_is_taken_if_and_only_if_it_is_decided_on() {
        let wire = wire(1);
        let mut cx = Context::from_waker(Waker::noop());
        let body = |more| Some(Outgoing::Body { data: "x".into(), more });
        let mut event = Some(start());
        assert_eq!(wire.poll_send(ID, &mut cx, &mut event), Poll::Ready(Ok(())));
        assert!(event.is_none());
        let mut event = body(false);
        assert!(wire.poll_send(ID, &mut cx, &mut event).is_pending() && event.is_some());
        wire.hang_up();
        let gone = SendError::Disconnected(End::Disconnected { code: None });
        assert_eq!(wire.poll_send(ID, &mut cx, &mut event), Poll::Ready(Err(gone)));
        assert!(event.is_none());
    }

    /// A waker that keeps a task, which keeps a handle.
    struct Task {
        _send: Mutex<Sender>,
    }

    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }

    /// SPEC: WAKE-5
    #[test]
    fn a_waker_may_keep_a_handle() {
        let wire = wire(1);
        let task = || Waker::from(Arc::new(Task { _send: Mutex::new(Sender::new(Arc::clone(&wire) as _, ID)) }));
        let mut receive = Receiver::new(Arc::clone(&wire) as _, ID);
        assert!(
            receive.poll_recv(&mut Context::from_waker(Waker::noop())).is_ready(),
            "there is no body, and that is said"
        );
        // The second takes the place of the first, which drops a sender; and the end drops the second.
        assert!(receive.poll_recv(&mut Context::from_waker(&task())).is_pending());
        assert!(receive.poll_recv(&mut Context::from_waker(&task())).is_pending());
        wire.hang_up();
    }
}
