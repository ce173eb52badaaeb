//! What is on the boards: SQLite or PostgreSQL, and a directory for the attachments.
//!
//! Every change is one transaction that begins by counting up the revision of its board. That makes changes to a board
//! wait for each other, in both databases alike, so that what they read first still holds when they write, and so that
//! activity is seen in the order of its ids.

mod activity;
mod attachment;
mod board;
mod card;
mod change;
mod error;
mod position;
mod schema;
mod seed;

pub use activity::{Activity, Kind};
pub use attachment::{Attachment, Upload};
pub use board::{Board, Column, Person};
pub use card::{Card, Content, Filter};
pub use change::Change;
pub use error::{Entity, Error};

use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Connection, Executor, Transaction};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

/// Connections at most, which is also how many queries run at the same time.
const CONNECTIONS: u32 = 8;
/// How long a query waits for a connection, and SQLite for its lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// The boards. Cheap to clone; all clones share the connections.
///
/// Any runtime may use it. The one that opened it has to go on until it is closed, since connections are opened there:
/// a socket is of no use when its runtime has ended, and the workers of a server end one by one.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
    home: Handle,
    files: PathBuf,
}

impl Store {
    /// Opens the database, which is a file in `directory` unless `url` is that of another one; makes what is missing.
    ///
    /// # Errors
    /// If the directory cannot be made, or the database cannot be reached or is newer than this program.
    pub async fn open(directory: &Path, url: Option<&str>) -> Result<Self, Error> {
        install_default_drivers();
        let files = directory.join("transom-demo-files");
        fs::create_dir_all(&files).map_err(|error| io::Error::other(format!("{}: {error}", files.display())))?;
        let url = match url {
            Some(url) => url.to_owned(),
            None => sqlite(&directory.join("transom-demo.db"))?,
        };
        // SQLite has no lock by which those who start at the same time wait for each other, as PostgreSQL has.
        let alone = File::open(&files)?;
        let alone = spawn_blocking(move || alone.lock().map(|()| alone)).await.map_err(io::Error::other)??;
        // A pool tries again and again, and then tells nothing but that it has taken too long.
        let mut first = AnyConnection::connect(&url).await?;
        prepare(&mut first).await?;
        first.close().await?;
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .after_connect(|connection, _| Box::pin(prepare(connection)))
            .connect(&url)
            .await?;
        let store = Self { pool, home: Handle::current(), files };
        schema::migrate(&store.pool).await?;
        seed::seed(&store).await?;
        drop(alone);
        Ok(store)
    }

    /// Asks the database for an answer.
    pub async fn ping(&self) -> Result<(), Error> {
        sqlx::query("SELECT 1").execute(&mut *self.connection().await?).await?;
        Ok(())
    }

    /// Closes the connections, once what runs is over.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn connection(&self) -> Result<PoolConnection<Any>, Error> {
        let pool = self.pool.clone();
        let connection = self.home.spawn(async move { pool.acquire().await });
        Ok(connection.await.unwrap_or(Err(sqlx::Error::PoolClosed))?)
    }

    async fn begin(&self) -> Result<Transaction<'static, Any>, Error> {
        let pool = self.pool.clone();
        let transaction = self.home.spawn(async move { pool.begin().await });
        Ok(transaction.await.unwrap_or(Err(sqlx::Error::PoolClosed))?)
    }
}

/// The address of a database in a file.
fn sqlite(path: &Path) -> Result<String, Error> {
    // A relative path is a path of the address too; what would not be is written in percent.
    let path = path.to_str().ok_or_else(|| io::Error::other("the data directory's name is not UTF-8"))?;
    let path = path.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    Ok(format!("sqlite://{path}?mode=rwc"))
}

/// SQLite checks references, and waits for its lock, as sqlx opens it. With a log of writes, readers wait for nobody.
async fn prepare(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    if connection.backend_name() == "SQLite" {
        connection.execute("PRAGMA journal_mode = WAL").await?;
        connection.execute("PRAGMA synchronous = NORMAL").await?;
    } else {
        // It would tell the log of every table that is there already.
        connection.execute("SET client_min_messages = warning").await?;
    }
    Ok(())
}

/// Milliseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
