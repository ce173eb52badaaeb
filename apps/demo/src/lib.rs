//! A shared task board: the application to try Transom with.
//!
//! Boards are kept in a SQLite file, or in PostgreSQL; what one person changes, all others see at once. It is a
//! [router](Router) with everything that an application of some size has: a JSON API, uploads and downloads, a
//! WebSocket, server-sent events, work that blocks, a page, and a lifespan that opens and closes what they need.
#![forbid(unsafe_code)]

mod api;
mod feed;
mod health;
mod live;
mod origin;
mod page;
mod slow;
pub mod store;

use live::Live;
use std::path::PathBuf;
use std::sync::Arc;
use store::Store;
use transom::State;
use transom_web::{Error, Lifespan, Router, blocking};

/// Where the application keeps what it knows.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The directory for the attachments, and for the SQLite database. It is made if it is missing.
    pub directory: PathBuf,
    /// The address of a database: `postgres://...`. SQLite without it.
    pub database: Option<String>,
    /// The address of the channel by which servers that share a database tell each other of changes: `redis://...`.
    /// Without it there is one server.
    pub broadcast: Option<String>,
}

impl Config {
    /// As the variables `TRANSOM_DEMO_DATA` (without it the working directory), `DATABASE_URL` and `BROADCAST_URL` say.
    pub fn from_environment() -> Self {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            directory: std::env::var_os("TRANSOM_DEMO_DATA").unwrap_or_default().into(),
            database: variable("DATABASE_URL"),
            broadcast: variable("BROADCAST_URL"),
        }
    }
}

/// The application, as the environment configures it.
pub fn app() -> Router {
    app_with(Config::from_environment())
}

/// The application.
pub fn app_with(config: Config) -> Router {
    let config = Arc::new(config);
    page::routes()
        .nest("/api", api::routes())
        .websocket("/live", live::live)
        .get("/activity/stream", feed::stream)
        .get("/slow-sync", blocking(slow::sync))
        .get("/slow-async", slow::r#async)
        .get("/health", health::health)
        .get("/ready", health::ready)
        .lifespan(move |lifespan| life(lifespan, Arc::clone(&config)))
}

async fn life(lifespan: Lifespan, config: Arc<Config>) -> Result<(), Error> {
    let live = Live::open(config.broadcast.as_deref()).await?;
    let store = Store::open(&config.directory, config.database.as_deref()).await?;
    let running = lifespan.ready(State::new().with(store.clone()).with(live.clone())).await?;
    running.stopped().await;
    store.close().await;
    live.close().await;
    Ok(())
}
