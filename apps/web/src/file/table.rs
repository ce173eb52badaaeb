use super::content::Content;
use super::rules::Tree;
use super::{ETag, FileError, Site};
use bytes::Bytes;
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Files that are a part of the program, as an application: [`Site`] says how they are served.
pub type Embedded = Site<Table>;

/// A table of files.
#[derive(Clone)]
pub struct Table {
    files: HashMap<PathBuf, (Bytes, ETag)>,
}

impl Site<Table> {
    /// The files of a table: their paths, with `/` between names and none in front, and what is in them. It is hashed
    /// here, once.
    ///
    /// ```
    /// use transom::memory;
    /// use transom_web::file::Embedded;
    ///
    /// let app = Embedded::new(&[
    ///     ("index.html", b"<script src=app.js></script>"), // or include_bytes!("../page/index.html")
    ///     ("app.js", b"alert(1)"),
    /// ]);
    /// let outcome = memory::http("GET", "/").run(app);
    /// assert_eq!(outcome.header("content-type"), Some("text/html; charset=utf-8"));
    /// ```
    pub fn new(files: &[(&'static str, &'static [u8])]) -> Self {
        let entry = |&(path, bytes): &(&str, &'static [u8])| {
            (PathBuf::from(path), (Bytes::from_static(bytes), ETag::of_bytes(bytes)))
        };
        Self::of(Table { files: files.iter().map(entry).collect() })
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.files.keys()).finish()
    }
}

impl Tree for Table {
    fn get(&self, path: &Path) -> Result<Content, FileError> {
        let (bytes, etag) = self.files.get(path).ok_or(FileError::NotFound)?;
        Ok(Content::of(bytes.clone(), etag.clone()))
    }
}
