//! Files that are attached to cards.

use super::{Change, Entity, Error, Kind, Store, now};
use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use std::path::PathBuf;
use std::{fs, io};
use tokio::task::spawn_blocking;

/// A file that is attached to a card.
#[derive(Clone, Debug, Serialize)]
pub struct Attachment {
    /// Its number.
    pub id: i64,
    /// The card.
    pub card: i64,
    /// What it was called where it comes from.
    pub name: String,
    /// Its media type, as far as it was told.
    pub media_type: String,
    /// Its bytes.
    pub size: i64,
    /// When it was attached, in milliseconds since 1970.
    pub at: i64,
}

/// A file that is to be attached.
pub struct Upload {
    /// As in [`Attachment::name`].
    pub name: String,
    /// As in [`Attachment::media_type`].
    pub media_type: String,
    /// What is in it; it is read on a thread that may block.
    pub content: Box<dyn io::Read + Send>,
}

impl Store {
    /// Attaches files to a card: all of them, or none.
    pub async fn attach(&self, person: Option<i64>, card: i64, uploads: Vec<Upload>) -> Result<Change, Error> {
        let names: Vec<_> = uploads.iter().map(|upload| upload.name.clone()).collect();
        let names = names.join(", ");
        let mut written = Vec::new();
        let attached = self.try_attach(person, card, uploads, &names, &mut written).await;
        if attached.is_err() {
            self.remove_files(written).await;
        }
        attached
    }

    async fn try_attach(
        &self,
        person: Option<i64>,
        card: i64,
        uploads: Vec<Upload>,
        names: &str,
        written: &mut Vec<i64>,
    ) -> Result<Change, Error> {
        let mut change = self.change_card(card).await?;
        for Upload { name, media_type, mut content } in uploads {
            let id = sqlx::query_scalar(
                "INSERT INTO attachments (card_id, name, media_type, size, at) VALUES ($1, $2, $3, 0, $4) RETURNING id",
            );
            let id: i64 = id.bind(card).bind(name).bind(media_type).bind(now()).fetch_one(change.connection()).await?;
            written.push(id);
            let path = self.path(id);
            let write = move || io::copy(&mut content, &mut fs::File::create(path)?);
            let size = spawn_blocking(write).await.map_err(io::Error::other)??;
            let update = sqlx::query("UPDATE attachments SET size = $2 WHERE id = $1").bind(id);
            update.bind(i64::try_from(size).unwrap_or(i64::MAX)).execute(change.connection()).await?;
        }
        let card = change.card(card).await?;
        change.finish(person, (Kind::Attached, names), &card, vec![card.clone()]).await
    }

    /// One attachment, and where it is.
    pub async fn attachment(&self, id: i64) -> Result<(Attachment, PathBuf), Error> {
        let attachment = sqlx::query_as("SELECT * FROM attachments WHERE id = $1").bind(id);
        let attachment = attachment
            .fetch_optional(&mut *self.connection().await?)
            .await?
            .ok_or(Error::Missing(Entity::Attachment))?;
        Ok((attachment, self.path(id)))
    }

    /// Takes a file from its card.
    pub async fn detach(&self, person: Option<i64>, id: i64) -> Result<Change, Error> {
        let (attachment, _) = self.attachment(id).await?;
        let mut change = self.change_card(attachment.card).await?;
        let deleted =
            sqlx::query("DELETE FROM attachments WHERE id = $1").bind(id).execute(change.connection()).await?;
        if deleted.rows_affected() == 0 {
            return Err(Error::Missing(Entity::Attachment));
        }
        let card = change.card(attachment.card).await?;
        let change = change.finish(person, (Kind::Detached, &attachment.name), &card, vec![card.clone()]).await?;
        self.remove_files(vec![id]).await;
        Ok(change)
    }

    /// Removes files of attachments that are no more. One that stays is a loss of room, and of nothing else.
    pub(super) async fn remove_files(&self, ids: Vec<i64>) {
        let paths: Vec<_> = ids.into_iter().map(|id| self.path(id)).collect();
        let remove = move || paths.iter().for_each(|path| drop(fs::remove_file(path)));
        let _ = spawn_blocking(remove).await;
    }

    fn path(&self, id: i64) -> PathBuf {
        self.files.join(id.to_string())
    }
}

impl Attachment {
    /// Those of the cards of a board from the id `first` to the id `last`.
    pub(super) async fn of_cards(
        connection: &mut AnyConnection,
        board: i64,
        first: i64,
        last: i64,
    ) -> Result<Vec<Self>, Error> {
        let attachments = sqlx::query_as(
            "SELECT attachments.* FROM attachments JOIN cards ON cards.id = card_id \
             WHERE board_id = $1 AND cards.id BETWEEN $2 AND $3 ORDER BY attachments.id",
        );
        Ok(attachments.bind(board).bind(first).bind(last).fetch_all(connection).await?)
    }
}

impl FromRow<'_, AnyRow> for Attachment {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            card: row.try_get("card_id")?,
            name: row.try_get("name")?,
            media_type: row.try_get("media_type")?,
            size: row.try_get("size")?,
            at: row.try_get("at")?,
        })
    }
}
