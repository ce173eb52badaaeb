//! The calls that run.

use super::Error;
use super::call::{Fate, is_failure};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio::task::JoinSet;
use transom::memory::Call;

/// What goes on beside a call for as long as it runs: the body of its request is sent.
pub(super) type Aside = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Every call of a client. They are dropped with it.
pub(super) struct Calls {
    tasks: Mutex<JoinSet<()>>,
    running: watch::Sender<usize>,
    stopping: watch::Sender<bool>,
    failures: Arc<Mutex<Vec<Arc<Fate>>>>,
}

impl Calls {
    pub(super) fn new() -> Self {
        Self {
            tasks: Mutex::default(),
            running: watch::Sender::new(0),
            stopping: watch::Sender::new(false),
            failures: Arc::default(),
        }
    }

    /// Lets `call` run in a task of its own.
    pub(super) fn spawn(&self, call: Call, mut aside: Option<Aside>, fate: Arc<Fate>) {
        let place = Place::new(&self.running);
        let failures = Arc::clone(&self.failures);
        let task = async move {
            let mut call = pin!(call);
            let outcome = poll_fn(|cx| {
                if aside.as_mut().is_some_and(|aside| aside.as_mut().poll(cx).is_ready()) {
                    aside = None;
                }
                call.as_mut().poll(cx)
            });
            if is_failure(&outcome.await) {
                lock(&failures).push(fate);
            }
            drop(place);
        };
        let mut tasks = lock(&self.tasks);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    /// Waits until no call runs.
    pub(super) async fn idle(&self) {
        // The sender is ours, so that it cannot be gone.
        let _ = self.running.subscribe().wait_for(|running| *running == 0).await;
    }

    /// The first failure that nobody was told of.
    pub(super) fn failure(&self) -> Result<(), Error> {
        match lock(&self.failures).drain(..).find(|fate| fate.tell()) {
            Some(fate) => Err(Error::Application(fate.error("it returned without a whole response"))),
            None => Ok(()),
        }
    }

    /// From now on there are no more calls.
    pub(super) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    pub(super) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits until there are no more calls.
    pub(super) fn stopping(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stopping = self.stopping.subscribe();
        async move {
            // A client that is gone has dropped the call too.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        }
    }

    /// Drops the calls that run.
    pub(super) fn abort(&self) {
        lock(&self.tasks).abort_all();
    }
}

/// A call that is counted, however it ends.
struct Place(watch::Sender<usize>);

impl Place {
    fn new(running: &watch::Sender<usize>) -> Self {
        running.send_modify(|running| *running += 1);
        Self(running.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running -= 1);
    }
}

/// Locks what is never left half-changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
