use std::sync::Arc;
use tokio::sync::Semaphore;

/// What an application waits for, and its test opens.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Semaphore>);

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl Gate {
    /// One that is shut. Clones are the same gate.
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Lets one more pass.
    pub fn open(&self) {
        self.0.add_permits(1);
    }

    /// Waits until it may pass.
    pub async fn pass(&self) {
        self.0.acquire().await.expect("it is never closed").forget();
    }
}
