//! Cards.

use super::position::{self, Place};
use super::{Attachment, Change, Entity, Error, Kind, Store};
use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use std::collections::HashMap;

/// A card.
#[derive(Clone, Debug, Serialize)]
pub struct Card {
    /// Its number.
    pub id: i64,
    /// The board that it is on.
    pub board: i64,
    /// The column that it is in.
    pub column: i64,
    /// Where: cards of a column are in the order of their positions, and of their ids where those are the same.
    pub position: i64,
    /// What is to be done, in one line.
    pub title: String,
    /// And at length.
    pub description: String,
    /// Who is to do it.
    pub assignee: Option<i64>,
    /// By when: a date as in `2026-12-31`.
    pub due: Option<String>,
    /// Which version of title, description, assignee and date this is.
    pub version: i64,
    /// Its files, oldest first.
    pub attachments: Vec<Attachment>,
}

/// What a card says. The caller has checked what the texts may be.
#[derive(Clone, Debug)]
pub struct Content {
    /// As in [`Card::title`].
    pub title: String,
    /// As in [`Card::description`].
    pub description: String,
    /// As in [`Card::assignee`].
    pub assignee: Option<i64>,
    /// As in [`Card::due`].
    pub due: Option<String>,
}

/// Which cards are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those of one column.
    pub column: Option<i64>,
    /// Those that somebody is to do.
    pub assignee: Option<i64>,
    /// Those with a higher id.
    pub after: i64,
}

impl Store {
    /// Cards of a board in the order of their ids, `limit` at most.
    pub async fn cards(&self, board: i64, filter: &Filter, limit: i64) -> Result<Vec<Card>, Error> {
        let cards = sqlx::query_as(
            "SELECT * FROM cards WHERE board_id = $1 AND id > $2 \
             AND (column_id = $3 OR $3 IS NULL) AND (assignee_id = $4 OR $4 IS NULL) ORDER BY id LIMIT $5",
        );
        let cards = cards.bind(board).bind(filter.after).bind(filter.column).bind(filter.assignee).bind(limit);
        let mut connection = self.connection().await?;
        let mut cards: Vec<Card> = cards.fetch_all(&mut *connection).await?;
        let (Some(first), Some(last)) = (cards.first(), cards.last()) else { return Ok(cards) };
        let attachments = Attachment::of_cards(&mut connection, board, first.id, last.id).await?;
        let mut by_card: HashMap<i64, Vec<Attachment>> = HashMap::new();
        attachments.into_iter().for_each(|attachment| by_card.entry(attachment.card).or_default().push(attachment));
        cards.iter_mut().for_each(|card| card.attachments = by_card.remove(&card.id).unwrap_or_default());
        Ok(cards)
    }

    /// One card.
    pub async fn card(&self, id: i64) -> Result<Card, Error> {
        let mut connection = self.connection().await?;
        Card::get(&mut connection, id).await?.ok_or(Error::Missing(Entity::Card))
    }

    /// Makes a card at the end of a column.
    pub async fn create_card(
        &self,
        person: Option<i64>,
        board: i64,
        column: i64,
        content: &Content,
    ) -> Result<Change, Error> {
        let mut change = self.change_board(board).await?;
        change.check_person(content.assignee, Entity::Assignee).await?;
        let name = change.column(column).await?;
        let last = sqlx::query_scalar("SELECT MAX(position) FROM cards WHERE column_id = $1").bind(column);
        let position = position::behind(last.fetch_one(change.connection()).await?);
        let id = sqlx::query_scalar(
            "INSERT INTO cards (board_id, column_id, position, title, description, assignee_id, due) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        );
        let id = id.bind(board).bind(column).bind(position).bind(content.title.as_str());
        let id = id.bind(content.description.as_str()).bind(content.assignee).bind(content.due.as_deref());
        let id = id.fetch_one(change.connection()).await?;
        let card = change.card(id).await?;
        change.finish(person, (Kind::Created, &name), &card, vec![card.clone()]).await
    }

    /// Changes what a card says, if it still is what it was in `version`.
    pub async fn edit_card(
        &self,
        person: Option<i64>,
        id: i64,
        version: i64,
        content: &Content,
    ) -> Result<Change, Error> {
        let mut change = self.change_card(id).await?;
        let card = change.card(id).await?;
        if card.version != version {
            return Err(Error::Changed(Box::new(card)));
        }
        change.check_person(content.assignee, Entity::Assignee).await?;
        let update = sqlx::query(
            "UPDATE cards SET title = $2, description = $3, assignee_id = $4, due = $5, version = version + 1 \
             WHERE id = $1",
        );
        let update = update.bind(id).bind(content.title.as_str()).bind(content.description.as_str());
        update.bind(content.assignee).bind(content.due.as_deref()).execute(change.connection()).await?;
        let card = change.card(id).await?;
        change.finish(person, (Kind::Edited, ""), &card, vec![card.clone()]).await
    }

    /// Puts a card into a column of its board: before another card there, or at the end.
    pub async fn move_card(
        &self,
        person: Option<i64>,
        id: i64,
        column: i64,
        before: Option<i64>,
    ) -> Result<Change, Error> {
        let mut change = self.change_card(id).await?;
        let name = change.column(column).await?;
        let others =
            sqlx::query_as("SELECT id, position FROM cards WHERE column_id = $1 AND id <> $2 ORDER BY position, id");
        let others: Vec<(i64, i64)> = others.bind(column).bind(id).fetch_all(change.connection()).await?;
        let index = match before {
            None => others.len(),
            Some(before) => others.iter().position(|(id, _)| *id == before).ok_or(Error::Dangling(Entity::Before))?,
        };
        let (ids, positions): (Vec<_>, Vec<_>) = others.into_iter().unzip();
        let mut moved = vec![id];
        let position = match position::before(&positions, index) {
            Place::At(position) => position,
            Place::Renumber(position) => {
                for (other, id) in ids.iter().enumerate() {
                    let update = sqlx::query("UPDATE cards SET position = $2 WHERE id = $1").bind(id);
                    update.bind(position::renumbered(other, index)).execute(change.connection()).await?;
                }
                moved.extend(ids);
                position
            }
        };
        let update = sqlx::query("UPDATE cards SET column_id = $2, position = $3 WHERE id = $1");
        update.bind(id).bind(column).bind(position).execute(change.connection()).await?;
        let mut cards = Vec::with_capacity(moved.len());
        for id in moved {
            cards.push(change.card(id).await?);
        }
        let card = cards[0].clone();
        change.finish(person, (Kind::Moved, &name), &card, cards).await
    }

    /// Takes a card away, and its files.
    pub async fn delete_card(&self, person: Option<i64>, id: i64) -> Result<Change, Error> {
        let mut change = self.change_card(id).await?;
        let card = change.card(id).await?;
        sqlx::query("DELETE FROM cards WHERE id = $1").bind(id).execute(change.connection()).await?;
        let change = change.finish(person, (Kind::Deleted, ""), &card, Vec::new()).await?;
        self.remove_files(card.attachments.iter().map(|attachment| attachment.id).collect()).await;
        Ok(change)
    }
}

impl Card {
    pub(super) async fn get(connection: &mut AnyConnection, id: i64) -> Result<Option<Self>, Error> {
        let card = sqlx::query_as("SELECT * FROM cards WHERE id = $1").bind(id);
        let card: Option<Self> = card.fetch_optional(&mut *connection).await?;
        let Some(mut card) = card else { return Ok(None) };
        card.attachments = Attachment::of_cards(connection, card.board, id, id).await?;
        Ok(Some(card))
    }
}

impl FromRow<'_, AnyRow> for Card {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            board: row.try_get("board_id")?,
            column: row.try_get("column_id")?,
            position: row.try_get("position")?,
            title: row.try_get("title")?,
            description: row.try_get("description")?,
            assignee: row.try_get("assignee_id")?,
            due: row.try_get("due")?,
            version: row.try_get("version")?,
            // They are in a table of their own.
            attachments: Vec::new(),
        })
    }
}
