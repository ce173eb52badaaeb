//! What happened on a board.

use super::{Error, Store};
use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row};

/// Something that happened. On one board, what happened later has the higher id.
#[derive(Clone, Debug, Serialize)]
pub struct Activity {
    /// Its number.
    pub id: i64,
    /// Who did it, if they said so.
    pub person: Option<i64>,
    /// The card to which it was done, which may be no more.
    pub card: i64,
    /// What was done.
    pub kind: Kind,
    /// The card's title at that time.
    pub title: String,
    /// Where a card was moved to, or which file was attached or removed; else empty.
    pub detail: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

/// What is done to a card.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Kind {
    /// It was made.
    Created,
    /// It says something else.
    Edited,
    /// It is in another place.
    Moved,
    /// It is no more.
    Deleted,
    /// It has another file.
    Attached,
    /// It lost a file.
    Detached,
}

impl Kind {
    const ALL: [Self; 6] = [Self::Created, Self::Edited, Self::Moved, Self::Deleted, Self::Attached, Self::Detached];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Edited => "edited",
            Self::Moved => "moved",
            Self::Deleted => "deleted",
            Self::Attached => "attached",
            Self::Detached => "detached",
        }
    }
}

impl Store {
    /// What happened on a board before the activity `before`, or until now; latest first, and `limit` at most.
    pub async fn activity_before(&self, board: i64, before: Option<i64>, limit: i64) -> Result<Vec<Activity>, Error> {
        let activity =
            sqlx::query_as("SELECT * FROM activity WHERE board_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
        let activity = activity.bind(board).bind(before.unwrap_or(i64::MAX)).bind(limit);
        Ok(activity.fetch_all(&mut *self.connection().await?).await?)
    }

    /// What happened on a board after the activity `after`; earliest first, and `limit` at most.
    pub async fn activity_after(&self, board: i64, after: i64, limit: i64) -> Result<Vec<Activity>, Error> {
        let activity = sqlx::query_as("SELECT * FROM activity WHERE board_id = $1 AND id > $2 ORDER BY id LIMIT $3");
        Ok(activity.bind(board).bind(after).bind(limit).fetch_all(&mut *self.connection().await?).await?)
    }
}

impl FromRow<'_, AnyRow> for Activity {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let kind: String = row.try_get("kind")?;
        let kind = Kind::ALL.into_iter().find(|known| known.as_str() == kind);
        Ok(Self {
            id: row.try_get("id")?,
            person: row.try_get("person_id")?,
            card: row.try_get("card_id")?,
            kind: kind.ok_or_else(|| sqlx::Error::Decode("an unknown kind of activity".into()))?,
            title: row.try_get("title")?,
            detail: row.try_get("detail")?,
            at: row.try_get("at")?,
        })
    }
}
