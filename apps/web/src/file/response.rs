use super::condition::{Validators, whole_seconds};
use super::content::Content;
use super::disposition::{Disposition, Kind};
use super::representation::Representation;
use super::{ETag, FileError, etag, media_type};
use crate::blocking::run_blocking;
use crate::response::{BoxFuture, Destination, Respond};
use crate::{Error, IntoResponse, Problem, Response};
use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use transom::{Headers, HttpScope, Sender};

/// A file as a response.
///
/// ```
/// use transom::memory;
/// use transom_web::{Router, file::File};
///
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path().join("7.pdf");
/// # std::fs::write(&path, "%PDF").unwrap();
/// let handler = move || {
///     let file = File::at(&path).attachment("Übersicht.pdf").cache_control("private");
///     async { file }
/// };
/// let outcome = memory::http("GET", "/").run(Router::new().get("/", handler));
/// assert_eq!((outcome.status(), outcome.body()), (Some(200), &b"%PDF"[..]));
/// assert_eq!(outcome.header("content-type"), Some("application/pdf"));
/// let disposition = "attachment; filename=\"_bersicht.pdf\"; filename*=UTF-8''%C3%9Cbersicht.pdf";
/// assert_eq!(outcome.header("content-disposition"), Some(disposition));
/// ```
///
/// One that there is not, or that is no file, is a 404; one that may not be read a 403.
///
/// The path is the caller's to trust: one that comes from a request is for [`StaticFiles`](super::StaticFiles).
#[derive(Debug)]
#[must_use = "a file is sent when a handler gives it back"]
pub struct File {
    source: Source,
    content_type: Option<Cow<'static, str>>,
    disposition: Option<Disposition>,
    etag: Setting<ETag>,
    last_modified: Setting<SystemTime>,
    headers: Headers,
}

#[derive(Debug)]
enum Source {
    Path(PathBuf),
    Open(fs::File),
}

#[derive(Debug)]
enum Setting<T> {
    OfTheFile,
    Given(T),
    Absent,
}

impl<T> Setting<T> {
    fn or(self, of_the_file: Option<T>) -> Option<T> {
        match self {
            Self::OfTheFile => of_the_file,
            Self::Given(value) => Some(value),
            Self::Absent => None,
        }
    }
}

impl File {
    /// The file that has this path when it is sent.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self::new(Source::Path(path.into()))
    }

    /// A file that is open already, from its first byte to its last, wherever its cursor is. It has no name, so that
    /// its media type is to be given, or comes of the name that it is [offered](Self::attachment) by.
    pub fn open(file: fs::File) -> Self {
        Self::new(Source::Open(file))
    }

    fn new(source: Source) -> Self {
        Self {
            source,
            content_type: None,
            disposition: None,
            etag: Setting::OfTheFile,
            last_modified: Setting::OfTheFile,
            headers: Headers::new(),
        }
    }

    /// The media type; without it, what the name tells: `application/octet-stream` if nothing, and UTF-8 if it is text.
    pub fn content_type(mut self, media_type: impl Into<Cow<'static, str>>) -> Self {
        self.content_type = Some(media_type.into());
        self
    }

    /// To be stored by the user agent under this name (RFC 6266), which may be any text.
    pub fn attachment(mut self, name: &str) -> Self {
        self.disposition = Some(Disposition::new(Kind::Attachment, name));
        self
    }

    /// To be shown by the user agent, and to have this name if it is stored.
    pub fn inline(mut self, name: &str) -> Self {
        self.disposition = Some(Disposition::new(Kind::Inline, name));
        self
    }

    /// The version of the content, in place of that of the file.
    pub fn etag(mut self, etag: ETag) -> Self {
        self.etag = Setting::Given(etag);
        self
    }

    /// No `etag`.
    pub fn without_etag(mut self) -> Self {
        self.etag = Setting::Absent;
        self
    }

    /// When the content was changed, in place of when the file was. A time before 1980-01-02 or in the future is not
    /// sent.
    pub fn last_modified(mut self, time: SystemTime) -> Self {
        self.last_modified = if etag::is_version(time) { Setting::Given(whole_seconds(time)) } else { Setting::Absent };
        self
    }

    /// No `last-modified`.
    pub fn without_last_modified(mut self) -> Self {
        self.last_modified = Setting::Absent;
        self
    }

    /// How it may be cached (RFC 9111 section 5.2).
    pub fn cache_control(self, directives: &str) -> Self {
        self.header("cache-control", directives)
    }

    /// A field of the response, in place of one of that name.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.set(name, value.as_ref());
        self
    }

    /// Sends it, or what the request makes of it: a part of it (206), nothing of it because the client has it (304), a
    /// refusal (412, 416). Only where the method is GET or HEAD and `status` is 200 is there a choice, and only with that
    /// status is there an `etag`, `last-modified` or `accept-ranges`.
    ///
    /// A field of `extra` takes the place of what would else be sent, `content-length`, `content-range` and
    /// `accept-ranges` excepted.
    ///
    /// # Errors
    /// [`FileError`]; what says that the file is not to be had, says so before anything is sent.
    pub async fn respond(
        self,
        scope: &HttpScope,
        send: &mut Sender,
        extra: Headers,
        status: u16,
    ) -> Result<(), FileError> {
        let Self { source, content_type, disposition, etag, last_modified, headers } = self;
        let content_type = content_type.unwrap_or_else(|| match (&source, &disposition) {
            (Source::Path(path), _) => media_type::of(path),
            (Source::Open(_), Some(disposition)) => media_type::of(Path::new(disposition.name())),
            (Source::Open(_), None) => media_type::of(Path::new("")),
        });
        let open = move || match source {
            Source::Path(path) => Content::open(&path),
            Source::Open(file) => Content::measure(file),
        };
        let content = run_blocking(&scope.connection().server_info, open).await.map_err(FileError::Open)??;
        let own = Validators::of(&content, None);
        let validators = Validators { etag: etag.or(own.etag), last_modified: last_modified.or(own.last_modified) };
        let mut fields = Headers::new();
        if let Some(disposition) = disposition {
            fields.push("content-disposition", disposition.value().as_bytes());
        }
        fields.extend(&headers);
        let representation = Representation { content, content_type, validators, headers: fields };
        representation.respond(scope, send, extra, status).await
    }
}

impl IntoResponse for File {
    fn into_response(self) -> Response {
        Response::respond(Headers::new(), self)
    }
}

impl Respond for File {
    fn respond<'a>(
        self: Box<Self>,
        status: u16,
        headers: Headers,
        to: Destination<'a>,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let problem = match File::respond(*self, to.scope, to.send, headers, status).await {
                Err(FileError::NotFound | FileError::NotAFile) => Problem::new(404),
                Err(FileError::PermissionDenied) => Problem::new(403),
                sent => return Ok(sent?),
            };
            problem.into_response().send(to).await
        })
    }
}
