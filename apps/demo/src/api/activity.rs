//! What happened.

use super::paging::Limit;
use crate::store::{Activity, Error, Store};
use serde::{Deserialize, Serialize};
use transom_web::{Json, Query, State};

#[derive(Deserialize)]
pub(super) struct Wanted {
    board: i64,
    before: Option<i64>,
    #[serde(default)]
    limit: Limit,
}

#[derive(Serialize)]
pub(super) struct Page {
    activity: Vec<Activity>,
    /// What to ask for next.
    before: Option<i64>,
}

/// Latest first.
pub(super) async fn list(State(store): State<Store>, Query(wanted): Query<Wanted>) -> Result<Json<Page>, Error> {
    let Wanted { board, before, limit } = wanted;
    store.board(board).await?;
    let (activity, more) = limit.page(store.activity_before(board, before, limit.with_one_more()).await?);
    let before = activity.last().filter(|_| more).map(|last| last.id);
    Ok(Json(Page { activity, before }))
}
