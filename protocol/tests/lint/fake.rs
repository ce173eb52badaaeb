//! A server that does as it is told, right or wrong.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use transom::{App, End, Error, Exchange, ExchangeId, Half, Incoming, Outgoing, Receiver, Scope, SendError, Sender};

/// What it answers. Where nothing is said it accepts every event, is ready, and has nothing to tell.
#[derive(Default)]
pub(crate) struct Fake(Mutex<Answers>);

#[derive(Default)]
struct Answers {
    recv: VecDeque<Poll<Incoming>>,
    send: VecDeque<Result<(), SendError>>,
    ready: VecDeque<Poll<Result<(), SendError>>>,
    flush: VecDeque<Poll<Result<(), SendError>>>,
    closed: VecDeque<Poll<End>>,
}

impl Fake {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn with(mut self, change: impl FnOnce(&mut Answers)) -> Self {
        change(self.0.get_mut().unwrap());
        self
    }

    /// Gives this next, and after the last of them keeps `recv` waiting.
    pub(crate) fn gives(self, event: Incoming) -> Self {
        self.with(|answers| answers.recv.push_back(Poll::Ready(event)))
    }

    pub(crate) fn ends(self, end: End) -> Self {
        self.gives(Incoming::End(end))
    }

    /// Keeps `recv` waiting once.
    pub(crate) fn keeps_waiting(self) -> Self {
        self.with(|answers| answers.recv.push_back(Poll::Pending))
    }

    pub(crate) fn answers(self, answer: Result<(), SendError>) -> Self {
        self.with(|answers| answers.send.push_back(answer))
    }

    pub(crate) fn readies(self, answer: Poll<Result<(), SendError>>) -> Self {
        self.with(|answers| answers.ready.push_back(answer))
    }

    pub(crate) fn flushes(self, answer: Poll<Result<(), SendError>>) -> Self {
        self.with(|answers| answers.flush.push_back(answer))
    }

    pub(crate) fn closes(self, answer: Poll<End>) -> Self {
        self.with(|answers| answers.closed.push_back(answer))
    }

    /// Polls the call of `app` once.
    pub(crate) fn call(self, app: impl App, scope: Scope) {
        self.begin(app, scope);
    }

    /// Calls `app`, and polls the call once.
    pub(crate) fn begin(self, app: impl App, scope: Scope) -> Begun {
        let exchange = Arc::new(self);
        let receive = Receiver::new(Arc::clone(&exchange) as _, ExchangeId(1));
        let send = Sender::new(Arc::clone(&exchange) as _, ExchangeId(1));
        let call = Box::pin(async move { app.call(scope, receive, send).await });
        let mut begun = Begun { exchange, call: Some(call) };
        begun.poll();
        begun
    }
}

type Call = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

/// A call that has begun.
pub(crate) struct Begun {
    exchange: Arc<Fake>,
    /// `None` once it returned.
    call: Option<Call>,
}

impl Begun {
    /// Gives this next.
    pub(crate) fn give(&mut self, event: Incoming) {
        self.exchange.0.lock().unwrap().recv.push_back(Poll::Ready(event));
        self.poll();
    }

    fn poll(&mut self) {
        let Some(call) = &mut self.call else { return };
        if call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            self.call = None;
        }
    }
}

impl Exchange for Fake {
    fn poll_recv(&self, _: ExchangeId, _: &mut Context<'_>) -> Poll<Incoming> {
        self.0.lock().unwrap().recv.pop_front().unwrap_or(Poll::Pending)
    }

    fn poll_ready(&self, _: ExchangeId, _: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.0.lock().unwrap().ready.pop_front().unwrap_or(Poll::Ready(Ok(())))
    }

    fn start_send(&self, _: ExchangeId, _: Outgoing) -> Result<(), SendError> {
        self.0.lock().unwrap().send.pop_front().unwrap_or(Ok(()))
    }

    fn poll_flush(&self, _: ExchangeId, _: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.0.lock().unwrap().flush.pop_front().unwrap_or(Poll::Pending)
    }

    fn poll_closed(&self, _: ExchangeId, _: &mut Context<'_>) -> Poll<End> {
        self.0.lock().unwrap().closed.pop_front().unwrap_or(Poll::Pending)
    }

    fn dropped(&self, _: ExchangeId, _: Half) {}
}
