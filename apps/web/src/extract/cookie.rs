use super::text;
use crate::problem::Part;
use crate::{FromHead, Problem, RequestHead};
use cookie::Cookie;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::convert::Infallible;

/// The cookies of the request.
///
/// ```
/// use transom_web::{Cookies, Router};
///
/// async fn greet(cookies: Cookies) -> String {
///     format!("Hello, {}", cookies.get("name").unwrap_or("stranger"))
/// }
/// # Router::new().get("/", greet);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Cookies(Vec<Cookie<'static>>);

impl Cookies {
    /// The value of the cookie `name`. Of several the first, which has the longest path (RFC 6265 section 5.4).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|cookie| cookie.name() == name).map(Cookie::value)
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(Cookie::name_value)
    }

    /// What is not a cookie is passed over, as browsers send what they were once given.
    fn of(head: &RequestHead) -> Self {
        let fields = head.headers().get_all("cookie").filter_map(|field| std::str::from_utf8(field).ok());
        let cookies = fields.flat_map(|field| Cookie::split_parse_encoded(field.to_owned()));
        Self(cookies.flatten().collect())
    }
}

impl FromHead for Cookies {
    type Rejection = Infallible;

    async fn from_head(head: &mut RequestHead) -> Result<Self, Infallible> {
        Ok(Self::of(head))
    }
}

/// The cookies of the request, as a struct; what it cannot be made of gives a 422.
///
/// ```
/// use serde::Deserialize;
/// use transom_web::{CookieParams, Router};
///
/// #[derive(Deserialize)]
/// struct Seen {
///     visits: Option<u32>,
/// }
///
/// async fn count(CookieParams(seen): CookieParams<Seen>) -> String {
///     format!("visit {}", seen.visits.unwrap_or(0) + 1)
/// }
/// # Router::new().get("/", count);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CookieParams<T>(pub T);

impl<T: DeserializeOwned + Send> FromHead for CookieParams<T> {
    type Rejection = Problem;

    async fn from_head(head: &mut RequestHead) -> Result<Self, Problem> {
        let cookies = Cookies::of(head);
        let texts = cookies.iter().map(|(name, value)| (Cow::Borrowed(name), Cow::Borrowed(value)));
        text::members(texts, Part::Cookie).map(Self)
    }
}
