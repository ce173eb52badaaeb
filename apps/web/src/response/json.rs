use super::{Content, IntoResponse, Response};
use crate::body::DEFAULT_BODY_LIMIT;
use crate::media_type::essence;
use crate::problem::Part;
use crate::{Error, FromRequest, Problem, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;
use transom::Headers;

/// JSON: as an argument the body of the request, as a result that of the response.
///
/// The argument has to be of type `application/json`, or of one that ends with `+json` (otherwise 415), no longer than
/// the limit of its route (413), JSON (400), and what `T` wants (422): then the problem tells which member it is.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use transom_web::Json;
///
/// #[derive(Deserialize, Serialize)]
/// struct Point {
///     x: i64,
///     y: i64,
/// }
///
/// async fn mirror(Json(Point { x, y }): Json<Point>) -> Json<Point> {
///     Json(Point { x: -x, y })
/// }
/// # transom_web::Router::new().post("/mirror", mirror);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

const JSON: Headers = Headers::from_static(&[("content-type", "application/json")]);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => Response::of(JSON, Content::Bytes(body.into())),
            Err(error) => Error::from(error).into_response(),
        }
    }
}

impl<T: DeserializeOwned + Send> FromRequest for Json<T> {
    type Rejection = Response;

    async fn from_request(request: Request) -> Result<Self, Response> {
        let (head, body) = request.into_parts();
        let media_type = head.headers().get("content-type").unwrap_or_default();
        if !is_json(media_type) {
            return Err(Problem::new(415).detail("the request body has to be application/json").into_response());
        }
        let body = body.collect(DEFAULT_BODY_LIMIT).await.map_err(IntoResponse::into_response)?;
        parse(&body).map(Self).map_err(IntoResponse::into_response)
    }
}

/// Whether a `content-type` is that of JSON, or of something written in it (RFC 6839 section 3.1).
fn is_json(media_type: &[u8]) -> bool {
    let essence = essence(media_type);
    let ends_with = |suffix: &[u8]| {
        essence.len().checked_sub(suffix.len()).is_some_and(|at| essence[at..].eq_ignore_ascii_case(suffix))
    };
    essence.eq_ignore_ascii_case(b"application/json") || ends_with(b"+json")
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| explain::<T>(body, &error))
}

/// Parses once more, and finds out where it fails: that costs too much to be done for all.
#[cold]
fn explain<T: DeserializeOwned>(body: &[u8], error: &serde_json::Error) -> Problem {
    if !error.is_data() {
        let problem = Problem::new(400).detail("the request body is not JSON");
        return problem.fault(Part::Body, "", error.to_string());
    }
    let at = match serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_slice(body)) {
        Err(error) => error.path().to_string(),
        Ok(_) => String::new(),
    };
    // The path of the whole is a dot.
    let at = at.strip_prefix('.').unwrap_or(&at);
    Problem::new(422).detail("the request body is not what it should be").fault(Part::Body, at, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Item {
        #[allow(dead_code)]
        count: u8,
    }

    #[test]
    fn media_types() {
        for json in ["application/json", "Application/JSON; charset=utf-8", "application/problem+json", "a/b+JSON ;x=y"]
        {
            assert!(is_json(json.as_bytes()), "{json}");
        }
        for other in ["", "text/plain", "application/jsonp", "json", "text/json;application/json"] {
            assert!(!is_json(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn faults_have_their_place() {
        for (body, status, at) in [
            (r#"[{"count":1},{"count":256}]"#, 422, "[1].count"),
            (r#"[{"count":1},{}]"#, 422, "[1]"),
            (r#"{}"#, 422, ""),
            (r#"[{"count":1"#, 400, ""),
            (r#"[] x"#, 400, ""),
            ("", 400, ""),
        ] {
            let problem = parse::<Vec<Item>>(body.as_bytes()).unwrap_err();
            assert_eq!((problem.status(), &*problem.faults()[0].at), (status, at), "{body}");
        }
    }
}
