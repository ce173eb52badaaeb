//! Changes: transactions on one board, and what they come to.

use super::{Activity, Card, Entity, Error, Kind, Store, now};
use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, Row, Transaction};

/// What a change to a board came to: all that a page needs that had the revision before.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// The board.
    pub board: i64,
    /// Its revision from now on.
    pub revision: i64,
    /// The cards that are new or different.
    pub cards: Vec<Card>,
    /// The cards that are no more.
    pub gone: Vec<i64>,
    /// What happened.
    pub activity: Activity,
}

/// A change that goes on. If it is dropped, nothing was changed.
pub(super) struct Changing {
    transaction: Transaction<'static, Any>,
    pub(super) board: i64,
    revision: i64,
}

impl Store {
    pub(super) async fn change_board(&self, board: i64) -> Result<Changing, Error> {
        let board =
            sqlx::query("UPDATE boards SET revision = revision + 1 WHERE id = $1 RETURNING id, revision").bind(board);
        self.change(board, Entity::Board).await
    }

    pub(super) async fn change_card(&self, card: i64) -> Result<Changing, Error> {
        let board = sqlx::query(
            "UPDATE boards SET revision = revision + 1 WHERE id = (SELECT board_id FROM cards WHERE id = $1) \
             RETURNING id, revision",
        );
        self.change(board.bind(card), Entity::Card).await
    }

    async fn change(&self, board: Query<'_, Any, sqlx::any::AnyArguments>, entity: Entity) -> Result<Changing, Error> {
        let mut transaction = self.begin().await?;
        let row: Option<AnyRow> = board.fetch_optional(&mut *transaction).await?;
        let row = row.ok_or(Error::Missing(entity))?;
        Ok(Changing { board: row.try_get("id")?, revision: row.try_get("revision")?, transaction })
    }
}

impl Changing {
    pub(super) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }

    /// Fails unless there is the `person`.
    pub(super) async fn check_person(&mut self, person: Option<i64>, role: Entity) -> Result<(), Error> {
        let Some(person) = person else { return Ok(()) };
        let found = sqlx::query("SELECT id FROM people WHERE id = $1").bind(person);
        let found = found.fetch_optional(self.connection()).await?;
        found.map(drop).ok_or(Error::Dangling(role))
    }

    /// The name of a column of this board.
    pub(super) async fn column(&mut self, column: i64) -> Result<String, Error> {
        let name = sqlx::query_scalar("SELECT name FROM columns WHERE id = $1 AND board_id = $2");
        let name = name.bind(column).bind(self.board).fetch_optional(self.connection()).await?;
        name.ok_or(Error::Dangling(Entity::Column))
    }

    /// The card as it is now. It is of this board, since that is how the board was found.
    pub(super) async fn card(&mut self, card: i64) -> Result<Card, Error> {
        // Another change may have taken it away while this one waited.
        Card::get(self.connection(), card).await?.ok_or(Error::Missing(Entity::Card))
    }

    /// Records what `person` did to `card`, and commits. `cards` are those that are different now.
    pub(super) async fn finish(
        mut self,
        person: Option<i64>,
        (kind, detail): (Kind, &str),
        card: &Card,
        cards: Vec<Card>,
    ) -> Result<Change, Error> {
        self.check_person(person, Entity::Person).await?;
        let gone = if kind == Kind::Deleted { vec![card.id] } else { Vec::new() };
        let at = now();
        let id = sqlx::query_scalar(
            "INSERT INTO activity (board_id, person_id, card_id, kind, title, detail, at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        );
        let id = id.bind(self.board).bind(person).bind(card.id).bind(kind.as_str());
        let id = id.bind(card.title.as_str()).bind(detail).bind(at).fetch_one(self.connection()).await?;
        self.transaction.commit().await?;
        let activity =
            Activity { id, person, card: card.id, kind, title: card.title.clone(), detail: detail.to_owned(), at };
        Ok(Change { board: self.board, revision: self.revision, cards, gone, activity })
    }
}
