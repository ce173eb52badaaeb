//! Redis, and the thread that talks to it.

mod publisher;
mod subscriber;

use super::hub::Hub;
use super::{Error, Options};
use bytes::Bytes;
use redis::{Client, RedisError};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

/// How many publications wait for those before them; then those who publish do.
const WAITING: usize = 128;

/// The way to the thread. The thread ends when it is dropped or closed, and the hub too.
pub(super) struct Redis {
    requests: Mutex<Option<Requests>>,
    ended: watch::Receiver<()>,
}

#[derive(Clone)]
struct Requests {
    publish: mpsc::Sender<Publish>,
    subscribe: mpsc::UnboundedSender<Change>,
}

struct Publish {
    channel: Box<str>,
    data: Bytes,
    reply: Reply,
}

/// Somebody begins or ceases to listen to a channel: what is to be done about it the hub knows.
struct Change {
    channel: Arc<str>,
    reply: Option<Reply>,
}

type Reply = oneshot::Sender<Result<(), Error>>;

/// Where Redis is, and how long it has for what it is asked.
struct Server {
    client: Client,
    timeout: Duration,
}

impl Server {
    async fn in_time<T>(&self, answer: impl Future<Output = Result<T, RedisError>>) -> Result<T, RedisError> {
        in_time(self.timeout, answer).await
    }
}

async fn in_time<T>(limit: Duration, answer: impl Future<Output = Result<T, RedisError>>) -> Result<T, RedisError> {
    timeout(limit, answer).await.unwrap_or_else(|_| Err(silent()))
}

/// How often the connection of the subscriber was lost: one of the publisher that is older is of no use.
type Losses = Rc<Cell<u64>>;

impl Redis {
    /// Connects, and starts the thread.
    pub(super) async fn connect(url: &str, options: &Options, hub: Arc<Hub>) -> Result<Self, Error> {
        let client = Client::open(url).map_err(|error| Error::Url(error.to_string()))?;
        let server = Server { client, timeout: options.timeout };
        let keep_alive = options.keep_alive;
        let (publish, publications) = mpsc::channel(WAITING);
        let (subscribe, changes) = mpsc::unbounded_channel();
        let (ready, is_ready) = oneshot::channel();
        let (ending, ended) = watch::channel(());
        let left = subscribe.clone();
        hub.watch(move |channel| {
            // The thread may have ended already.
            let _ = left.send(Change { channel, reply: None });
        });
        // A runtime of its own: those of a server's workers may end before others do, and with them what runs there.
        let runtime = Builder::new_current_thread().enable_all().build().map_err(unavailable)?;
        let run = move || {
            let losses = Losses::default();
            let publisher = publisher::run(&server, publications, Rc::clone(&losses));
            let subscriber = subscriber::run(&server, keep_alive, &hub, changes, losses, ready);
            runtime.block_on(async { tokio::join!(publisher, subscriber) });
            drop(ending);
        };
        thread::Builder::new().name("transom-broadcast".into()).spawn(run).map_err(unavailable)?;
        is_ready.await.unwrap_or(Err(Error::Closed))?;
        Ok(Self { requests: Mutex::new(Some(Requests { publish, subscribe })), ended })
    }

    pub(super) async fn publish(&self, channel: &str, data: Bytes) -> Result<(), Error> {
        let (reply, answer) = oneshot::channel();
        let publish = self.requests()?.publish;
        publish.send(Publish { channel: channel.into(), data, reply }).await.map_err(|_| Error::Closed)?;
        drop(publish);
        self.answered(answer).await
    }

    pub(super) async fn subscribe(&self, channel: &Arc<str>) -> Result<(), Error> {
        let (reply, answer) = oneshot::channel();
        let change = Change { channel: Arc::clone(channel), reply: Some(reply) };
        self.requests()?.subscribe.send(change).map_err(|_| Error::Closed)?;
        self.answered(answer).await
    }

    /// Ends the connections, once what is being published is.
    pub(super) async fn close(&self, hub: &Hub) {
        drop(self.lock().take());
        hub.close();
        // It is never sent to: this is the end of the thread.
        let _ = self.ended.clone().changed().await;
    }

    async fn answered(&self, answer: oneshot::Receiver<Result<(), Error>>) -> Result<(), Error> {
        match answer.await {
            Ok(answer) => answer,
            // The connection was lost in the midst of it, if it was not closed.
            Err(_) => self.requests().and(Err(unavailable(silent()))),
        }
    }

    fn requests(&self) -> Result<Requests, Error> {
        self.lock().clone().ok_or(Error::Closed)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Requests>> {
        // Nothing of it is left half-changed.
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Unavailable(Arc::new(error))
}

/// The connection is of no more use: Redis did not just refuse.
fn is_lost(error: &RedisError) -> bool {
    error.is_io_error() || error.is_unrecoverable_error()
}

/// No answer came in time.
fn silent() -> RedisError {
    RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut))
}
