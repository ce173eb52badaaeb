use super::text;
use crate::body::DEFAULT_BODY_LIMIT;
use crate::media_type::essence;
use crate::problem::Part;
use crate::{FromRequest, IntoResponse, Problem, Request, Response};
use serde::de::DeserializeOwned;

/// The body of a form (`application/x-www-form-urlencoded`), as a struct or map; what it cannot be made of gives a 422,
/// another type 415, one that is too long 413.
///
/// ```
/// use serde::Deserialize;
/// use transom_web::{Form, Redirect, Router};
///
/// #[derive(Deserialize)]
/// struct Card {
///     title: String,
/// }
///
/// async fn create(Form(card): Form<Card>) -> Redirect {
///     println!("{}", card.title);
///     Redirect::to("/cards")
/// }
/// # Router::new().post("/cards", create);
/// ```
///
/// Forms with files are for the module `multipart`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequest for Form<T> {
    type Rejection = Response;

    async fn from_request(request: Request) -> Result<Self, Response> {
        let (head, body) = request.into_parts();
        let media_type = head.headers().get("content-type").unwrap_or_default();
        if !essence(media_type).eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
            let detail = "the request body has to be application/x-www-form-urlencoded";
            return Err(Problem::new(415).detail(detail).into_response());
        }
        let body = body.collect(DEFAULT_BODY_LIMIT).await.map_err(IntoResponse::into_response)?;
        text::members(text::pairs(&body), Part::Body).map(Self).map_err(IntoResponse::into_response)
    }
}
