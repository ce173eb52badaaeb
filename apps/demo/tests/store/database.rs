//! Databases that end with a test.

use demo::store::Store;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Where a store is to be opened.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) directory: PathBuf,
    pub(crate) url: Option<String>,
}

impl Place {
    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.directory, self.url.as_deref()).await.expect("it opens")
    }

    /// The files of attachments.
    pub(crate) fn files(&self) -> usize {
        self.directory.join("transom-demo-files").read_dir().expect("a directory").count()
    }
}

/// A file.
pub(crate) struct Sqlite(TempDir);

impl Sqlite {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    pub(crate) fn place(&self) -> Place {
        Place { directory: self.0.path().to_owned(), url: None }
    }
}

/// A PostgreSQL of our own.
pub(crate) struct Postgres {
    directory: TempDir,
    url: String,
}

/// A database of its own in that.
pub(crate) struct Database {
    directory: TempDir,
    url: String,
}

impl Postgres {
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let url = script("start", directory.path());
        Self { directory, url: url.trim_end().to_owned() }
    }

    pub(crate) fn database(&self, name: &str) -> Database {
        super::run(async {
            sqlx::any::install_default_drivers();
            let pool = sqlx::AnyPool::connect(&self.url).await.expect("it runs");
            let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
            sqlx::raw_sql(create).execute(&pool).await.expect("a database");
            pool.close().await;
        });
        let url = self.url.replace("/postgres?", &format!("/{name}?"));
        Database { directory: tempfile::tempdir().expect("a directory"), url }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        script("stop", self.directory.path());
    }
}

impl Database {
    pub(crate) fn place(&self) -> Place {
        Place { directory: self.directory.path().to_owned(), url: Some(self.url.clone()) }
    }
}

/// Runs `tests/postgres`, and returns what it says.
fn script(action: &str, directory: &Path) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/postgres");
    let output = Command::new(script).arg(action).arg(directory).output().expect("it is executable");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "is PostgreSQL installed? tests/install does it: {complaint}");
    String::from_utf8(output.stdout).expect("an address")
}
