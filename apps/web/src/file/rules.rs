use super::FileError;
use super::content::Content;
use super::encoding;
use super::path::Location;
use crate::coding::Coding;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// `cache-control` of what never changes under its name.
pub const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Whether files and directories are served whose names begin with a dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Dotfiles {
    /// None is.
    #[default]
    Hidden,
    /// `.well-known` at the root is (RFC 8615), and what in it has no such name.
    WellKnown,
    /// All are.
    Shown,
}

impl Dotfiles {
    /// Whether a name at this depth may begin with a dot.
    pub(super) fn allow(self, name: &[u8], depth: usize) -> bool {
        match self {
            Self::Hidden => false,
            Self::WellKnown => depth == 0 && name == b".well-known",
            Self::Shown => true,
        }
    }
}

/// Where files are to be found.
pub(super) trait Tree {
    /// The file of this relative path, which is not empty.
    fn get(&self, path: &Path) -> Result<Content, FileError>;

    /// The file, or `None` where the request is at fault that there is none.
    fn find(&self, path: &Path) -> Result<Option<Content>, FileError> {
        match self.get(path) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.is_absence() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Which file answers which request.
#[derive(Clone)]
pub(super) struct Rules {
    pub(super) index: Option<PathBuf>,
    pub(super) html: bool,
    pub(super) fallback: Option<PathBuf>,
    pub(super) precompressed: bool,
    pub(super) dotfiles: Dotfiles,
    pub(super) cache_control: Option<Arc<CacheControl>>,
}

pub(super) type CacheControl = dyn Fn(&Path) -> Option<&'static str> + Send + Sync;

/// What a request asks for.
#[derive(Debug)]
pub(super) struct Wanted {
    /// `None` where the path can name no file.
    pub(super) location: Option<Location>,
    /// The codings that are as good as none, best first.
    pub(super) encodings: Vec<Coding>,
    /// Whether it asks for a page, as browsers do when they go to one.
    pub(super) page: bool,
}

/// What there is.
#[derive(Debug)]
pub(super) enum Found {
    File(Hit),
    /// A directory, whose path ends with a slash.
    Slash,
    Nothing,
}

/// A file that answers a request.
#[derive(Debug)]
pub(super) struct Hit {
    /// Of the file itself, whatever it is encoded in.
    pub(super) path: PathBuf,
    pub(super) content: Content,
    pub(super) encoding: Option<Coding>,
    /// The fields of the request that had a say in it.
    pub(super) vary: Vec<&'static str>,
    pub(super) status: u16,
}

impl Rules {
    /// The file that answers a request, or what else does. Blocks as `tree` does.
    pub(super) fn find(&self, tree: &impl Tree, wanted: &Wanted) -> Result<Found, FileError> {
        if let Some(location) = &wanted.location {
            match self.at(tree, location, wanted)? {
                Found::Nothing => {}
                found => return Ok(found),
            }
            if let Some(fallback) = &self.fallback
                && (wanted.page || !has_extension(&location.path))
                && let Some(mut hit) = self.hit(tree, fallback.clone(), wanted)?
            {
                if has_extension(&location.path) {
                    hit.vary.push("accept");
                }
                return Ok(Found::File(hit));
            }
        }
        let page = if self.html { self.hit(tree, "404.html".into(), wanted)? } else { None };
        Ok(page.map_or(Found::Nothing, |hit| Found::File(Hit { status: 404, ..hit })))
    }

    fn at(&self, tree: &impl Tree, location: &Location, wanted: &Wanted) -> Result<Found, FileError> {
        let Location { path, slash } = location;
        let is_root = path.as_os_str().is_empty();
        if !slash
            && !is_root
            && let Some(hit) = self.hit(tree, path.clone(), wanted)?
        {
            return Ok(Found::File(hit));
        }
        if let Some(index) = &self.index
            && let Some(hit) = self.hit(tree, path.join(index), wanted)?
        {
            return Ok(if *slash { Found::File(hit) } else { Found::Slash });
        }
        if self.html && !slash && !is_root {
            let page = self.hit(tree, with_suffix(path, ".html"), wanted)?;
            return Ok(page.map_or(Found::Nothing, Found::File));
        }
        Ok(Found::Nothing)
    }

    /// A file in the best coding that it is there in.
    fn hit(&self, tree: &impl Tree, path: PathBuf, wanted: &Wanted) -> Result<Option<Hit>, FileError> {
        if self.precompressed {
            for &coding in &wanted.encodings {
                if let Some(content) = tree.find(&with_suffix(&path, encoding::suffix(coding)))? {
                    let (encoding, vary) = (Some(coding), vec![ACCEPT_ENCODING]);
                    return Ok(Some(Hit { path, content, encoding, vary, status: 200 }));
                }
            }
        }
        let Some(content) = tree.find(&path)? else { return Ok(None) };
        // Another request might have got another coding, if there is one.
        let others = encoding::ALL.iter().filter(|coding| !wanted.encodings.contains(coding));
        let is_coded =
            |coding: &Coding| matches!(tree.find(&with_suffix(&path, encoding::suffix(*coding))), Ok(Some(_)));
        let varies = self.precompressed && { others }.any(is_coded);
        let vary = if varies { vec![ACCEPT_ENCODING] } else { Vec::new() };
        Ok(Some(Hit { path, content, encoding: None, vary, status: 200 }))
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            index: Some("index.html".into()),
            html: false,
            fallback: None,
            precompressed: false,
            dotfiles: Dotfiles::Hidden,
            cache_control: None,
        }
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("index", &self.index)
            .field("html", &self.html)
            .field("fallback", &self.fallback)
            .field("precompressed", &self.precompressed)
            .field("dotfiles", &self.dotfiles)
            .finish_non_exhaustive()
    }
}

const ACCEPT_ENCODING: &str = "accept-encoding";

/// Whether the last name looks like that of a file.
fn has_extension(path: &Path) -> bool {
    path.extension().is_some()
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives the same failure whatever is asked for.
    struct Failing(fn() -> FileError);

    impl Tree for Failing {
        fn get(&self, _: &Path) -> Result<Content, FileError> {
            Err(self.0())
        }
    }

    #[test]
    fn what_may_not_be_read_is_not_there_and_trouble_is_told() {
        let rules = Rules { html: true, precompressed: true, fallback: Some("index.html".into()), ..Rules::default() };
        let location = Location::parse(b"/a", Dotfiles::Hidden);
        let wanted = Wanted { location, encodings: encoding::ALL.to_vec(), page: true };
        for absence in [|| FileError::NotFound, || FileError::PermissionDenied, || FileError::NotAFile] {
            assert!(matches!(rules.find(&Failing(absence), &wanted), Ok(Found::Nothing)));
        }
        let trouble = || FileError::Open(std::io::ErrorKind::StaleNetworkFileHandle.into());
        assert!(matches!(rules.find(&Failing(trouble), &wanted), Err(FileError::Open(_))));
    }
}
