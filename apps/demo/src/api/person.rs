//! Who asks. There are no passwords here: everybody is whom they say they are.

use crate::origin::SameOrigin;
use serde::Deserialize;
use transom_web::{FromHead, Header, Problem, RequestHead};

/// Who is recorded as the one who made a change: whose number is in the field `x-person`, if anybody.
pub(super) struct Actor(pub(super) Option<i64>);

#[derive(Deserialize)]
struct Fields {
    x_person: Option<i64>,
}

impl FromHead for Actor {
    type Rejection = Problem;

    async fn from_head(head: &mut RequestHead) -> Result<Self, Problem> {
        SameOrigin::from_head(head).await?;
        let Header(Fields { x_person }) = Header::from_head(head).await?;
        Ok(Self(x_person))
    }
}
