//! What is wrong with a request.

use crate::Response;
use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt;
use transom::status::reason;
use transom::{Headers, Outgoing};

/// What is wrong with a request, as its client is told: problem details (RFC 9457), as JSON.
///
/// A handler gives one back itself, or passes it up with `?` as any other error:
///
/// ```
/// use transom_web::{Error, Problem};
///
/// fn positive(number: i64) -> Result<i64, Error> {
///     if number < 0 {
///         return Err(Problem::new(422).detail("the number is negative").into());
///     }
///     Ok(number)
/// }
/// assert_eq!(positive(-1).unwrap_err().to_string(), "422 Unprocessable Content: the number is negative");
/// ```
///
/// Its body:
///
/// ```json
/// {
///     "type": "about:blank",
///     "title": "Unprocessable Content",
///     "status": 422,
///     "detail": "the request is not as it should be",
///     "faults": [{ "in": "query", "at": "limit", "message": "invalid digit found in string" }]
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Problem(Box<Details>);

#[derive(Clone, Debug)]
struct Details {
    status: u16,
    kind: Option<Cow<'static, str>>,
    title: Option<Cow<'static, str>>,
    detail: Option<Cow<'static, str>>,
    faults: Vec<Fault>,
    members: Map<String, Value>,
    headers: Headers,
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The part of the request.
    #[serde(rename = "in")]
    pub part: Part,
    /// The place in it: the name of a parameter, field or cookie, or the path of a member, as `items[0].name`. Empty
    /// when it is the part as a whole.
    pub at: String,
    /// What is wrong there.
    pub message: String,
}

/// A part of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Part {
    Path,
    Query,
    Header,
    Cookie,
    Body,
}

impl Problem {
    /// A problem that its status says everything about.
    pub fn new(status: u16) -> Self {
        let (kind, title, detail, members, headers) = (None, None, None, Map::new(), Headers::new());
        Self(Box::new(Details { status, kind, title, detail, faults: Vec::new(), members, headers }))
    }

    /// A URI that names the kind of problem, in place of `about:blank`.
    pub fn kind(mut self, kind: impl Into<Cow<'static, str>>) -> Self {
        self.0.kind = Some(kind.into());
        self
    }

    /// The title, in place of the status' own.
    pub fn title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.0.title = Some(title.into());
        self
    }

    /// What is wrong this time. The client sees it.
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds a fault.
    pub fn fault(mut self, part: Part, at: impl Into<String>, message: impl Into<String>) -> Self {
        self.0.faults.push(Fault { part, at: at.into(), message: message.into() });
        self
    }

    /// Adds a member to the body (RFC 9457 section 3.2), such as what there is now of what was to be changed.
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.members.insert(name.into(), value.into());
        self
    }

    /// Adds a field to the response.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.0.headers.push(name, value.as_ref());
        self
    }

    /// The status of the response.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// What is wrong, and where.
    pub fn faults(&self) -> &[Fault] {
        &self.0.faults
    }

    fn heading(&self) -> &str {
        let title = self.0.title.as_deref().unwrap_or_else(|| reason(self.0.status));
        if title.is_empty() { "Error" } else { title }
    }

    /// The response as JSON, with its status and fields.
    fn render(&self) -> (Headers, Vec<u8>) {
        #[derive(Serialize)]
        struct Body<'a> {
            #[serde(rename = "type")]
            kind: &'a str,
            title: &'a str,
            status: u16,
            #[serde(skip_serializing_if = "Option::is_none")]
            detail: Option<&'a str>,
            #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
            faults: &'a [Fault],
            #[serde(flatten)]
            members: &'a Map<String, Value>,
        }
        let Details { status, kind, detail, faults, members, headers, .. } = &*self.0;
        let kind = kind.as_deref().unwrap_or("about:blank");
        let body = Body { kind, title: self.heading(), status: *status, detail: detail.as_deref(), faults, members };
        let mut fields = FIELDS;
        fields.extend(headers);
        (fields, serde_json::to_vec(&body).expect("texts and numbers are always JSON"))
    }

    /// The response as JSON, which a router sends unless it is [told otherwise](crate::Router::problems).
    pub fn to_response(&self) -> Response {
        let (headers, body) = self.render();
        let mut response = Response::new(body).status(self.0.status);
        *response.headers_mut() = headers;
        response
    }
}

/// Browsers are not to make anything else of it.
const FIELDS: Headers =
    Headers::from_static(&[("content-type", "application/problem+json"), ("x-content-type-options", "nosniff")]);

/// As JSON: how an application that is no handler answers.
impl From<Problem> for Outgoing {
    fn from(problem: Problem) -> Self {
        let (headers, body) = problem.render();
        Self::Response { status: problem.0.status, headers, body: body.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.status, self.heading())?;
        if let Some(detail) = &self.0.detail {
            write!(f, ": {detail}")?;
        }
        for Fault { part, at, message } in &self.0.faults {
            write!(f, "; {part:?} {at}: {message}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_what_was_said() {
        let problem = Problem::new(409).detail("it was changed").fault(Part::Body, "version", "is 1").member("now", 2);
        let (_, body) = problem.render();
        let expected = concat!(
            r#"{"type":"about:blank","title":"Conflict","status":409,"detail":"it was changed","#,
            r#""faults":[{"in":"body","at":"version","message":"is 1"}],"now":2}"#
        );
        assert_eq!(String::from_utf8(body).unwrap(), expected);
        assert_eq!(Problem::new(499).render().1, br#"{"type":"about:blank","title":"Error","status":499}"#);
    }
}
