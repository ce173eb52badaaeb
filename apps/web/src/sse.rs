//! Server-sent events.

mod event;
mod events;
mod last_id;

use crate::response::{BoxFuture, Destination, Respond};
use crate::{Draining, Error, IntoResponse, Response, StreamBody};
pub use event::Event;
use events::Events;
use futures_core::Stream;
pub use last_id::LastEventId;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use transom::Headers;

/// A response that is a stream of [`Event`]s, sent as they come.
///
/// While there is none, a comment is sent every 15 seconds, so that nobody on the way takes the connection for dead. The
/// response ends with the stream, and when the server stops: browsers then come back, to one that does not, and tell
/// the [id of the last event](LastEventId) that they have. When the client leaves the stream is dropped. A stream that
/// fails cuts the response off.
///
/// ```
/// use std::time::Duration;
/// use tokio_stream::{StreamExt, iter};
/// use transom_web::sse::{Event, LastEventId, Sse};
/// use transom_web::{IntoResponse, Router};
///
/// async fn ticks(LastEventId(last): LastEventId) -> impl IntoResponse {
///     let first = last.and_then(|id| id.parse().ok()).unwrap_or(0) + 1;
///     let ticks = iter(first..=first + 2).map(|tick: u64| Event::new().id(&tick.to_string()).data("tick"));
///     Sse::new(ticks).keep_alive(Duration::from_secs(30))
/// }
///
/// let app = Router::new().get("/ticks", ticks);
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let request = transom::memory::http("GET", "/ticks").header("last-event-id", "7");
/// assert!(request.start(app).await.body().starts_with(b"id: 8\ndata: tick\n\nid: 9\n"));
/// # });
/// ```
///
/// It needs the timers of a Tokio runtime, unless it is told to keep nothing alive.
pub struct Sse {
    events: Incoming,
    keep_alive: Duration,
}

type Incoming = Pin<Box<dyn Stream<Item = Result<Event, Error>> + Send>>;

const EVENT_STREAM: Headers = Headers::from_static(&[
    ("content-type", "text/event-stream"),
    ("cache-control", "no-cache"),
    // What keeps nginx from gathering a response before it is passed on.
    ("x-accel-buffering", "no"),
]);

impl Sse {
    /// Events that are always there.
    pub fn new<S>(events: S) -> Self
    where
        S: Stream<Item = Event> + Send + 'static,
    {
        Self::of(Box::pin(Always(Box::pin(events))))
    }

    /// Events that may fail to come.
    pub fn fallible<S, E>(events: S) -> Self
    where
        S: Stream<Item = Result<Event, E>> + Send + 'static,
        E: Into<Error>,
    {
        Self::of(Box::pin(Mostly(Box::pin(events))))
    }

    fn of(events: Incoming) -> Self {
        Self { events, keep_alive: Duration::from_secs(15) }
    }

    /// How long nothing is sent until a comment is; never, for a duration of zero.
    #[must_use]
    pub fn keep_alive(self, idle: Duration) -> Self {
        Self { keep_alive: idle, ..self }
    }
}

impl fmt::Debug for Sse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sse").field("keep_alive", &self.keep_alive).finish_non_exhaustive()
    }
}

impl IntoResponse for Sse {
    fn into_response(self) -> Response {
        Response::respond(EVENT_STREAM, self)
    }
}

impl Respond for Sse {
    fn respond<'a>(
        self: Box<Self>,
        status: u16,
        headers: Headers,
        to: Destination<'a>,
    ) -> BoxFuture<'a, Result<(), Error>> {
        let events = Events::new(self.events, self.keep_alive, Draining::of(to.scope));
        Box::new(StreamBody::fallible(events)).respond(status, headers, to)
    }
}

struct Always<S>(Pin<Box<S>>);

impl<S: Stream<Item = Event>> Stream for Always<S> {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx).map(|event| event.map(Ok))
    }
}

struct Mostly<S>(Pin<Box<S>>);

impl<S: Stream<Item = Result<Event, E>>, E: Into<Error>> Stream for Mostly<S> {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx).map(|event| event.map(|event| event.map_err(Into::into)))
    }
}
