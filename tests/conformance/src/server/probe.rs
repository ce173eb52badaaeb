//! The applications of the checks.

use super::events::respond;
use std::fmt::Display;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::task::{Poll, Waker};
use transom::{App, Error, HttpScope, Manifest, Receiver, Scope, Sender, WebSocketScope};

pub(super) type Calling = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;
pub(super) type Http = fn(Arc<Aside>, HttpScope, Receiver, Sender) -> Calling;
pub(super) type Socket = fn(Arc<Aside>, WebSocketScope, Receiver, Sender) -> Calling;
pub(super) type Life = fn(Arc<Aside>, Receiver, Sender) -> Calling;

/// An application: what it does in each kind of call.
#[derive(Clone, Copy, Default)]
pub(super) struct Probe {
    pub(super) http: Option<Http>,
    pub(super) socket: Option<Socket>,
    pub(super) life: Option<Life>,
    pub(super) manifest: Manifest,
}

/// Answers `hello`.
pub(super) fn hello(_: Arc<Aside>, _: HttpScope, _receive: Receiver, mut send: Sender) -> Calling {
    Box::pin(async move { Ok(send.send(respond("hello")).await?) })
}

/// A probe that is played.
pub(super) struct Playing {
    pub(super) probe: Probe,
    pub(super) aside: Arc<Aside>,
}

impl App for Playing {
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        let aside = Arc::clone(&self.aside);
        let Probe { http, socket, life, .. } = self.probe;
        let call = match scope {
            Scope::Http(scope) => http.map(|http| http(aside, scope, receive, send)),
            Scope::WebSocket(scope) => socket.map(|socket| socket(aside, scope, receive, send)),
            Scope::Lifespan(_) => life.map(|life| life(aside, receive, send)),
            _ => None,
        };
        match call {
            Some(call) => call.await,
            None => Err(Error::unsupported()),
        }
    }

    fn manifest(&self) -> Manifest {
        self.probe.manifest
    }
}

/// Tells when the server asks for the manifest; a lint asks by itself.
pub(super) struct Asked<A> {
    pub(super) app: A,
    pub(super) aside: Arc<Aside>,
}

impl<A: App> App for Asked<A> {
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        self.app.call(scope, receive, send).await
    }

    fn manifest(&self) -> Manifest {
        self.aside.tell("manifest");
        self.app.manifest()
    }
}

/// What an application and its check have in common.
pub(super) struct Aside {
    tell: Mutex<mpsc::Sender<String>>,
    gate: Mutex<Gate>,
    kept: Mutex<Vec<(Receiver, Sender)>>,
    senders: Mutex<Vec<Sender>>,
    scopes: Mutex<Vec<HttpScope>>,
}

#[derive(Default)]
struct Gate {
    /// So many may pass.
    open: usize,
    waiting: Vec<Waker>,
}

impl Aside {
    pub(super) fn new(tell: mpsc::Sender<String>) -> Self {
        let (gate, kept, senders, scopes) = Default::default();
        Self { tell: Mutex::new(tell), gate, kept, senders, scopes }
    }

    /// Tells the check something.
    pub(super) fn tell(&self, what: impl Display) {
        // It may have given up.
        let _ = lock(&self.tell).send(what.to_string());
    }

    /// Waits until the check lets one pass.
    pub(super) async fn gate(&self) {
        poll_fn(|cx| {
            let mut gate = lock(&self.gate);
            if gate.open > 0 {
                gate.open -= 1;
                return Poll::Ready(());
            }
            gate.waiting.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Gives handles to the check.
    pub(super) fn keep(&self, receive: Receiver, send: Sender) {
        lock(&self.kept).push((receive, send));
    }

    /// Keeps a sender from being dropped while its call runs.
    pub(super) fn keep_sender(&self, send: Sender) {
        lock(&self.senders).push(send);
    }

    /// Gives a scope to the check.
    pub(super) fn keep_scope(&self, scope: HttpScope) {
        lock(&self.scopes).push(scope);
    }

    pub(super) fn kept(&self) -> Option<(Receiver, Sender)> {
        lock(&self.kept).pop()
    }

    pub(super) fn scopes(&self) -> Vec<HttpScope> {
        std::mem::take(&mut lock(&self.scopes))
    }

    /// Drops what was kept, outside of the lock: a server hears of it.
    pub(super) fn clear(&self) {
        let kept = std::mem::take(&mut *lock(&self.kept));
        let senders = std::mem::take(&mut *lock(&self.senders));
        drop((kept, senders));
    }

    /// Lets one pass the gate.
    pub(super) fn open_gate(&self) {
        self.open(1);
    }

    pub(super) fn open(&self, count: usize) {
        let mut gate = lock(&self.gate);
        gate.open = gate.open.saturating_add(count);
        let waiting = std::mem::take(&mut gate.waiting);
        drop(gate);
        waiting.into_iter().for_each(Waker::wake);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it is held.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
