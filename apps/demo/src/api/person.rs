//! Who asks. There are no passwords here: everybody is whom they say they are.

use serde::Deserialize;

/// The header field `x-person`: the number of somebody, who is recorded as the one who did it.
#[derive(Debug, Deserialize)]
pub(super) struct Actor {
    #[serde(rename = "x_person")]
    pub(super) person: Option<i64>,
}
