use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use tokio::sync::oneshot;
use transom::{Error, ServerInfo};

/// Runs `work` on one of the server's threads that may block, or on one of its own. A panic goes on here.
///
/// # Errors
/// The threads are gone, or there are no more.
pub(crate) async fn run_blocking<T: Send + 'static>(
    server: &ServerInfo,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let (result, outcome) = oneshot::channel();
    let job = move || drop(result.send(catch_unwind(AssertUnwindSafe(work))));
    match &server.blocking {
        Some(pool) => pool.run(Box::new(job)),
        None => drop(std::thread::Builder::new().spawn(job)?),
    }
    match outcome.await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(panic)) => resume_unwind(panic),
        Err(_) => Err("the pool of blocking threads is gone".into()),
    }
}
