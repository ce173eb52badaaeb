use super::protocol::Protocol;
use super::signal::{Alarm, Signal};
use super::state::Terms;
use super::wire::{ID, Wire};
use super::{Outcome, Peer};
use crate::{App, End, Error, Incoming, Outgoing, Receiver, Scope, Sender};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A call that has begun, to be taken forward step by step.
///
/// Nothing happens but through it: each [`poll`](Self::poll) polls the application once, and then the peer takes what
/// it takes. [`run`](Self::run) goes on to the end. It is a future, too, for applications that need a runtime:
/// awaiting it goes on to the end on that runtime.
///
/// ```
/// use transom::{Error, Headers, Outgoing, Receiver, Scope, Sender, memory};
///
/// async fn app(_: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
///     receive.recv().await;
///     send.send(Outgoing::Start { status: 200, headers: Headers::new() }).await?;
///     send.closed().await;
///     Ok(())
/// }
/// let mut call = memory::http("POST", "/").unfinished().start(app);
/// assert!(call.poll().is_pending() && call.events().is_empty());
/// call.push(transom::Incoming::Body { data: "x".into(), more: true });
/// assert!(call.is_woken() && call.poll().is_pending());
/// assert_eq!(call.events().len(), 1);
/// call.hang_up();
/// assert!(call.run().result.is_ok());
/// ```
///
/// Dropping it drops the call, as a server does when its shutdown grace is over.
pub struct Call {
    future: Option<Running>,
    wire: Arc<Wire>,
    signal: Arc<Signal>,
    alarm: Arc<Alarm>,
    waker: Waker,
    manner: Manner,
    polls: usize,
    events: Vec<Outgoing>,
    outcome: Option<Outcome>,
}

/// How a call is driven.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    pub(super) hang_up_at: Option<usize>,
    pub(super) patience: Duration,
}

type Running = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// What a turn of the driver came to.
enum Turn {
    Returned,
    /// Something happened, so that more may.
    Went,
    /// All is quiet.
    Waits,
}

impl Call {
    pub(super) fn new(
        app: impl App,
        scope: Scope,
        protocol: Protocol,
        script: VecDeque<Incoming>,
        terms: Terms,
        manner: Manner,
    ) -> Self {
        let signal = Arc::new(Signal::default());
        let alarm = Arc::new(Alarm(Arc::clone(&signal)));
        let waker = Waker::from(Arc::clone(&alarm));
        waker.wake_by_ref();
        let wire = Arc::new(Wire::new(Arc::clone(&signal), protocol, script, terms));
        let receive = Receiver::new(Arc::clone(&wire) as _, ID);
        let send = Sender::new(Arc::clone(&wire) as _, ID);
        let future = Box::pin(async move { app.call(scope, receive, send).await });
        Self { future: Some(future), wire, signal, alarm, waker, manner, polls: 0, events: Vec::new(), outcome: None }
    }

    /// Polls the application once, woken or not. Ready when the call has returned.
    pub fn poll(&mut self) -> Poll<()> {
        let Some(future) = &mut self.future else { return Poll::Ready(()) };
        self.polls += 1;
        if self.manner.hang_up_at.take_if(|poll| self.polls >= *poll).is_some() {
            self.wire.hang_up();
        }
        self.signal.take_woken();
        let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(&self.waker)) else {
            self.wire.settle();
            return Poll::Pending;
        };
        // Handles die before those that the future kept are dropped, as they do on a server.
        self.outcome = Some(self.wire.returned(result, mem::take(&mut self.events), self.polls));
        self.future = None;
        Poll::Ready(())
    }

    /// The other end, for a test that awaits the call in a task of its own. From now on the peer takes an event when
    /// the [`Peer`] does, and at no other time.
    pub fn peer(&self) -> Peer {
        Peer::new(Arc::clone(&self.wire))
    }

    /// Whether the application asked to be polled since it was polled last.
    pub fn is_woken(&self) -> bool {
        self.signal.is_woken()
    }

    /// The peer, or the server, brings about this event. After [`unfinished`](super::Script::unfinished) it is for the
    /// test to end the request.
    pub fn push(&mut self, event: Incoming) {
        self.wire.push(event);
    }

    /// The peer leaves.
    pub fn hang_up(&mut self) {
        self.wire.hang_up();
    }

    /// The exchange ends for this reason.
    pub fn end(&mut self, end: End) {
        self.wire.end(end);
    }

    /// The peer takes up to `bytes` of what waits for it.
    pub fn take(&mut self, bytes: u64) {
        self.wire.take(bytes);
    }

    /// The peer takes everything that waits for it.
    pub fn drain(&mut self) {
        self.wire.take(u64::MAX);
    }

    /// The bytes that wait for the peer. An event counts its payload and its fields, and at least one.
    pub fn buffered(&self) -> u64 {
        self.wire.buffered()
    }

    /// What the application sent and the exchange accepted so far.
    pub fn events(&mut self) -> &[Outgoing] {
        if let Some(outcome) = &self.outcome {
            return &outcome.events;
        }
        self.events.append(&mut self.wire.take_events());
        &self.events
    }

    /// Takes the call to its end on this thread. It is polled when it was woken and at no other time, so that a lost
    /// wake-up shows.
    ///
    /// # Panics
    /// When the application panics; and when all is quiet, nothing but this exchange could wake it, and no thread uses
    /// a handle for as long as the script's [`patience`](super::Script::patience).
    #[track_caller]
    pub fn run(mut self) -> Outcome {
        loop {
            match self.turn() {
                Turn::Returned => return self.into_outcome(),
                Turn::Went => {}
                Turn::Waits => self.wait(),
            }
        }
    }

    #[track_caller]
    fn wait(&self) {
        loop {
            // In this order: who has let go of the waker by now has woken the call before.
            let others_may_wake = self.others_may_wake();
            if self.signal.wait(self.manner.patience) {
                return;
            }
            assert!(
                others_may_wake,
                "the application waits for an event that never comes (in: {:?})",
                self.wire.awaited()
            );
        }
    }

    fn turn(&mut self) -> Turn {
        if self.outcome.is_some() {
            return Turn::Returned;
        }
        // Before looking whether it was woken: who lets go of the waker has woken it.
        let others_may_wake = self.others_may_wake();
        if self.signal.is_woken() {
            return if self.poll().is_ready() { Turn::Returned } else { Turn::Went };
        }
        if self.wire.settle() {
            return Turn::Went;
        }
        // Nothing else is left to happen: the peer need not wait for the poll that it was to leave at.
        if self.manner.hang_up_at.is_some() && !others_may_wake {
            self.manner.hang_up_at = None;
            self.wire.hang_up();
            return Turn::Went;
        }
        Turn::Waits
    }

    /// Whether the call's waker is held by anything but this struct (twice) and the exchange: a timer, a thread.
    fn others_may_wake(&self) -> bool {
        Arc::strong_count(&self.alarm) > 2 + self.wire.count(&self.waker)
    }

    fn into_outcome(mut self) -> Outcome {
        self.outcome.take().expect("the call has returned")
    }
}

impl Default for Manner {
    fn default() -> Self {
        Self { hang_up_at: None, patience: Duration::from_secs(5) }
    }
}

impl Future for Call {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let call = self.get_mut();
        call.signal.watch(cx.waker());
        match call.turn() {
            Turn::Returned => Poll::Ready(call.outcome.take().expect("a future is not polled after it was ready")),
            Turn::Went => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Turn::Waits => Poll::Pending,
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.wire.dropped_call();
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("polls", &self.polls).field("woken", &self.is_woken()).finish_non_exhaustive()
    }
}
