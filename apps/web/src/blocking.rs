use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use tokio::sync::oneshot;
use transom::ServerInfo;

/// Does `work`, which may block, on the server's pool, or on a thread of its own where there is none. A panic goes on
/// here.
///
/// # Errors
/// There is no thread for it.
pub(crate) async fn run_blocking<T: Send + 'static>(
    server: &ServerInfo,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (tell, told) = oneshot::channel();
    // Nobody may be waiting any more.
    let job = move || drop(tell.send(catch_unwind(AssertUnwindSafe(work))));
    match &server.blocking {
        Some(pool) => pool.run(Box::new(job)),
        None => drop(std::thread::Builder::new().spawn(job)?),
    }
    match told.await {
        Ok(outcome) => Ok(outcome.unwrap_or_else(|panic| resume_unwind(panic))),
        Err(_) => Err(io::Error::other("the pool of blocking threads is gone")),
    }
}
