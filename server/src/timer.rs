//! One timer for all the deadlines of a connection.

use std::pin::Pin;
use std::task::Context;
use tokio::time::{Instant, Sleep, sleep_until};

/// Setting a deadline costs nothing: the timer is armed for the earliest one it was ever asked for and, when it
/// fires too early, armed again for the one that counts by then. So the runtime's timer is touched once per timeout,
/// not once per request.
#[derive(Debug, Default)]
pub(crate) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    /// Whether `deadline` has passed. If not, the task is woken when it has, or earlier; `None` never passes.
    pub(crate) fn has_passed(&mut self, deadline: Option<Instant>, cx: &mut Context<'_>) -> bool {
        let Some(deadline) = deadline else { return false };
        let sleep = match &mut self.sleep {
            Some(sleep) if sleep.deadline() <= deadline => {
                if !sleep.is_elapsed() {
                    return false;
                }
                if Instant::now() >= deadline {
                    return true;
                }
                sleep.as_mut().reset(deadline);
                sleep
            }
            Some(sleep) => {
                sleep.as_mut().reset(deadline);
                sleep
            }
            none => none.insert(Box::pin(sleep_until(deadline))),
        };
        // The task of a connection is the same for all its life, so the waker that is left here stays right.
        sleep.as_mut().poll(cx).is_ready()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::task::Poll;
    use std::time::Duration;

    async fn passed(timer: &mut Timer, deadline: Instant) -> Instant {
        poll_fn(|cx| if timer.has_passed(Some(deadline), cx) { Poll::Ready(()) } else { Poll::Pending }).await;
        Instant::now()
    }

    #[tokio::test(start_paused = true)]
    async fn a_later_deadline_is_kept_by_arming_again() {
        let (mut timer, start) = (Timer::default(), Instant::now());
        let second = Duration::from_secs(1);
        poll_fn(|cx| Poll::Ready(timer.has_passed(Some(start + second), cx))).await;
        assert_eq!(passed(&mut timer, start + 5 * second).await - start, 5 * second);
    }

    #[tokio::test(start_paused = true)]
    async fn an_earlier_deadline_is_kept() {
        let (mut timer, start) = (Timer::default(), Instant::now());
        let second = Duration::from_secs(1);
        poll_fn(|cx| Poll::Ready(timer.has_passed(Some(start + 60 * second), cx))).await;
        assert_eq!(passed(&mut timer, start + second).await - start, second);
    }
}
