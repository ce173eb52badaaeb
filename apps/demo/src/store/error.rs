//! Why the store does not do as it is asked.

use super::Card;
use std::{fmt, io};

/// What was asked of the store cannot be.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// What the request is about is not there.
    Missing(Entity),
    /// The request refers to what is not there, or not where it would have to be.
    Dangling(Entity),
    /// The card was changed since the version that the request is about; this is what it is now.
    Changed(Box<Card>),
    /// The database failed.
    Database(sqlx::Error),
    /// The file of an attachment could not be read or written.
    File(io::Error),
}

/// What there may be one of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Entity {
    /// Who asks.
    Person,
    /// Who is to do what a card says.
    Assignee,
    /// A board.
    Board,
    /// A column of a board.
    Column,
    /// A card.
    Card,
    /// The card before which another one is to be.
    Before,
    /// A file that is attached to a card.
    Attachment,
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Person | Self::Assignee => "person",
            Self::Board => "board",
            Self::Column => "column",
            Self::Card => "card",
            Self::Before => "card before which to put it",
            Self::Attachment => "attachment",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(entity) | Self::Dangling(entity) => write!(f, "there is no such {entity}"),
            Self::Changed(card) => write!(f, "the card was changed: its version is {}", card.version),
            Self::Database(_) => f.write_str("the database fails"),
            Self::File(_) => f.write_str("the files of attachments are out of reach"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Database(error) => Some(error),
            Self::File(error) => Some(error),
            _ => None,
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}
