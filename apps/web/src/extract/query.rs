use super::text;
use crate::problem::Part;
use crate::{FromHead, Problem, RequestHead};
use serde::de::DeserializeOwned;

/// The query, as a struct or map; what it cannot be made of gives a 422. A parameter that is there several times is a
/// sequence; without a `default` or `Option` it has to be there.
///
/// ```
/// use serde::Deserialize;
/// use transom_web::{Query, Router};
///
/// #[derive(Deserialize)]
/// struct Search {
///     text: String,
///     limit: Option<u32>,
///     #[serde(default)]
///     tag: Vec<String>,
/// }
///
/// async fn search(Query(Search { text, limit, tag }): Query<Search>) -> String {
///     format!("{text} {limit:?} {tag:?}")
/// }
/// # Router::new().get("/search", search);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Send> FromHead for Query<T> {
    type Rejection = Problem;

    async fn from_head(head: &mut RequestHead) -> Result<Self, Problem> {
        let query = head.scope().query().unwrap_or_default();
        text::members(text::pairs(query), Part::Query).map(Self)
    }
}
