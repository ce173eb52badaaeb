use crate::problem;
use crate::{BodyError, Error, IntoResponse, Problem, Response};
use std::{fmt, io};

/// What is wrong with a form. As a response it is a [`Problem`] that says which part it is.
#[derive(Debug)]
#[non_exhaustive]
pub enum MultipartError {
    /// The body is not `multipart/form-data`: 415.
    MediaType,
    /// The `content-type` names no boundary, or none that may be one: 400.
    Boundary,
    /// There is no part where one has to be, or its header section is not one, or has no name: 400.
    Malformed {
        /// Which part, from 0.
        part: usize,
    },
    /// The body has no end: 400.
    Truncated {
        /// The name of the part that is cut off, or its number, as `[0]`.
        part: String,
    },
    /// There are more parts than [allowed](super::Limits::parts): 413.
    TooManyParts {
        /// How many there may be.
        limit: usize,
    },
    /// The header section of a part is longer than [allowed](super::Limits::head): 413.
    HeadTooLarge {
        /// Which part, from 0.
        part: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// A part is longer than may be kept in memory: 413.
    TooLarge {
        /// The name of the part.
        part: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The text of a part is not UTF-8: 400.
    NotText {
        /// The name of the part.
        part: String,
    },
    /// The body could not be read.
    Body(BodyError),
    /// The temporary file could not be written: 500.
    File(io::Error),
}

impl MultipartError {
    /// What the client is told, if it is to blame.
    pub(crate) fn problem(&self) -> Option<Problem> {
        let (status, at) = match self {
            Self::MediaType => (415, None),
            Self::Boundary => (400, None),
            Self::Malformed { part } => (400, Some(format!("[{part}]"))),
            Self::HeadTooLarge { part, .. } => (413, Some(format!("[{part}]"))),
            Self::TooManyParts { .. } => (413, None),
            Self::Truncated { part } | Self::NotText { part } => (400, Some(part.clone())),
            Self::TooLarge { part, .. } => (413, Some(part.clone())),
            Self::Body(error) => return error.problem(),
            Self::File(_) => return None,
        };
        Some(match at {
            Some(at) => {
                let problem = Problem::new(status).detail("the form is not what it should be");
                problem.fault(problem::Part::Body, at, self.to_string())
            }
            None => Problem::new(status).detail(self.to_string()),
        })
    }
}

impl fmt::Display for MultipartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MediaType => f.write_str("the request body has to be multipart/form-data"),
            Self::Boundary => f.write_str("the content-type names no boundary"),
            Self::Malformed { .. } => f.write_str("the part does not begin as it has to"),
            Self::Truncated { .. } => f.write_str("the form ends before its end"),
            Self::TooManyParts { limit } => write!(f, "the form has more than {limit} parts"),
            Self::HeadTooLarge { limit, .. } => write!(f, "the header section is longer than {limit} bytes"),
            Self::TooLarge { limit, .. } => write!(f, "the part is longer than {limit} bytes"),
            Self::NotText { .. } => f.write_str("the part is not UTF-8"),
            Self::Body(error) => error.fmt(f),
            Self::File(_) => f.write_str("an upload could not be stored"),
        }
    }
}

impl std::error::Error for MultipartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // Its own text is this one's.
            Self::Body(error) => error.source(),
            Self::File(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for MultipartError {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl IntoResponse for MultipartError {
    fn into_response(self) -> Response {
        Error::from(self).into_response()
    }
}
