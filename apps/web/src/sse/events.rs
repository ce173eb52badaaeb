use super::{Event, Incoming};
use crate::response::BoxFuture;
use crate::{Draining, Error};
use bytes::Bytes;
use futures_core::Stream;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// The bytes of an event stream: its events, comments while there is none, and its end when the server stops.
pub(super) struct Events {
    events: Incoming,
    idle: Duration,
    /// When the next comment is due.
    timer: Option<Pin<Box<Sleep>>>,
    draining: BoxFuture<'static, ()>,
}

const COMMENT: Bytes = Bytes::from_static(b":\n\n");

impl Events {
    pub(super) fn new(events: Incoming, idle: Duration, mut draining: Draining) -> Self {
        let timer = (!idle.is_zero()).then(|| Box::pin(sleep(idle)));
        Self { events, idle, timer, draining: Box::pin(async move { draining.begun().await }) }
    }
}

impl Stream for Events {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let events = &mut *self;
        if events.draining.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        let next = match (events.events.as_mut().poll_next(cx), &mut events.timer) {
            (Poll::Ready(event), _) => event.map(|event| event.map(Event::into_bytes)),
            (Poll::Pending, None) => return Poll::Pending,
            (Poll::Pending, Some(timer)) => {
                ready!(timer.as_mut().poll(cx));
                Some(Ok(COMMENT))
            }
        };
        if let Some(timer) = &mut events.timer {
            timer.as_mut().reset(Instant::now() + events.idle);
        }
        Poll::Ready(next)
    }
}
