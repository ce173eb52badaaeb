//! Boards, and who works on them.

use crate::store::{Board, Card, Column, Error, Filter, Person, Store};
use serde::Serialize;
use transom_web::{Json, Path, State};

#[derive(Serialize)]
pub(super) struct People {
    people: Vec<Person>,
}

#[derive(Serialize)]
pub(super) struct Boards {
    boards: Vec<Board>,
}

#[derive(Serialize)]
pub(super) struct Whole {
    board: Board,
    columns: Vec<Column>,
    cards: Vec<Card>,
}

pub(super) async fn people(State(store): State<Store>) -> Result<Json<People>, Error> {
    Ok(Json(People { people: store.people().await? }))
}

pub(super) async fn list(State(store): State<Store>) -> Result<Json<Boards>, Error> {
    Ok(Json(Boards { boards: store.boards().await? }))
}

/// All of a board, as it is at its revision, or newer: a page that sees what comes after that revision loses nothing.
pub(super) async fn show(State(store): State<Store>, Path(id): Path<i64>) -> Result<Json<Whole>, Error> {
    let board = store.board(id).await?;
    let columns = store.columns(id).await?;
    let cards = store.cards(id, &Filter::default(), i64::MAX).await?;
    Ok(Json(Whole { board, columns, cards }))
}
