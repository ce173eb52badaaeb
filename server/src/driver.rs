//! What the task of a connection is doing, so that handles on other threads can wake it when it waits, and only then.

use std::task::Waker;

#[derive(Debug)]
pub(crate) enum Driver {
    /// It is running and looks at the state before it parks. Whether there is something to see.
    Running { news: bool },
    /// It waits to be woken.
    Parked(Waker),
}

impl Driver {
    /// At work: it will see what it has not seen yet.
    pub(crate) const RUNNING: Self = Self::Running { news: false };

    /// Has it look at the state, before it parks or by being woken with what is returned, once no lock is held.
    #[inline]
    #[must_use]
    pub(crate) fn tell(&mut self) -> Option<Waker> {
        match std::mem::replace(self, Self::Running { news: true }) {
            Self::Parked(waker) => Some(waker),
            Self::Running { .. } => None,
        }
    }

    /// Lets it wait, unless there is something to see.
    pub(crate) fn park(&mut self, waker: &Waker) -> bool {
        if let Self::Running { news: true } = self {
            return false;
        }
        *self = Self::Parked(waker.clone());
        true
    }
}
