//! What is there on the first start: something to look at.

use super::position::GAP;
use super::{Error, Kind, Store, now};
use sqlx::AnyConnection;
use time::{Duration, OffsetDateTime};

const BOARD: &str = "Launch of Transom";

/// Names and hues.
const PEOPLE: [(&str, i64); 5] =
    [("Amara Okafor", 265), ("Jonas Lindqvist", 205), ("Mei Tanaka", 340), ("Priya Raman", 25), ("Tomás Rivera", 150)];

/// A card as it is made.
struct Sample {
    title: &'static str,
    description: &'static str,
    /// Who, of `PEOPLE`.
    assignee: Option<usize>,
    /// In how many days.
    due: Option<i64>,
}

const fn sample(title: &'static str, description: &'static str, assignee: Option<usize>, due: Option<i64>) -> Sample {
    Sample { title, description, assignee, due }
}

const COLUMNS: [(&str, &[Sample]); 4] = [
    (
        "To do",
        &[
            sample(
                "Write the announcement",
                "One page: what it is, who it is for, and the two commands to try it.",
                Some(0),
                Some(6),
            ),
            sample(
                "Record a two-minute tour",
                "Drag a card in one window and watch the other. No slides.",
                Some(2),
                Some(9),
            ),
            sample(
                "Package for Debian",
                "A systemd unit with socket activation, and a man page made from --help.",
                None,
                Some(21),
            ),
            sample("Ask three teams to try the migration guide", "", Some(3), None),
        ],
    ),
    (
        "In progress",
        &[
            sample(
                "Soak test for a week",
                "Two workers, ten thousand idle WebSockets, a deployment every hour. Memory has to stay flat.",
                Some(1),
                Some(2),
            ),
            sample(
                "Benchmarks on the new machines",
                "The same machine for all, three runs each, and the numbers with their spread.",
                Some(4),
                Some(3),
            ),
            sample("Guide: from a router to a service", "", Some(3), Some(5)),
        ],
    ),
    (
        "In review",
        &[
            sample(
                "Threat model",
                "Request smuggling, slow clients, decompression. Each with the limit that stops it, and its test.",
                Some(2),
                Some(1),
            ),
            sample("Grafana dashboard", "", Some(4), None),
        ],
    ),
    (
        "Done",
        &[
            sample("Autobahn: every case passes", "With compression too, in both modes.", Some(1), None),
            sample(
                "Graceful stop under load",
                "No request is lost when a server is replaced while it is busy.",
                Some(0),
                None,
            ),
            sample("Pick a licence", "MIT or Apache-2.0, as you like.", Some(0), None),
        ],
    ),
];

/// Between one sample and the next, in milliseconds.
const APART: i64 = 47 * 60 * 1000;

/// Fills a database that has no board yet.
pub(super) async fn seed(store: &Store) -> Result<(), Error> {
    let mut transaction = store.begin().await?;
    // Of several programs that start at the same time one gets to make the board. The others wait for it here.
    let board = sqlx::query_scalar(
        "INSERT INTO boards (name) SELECT $1 WHERE NOT EXISTS (SELECT 1 FROM boards) \
         ON CONFLICT (name) DO NOTHING RETURNING id",
    );
    let board: Option<i64> = board.bind(BOARD).fetch_optional(&mut *transaction).await?;
    let Some(board) = board else { return Ok(()) };
    let mut people = Vec::new();
    for (name, hue) in PEOPLE {
        let person = sqlx::query_scalar("INSERT INTO people (name, hue) VALUES ($1, $2) RETURNING id");
        people.push(person.bind(name).bind(hue).fetch_one(&mut *transaction).await?);
    }
    let count: usize = COLUMNS.iter().map(|(_, samples)| samples.len()).sum();
    let mut at = now() - APART * count as i64;
    for (place, (name, samples)) in (1..).zip(COLUMNS) {
        let column =
            sqlx::query_scalar("INSERT INTO columns (board_id, name, position) VALUES ($1, $2, $3) RETURNING id");
        let column = column.bind(board).bind(name).bind(place * GAP).fetch_one(&mut *transaction).await?;
        for (place, sample) in (1..).zip(samples) {
            sample.insert(&mut transaction, (board, column, name), place * GAP, &people, at).await?;
            at += APART;
        }
    }
    transaction.commit().await?;
    Ok(())
}

impl Sample {
    async fn insert(
        &self,
        connection: &mut AnyConnection,
        (board, column, name): (i64, i64, &str),
        position: i64,
        people: &[i64],
        at: i64,
    ) -> Result<(), Error> {
        let assignee = self.assignee.map(|person| people[person]);
        let due = self.due.map(|days| (OffsetDateTime::now_utc().date() + Duration::days(days)).to_string());
        let card = sqlx::query_scalar(
            "INSERT INTO cards (board_id, column_id, position, title, description, assignee_id, due) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        );
        let card = card.bind(board).bind(column).bind(position).bind(self.title);
        let card = card.bind(self.description).bind(assignee).bind(due).fetch_one(&mut *connection).await?;
        let card: i64 = card;
        let activity = sqlx::query(
            "INSERT INTO activity (board_id, person_id, card_id, kind, title, detail, at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        );
        let activity = activity.bind(board).bind(assignee.unwrap_or(people[0])).bind(card);
        let activity = activity.bind(Kind::Created.as_str()).bind(self.title).bind(name).bind(at);
        activity.execute(connection).await?;
        Ok(())
    }
}
