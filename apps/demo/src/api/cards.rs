//! Cards.

use super::paging::Limit;
use super::person::Actor;
use super::text::{Description, Due, Title};
use crate::live::Live;
use crate::store::{Card, Change, Content, Error, Filter, Store};
use serde::{Deserialize, Serialize};
use transom_web::{IntoResponse, Json, Path, Query, Response, State};

#[derive(Deserialize)]
pub(super) struct Wanted {
    board: i64,
    column: Option<i64>,
    assignee: Option<i64>,
    #[serde(default)]
    after: i64,
    #[serde(default)]
    limit: Limit,
}

#[derive(Serialize)]
pub(super) struct Page {
    cards: Vec<Card>,
    /// What to ask for next.
    after: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Creation {
    board: i64,
    column: i64,
    title: Title,
    #[serde(default)]
    description: Description,
    assignee: Option<i64>,
    due: Option<Due>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edit {
    /// What the card was when the edit began.
    version: i64,
    title: Title,
    #[serde(default)]
    description: Description,
    assignee: Option<i64>,
    due: Option<Due>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Move {
    column: i64,
    /// The card below it; without one it gets to the end.
    before: Option<i64>,
}

/// In the order of their ids.
pub(super) async fn list(State(store): State<Store>, Query(wanted): Query<Wanted>) -> Result<Json<Page>, Error> {
    let Wanted { board, column, assignee, after, limit } = wanted;
    store.board(board).await?;
    let filter = Filter { column, assignee, after };
    let (cards, more) = limit.page(store.cards(board, &filter, limit.with_one_more()).await?);
    let after = cards.last().filter(|_| more).map(|last| last.id);
    Ok(Json(Page { cards, after }))
}

pub(super) async fn show(State(store): State<Store>, Path(id): Path<i64>) -> Result<Json<Card>, Error> {
    Ok(Json(store.card(id).await?))
}

pub(super) async fn create(
    State(store): State<Store>,
    State(live): State<Live>,
    Actor(person): Actor,
    Json(creation): Json<Creation>,
) -> Result<Response, Error> {
    let Creation { board, column, title, description, assignee, due } = creation;
    let content = Content { title: title.into(), description: description.into(), assignee, due: due.map(Into::into) };
    let change = live.tell(store.create_card(person, board, column, &content).await?).await;
    let location = format!("/api/cards/{}", change.activity.card);
    Ok(Json(change).into_response().status(201).header("location", location))
}

pub(super) async fn edit(
    State(store): State<Store>,
    State(live): State<Live>,
    Actor(person): Actor,
    Path(id): Path<i64>,
    Json(edit): Json<Edit>,
) -> Result<Json<Change>, Error> {
    let Edit { version, title, description, assignee, due } = edit;
    let content = Content { title: title.into(), description: description.into(), assignee, due: due.map(Into::into) };
    Ok(Json(live.tell(store.edit_card(person, id, version, &content).await?).await))
}

pub(super) async fn place(
    State(store): State<Store>,
    State(live): State<Live>,
    Actor(person): Actor,
    Path(id): Path<i64>,
    Json(Move { column, before }): Json<Move>,
) -> Result<Json<Change>, Error> {
    Ok(Json(live.tell(store.move_card(person, id, column, before).await?).await))
}

pub(super) async fn remove(
    State(store): State<Store>,
    State(live): State<Live>,
    Actor(person): Actor,
    Path(id): Path<i64>,
) -> Result<Json<Change>, Error> {
    Ok(Json(live.tell(store.delete_card(person, id).await?).await))
}
