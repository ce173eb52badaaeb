use super::content::Content;
use super::rules::Tree;
use super::{FileError, Site};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The files below a directory, as an application: [`Site`] says how they are served.
pub type StaticFiles = Site<Directory>;

/// A directory whose files are served.
#[derive(Clone, Debug)]
pub struct Directory {
    root: PathBuf,
    follow_symlinks: bool,
}

impl Site<Directory> {
    /// The files below the directory `root`. It may be a symbolic link, which is followed at each request, so that it
    /// can be set to the next version of what it leads to.
    ///
    /// # Errors
    /// When `root` is not there, is not a directory, or cannot be looked at.
    pub fn new(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        let told = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", root.display()));
        if !fs::metadata(&root).map_err(told)?.is_dir() {
            return Err(told(io::ErrorKind::NotADirectory.into()));
        }
        // Whatever directory the process changes to.
        let root = std::path::absolute(&root).map_err(told)?;
        Ok(Self::of(Directory { root, follow_symlinks: false }))
    }

    /// Whether a symbolic link may lead out of the directory; by default what it leads to is not found.
    ///
    /// What a path leads to is looked up before it is opened. Who may write in the directory can change a link between
    /// the two, and so read what the server can read: let nobody do so whom that does not befit.
    #[must_use]
    pub fn follow_symlinks(mut self, follow: bool) -> Self {
        Arc::make_mut(&mut self.tree).follow_symlinks = follow;
        self
    }
}

impl Tree for Directory {
    fn get(&self, path: &Path) -> Result<Content, FileError> {
        let path = self.root.join(path);
        if self.follow_symlinks {
            return Content::open(&path);
        }
        let path = fs::canonicalize(path).map_err(FileError::opening)?;
        let root = fs::canonicalize(&self.root).map_err(FileError::opening)?;
        if path.starts_with(root) { Content::open(&path) } else { Err(FileError::NotFound) }
    }
}
