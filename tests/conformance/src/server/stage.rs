//! Where a check is played: the server with an application of ours in it.

use super::check::{Checked, Fault, same};
use super::client::Client;
use super::{Limits, Running, Start};
use std::fmt::{self, Display};
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;
use transom::lint::{Reports, lint};
use transom::{
    App, BoxApp, Capabilities, Error, HttpScope, Incoming, Manifest, Message, Outgoing, Receiver, Scope, SendError,
    Sender, WebSocketScope,
};

pub(super) struct Stage {
    pub(super) start: Arc<Start>,
    pub(super) patience: Duration,
    pub(super) limits: Limits,
    pub(super) root_path: Option<String>,
    pub(super) half_close: bool,
    pub(super) traits: Traits,
    /// What the lint says of the server.
    pub(super) reports: Reports,
}

/// What a server has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Traits {
    pub(super) capabilities: Capabilities,
    pub(super) websocket: bool,
}

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

impl Stage {
    /// A server with an application of HTTP.
    pub(super) fn http(&self, http: Http) -> Result<Served, Fault> {
        self.serve(Probe { http: Some(http), ..Probe::default() })
    }

    /// A server with an application of WebSockets, or none of this check.
    pub(super) fn socket(&self, socket: Socket) -> Result<Served, Fault> {
        if !self.traits.websocket {
            return Err(Fault::Skipped("the server has no WebSockets".into()));
        }
        self.serve(Probe { socket: Some(socket), http: Some(hello), ..Probe::default() })
    }

    /// A server with an application of the lifespan and of HTTP.
    pub(super) fn life(&self, life: Life, http: Http) -> Result<Served, Fault> {
        self.serve(Probe { life: Some(life), http: Some(http), ..Probe::default() })
    }

    pub(super) fn serve(&self, probe: Probe) -> Result<Served, Fault> {
        self.try_serve(probe)?.map_err(|error| Fault::failed(format!("the server does not start: {error}")))
    }

    /// A server, which may refuse to start.
    pub(super) fn try_serve(&self, probe: Probe) -> Result<Result<Served, String>, Fault> {
        let (tell, told) = mpsc::channel();
        let aside = Arc::new(Aside::new(tell));
        let playing = Playing { probe, aside: Arc::clone(&aside) };
        let linted = lint(playing).collect(&self.reports);
        let app = BoxApp::new(Asked { app: linted, aside: Arc::clone(&aside) });
        match (self.start)(app) {
            Ok(running) => {
                let Running { address, stop } = running;
                Ok(Ok(Served { address, stop: Some(stop), aside, told, patience: self.patience }))
            }
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    /// Skips the check unless the server can do this.
    pub(super) fn needs(&self, capabilities: Capabilities) -> Checked {
        match capabilities.without(self.traits.capabilities) {
            missing if missing.is_empty() => Ok(()),
            missing => Err(Fault::Skipped(format!("the server has no {missing}"))),
        }
    }
}

/// Answers `hello`.
pub(super) fn hello(_: Arc<Aside>, _: HttpScope, _receive: Receiver, mut send: Sender) -> Calling {
    Box::pin(async move { Ok(send.send(respond("hello")).await?) })
}

struct Playing {
    probe: Probe,
    aside: Arc<Aside>,
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
struct Asked<A> {
    app: A,
    aside: Arc<Aside>,
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
    fn new(tell: mpsc::Sender<String>) -> Self {
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

    /// Lets one pass the gate.
    pub(super) fn open_gate(&self) {
        self.open(1);
    }

    fn open(&self, count: usize) {
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

/// A server that runs.
pub(super) struct Served {
    pub(super) address: SocketAddr,
    stop: Option<Box<dyn FnOnce() -> Result<(), super::BoxError> + Send>>,
    aside: Arc<Aside>,
    told: mpsc::Receiver<String>,
    patience: Duration,
}

impl Served {
    pub(super) fn connect(&self) -> Result<Client, Fault> {
        Client::connect(self.address, self.patience)
    }

    /// What the application tells next, its manifest apart.
    pub(super) fn told(&self) -> Result<String, Fault> {
        loop {
            match self.told.recv_timeout(self.patience) {
                Ok(told) if told == "manifest" => {}
                Ok(told) => return Ok(told),
                Err(_) => return Err(Fault::failed("the application does not get as far as it should")),
            }
        }
    }

    /// The application tells this next.
    pub(super) fn tells(&self, expected: impl fmt::Debug + AsRef<str>) -> Checked {
        same("what the application saw", self.told()?, expected.as_ref())
    }

    /// What the application has told by now and was not asked for.
    pub(super) fn rest(&self) -> Vec<String> {
        self.told.try_iter().filter(|told| told != "manifest").collect()
    }

    /// Everything that was told so far.
    pub(super) fn all(&self) -> Vec<String> {
        self.told.try_iter().collect()
    }

    /// Lets the application pass its gate once.
    pub(super) fn open(&self) {
        self.aside.open(1);
    }

    /// The handles that the application gave away.
    pub(super) fn kept(&self) -> Result<(Receiver, Sender), Fault> {
        lock(&self.aside.kept).pop().ok_or_else(|| Fault::failed("no handle was kept"))
    }

    /// The scopes that it gave away.
    pub(super) fn scopes(&self) -> Vec<HttpScope> {
        std::mem::take(&mut lock(&self.aside.scopes))
    }

    /// Begins the stop; what comes of it, in time, the one who waits is told.
    pub(super) fn begin_stop(&mut self) -> Stopping {
        let (tell, told) = mpsc::channel();
        if let Some(stop) = self.stop.take() {
            thread::spawn(move || tell.send(stop().map_err(|error| error.to_string())));
        }
        Stopping { told, patience: self.patience }
    }

    /// Stops it, and says how that went.
    pub(super) fn stop(&mut self) -> Result<Result<(), String>, Fault> {
        self.begin_stop().wait()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.aside.open(usize::MAX);
        lock(&self.aside.kept).clear();
        lock(&self.aside.senders).clear();
        if self.stop.is_some() {
            // A server that does not stop is left behind; another check says so.
            let _ = self.begin_stop().wait();
        }
    }
}

/// A server that is about to stop.
pub(super) struct Stopping {
    told: mpsc::Receiver<Result<(), String>>,
    patience: Duration,
}

impl Stopping {
    pub(super) fn wait(self) -> Result<Result<(), String>, Fault> {
        self.told.recv_timeout(self.patience).map_err(|_| Fault::failed("the server does not stop"))
    }
}

/// What a future gives at once, if it does. It is dropped then.
pub(super) async fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        Poll::Ready(match future.as_mut().poll(cx) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

/// Receives, and tells it.
pub(super) async fn receive_and_tell(aside: &Aside, receive: &mut Receiver) -> String {
    let shown = show(&receive.recv().await);
    aside.tell(&shown);
    shown
}

/// The whole request body.
pub(super) async fn read(receive: &mut Receiver) -> Result<Vec<u8>, SendError> {
    let mut body = Vec::new();
    loop {
        match receive.recv().await {
            Incoming::Body { data, more } => {
                body.extend_from_slice(&data);
                if !more {
                    return Ok(body);
                }
            }
            Incoming::Trailers(_) => return Ok(body),
            Incoming::End(end) => return Err(SendError::Disconnected(end)),
            _ => {}
        }
    }
}

/// An event in a few words.
pub(super) fn show(event: &Incoming) -> String {
    match event {
        Incoming::Body { data, more: true } => format!("Body {}, more", data.escape_ascii()),
        Incoming::Body { data, more: false } => format!("Body {}", data.escape_ascii()),
        Incoming::Trailers(fields) => {
            let fields = fields.iter().map(|(name, value)| format!("{name}: {}", value.escape_ascii()));
            format!("Trailers {}", fields.collect::<Vec<_>>().join(", "))
        }
        Incoming::Message(Message::Text(text)) => format!("Text {text}"),
        Incoming::Message(Message::Binary(data)) => format!("Binary {}", data.escape_ascii()),
        Incoming::End(end) => format!("{end:?}"),
        Incoming::Draining { .. } => "Draining".into(),
        other => format!("{other:?}"),
    }
}

/// What became of an event, in a few words.
pub(super) fn answer(result: &Result<(), SendError>) -> String {
    match result {
        Ok(()) => "accepted".into(),
        Err(SendError::Violation(violation)) => format!("{violation:?}"),
        Err(error) => format!("{error:?}"),
    }
}

pub(super) fn respond(body: impl Into<bytes::Bytes>) -> Outgoing {
    respond_with(200, &[], body)
}

pub(super) fn respond_with(status: u16, fields: &[(&str, &str)], body: impl Into<bytes::Bytes>) -> Outgoing {
    Outgoing::Response { status, headers: fields.iter().copied().collect(), body: body.into() }
}

pub(super) fn start() -> Outgoing {
    start_with(200, &[])
}

pub(super) fn start_with(status: u16, fields: &[(&str, &str)]) -> Outgoing {
    Outgoing::Start { status, headers: fields.iter().copied().collect() }
}

pub(super) fn more(data: impl Into<bytes::Bytes>) -> Outgoing {
    Outgoing::Body { data: data.into(), more: true }
}

pub(super) fn last(data: impl Into<bytes::Bytes>) -> Outgoing {
    Outgoing::Body { data: data.into(), more: false }
}

/// A request without a body.
pub(super) const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

/// What a future gives at once, outside of any call.
pub(super) fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(at_once(future)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => None,
    }
}
