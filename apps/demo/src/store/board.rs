//! People, boards and their columns, which come with the database and stay as they are.

use super::{Entity, Error, Store};
use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row};

/// Somebody to whom cards are assigned, and who changes them.
#[derive(Clone, Debug, Serialize)]
pub struct Person {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// A hue for its sign, in degrees.
    pub hue: i64,
}

/// A board.
#[derive(Clone, Debug, Serialize)]
pub struct Board {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// How often it was changed.
    pub revision: i64,
}

/// A column of a board.
#[derive(Clone, Debug, Serialize)]
pub struct Column {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
}

impl Store {
    /// Everybody, by name.
    pub async fn people(&self) -> Result<Vec<Person>, Error> {
        let people = sqlx::query_as("SELECT id, name, hue FROM people ORDER BY name, id");
        Ok(people.fetch_all(&mut *self.connection().await?).await?)
    }

    /// All boards, oldest first.
    pub async fn boards(&self) -> Result<Vec<Board>, Error> {
        let boards = sqlx::query_as("SELECT id, name, revision FROM boards ORDER BY id");
        Ok(boards.fetch_all(&mut *self.connection().await?).await?)
    }

    /// One board.
    pub async fn board(&self, id: i64) -> Result<Board, Error> {
        let board = sqlx::query_as("SELECT id, name, revision FROM boards WHERE id = $1").bind(id);
        board.fetch_optional(&mut *self.connection().await?).await?.ok_or(Error::Missing(Entity::Board))
    }

    /// The columns of a board, from left to right.
    pub async fn columns(&self, board: i64) -> Result<Vec<Column>, Error> {
        let columns =
            sqlx::query_as("SELECT id, name FROM columns WHERE board_id = $1 ORDER BY position, id").bind(board);
        Ok(columns.fetch_all(&mut *self.connection().await?).await?)
    }
}

impl FromRow<'_, AnyRow> for Person {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self { id: row.try_get("id")?, name: row.try_get("name")?, hue: row.try_get("hue")? })
    }
}

impl FromRow<'_, AnyRow> for Board {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self { id: row.try_get("id")?, name: row.try_get("name")?, revision: row.try_get("revision")? })
    }
}

impl FromRow<'_, AnyRow> for Column {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self { id: row.try_get("id")?, name: row.try_get("name")? })
    }
}
