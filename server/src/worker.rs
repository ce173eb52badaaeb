//! A worker: the connections of one thread, and what they share.

use crate::accept::Accepted;
use crate::application::Application;
use crate::config::Config;
use crate::connection;
use crate::http1::Fixed;
use crate::transport::Transport;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use transom::{Capabilities, HttpVersion, ServerInfo, State};

/// What this server can do for a request.
const HTTP: Capabilities = Capabilities::INFORMATIONAL
    .union(Capabilities::TRAILERS)
    .union(Capabilities::FILE)
    .union(Capabilities::FULL_DUPLEX)
    .union(Capabilities::UPGRADE)
    .union(Capabilities::CLOSED_WATCH);

/// What only a WebSocket has.
const IN_WEBSOCKET: Capabilities = Capabilities::WEBSOCKET_DENIAL.union(Capabilities::WEBSOCKET_CONTROL);

/// What HTTP/1.0 has no way to say.
const NOT_IN_HTTP10: Capabilities =
    Capabilities::INFORMATIONAL.union(Capabilities::TRAILERS).union(Capabilities::UPGRADE);

/// What a server can do that is configured like this.
pub(crate) fn capabilities(config: &Config) -> Capabilities {
    if config.websocket.enabled { HTTP.union(IN_WEBSOCKET) } else { HTTP }
}

/// What all workers of a server share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) application: Application,
    pub(crate) info: Arc<ServerInfo>,
    pub(crate) state: State,
    fixed: Fixed,
    in_flight: AtomicUsize,
    connections: AtomicU64,
}

impl Shared {
    pub(crate) fn new(config: Config, application: Application, info: Arc<ServerInfo>, state: State) -> Self {
        let fixed = Fixed::new(&config);
        let (in_flight, connections) = (AtomicUsize::new(0), AtomicU64::new(0));
        Self { config, application, info, state, fixed, in_flight, connections }
    }
}

/// One worker.
#[derive(Debug)]
pub(crate) struct Worker {
    shared: Arc<Shared>,
    connections: AtomicUsize,
    draining: AtomicBool,
    /// Told when the draining begins.
    drained: Notify,
    /// Told when the last connection is closed.
    deserted: Notify,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            connections: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            drained: Notify::new(),
            deserted: Notify::new(),
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.shared.config
    }

    pub(crate) fn application(&self) -> &Application {
        &self.shared.application
    }

    pub(crate) fn fixed(&self) -> &Fixed {
        &self.shared.fixed
    }

    /// What an exchange of this version can do.
    pub(crate) fn capabilities(&self, version: HttpVersion) -> Capabilities {
        if version == HttpVersion::Http10 { HTTP.without(NOT_IN_HTTP10) } else { HTTP }
    }

    /// What a WebSocket over HTTP/1.1 can do. Pings and pongs are for applications that ask for them: to all others
    /// they would be messages to be skipped.
    pub(crate) fn websocket_capabilities(&self) -> Capabilities {
        let capabilities = HTTP.union(IN_WEBSOCKET).without(Capabilities::UPGRADE);
        let control = Capabilities::WEBSOCKET_CONTROL;
        let manifest = self.application().manifest();
        let wanted = manifest.wants.contains(control) || manifest.requires.contains(control);
        if wanted { capabilities } else { capabilities.without(control) }
    }

    /// Open connections, with those that are on their way to this worker.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Counts a connection in, until the guard is dropped.
    pub(crate) fn reserve(self: &Arc<Self>) -> Reserved {
        self.connections.fetch_add(1, Ordering::Relaxed);
        Reserved(Arc::clone(self))
    }

    /// Serves a connection on the runtime of the caller.
    pub(crate) fn spawn(self: &Arc<Self>, accepted: Accepted<Transport>, reserved: Reserved) {
        let Accepted { socket: transport, client, server, permit } = accepted;
        let shared = &self.shared;
        let id = shared.connections.fetch_add(1, Ordering::Relaxed);
        let peer = transom::Connection::new(id, client, server, shared.state.clone(), Arc::clone(&shared.info));
        // Boxed: the runtime moves what it is given several times, and a connection has some kilobytes.
        let connection = Box::pin(connection::serve(transport, peer, Arc::clone(self)));
        tokio::spawn(async move {
            connection.await;
            drop((reserved, permit));
        });
    }

    /// A place among the calls that may run at the same time; `None` if all are taken.
    #[inline]
    pub(crate) fn enter(&self) -> Option<InFlight<'_>> {
        let Some(limit) = self.shared.config.limits.in_flight else { return Some(InFlight(None)) };
        let in_flight = InFlight(Some(&self.shared.in_flight));
        (self.shared.in_flight.fetch_add(1, Ordering::Relaxed) < limit).then_some(in_flight)
    }

    /// Whether connections are to end as soon as they can.
    #[inline]
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Ready when the draining begins, if it was polled before.
    pub(crate) fn drained(&self) -> Notified<'_> {
        self.drained.notified()
    }

    /// Has connections end as soon as they can.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
        self.drained.notify_waiters();
    }

    /// Completes when no connection is left.
    pub(crate) async fn deserted(&self) {
        loop {
            let deserted = self.deserted.notified();
            if self.connections() == 0 {
                return;
            }
            deserted.await;
        }
    }
}

/// A connection that is counted.
#[derive(Debug)]
pub(crate) struct Reserved(Arc<Worker>);

impl Drop for Reserved {
    fn drop(&mut self) {
        if self.0.connections.fetch_sub(1, Ordering::Relaxed) == 1 && self.0.is_draining() {
            self.0.deserted.notify_one();
        }
    }
}

/// A call that is counted.
#[derive(Debug)]
pub(crate) struct InFlight<'a>(Option<&'a AtomicUsize>);

impl Drop for InFlight<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(count) = self.0 {
            count.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
