use crate::{FromHead, RequestHead};
use std::convert::Infallible;

/// The id of the last event that a client has which comes back, from its `last-event-id` field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastEventId(pub Option<String>);

impl FromHead for LastEventId {
    type Rejection = Infallible;

    async fn from_head(head: &mut RequestHead) -> Result<Self, Infallible> {
        Ok(Self(head.header("last-event-id").map(str::to_owned)))
    }
}
