//! A server with something between it and the application that breaks the contract.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::thread::{self, ThreadId};
use transom::{
    App, BoxApp, End, Error, HttpScope, Incoming, Manifest, Message, Outgoing, Receiver, Scope, SendError, Sender,
    Sink, Source,
};

/// What is done wrong; the rest is passed on.
#[derive(Clone, Copy)]
pub(crate) enum Wrong {
    /// Scopes are changed.
    Scope(fn(&mut HttpScope)),
    /// What is received is.
    Receive(fn(Incoming) -> Incoming),
    /// What is sent is, or it is swallowed.
    Send(fn(Outgoing) -> Option<Outgoing>),
    /// The answers to what is sent are.
    Answer(fn(Result<(), SendError>) -> Result<(), SendError>),
    /// What `closed` gives is.
    Closed(fn(Poll<End>) -> Poll<End>),
    /// There never is room.
    NeverReady,
    /// A message comes before its time.
    Early,
    /// A sender that is dropped lives on until the call returns.
    Held,
    /// The same of a receiver.
    HeldReceiver,
    /// Only the first waker is woken.
    FirstWaker,
    /// What is sent waits until the call returns.
    Deferred,
    /// Handles are forgotten on other threads.
    OneThread,
    /// A failure of the lifespan is a success.
    Swallowed,
    /// The manifest is not looked at.
    NoManifest,
}

pub(crate) struct Layer {
    pub(crate) app: BoxApp,
    pub(crate) wrong: Wrong,
}

impl App for Layer {
    async fn call(&self, mut scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        let is_lifespan = matches!(scope, Scope::Lifespan(_));
        match (self.wrong, &mut scope) {
            (Wrong::Scope(edit), Scope::Http(http)) => edit(http),
            (Wrong::Scope(edit), Scope::WebSocket(socket)) => edit(socket.http_mut()),
            _ => {}
        }
        let inner = Arc::new(Mutex::new(send));
        let deferred = Arc::new(Mutex::new(Vec::new()));
        let thread = thread::current().id();
        let receiver = Arc::new(Mutex::new(receive));
        let inlet = Inlet { inner: Arc::clone(&receiver), wrong: self.wrong, thread, is_first: true, waker: None };
        let _held = Some(receiver).filter(|_| matches!(self.wrong, Wrong::HeldReceiver));
        let receive = Receiver::layer(inlet);
        let shared = Outlet { inner: Arc::clone(&inner), wrong: self.wrong, thread, deferred: Arc::clone(&deferred) };
        let send = Sender::layer(shared);
        // It would be kept until the call returns.
        let held = Some(inner).filter(|_| matches!(self.wrong, Wrong::Held | Wrong::Deferred));
        let result = match self.wrong {
            Wrong::Swallowed if is_lifespan => caught(self.app.call(scope, receive, send)).await.or(Ok(())),
            _ => self.app.call(scope, receive, send).await,
        };
        if let Some(held) = held {
            let events = std::mem::take(&mut *deferred.lock().unwrap());
            for event in events {
                held.lock().unwrap().start_send(event)?;
            }
        }
        result
    }

    fn manifest(&self) -> Manifest {
        match self.wrong {
            Wrong::NoManifest => Manifest::default(),
            _ => self.app.manifest(),
        }
    }
}

async fn caught(call: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    let mut call = pin!(call);
    poll_fn(|cx| {
        catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx))).unwrap_or(Poll::Ready(Err("it panicked".into())))
    })
    .await
}

struct Inlet {
    inner: Arc<Mutex<Receiver>>,
    wrong: Wrong,
    thread: ThreadId,
    is_first: bool,
    waker: Option<Waker>,
}

impl Source for Inlet {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        let mut inner = self.inner.lock().unwrap();
        match self.wrong {
            Wrong::OneThread if thread::current().id() != self.thread => Poll::Pending,
            Wrong::FirstWaker => {
                let waker = self.waker.get_or_insert_with(|| cx.waker().clone());
                inner.poll_recv(&mut Context::from_waker(waker))
            }
            Wrong::Early if std::mem::take(&mut self.is_first) => {
                Poll::Ready(Incoming::Message(Message::Text("early".into())))
            }
            Wrong::Receive(edit) => inner.poll_recv(cx).map(edit),
            _ => inner.poll_recv(cx),
        }
    }
}

struct Outlet {
    inner: Arc<Mutex<Sender>>,
    wrong: Wrong,
    thread: ThreadId,
    deferred: Arc<Mutex<Vec<Outgoing>>>,
}

impl Outlet {
    fn inner(&self) -> MutexGuard<'_, Sender> {
        self.inner.lock().unwrap()
    }
}

impl Sink for Outlet {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        match self.wrong {
            Wrong::OneThread if thread::current().id() != self.thread => Poll::Pending,
            Wrong::NeverReady => Poll::Pending,
            _ => self.inner().poll_ready(cx),
        }
    }

    fn start_send(&mut self, event: Outgoing) -> Result<(), SendError> {
        match self.wrong {
            Wrong::Send(edit) => edit(event).map_or(Ok(()), |event| self.inner().start_send(event)),
            Wrong::Answer(edit) => edit(self.inner().start_send(event)),
            Wrong::Deferred => {
                self.deferred.lock().unwrap().push(event);
                Ok(())
            }
            _ => self.inner().start_send(event),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.inner().poll_flush(cx)
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let closed = self.inner().poll_closed(cx);
        match self.wrong {
            Wrong::Closed(edit) => edit(closed),
            _ => closed,
        }
    }
}
