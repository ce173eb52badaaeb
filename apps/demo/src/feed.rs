//! What happened on a board, as server-sent events.

use crate::live::Live;
use crate::store::{Activity, Store};
use futures_util::stream;
use serde::Deserialize;
use std::collections::VecDeque;
use transom_web::broadcast::{RecvError, Subscription};
use transom_web::sse::{Event, LastEventId, Sse};
use transom_web::{Error, Problem, Query, State};

/// How many a client that has seen none is given, and how many are fetched at a time.
const PAGE: i64 = 30;

#[derive(Deserialize)]
pub(crate) struct Wanted {
    board: i64,
}

/// Activity from the last one that the client has, or the last few. The database tells which; that there are new ones
/// the changes tell.
pub(crate) async fn stream(
    State(store): State<Store>,
    State(live): State<Live>,
    LastEventId(last): LastEventId,
    Query(Wanted { board }): Query<Wanted>,
) -> Result<Sse, Error> {
    // Before anything is read, so that nothing is missed.
    let changes = live.subscribe(board).await?;
    if store.board(board).await.is_err() {
        return Err(Problem::new(404).into());
    }
    let (recent, last) = match last.and_then(|id| id.parse().ok()) {
        Some(last) => (VecDeque::new(), last),
        None => (store.activity_before(board, None, PAGE).await?.into_iter().rev().collect(), 0),
    };
    let feed = Feed { store, board, changes, recent, last };
    Ok(Sse::fallible(stream::try_unfold(feed, Feed::next)))
}

/// What a client is still to be given.
struct Feed {
    store: Store,
    board: i64,
    changes: Subscription,
    recent: VecDeque<Activity>,
    /// The last that it was given.
    last: i64,
}

impl Feed {
    async fn next(mut self) -> Result<Option<(Event, Self)>, Error> {
        loop {
            if let Some(activity) = self.recent.pop_front() {
                self.last = activity.id;
                return Ok(Some((Event::new().id(&activity.id.to_string()).json(&activity)?, self)));
            }
            self.recent = self.store.activity_after(self.board, self.last, PAGE).await?.into();
            if !self.recent.is_empty() {
                continue;
            }
            if let Err(RecvError::Closed) = self.changes.recv().await {
                return Ok(None);
            }
        }
    }
}
