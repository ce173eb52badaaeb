use super::{Multipart, MultipartError, State, Upload};
use crate::media_type::essence;
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use transom::Headers;

/// A part of a form; a [`Stream`] of its data.
#[derive(Debug)]
pub struct Part<'a> {
    multipart: &'a mut Multipart,
    head: PartHead,
}

/// What its header section tells.
#[derive(Debug)]
pub(super) struct PartHead {
    name: String,
    file_name: Option<String>,
    headers: Headers,
}

impl PartHead {
    /// `None` if it is not that of a part of a form.
    pub(super) fn of(field: &multer::Field<'_>) -> Option<Self> {
        let mut headers = Headers::new();
        for (name, value) in field.headers() {
            headers.push(name.as_str(), value.as_bytes());
        }
        let disposition = headers.get("content-disposition")?;
        // RFC 7578 section 4.2: it is `form-data`, and has a name.
        if !essence(disposition).eq_ignore_ascii_case(b"form-data") {
            return None;
        }
        Some(Self { name: field.name()?.to_owned(), file_name: field.file_name().map(last_component), headers })
    }
}

impl<'a> Part<'a> {
    pub(super) fn new(multipart: &'a mut Multipart, head: PartHead) -> Self {
        Self { multipart, head }
    }

    /// The name of its field.
    pub fn name(&self) -> &str {
        &self.head.name
    }

    /// The name that its file had with the client, without directories and controls; `None` if it is no file. It may be
    /// empty, as that of a field in which no file was chosen.
    pub fn file_name(&self) -> Option<&str> {
        self.head.file_name.as_deref()
    }

    /// The media type, as the client says.
    pub fn content_type(&self) -> Option<&str> {
        std::str::from_utf8(self.head.headers.get("content-type")?).ok()
    }

    /// Its header fields.
    pub fn headers(&self) -> &Headers {
        &self.head.headers
    }

    /// The next data; `None` at its end.
    ///
    /// # Errors
    /// [`MultipartError`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, MultipartError> {
        poll_fn(|cx| self.poll_chunk(cx)).await
    }

    /// All of its data, in memory.
    ///
    /// # Errors
    /// It is longer than `limit` bytes, or any other [`MultipartError`].
    pub async fn bytes(mut self, limit: u64) -> Result<Bytes, MultipartError> {
        let mut all = BytesMut::new();
        while let Some(data) = self.chunk().await? {
            if (all.len() + data.len()) as u64 > limit {
                return Err(MultipartError::TooLarge { part: self.head.name, limit });
            }
            all.extend_from_slice(&data);
        }
        Ok(all.freeze())
    }

    /// All of it as text.
    ///
    /// # Errors
    /// It is longer than `limit` bytes, or not UTF-8, or any other [`MultipartError`].
    pub async fn text(self, limit: u64) -> Result<String, MultipartError> {
        let part = self.head.name.clone();
        let data = self.bytes(limit).await?;
        String::from_utf8(data.into()).map_err(|_| MultipartError::NotText { part })
    }

    /// All of it, in memory while it is small, and in a temporary file when not.
    ///
    /// # Errors
    /// [`MultipartError`].
    pub async fn upload(self) -> Result<Upload, MultipartError> {
        Upload::receive(self).await
    }

    pub(super) fn multipart(&self) -> &Multipart {
        self.multipart
    }

    pub(super) fn into_headers(self) -> (Option<String>, Headers) {
        (self.head.file_name, self.head.headers)
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, MultipartError>> {
        self.multipart.parser.poll_chunk(cx).map_err(|fault| {
            self.multipart.state = State::Failed;
            fault.within(&self.head.name)
        })
    }
}

impl Stream for Part<'_> {
    type Item = Result<Bytes, MultipartError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_chunk(cx).map(Result::transpose)
    }
}

/// The last component of a path, of whichever system: what a client sends is not to name any other place.
fn last_component(path: &str) -> String {
    let last = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = last.chars().filter(|character| !character.is_control()).collect();
    // Neither is the name of a file.
    if matches!(&*name, "." | "..") { String::new() } else { name }
}

#[test]
fn names_of_files_name_no_other_place() {
    for (path, name) in [
        ("a.png", "a.png"),
        ("/etc/passwd", "passwd"),
        ("../../x", "x"),
        (r"C:\Users\me\photo 1.jpg", "photo 1.jpg"),
        ("..", ""),
        ("a/..", ""),
        ("a/", ""),
        ("", ""),
        ("a\0b\n", "ab"),
        ("\u{85}.", ""),
        (".profile", ".profile"),
        ("grün.txt", "grün.txt"),
    ] {
        assert_eq!(last_component(path), name, "{path:?}");
    }
}
