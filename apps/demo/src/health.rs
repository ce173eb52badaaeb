//! What those who operate the server ask it.

use crate::store::Store;
use std::time::Duration;
use tokio::time::timeout;
use transom_web::{Draining, Problem, State};

/// Longer than a database takes that is well.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether it runs.
pub(crate) async fn health() -> &'static str {
    "The server runs.\n"
}

/// Whether it is to be given requests.
pub(crate) async fn ready(State(store): State<Store>, draining: Draining) -> Result<&'static str, Problem> {
    if draining.has_begun() {
        return Err(Problem::new(503).detail("the server stops"));
    }
    match timeout(PATIENCE, store.ping()).await {
        Ok(Ok(())) => Ok("The database answers.\n"),
        Ok(Err(_)) => Err(Problem::new(503).detail("the database fails")),
        Err(_) => Err(Problem::new(503).detail("the database does not answer in time")),
    }
}
