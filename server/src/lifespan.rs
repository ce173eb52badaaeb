//! The lifespan call: once per server, before any other call and after all of them.

use crate::application::{Application, Call};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::time::timeout;
use transom::order::LifespanSend;
use transom::{
    End, Error, Exchange, ExchangeId, Half, Incoming, LifespanScope, Outgoing, Receiver, Scope, SendError, Sender,
    ServerInfo, State,
};

/// A lifespan call, past its startup.
pub(crate) struct Lifespan {
    /// `None` once it returned.
    call: Option<Box<dyn Call>>,
    handles: Arc<Handles>,
}

/// How a startup ended well.
pub(crate) struct Started {
    pub(crate) lifespan: Lifespan,
    pub(crate) state: State,
}

impl Lifespan {
    /// Calls the application, until it is ready or shows no interest.
    pub(crate) async fn start(
        application: &Application,
        info: Arc<ServerInfo>,
        limit: Option<Duration>,
    ) -> Result<Started, String> {
        let handles = Arc::new(Handles::default());
        let mut call = application.slot();
        let receive = Receiver::new(Arc::clone(&handles) as _, ExchangeId(0));
        let send = Sender::new(Arc::clone(&handles) as _, ExchangeId(0));
        call.start(Scope::Lifespan(LifespanScope::new(info)), receive, send);
        let mut lifespan = Self { call: Some(call), handles };
        let startup = poll_fn(|cx| {
            let returned = lifespan.poll_call(cx);
            let ready = lifespan.handles.lock().ready.take();
            match (ready, returned) {
                (Some(state), Poll::Pending | Poll::Ready(Ok(()))) => Poll::Ready(Ok(state)),
                (None, Poll::Ready(Ok(()))) => Poll::Ready(Ok(State::new())),
                (None, Poll::Ready(Err(error))) if error.is_unsupported() => Poll::Ready(Ok(State::new())),
                (_, Poll::Ready(Err(error))) => Poll::Ready(Err(error.to_string())),
                (None, Poll::Pending) => Poll::Pending,
            }
        });
        let state = within(limit, startup).await.ok_or("it was not ready in time")??;
        Ok(Started { lifespan, state })
    }

    /// Completes when the call fails, and not before.
    pub(crate) async fn failed(&mut self) -> String {
        poll_fn(|cx| match self.poll_call(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(error.to_string()),
            _ => Poll::Pending,
        })
        .await
    }

    /// Tells that no new connections are accepted.
    pub(crate) fn draining(&self, grace: Duration) {
        self.handles.deliver(Incoming::Draining { grace });
    }

    /// Tells that every exchange is over, and waits until the application has cleaned up.
    pub(crate) async fn shutdown(mut self, limit: Option<Duration>) -> Result<(), String> {
        self.handles.deliver(Incoming::Shutdown);
        let cleanup = poll_fn(|cx| self.poll_call(cx));
        let result = within(limit, cleanup).await.ok_or("it did not clean up in time")?;
        result.map_err(|error| error.to_string())
    }

    /// Ready when the call has returned: once with what it returned, and well ever after.
    fn poll_call(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Some(call) = &mut self.call else { return Poll::Ready(Ok(())) };
        let outcome = ready!(call.poll(cx));
        self.call = None;
        self.handles.end();
        Poll::Ready(outcome.into_result())
    }
}

impl Drop for Lifespan {
    fn drop(&mut self) {
        // Handles that went elsewhere are told.
        self.handles.end();
    }
}

async fn within<T>(limit: Option<Duration>, future: impl Future<Output = T>) -> Option<T> {
    match limit {
        Some(limit) => timeout(limit, future).await.ok(),
        None => Some(future.await),
    }
}

/// What the application's handles lead to.
#[derive(Default)]
struct Handles(Mutex<Shared>);

#[derive(Default)]
struct Shared {
    send: LifespanSend,
    ready: Option<State>,
    events: VecDeque<Incoming>,
    told_shutdown: bool,
    over: bool,
    receiving: Option<Waker>,
    closing: Option<Waker>,
}

impl Handles {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deliver(&self, event: Incoming) {
        let mut shared = self.lock();
        shared.events.push_back(event);
        let receiving = shared.receiving.take();
        drop(shared);
        receiving.into_iter().for_each(Waker::wake);
    }

    fn end(&self) {
        let mut shared = self.lock();
        shared.over = true;
        let waiting = [shared.receiving.take(), shared.closing.take()];
        drop(shared);
        waiting.into_iter().flatten().for_each(Waker::wake);
    }
}

impl Exchange for Handles {
    fn poll_recv(&self, _: ExchangeId, cx: &mut Context<'_>) -> Poll<Incoming> {
        let mut shared = self.lock();
        if let Some(event) = shared.events.pop_front() {
            shared.told_shutdown |= matches!(event, Incoming::Shutdown);
            return Poll::Ready(event);
        }
        if shared.over || shared.told_shutdown {
            return Poll::Ready(Incoming::End(End::Complete));
        }
        let replaced = shared.receiving.replace(cx.waker().clone());
        drop(shared);
        // It may be the last owner of a task that has a handle.
        drop(replaced);
        Poll::Pending
    }

    fn poll_ready(&self, _: ExchangeId, _: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(&self, _: ExchangeId, event: Outgoing) -> Result<(), SendError> {
        let mut shared = self.lock();
        if shared.over {
            return Err(SendError::Finished);
        }
        shared.send.accept(&event)?;
        if let Outgoing::Ready(state) = event {
            shared.ready = Some(state);
        }
        Ok(())
    }

    fn poll_flush(&self, _: ExchangeId, _: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        Poll::Ready(if self.lock().over { Err(SendError::Finished) } else { Ok(()) })
    }

    fn poll_closed(&self, _: ExchangeId, cx: &mut Context<'_>) -> Poll<End> {
        let mut shared = self.lock();
        if shared.over || shared.told_shutdown {
            return Poll::Ready(End::Complete);
        }
        let replaced = shared.closing.replace(cx.waker().clone());
        drop(shared);
        drop(replaced);
        Poll::Pending
    }

    fn dropped(&self, _: ExchangeId, _: Half) {}
}
