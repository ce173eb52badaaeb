//! Requests that take a second, to see that others do not.

use serde::Serialize;
use std::thread;
use std::time::Duration;
use transom_web::Json;

const LONG: Duration = Duration::from_secs(1);

#[derive(Serialize)]
pub(crate) struct Slept {
    milliseconds: u128,
}

const SLEPT: Json<Slept> = Json(Slept { milliseconds: LONG.as_millis() });

/// Holds a thread for blocking work.
pub(crate) fn sync() -> Json<Slept> {
    thread::sleep(LONG);
    SLEPT
}

/// Holds nothing.
pub(crate) async fn r#async() -> Json<Slept> {
    tokio::time::sleep(LONG).await;
    SLEPT
}
