use crate::{FromHead, RequestHead};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::watch;
use transom::HttpScope;

/// Tells when the server is about to stop: what goes on for long should end then, lest it be cut off.
///
/// Server-sent events and WebSockets see to it themselves.
///
/// ```
/// use transom_web::{Draining, Router};
///
/// async fn wait(mut draining: Draining) -> &'static str {
///     draining.begun().await;
///     "The server stops."
/// }
/// # Router::new().get("/wait", wait);
/// ```
#[derive(Clone, Debug)]
pub struct Draining(Option<watch::Receiver<bool>>);

impl Draining {
    /// Whether it has begun to stop.
    pub fn has_begun(&self) -> bool {
        self.0.as_ref().is_some_and(|begun| *begun.borrow())
    }

    /// Returns when it begins to stop. Never, if the application is not told: where no router serves the lifespan.
    pub async fn begun(&mut self) {
        if let Some(begun) = &mut self.0
            && begun.wait_for(|begun| *begun).await.is_ok()
        {
            return;
        }
        std::future::pending().await
    }

    pub(crate) fn of(scope: &HttpScope) -> Self {
        Self(scope.state::<Drain>().map(|drain| drain.0.subscribe()))
    }
}

impl FromHead for Draining {
    type Rejection = Infallible;

    async fn from_head(head: &mut RequestHead) -> Result<Self, Infallible> {
        Ok(Self::of(head.scope()))
    }
}

/// What a router adds to the state, and sets off.
#[derive(Clone, Debug)]
pub(super) struct Drain(Arc<watch::Sender<bool>>);

impl Drain {
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    pub(super) fn begin(&self) {
        self.0.send_replace(true);
    }
}
