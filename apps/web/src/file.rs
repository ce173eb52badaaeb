//! Files as responses, and directories of files as applications.
//!
//! [`File`] is a response, [`StaticFiles`] serves what is below a directory, and [`Embedded`] does the same with files
//! that are a part of the program. All of them answer conditional requests (RFC 9110 section 13) and, to GET, requests
//! for ranges (section 14), several at once too.
//!
//! ```
//! use transom::memory;
//! use transom_web::file::StaticFiles;
//!
//! # let directory = tempfile::tempdir().unwrap();
//! # std::fs::write(directory.path().join("app.js"), "let it = 1;").unwrap();
//! let app = StaticFiles::new(directory.path())?;
//! let outcome = memory::http("GET", "/app.js").header("range", "bytes=0-2").run(app);
//! assert_eq!((outcome.status(), outcome.body()), (Some(206), &b"let"[..]));
//! assert_eq!(outcome.header("content-type"), Some("text/javascript; charset=utf-8"));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! A file is opened and measured on the server's pool of blocking threads, and up to 16 KiB it is read there at once.
//! Longer ones leave as [`Outgoing::File`](transom::Outgoing::File) where the scope has
//! [`Capabilities::FILE`](transom::Capabilities::FILE), and else are read 64 KiB at a time, when the peer has room for
//! them. What is sent is the file that was opened, whatever has its name meanwhile.
//!
//! # Versions
//!
//! The `etag` of a file is made of the time of its last change, in nanoseconds, and of its length. Builds that are
//! reproducible give all files one time, which therefore does not tell versions apart: where it is before 1980-01-02
//! there is no `etag` and no `last-modified`. Embedded files have an `etag` of their contents.

mod condition;
mod content;
mod directory;
mod disposition;
mod encoding;
mod error;
mod etag;
mod media_type;
mod multipart;
mod path;
mod range;
mod representation;
mod response;
mod rules;
mod site;
mod table;

pub use directory::{Directory, StaticFiles};
pub use error::FileError;
pub use etag::ETag;
pub use response::File;
pub use rules::{Dotfiles, IMMUTABLE};
pub use site::Site;
pub use table::{Embedded, Table};
