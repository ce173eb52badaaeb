use std::io;
use tokio::sync::oneshot;
use transom::HttpScope;

/// Does `work`, which may block, on the server's pool, or on a thread of its own where there is none.
pub(super) async fn run<T: Send + 'static>(
    scope: &HttpScope,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (tell, told) = oneshot::channel();
    // Nobody may be waiting any more.
    let job = move || drop(tell.send(work()));
    match &scope.connection().server_info.blocking {
        Some(pool) => pool.run(Box::new(job)),
        None => drop(std::thread::Builder::new().spawn(job)?),
    }
    told.await.map_err(|_| io::Error::other("the pool of blocking threads is gone"))
}
