//! Accepting connections, and handing them to workers.

use crate::listener::Listener;
use crate::threads::Inbox;
use crate::transport::{Socket, Transport};
use crate::worker::Worker;
use rustix::io::Errno;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};
use transom::Address;

/// A connection, accepted and not yet served: a [`Transport`] on its own thread, a [`Socket`] between two.
#[derive(Debug)]
pub(crate) struct Accepted<S> {
    pub(crate) socket: S,
    pub(crate) client: Address,
    pub(crate) server: Address,
    /// A place among the connections that may be open.
    pub(crate) permit: Option<OwnedSemaphorePermit>,
}

/// Where accepted connections go.
#[derive(Clone, Debug)]
pub(crate) enum Destination {
    /// To the worker of this very thread.
    Here(Arc<Worker>),
    /// To the worker that has the fewest.
    Fewest(Vec<(Arc<Worker>, Inbox)>),
}

impl Destination {
    fn take(&self, accepted: Accepted<Transport>) {
        match self {
            Self::Here(worker) => worker.spawn(accepted, worker.reserve()),
            Self::Fewest(workers) => {
                let Some((worker, inbox)) = workers.iter().min_by_key(|(worker, _)| worker.connections()) else {
                    return;
                };
                match accepted.detach() {
                    // An inbox that is closed is that of a worker that stops, and its connections with it.
                    Ok(accepted) => drop(inbox.send((accepted, worker.reserve()))),
                    Err(error) => tracing::warn!("cannot hand a new connection to its worker: {error}"),
                }
            }
        }
    }
}

impl Accepted<Transport> {
    /// Takes the socket away from this thread's runtime.
    fn detach(self) -> io::Result<Accepted<Socket>> {
        let Self { socket, client, server, permit } = self;
        Ok(Accepted { socket: socket.detach()?, client, server, permit })
    }
}

impl Accepted<Socket> {
    /// Gives the socket to this thread's runtime.
    pub(crate) fn attach(self) -> io::Result<Accepted<Transport>> {
        let Self { socket, client, server, permit } = self;
        Ok(Accepted { socket: Transport::attach(socket)?, client, server, permit })
    }
}

/// Accepts for ever. A connection is accepted only when there is a place for it; until then it waits in the backlog.
pub(crate) async fn accept(listener: Listener, destination: Destination, places: Option<Arc<Semaphore>>) {
    let address = listener.address().clone();
    let (listener, _path) = match listener.attach() {
        Ok(attached) => attached,
        Err(error) => return tracing::error!("cannot listen on {address}: {error}"),
    };
    let mut backoff = Backoff::default();
    loop {
        let permit = match &places {
            // The semaphore is never closed.
            Some(places) => Arc::clone(places).acquire_owned().await.ok(),
            None => None,
        };
        match listener.accept().await {
            Ok((socket, client)) => {
                backoff = Backoff::default();
                let server = socket.server_address(&address);
                destination.take(Accepted { socket, client, server, permit });
            }
            // The connection is at fault, not the listener: it was gone before it was accepted (accept(2)).
            Err(error) if Errno::from_io_error(&error).is_some_and(is_of_the_connection) => {}
            Err(error) => backoff.wait(&address, &error).await,
        }
    }
}

fn is_of_the_connection(error: Errno) -> bool {
    matches!(
        error,
        Errno::CONNABORTED
            | Errno::CONNRESET
            | Errno::INTR
            | Errno::PROTO
            | Errno::PERM
            | Errno::NETDOWN
            | Errno::NETUNREACH
            | Errno::HOSTDOWN
            | Errno::HOSTUNREACH
            | Errno::NOPROTOOPT
            | Errno::OPNOTSUPP
            | Errno::TIMEDOUT
    )
}

/// Waiting after the system refused a connection for want of descriptors or memory: 5 ms, doubling up to a second,
/// and a line in the log once a second at most.
#[derive(Debug, Default)]
struct Backoff {
    wait: Duration,
    told: Option<Instant>,
}

impl Backoff {
    async fn wait(&mut self, address: &Address, error: &io::Error) {
        self.wait = (2 * self.wait).clamp(Duration::from_millis(5), Duration::from_secs(1));
        if self.told.is_none_or(|told| told.elapsed() >= Duration::from_secs(1)) {
            self.told = Some(Instant::now());
            tracing::error!("cannot accept on {address}: {error}; trying again");
        }
        sleep(self.wait).await;
    }
}
