use super::condition::{self, Validators, Verdict, whole_seconds};
use super::content::Content;
use super::multipart::Multipart;
use super::range::{ByteRange, Selection, select};
use super::{ETag, FileError};
use bytes::Bytes;
use std::borrow::Cow;
use std::time::SystemTime;
use transom::{Headers, HttpScope, Method, Outgoing, Sender};

/// A file with what is said of it.
#[derive(Debug)]
pub(super) struct Representation {
    pub(super) content: Content,
    pub(super) content_type: Cow<'static, str>,
    pub(super) validators: Validators,
    /// Other fields.
    pub(super) headers: Headers,
}

/// What is sent of it.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Whole,
    Part(ByteRange),
    Parts(Vec<ByteRange>),
    NotModified,
    PreconditionFailed,
    Unsatisfiable,
}

impl Representation {
    /// Answers a request with it. What `extra` has takes the place of the representation's own. Conditions and ranges
    /// are those of a response with status 200 to GET or HEAD; with any other the whole is sent.
    pub(super) async fn respond(
        mut self,
        scope: &HttpScope,
        send: &mut Sender,
        extra: Headers,
        status: u16,
    ) -> Result<(), FileError> {
        self.adopt(extra);
        let answer = self.answer(scope.method(), scope.headers(), status);
        let (status, headers, parts) = self.head(answer, status);
        // What is empty goes in one event, and to HEAD nothing else goes.
        match parts {
            Parts::None => Ok(send.send(Outgoing::Response { status, headers, body: Bytes::new() }).await?),
            _ if *scope.method() == Method::Head => {
                Ok(send.send(Outgoing::Response { status, headers, body: Bytes::new() }).await?)
            }
            Parts::One(range) => {
                if let Some(body) = self.content.bytes(range) {
                    return Ok(send.send(Outgoing::Response { status, headers, body }).await?);
                }
                send.send(Outgoing::Start { status, headers }).await?;
                self.content.send(range, false, scope, send).await
            }
            Parts::Several(multipart) => {
                send.send(Outgoing::Start { status, headers }).await?;
                for (delimiter, range) in multipart.parts() {
                    send.send(Outgoing::Body { data: delimiter, more: true }).await?;
                    self.content.send(range, true, scope, send).await?;
                }
                Ok(send.send(Outgoing::Body { data: multipart.end(), more: false }).await?)
            }
        }
    }

    /// Takes over the fields of the response that it is sent in.
    fn adopt(&mut self, extra: Headers) {
        // `vary` is a list, of which both have a part.
        let own = self.headers.iter().filter(|(name, _)| *name == "vary" || extra.get(name).is_none());
        let mut headers: Headers = own.collect();
        for (name, value) in &extra {
            match name {
                "content-type" => self.content_type = String::from_utf8_lossy(value).into_owned().into(),
                "etag" => self.validators.etag = ETag::parse(value),
                "last-modified" => self.validators.last_modified = condition::date(value),
                // These depend on the answer.
                "content-length" | "content-range" | "accept-ranges" => {}
                _ => headers.push(name, value),
            }
        }
        self.headers = headers;
    }

    fn answer(&self, method: &Method, headers: &Headers, status: u16) -> Answer {
        if status != 200 || !matches!(method, Method::Get | Method::Head) {
            return Answer::Whole;
        }
        match self.validators.evaluate(method, headers) {
            Verdict::NotModified => return Answer::NotModified,
            Verdict::PreconditionFailed => return Answer::PreconditionFailed,
            Verdict::Perform => {}
        }
        if *method != Method::Get || headers.get("range").is_none() || !self.validators.permit_range(headers) {
            return Answer::Whole;
        }
        match select(headers, self.content.len()) {
            Selection::Whole => Answer::Whole,
            Selection::Unsatisfiable => Answer::Unsatisfiable,
            Selection::Parts(parts) => match parts[..] {
                [part] => Answer::Part(part),
                _ => Answer::Parts(parts),
            },
        }
    }

    fn head(&self, answer: Answer, status: u16) -> (u16, Headers, Parts) {
        let len = self.content.len();
        let mut headers = Headers::new();
        let (status, length, parts) = match answer {
            Answer::NotModified => return (304, self.without_content(304), Parts::None),
            Answer::PreconditionFailed => return (412, self.without_content(412), Parts::None),
            Answer::Unsatisfiable => {
                let mut headers = self.without_content(416);
                headers.push("content-range", format!("bytes */{len}").as_bytes());
                return (416, headers, Parts::None);
            }
            Answer::Part(range) => {
                headers.push("content-range", range.content_range(len).as_bytes());
                (206, range.len, Parts::One(range))
            }
            Answer::Parts(ranges) => {
                let multipart = Multipart::new(ranges, &self.content_type, len);
                (206, multipart.len(), Parts::Several(multipart))
            }
            Answer::Whole if len == 0 => (status, 0, Parts::None),
            Answer::Whole => (status, len, Parts::One(self.content.whole())),
        };
        match &parts {
            Parts::Several(multipart) => headers.push("content-type", multipart.content_type().as_bytes()),
            _ => headers.push("content-type", self.content_type.as_bytes()),
        }
        headers.push("content-length", length.to_string().as_bytes());
        // With a status that is an error they would have caches keep it for as long as the file is old.
        if matches!(status, 200 | 206) {
            headers.push("accept-ranges", b"bytes");
            self.push_validators(&mut headers, true);
        }
        headers.extend(&self.headers);
        (status, headers, parts)
    }

    /// The fields of an answer that has nothing of the content: what is said of that is not said of this (RFC 9110
    /// section 15.4.5), and no cache is to keep a refusal as it would the content.
    fn without_content(&self, status: u16) -> Headers {
        let is_out_of_place = |name: &str| match name {
            "cache-control" | "expires" => status != 304,
            name => describes_content(name),
        };
        let mut headers: Headers = self.headers.iter().filter(|(name, _)| !is_out_of_place(name)).collect();
        if status != 416 {
            self.push_validators(&mut headers, self.validators.etag.is_none());
        }
        headers
    }

    fn push_validators(&self, headers: &mut Headers, date: bool) {
        if let Some(etag) = &self.validators.etag {
            headers.push("etag", &etag.to_value());
        }
        // Not a date in the future (RFC 9110 section 8.8.2.1).
        let time = self.validators.last_modified.filter(|time| date && *time <= SystemTime::now());
        if let Some(time) = time {
            headers.push("last-modified", httpdate::fmt_http_date(time).as_bytes());
        }
    }
}

/// The body of an answer.
enum Parts {
    None,
    One(ByteRange),
    Several(Multipart),
}

/// Whether a field tells what the content is.
fn describes_content(name: &str) -> bool {
    matches!(name, "content-disposition" | "content-encoding" | "content-language" | "x-content-type-options")
}

impl Validators {
    /// Those of some content, as the `variant` of something.
    pub(super) fn of(content: &Content, variant: Option<&str>) -> Self {
        Self { etag: content.etag(variant), last_modified: content.modified().map(whole_seconds) }
    }
}
