//! The tables, and how a database comes to have them.

use super::Error;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyPool, AssertSqlSafe, SqlSafeStr};

const MIGRATIONS: [(&str, &str); 1] = [("board", include_str!("../../migrations/0001_board.sql"))];

/// Runs the migrations that are new to the database.
pub(super) async fn migrate(pool: &AnyPool) -> Result<(), Error> {
    let key = match pool.acquire().await?.backend_name() {
        // The one type that SQLite numbers by itself; AUTOINCREMENT keeps it from using a number twice.
        "SQLite" => "INTEGER PRIMARY KEY AUTOINCREMENT",
        _ => "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    };
    let migration = |(version, (description, sql)): (i64, (&'static str, &'static str))| {
        let sql = AssertSqlSafe(sql.replace(" KEY,", &format!(" {key},"))).into_sql_str();
        Migration::new(version, description.into(), MigrationType::Simple, sql, false)
    };
    let migrator = Migrator::with_migrations((1..).zip(MIGRATIONS).map(migration).collect());
    migrator.run(pool).await.map_err(|error| Error::Database(error.into()))
}
