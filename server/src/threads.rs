//! The threads on which workers run.

use crate::accept::{Accepted, Destination, accept};
use crate::listener::Listener;
use crate::transport::Socket;
use crate::worker::{Reserved, Worker};
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};

/// Where the connections of a worker on another thread are sent.
pub(crate) type Inbox = mpsc::UnboundedSender<(Accepted<Socket>, Reserved)>;

/// Within this time every thread of a runtime has noticed that it is shut down, unless it is blocked.
const NOTICED: Duration = Duration::from_secs(1);

/// The threads of a server. Dropping it drops everything that runs on them.
#[derive(Debug, Default)]
pub(crate) struct Threads(Vec<Thread>);

#[derive(Debug)]
struct Thread {
    worker: Arc<Worker>,
    abort: Arc<Notify>,
    ended: Option<oneshot::Receiver<()>>,
}

impl Threads {
    /// Starts a thread for one worker, which accepts from `listeners` and takes what is sent to the inbox.
    pub(crate) fn add(
        &mut self,
        worker: Arc<Worker>,
        number: usize,
        listeners: Vec<Listener>,
        places: Option<Arc<Semaphore>>,
    ) -> io::Result<Inbox> {
        let mut builder = Builder::new_current_thread();
        builder.max_blocking_threads(worker.config().blocking_threads.max(1));
        self.start(worker, builder.enable_all().build()?, format!("transom-{number}"), listeners, places)
    }

    /// Starts threads that steal work from each other.
    pub(crate) fn stealing(
        worker: Arc<Worker>,
        count: usize,
        listeners: Vec<Listener>,
        places: Option<Arc<Semaphore>>,
    ) -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.max_blocking_threads(worker.config().blocking_threads.max(1));
        let runtime = builder.worker_threads(count).thread_name("transom").enable_all().build()?;
        let mut threads = Self::default();
        threads.start(worker, runtime, "transom".into(), listeners, places)?;
        Ok(threads)
    }

    /// Has every connection end as soon as it can.
    pub(crate) fn drain(&self) {
        self.0.iter().for_each(|thread| thread.worker.drain());
    }

    /// Drops every connection.
    pub(crate) fn abort(&self) {
        // Each thread waits for it, or will: the permit is kept until then.
        self.0.iter().for_each(|thread| thread.abort.notify_one());
    }

    /// Completes when every thread has ended.
    pub(crate) async fn ended(&mut self) {
        for thread in &mut self.0 {
            if let Some(ended) = &mut thread.ended {
                let _ = ended.await;
                thread.ended = None;
            }
        }
    }

    /// Open connections.
    pub(crate) fn connections(&self) -> usize {
        self.0.iter().map(|thread| thread.worker.connections()).sum()
    }

    fn start(
        &mut self,
        worker: Arc<Worker>,
        runtime: Runtime,
        name: String,
        listeners: Vec<Listener>,
        places: Option<Arc<Semaphore>>,
    ) -> io::Result<Inbox> {
        let (inbox, received) = mpsc::unbounded_channel();
        let (end, ended) = oneshot::channel();
        let abort = Arc::new(Notify::new());
        let (own_worker, own_abort) = (Arc::clone(&worker), Arc::clone(&abort));
        thread::Builder::new().name(name).spawn(move || {
            runtime.block_on(run(own_worker, received, listeners, places, &own_abort));
            // Drops what still runs, which other threads may have to notice first, and does not wait for what blocks.
            runtime.shutdown_timeout(NOTICED);
            drop(end);
        })?;
        self.0.push(Thread { worker, abort, ended: Some(ended) });
        Ok(inbox)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.abort();
    }
}

/// One worker: accepts and takes in connections until the draining, then waits until they are closed.
async fn run(
    worker: Arc<Worker>,
    mut inbox: mpsc::UnboundedReceiver<(Accepted<Socket>, Reserved)>,
    listeners: Vec<Listener>,
    places: Option<Arc<Semaphore>>,
    abort: &Notify,
) {
    let mut acceptors = tokio::task::JoinSet::new();
    for listener in listeners {
        acceptors.spawn(accept(listener, Destination::Here(Arc::clone(&worker)), places.clone()));
    }
    let serve = async {
        let drained = worker.drained();
        let mut drained = std::pin::pin!(drained);
        drained.as_mut().enable();
        while !worker.is_draining() {
            tokio::select! {
                () = &mut drained => break,
                received = inbox.recv() => match received {
                    Some(received) => take_in(&worker, received),
                    None => {
                        drained.await;
                        break;
                    }
                },
            }
        }
        acceptors.shutdown().await;
        inbox.close();
        // What was handed over just before is served too.
        while let Some(received) = inbox.recv().await {
            take_in(&worker, received);
        }
        worker.deserted().await;
    };
    tokio::select! {
        () = serve => {}
        () = abort.notified() => {}
    }
}

fn take_in(worker: &Arc<Worker>, (accepted, reserved): (Accepted<Socket>, Reserved)) {
    match accepted.attach() {
        Ok(accepted) => worker.spawn(accepted, reserved),
        Err(error) => tracing::warn!("cannot serve a new connection: {error}"),
    }
}
