//! Forms with files (`multipart/form-data`, RFC 7578).
//!
//! As an argument of a handler [`FormData`] is all of a form: its fields, and its files as [`Upload`]s, which are kept in
//! memory while they are small and in a temporary file when not.
//!
//! ```
//! use serde::Deserialize;
//! use transom_web::multipart::FormData;
//! use transom_web::{Error, Problem, Router};
//!
//! #[derive(Deserialize)]
//! struct Card {
//!     title: String,
//! }
//!
//! async fn create(mut form: FormData) -> Result<String, Error> {
//!     let card: Card = form.fields.parse()?;
//!     let photo = form.files.take("photo").ok_or(Problem::new(422).detail("there is no photo"))?;
//!     Ok(format!("{} with {} bytes of {}", card.title, photo.len(), photo.file_name()))
//! }
//!
//! let app = Router::new().post("/cards", create);
//! # let body = concat!(
//! #     "--x\r\ncontent-disposition: form-data; name=\"title\"\r\n\r\nHouse\r\n",
//! #     "--x\r\ncontent-disposition: form-data; name=\"photo\"; filename=\"a.png\"\r\n\r\npng\r\n--x--\r\n",
//! # );
//! # let request = transom::memory::http("POST", "/cards").header("content-type", "multipart/form-data; boundary=x");
//! # assert_eq!(request.body(body).run(app).body(), b"House with 3 bytes of a.png");
//! ```
//!
//! [`Multipart`] is a form part by part, for who wants other limits, or to store nothing that is not wanted:
//!
//! ```
//! use transom_web::multipart::{Limits, Multipart, MultipartError};
//! use transom_web::{Router, post};
//!
//! async fn sizes(form: Multipart) -> Result<String, MultipartError> {
//!     let mut form = form.limits(Limits::new().body(1 << 30).parts(10));
//!     let mut sizes = String::new();
//!     while let Some(mut part) = form.next().await? {
//!         let mut size = 0;
//!         while let Some(data) = part.chunk().await? {
//!             size += data.len();
//!         }
//!         sizes += &format!("{}: {size}\n", part.name());
//!     }
//!     Ok(sizes)
//! }
//! # Router::new().route("/", post(sizes));
//! ```

mod error;
mod form;
mod limits;
mod parser;
mod part;
mod upload;

use crate::media_type::essence;
use crate::{Body, FromRequest, Request};
pub use error::MultipartError;
pub use form::{Fields, Files, FormData};
pub use limits::Limits;
use parser::Parser;
pub use part::Part;
use part::PartHead;
use std::sync::Arc;
use transom::ServerInfo;
pub use upload::{Upload, UploadReader};

/// A form, part by part as it is received; see the [module](self).
///
/// A body of another type than `multipart/form-data` is answered with 415, one without a boundary with 400.
#[derive(Debug)]
pub struct Multipart {
    parser: Parser,
    limits: Limits,
    /// The limit of the route.
    own_limit: Option<u64>,
    /// How many parts there were.
    parts: usize,
    state: State,
    server: Arc<ServerInfo>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Over,
    Failed,
}

impl Multipart {
    fn new(boundary: String, body: Body, server: Arc<ServerInfo>) -> Self {
        let own_limit = body.limit();
        let parser = Parser::new(boundary, body);
        Self { parser, limits: Limits::new(), own_limit, parts: 0, state: State::Open, server }.limits(Limits::new())
    }

    /// Other limits than those that are there [by default](Limits). That of the route stays the one for the body as a
    /// whole.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.parser.set_body_limit(self.own_limit.unwrap_or(limits.body));
        self.limits = limits;
        self
    }

    /// The next part; `None` at the end. What is left of the one before is passed over.
    ///
    /// # Errors
    /// [`MultipartError`]; of the body there is nothing more to be had then.
    pub async fn next(&mut self) -> Result<Option<Part<'_>>, MultipartError> {
        match self.advance().await {
            Ok(head) => Ok(head.map(|head| Part::new(self, head))),
            Err(error) => {
                self.state = State::Failed;
                Err(error)
            }
        }
    }

    /// Goes on to the next part, if there is one.
    async fn advance(&mut self) -> Result<Option<PartHead>, MultipartError> {
        match self.state {
            State::Open => {}
            State::Over => return Ok(None),
            State::Failed => return Err(MultipartError::Malformed { part: self.parts }),
        }
        while self.parser.chunk().await.map_err(|fault| fault.within(self.parser.name()))?.is_some() {}
        if !self.parser.advance(self.limits.head).await.map_err(|fault| fault.at(self.parts))? {
            self.state = State::Over;
            return Ok(None);
        }
        if self.parts == self.limits.parts {
            return Err(MultipartError::TooManyParts { limit: self.limits.parts });
        }
        let head = self.parser.field().and_then(PartHead::of);
        let head = head.ok_or(MultipartError::Malformed { part: self.parts })?;
        self.parts += 1;
        Ok(Some(head))
    }

    /// All of the form that is left.
    ///
    /// # Errors
    /// [`MultipartError`].
    pub async fn collect(self) -> Result<FormData, MultipartError> {
        FormData::collect(self).await
    }
}

impl FromRequest for Multipart {
    type Rejection = MultipartError;

    async fn from_request(request: Request) -> Result<Self, MultipartError> {
        let (head, body) = request.into_parts();
        let media_type = head.header("content-type").unwrap_or_default();
        if !essence(media_type.as_bytes()).eq_ignore_ascii_case(b"multipart/form-data") {
            return Err(MultipartError::MediaType);
        }
        let boundary = multer::parse_boundary(media_type).map_err(|_| MultipartError::Boundary)?;
        // RFC 2046 section 5.1.1.
        if !(1..=70).contains(&boundary.len()) {
            return Err(MultipartError::Boundary);
        }
        Ok(Self::new(boundary, body, Arc::clone(&head.scope().connection().server_info)))
    }
}

impl FromRequest for FormData {
    type Rejection = MultipartError;

    async fn from_request(request: Request) -> Result<Self, MultipartError> {
        Multipart::from_request(request).await?.collect().await
    }
}
