//! The JSON API.

mod activity;
mod attachments;
mod boards;
mod cards;
mod failure;
mod paging;
mod person;
mod text;

use transom_web::{Router, get, post};

/// Larger than any description.
const JSON: u64 = 64 << 10;

pub(crate) fn routes() -> Router {
    Router::new()
        .get("/people", boards::people)
        .get("/boards", boards::list)
        .get("/boards/{id:int}", boards::show)
        .route("/cards", get(cards::list).post(cards::create).body_limit(JSON))
        .route("/cards/{id:int}", get(cards::show).put(cards::edit).delete(cards::remove).body_limit(JSON))
        .route("/cards/{id:int}/move", post(cards::place).body_limit(JSON))
        .route("/cards/{id:int}/attachments", attachments::upload())
        .route("/attachments/{id:int}", get(attachments::download).delete(attachments::remove))
        .get("/activity", activity::list)
}
