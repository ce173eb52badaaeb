//! Who waits for an exchange, by what.

use crate::sync::MutexGuard;
use std::task::{Context, Poll, Waker};

#[derive(Default)]
pub(crate) struct Waiting {
    pub(crate) receive: Option<Waker>,
    /// For less than the high-water mark to be buffered.
    pub(crate) room: Option<Waker>,
    /// For nothing to be buffered.
    pub(crate) flush: Option<Waker>,
    pub(crate) closed: Option<Waker>,
}

impl Waiting {
    pub(crate) fn is_empty(&self) -> bool {
        self.receive.is_none() && self.room.is_none() && self.flush.is_none() && self.closed.is_none()
    }

    pub(crate) fn wake_all(self) {
        for waker in [self.receive, self.room, self.flush, self.closed].into_iter().flatten() {
            waker.wake();
        }
    }

    /// Wakes every task but the driver's own, which is running; whether that one was among them.
    #[inline]
    pub(crate) fn wake_others(self, driver: &Waker) -> bool {
        let Self { receive, room, flush, closed } = self;
        wake_other(receive, driver) | wake_other(room, driver) | wake_other(flush, driver) | wake_other(closed, driver)
    }
}

/// Wakes a task, unless it is the driver's own, which is running; whether it was that.
#[inline]
pub(crate) fn wake_other(waker: Option<Waker>, driver: &Waker) -> bool {
    let Some(waker) = waker else { return false };
    let own = waker.will_wake(driver);
    if !own {
        waker.wake();
    }
    own
}

/// Leaves the caller's waker in a slot of the state, and waits.
pub(crate) fn wait<S, T>(
    mut state: MutexGuard<'_, S>,
    slot: impl FnOnce(&mut S) -> &mut Option<Waker>,
    cx: &Context<'_>,
) -> Poll<T> {
    let replaced = register(slot(&mut state), cx);
    drop(state);
    drop(replaced);
    Poll::Pending
}

/// Leaves the caller's waker, and returns the one that was there, to be dropped without the lock: it may be the last
/// owner of a task that has a handle of this very exchange.
#[must_use]
pub(crate) fn register(slot: &mut Option<Waker>, cx: &Context<'_>) -> Option<Waker> {
    match slot {
        Some(waker) if waker.will_wake(cx.waker()) => None,
        slot => slot.replace(cx.waker().clone()),
    }
}
