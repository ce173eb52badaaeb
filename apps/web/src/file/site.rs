use super::condition::Validators;
use super::encoding;
use super::path::Location;
use super::representation::Representation;
use super::rules::{Found, Hit, Rules, Wanted};
use super::{Directory, Dotfiles, FileError, Table, media_type};
use crate::Problem;
use crate::blocking::run_blocking;
use crate::coding::Coding;
use crate::media_type::essence;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use transom::field::list;
use transom::{
    App, Capabilities, Error, Headers, HttpScope, Manifest, Method, Outgoing, Receiver, Scope, Sender, Utf8,
};

/// Files as an application, to be mounted or to stand on its own: [`StaticFiles`](super::StaticFiles) or
/// [`Embedded`](super::Embedded).
///
/// ```
/// use transom::memory;
/// use transom_web::file::{IMMUTABLE, StaticFiles};
///
/// # let directory = tempfile::tempdir().unwrap();
/// # std::fs::create_dir(directory.path().join("assets")).unwrap();
/// # std::fs::write(directory.path().join("index.html"), "<!doctype html>").unwrap();
/// # std::fs::write(directory.path().join("assets/app-3f9a2b1c.js"), "").unwrap();
/// // A single-page application, as its bundler leaves it.
/// let app = StaticFiles::new(directory.path())?.fallback("index.html").precompressed(true).cache_control(|path| {
///     Some(if path.starts_with("assets") { IMMUTABLE } else { "no-cache" })
/// });
/// let app = std::sync::Arc::new(app);
///
/// let get = |path| memory::http("GET", path).run(app.clone());
/// assert_eq!(get("/assets/app-3f9a2b1c.js").header("cache-control"), Some(IMMUTABLE));
/// assert_eq!(get("/users/7").body(), b"<!doctype html>");
/// assert_eq!(get("/assets/gone.js").status(), Some(404));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # What is served
///
/// GET and HEAD; OPTIONS is answered with 204, any other method with 405. The path is that below the mount.
///
/// 1. The file that it names. Segments are decoded one by one; a segment that is empty, `.` or `..`, begins with a dot
///    or has an encoded slash, a backslash or a NUL names no file, and gets a 404 whatever follows here.
/// 2. A directory is its [index](Self::index), at the path with a slash at its end; without the slash there is a
///    redirect (307, relative, so that it is right behind any proxy). A directory without one is not found.
/// 3. With [`html`](Self::html), `/about` is `about.html`.
/// 4. The [fallback](Self::fallback), for pages.
/// 5. With [`html`](Self::html), `404.html` with that status; else a problem (RFC 9457) in JSON with it.
///
/// What may not be read, is not a regular file or lies behind a symbolic link that leads out, is not found. Any other
/// trouble fails the call, for which the server answers 500. A lifespan is not supported, and a WebSocket denied.
#[derive(Debug)]
pub struct Site<T> {
    pub(super) tree: Arc<T>,
    rules: Arc<Rules>,
}

impl<T> Site<T> {
    pub(super) fn of(tree: T) -> Self {
        Self { tree: Arc::new(tree), rules: Arc::default() }
    }

    /// The file that stands for its directory; `index.html` by default.
    #[must_use]
    pub fn index(self, name: impl Into<PathBuf>) -> Self {
        self.rule(|rules| rules.index = Some(name.into()))
    }

    /// Directories are not found.
    #[must_use]
    pub fn without_index(self) -> Self {
        self.rule(|rules| rules.index = None)
    }

    /// Whether pages are asked for without `.html`, and `404.html` is the page for what is not found.
    #[must_use]
    pub fn html(self, html: bool) -> Self {
        self.rule(|rules| rules.html = html)
    }

    /// The file that answers, with status 200, for pages that are not there: those of a single-page application, which
    /// finds out itself what to show.
    ///
    /// A page is asked for where `accept` names `text/html`, as browsers have it when they go to an address, or where
    /// the last segment of the path has no extension. So a script that is not there is not found, and not HTML.
    #[must_use]
    pub fn fallback(self, path: impl Into<PathBuf>) -> Self {
        self.rule(|rules| rules.fallback = Some(path.into()))
    }

    /// Whether `a.js.br`, `a.js.zst` and `a.js.gz`, as far as they are there, are sent in place of `a.js` to clients
    /// that take them (RFC 9110 section 12.5.3).
    #[must_use]
    pub fn precompressed(self, precompressed: bool) -> Self {
        self.rule(|rules| rules.precompressed = precompressed)
    }

    /// Which names that begin with a dot are served; none by default.
    #[must_use]
    pub fn dotfiles(self, dotfiles: Dotfiles) -> Self {
        self.rule(|rules| rules.dotfiles = dotfiles)
    }

    /// What `cache-control` says of the file of a path: that of the file which is sent, relative to the root, such as
    /// `docs/index.html`. Without it, or with `None`, there is no such field, and caches go by the age of the file.
    #[must_use]
    pub fn cache_control(self, directives: impl Fn(&Path) -> Option<&'static str> + Send + Sync + 'static) -> Self {
        self.rule(|rules| rules.cache_control = Some(Arc::new(directives)))
    }

    fn rule(mut self, set: impl FnOnce(&mut Rules)) -> Self {
        set(Arc::make_mut(&mut self.rules));
        self
    }

    fn wanted(&self, scope: &HttpScope) -> Wanted {
        let headers = scope.headers();
        Wanted {
            location: Location::parse(scope.local_path(), self.rules.dotfiles),
            encodings: if self.rules.precompressed { encoding::accepted(headers) } else { Vec::new() },
            page: headers.get_all("accept").flat_map(list).any(is_html),
        }
    }

    /// Answers what no file is needed for; gives back what one is.
    async fn begin(&self, scope: Scope, mut send: Sender) -> Result<Option<(HttpScope, Wanted, Sender)>, Error> {
        let scope = match scope {
            Scope::Http(scope) => scope,
            Scope::WebSocket(_) => {
                send.send(Outgoing::Close { code: 1000, reason: Utf8::default() }).await?;
                return Ok(None);
            }
            _ => return Err(Error::unsupported()),
        };
        let (status, headers, body) = match scope.method() {
            Method::Get | Method::Head => {
                let wanted = self.wanted(&scope);
                return Ok(Some((scope, wanted, send)));
            }
            Method::Options => (204, Headers::from_static(&[ALLOW]), ""),
            _ => {
                send.send(Problem::new(405).header(ALLOW.0, ALLOW.1).into()).await?;
                return Ok(None);
            }
        };
        send.send(Outgoing::Response { status, headers, body: body.into() }).await?;
        Ok(None)
    }

    async fn answer(&self, found: Found, scope: &HttpScope, send: &mut Sender) -> Result<(), Error> {
        let (status, headers, body) = match found {
            Found::File(hit) => return Ok(self.send(hit, scope, send).await?),
            Found::Slash => (307, [("location", with_slash(scope))].into_iter().collect(), ""),
            Found::Nothing => return Ok(send.send(Problem::new(404).into()).await?),
        };
        Ok(send.send(Outgoing::Response { status, headers, body: body.into() }).await?)
    }

    async fn send(&self, hit: Hit, scope: &HttpScope, send: &mut Sender) -> Result<(), FileError> {
        let Hit { path, content, encoding, vary, status } = hit;
        let mut headers = Headers::from_static(&[NOSNIFF]);
        if let Some(encoding) = encoding {
            headers.push("content-encoding", encoding.as_str().as_bytes());
        }
        if !vary.is_empty() {
            headers.push("vary", vary.join(", ").as_bytes());
        }
        if let Some(directives) = self.rules.cache_control.as_ref().and_then(|directives| directives(&path)) {
            headers.push("cache-control", directives.as_bytes());
        }
        let validators = Validators::of(&content, encoding.map(Coding::as_str));
        let representation = Representation { content_type: media_type::of(&path), content, validators, headers };
        representation.respond(scope, send, Headers::new(), status).await
    }
}

impl App for Site<Directory> {
    async fn call(&self, scope: Scope, _: Receiver, send: Sender) -> Result<(), Error> {
        let Some((scope, wanted, mut send)) = self.begin(scope, send).await? else { return Ok(()) };
        let (tree, rules) = (Arc::clone(&self.tree), Arc::clone(&self.rules));
        let found = run_blocking(&scope.connection().server_info, move || rules.find(&*tree, &wanted)).await??;
        self.answer(found, &scope, &mut send).await
    }

    fn manifest(&self) -> Manifest {
        Manifest::default().wanting(Capabilities::FILE)
    }
}

impl App for Site<Table> {
    async fn call(&self, scope: Scope, _: Receiver, send: Sender) -> Result<(), Error> {
        let Some((scope, wanted, mut send)) = self.begin(scope, send).await? else { return Ok(()) };
        let found = self.rules.find(&*self.tree, &wanted)?;
        self.answer(found, &scope, &mut send).await
    }
}

const ALLOW: (&str, &str) = ("allow", "GET, HEAD, OPTIONS");
const NOSNIFF: (&str, &str) = ("x-content-type-options", "nosniff");

/// The path of the request with a slash at its end, relative to itself: it can lead to no other host, and is right
/// under whatever path a proxy publishes it. The dot keeps a colon from making a scheme of what is in front of it.
fn with_slash(scope: &HttpScope) -> Vec<u8> {
    let last = scope.raw_path().rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    let mut location = [b"./", last, b"/"].concat();
    if let Some(query) = scope.query() {
        location.push(b'?');
        location.extend_from_slice(query);
    }
    location
}

/// Whether a member of `accept` is for HTML.
fn is_html(range: &[u8]) -> bool {
    let media_type = essence(range);
    media_type.eq_ignore_ascii_case(b"text/html")
}
