//! Which page a request comes from.

use transom_web::{FromHead, Problem, RequestHead};

/// A request that no page of another site has made. Browsers let any page post a form and open a WebSocket anywhere, and
/// tell which it was by `origin`; what is not a browser tells nothing.
pub(crate) struct SameOrigin;

impl FromHead for SameOrigin {
    type Rejection = Problem;

    async fn from_head(head: &mut RequestHead) -> Result<Self, Problem> {
        let Some(origin) = head.header("origin") else { return Ok(Self) };
        let site = origin.split_once("://").map(|(_, site)| site);
        if site.is_some() && site == head.header("host") {
            return Ok(Self);
        }
        Err(Problem::new(403).detail("the request comes from a page of another site"))
    }
}
