use super::text;
use crate::problem::Part;
use crate::{FromHead, Problem, RequestHead};
use serde::de::DeserializeOwned;
use std::borrow::Cow;

/// Header fields, as a struct whose members are called like them, `_` for `-`; what it cannot be made of gives a 422.
/// Fields whose values are not UTF-8 are not seen.
///
/// ```
/// use serde::Deserialize;
/// use transom_web::{Header, Router};
///
/// #[derive(Deserialize)]
/// struct Client {
///     user_agent: Option<String>,
///     x_version: u32,
/// }
///
/// async fn greet(Header(client): Header<Client>) -> String {
///     format!("version {} of {}", client.x_version, client.user_agent.as_deref().unwrap_or("something"))
/// }
/// # Router::new().get("/", greet);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<T>(pub T);

impl<T: DeserializeOwned + Send> FromHead for Header<T> {
    type Rejection = Problem;

    async fn from_head(head: &mut RequestHead) -> Result<Self, Problem> {
        let texts = head.headers().iter().filter_map(|(name, value)| {
            let name = if name.contains('-') { name.replace('-', "_").into() } else { Cow::Borrowed(name) };
            Some((name, std::str::from_utf8(value).ok()?.into()))
        });
        text::members(texts, Part::Header).map(Self)
    }
}
