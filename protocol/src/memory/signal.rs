use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::time::Duration;

/// How the one who polls a call learns that there is something to do.
#[derive(Default)]
pub(super) struct Signal {
    news: Mutex<News>,
    changed: Condvar,
}

#[derive(Default)]
struct News {
    /// The call wants to be polled.
    woken: bool,
    /// A handle was used.
    reported: bool,
    /// Whoever polls the [`Call`](super::Call) as a future.
    watcher: Option<Waker>,
}

/// What the call's waker is made of. Apart from [`Signal`], so that its count is the count of wakers.
pub(super) struct Alarm(pub(super) Arc<Signal>);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.raise(|news| news.woken = true);
    }
}

impl Signal {
    pub(super) fn report(&self) {
        self.raise(|news| news.reported = true);
    }

    pub(super) fn is_woken(&self) -> bool {
        self.lock().woken
    }

    pub(super) fn take_woken(&self) -> bool {
        std::mem::take(&mut self.lock().woken)
    }

    pub(super) fn watch(&self, watcher: &Waker) {
        let before = self.lock().watcher.replace(watcher.clone());
        drop(before);
    }

    /// Waits until there is something to do; `false` if nothing came within `patience`.
    pub(super) fn wait(&self, patience: Duration) -> bool {
        let is_quiet = |news: &mut News| !news.woken && !news.reported;
        let waited = self.changed.wait_timeout_while(self.lock(), patience, is_quiet);
        let (mut news, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        news.reported = false;
        !timeout.timed_out()
    }

    fn raise(&self, change: impl FnOnce(&mut News)) {
        let mut news = self.lock();
        change(&mut news);
        let watcher = news.watcher.clone();
        drop(news);
        self.changed.notify_all();
        if let Some(watcher) = watcher {
            watcher.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, News> {
        // Nothing panics while it is held.
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
