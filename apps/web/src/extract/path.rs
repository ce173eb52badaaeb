use super::text;
use crate::problem::Part;
use crate::{FromHead, Problem, RequestHead};
use serde::de::DeserializeOwned;

/// The parameters of the path: one as a single value, several as a tuple in their order, or as a struct or map by name.
/// What they cannot be made of gives a 422, unless the pattern sees to it that no such path matches.
///
/// ```
/// use transom_web::{Path, Router};
///
/// async fn show(Path((board, card)): Path<(u64, String)>) -> String {
///     format!("{card} on {board}")
/// }
///
/// Router::new().get("/boards/{board:int}/{card}", show);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromHead for Path<T> {
    type Rejection = Problem;

    async fn from_head(head: &mut RequestHead) -> Result<Self, Problem> {
        let params = head.params();
        text::values(params.iter().map(|(name, value)| (name.into(), value)), Part::Path).map(Self)
    }
}
