//! What routing and typed handlers cost: the endpoints that the benchmarks compare with the same ones without them.

use serde::{Deserialize, Serialize};
use std::process::ExitCode;
use transom_web::{Json, Path, Query, Router};

#[derive(Deserialize)]
struct Options {
    limit: u32,
}

#[derive(Serialize)]
struct Message {
    id: u64,
    limit: u32,
    message: &'static str,
}

async fn plaintext() -> &'static str {
    "Hello, World!"
}

async fn json(Path(id): Path<u64>, Query(Options { limit }): Query<Options>) -> Json<Message> {
    Json(Message { id, limit, message: "Hello, World!" })
}

fn main() -> ExitCode {
    transom_server::main(Router::new().get("/plaintext", plaintext).get("/json/{id:int}", json))
}
