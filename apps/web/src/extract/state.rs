use crate::{Error, FromHead, RequestHead};
use std::any::type_name;

/// A clone of the value of type `T` that the application made when it started.
///
/// ```
/// use transom_web::{Error, Lifespan, Router, State};
///
/// #[derive(Clone)]
/// struct Pool;
///
/// async fn life(lifespan: Lifespan) -> Result<(), Error> {
///     let running = lifespan.ready(transom::State::new().with(Pool)).await?;
///     running.stopped().await;
///     Ok(())
/// }
///
/// async fn home(State(_pool): State<Pool>) {}
///
/// Router::new().get("/", home).lifespan(life);
/// ```
///
/// That there is none is a fault of the program: 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State<T>(pub T);

impl<T: Clone + Send + Sync + 'static> FromHead for State<T> {
    type Rejection = Error;

    async fn from_head(head: &mut RequestHead) -> Result<Self, Error> {
        let value = head.scope().state::<T>().cloned();
        value.map(Self).ok_or_else(|| format!("the lifespan has made no state of type {}", type_name::<T>()).into())
    }
}

/// A clone of the value of type `T` that a layer has added to the exchange; 500 if none has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension<T>(pub T);

impl<T: Clone + Send + Sync + 'static> FromHead for Extension<T> {
    type Rejection = Error;

    async fn from_head(head: &mut RequestHead) -> Result<Self, Error> {
        let value = head.scope().extensions().get::<T>().cloned();
        value.map(Self).ok_or_else(|| format!("no layer has added an extension of type {}", type_name::<T>()).into())
    }
}
