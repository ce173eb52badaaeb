//! Threads for applications that block.

use std::io;
use tokio::runtime::{Builder, Runtime};
use transom::BlockingPool;

/// A bounded pool: jobs wait for a free thread, and threads that are idle end after a while.
#[derive(Debug)]
pub(crate) struct Pool {
    /// Nothing ever runs on it but its blocking threads. `None` only while it is dropped.
    runtime: Option<Runtime>,
}

impl Pool {
    pub(crate) fn new(threads: usize) -> io::Result<Self> {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.max_blocking_threads(threads.max(1)).thread_name("transom-blocking").build()?;
        Ok(Self { runtime: Some(runtime) })
    }
}

impl BlockingPool for Pool {
    fn run(&self, job: Box<dyn FnOnce() + Send>) {
        if let Some(runtime) = &self.runtime {
            runtime.spawn_blocking(job);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // A job that still blocks is not waited for: its call was dropped with the grace.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
