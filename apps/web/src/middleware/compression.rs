mod eligible;
mod encoder;
mod pipe;

use super::head::{response, vary};
use crate::coding::AcceptEncoding;
pub use crate::coding::Coding;
use eligible::{Eligible, eligible};
use pipe::{Plan, pipe};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use transom::{App, Capabilities, Error, HttpScope, Manifest, Method, Outgoing, Receiver, Scope, Sender};

/// Compresses responses in a coding that the client accepts.
///
/// ```
/// use transom::{Error, Headers, Outgoing, Receiver, Scope, Sender, memory};
/// use transom_web::middleware::Compression;
///
/// async fn app(_: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
///     let headers = Headers::from_static(&[("content-type", "text/plain"), ("etag", "\"1\"")]);
///     let body = "all work and no play ".repeat(100).into();
///     Ok(send.send(Outgoing::Response { status: 200, headers, body }).await?)
/// }
/// let outcome = memory::http("GET", "/").header("accept-encoding", "gzip, br;q=0.5").run(Compression::new(app));
/// assert_eq!(outcome.header("content-encoding"), Some("gzip"));
/// assert_eq!((outcome.header("vary"), outcome.header("etag")), (Some("accept-encoding"), Some("W/\"1\"")));
/// assert!(outcome.body().len() < 100);
/// ```
///
/// # What is compressed
///
/// Whole and streamed responses, the latter so that the client can decode each event's bytes when they arrive. Of the
/// codings that the client likes best the first of [`codings`](Self::codings) is taken. These are left as they are:
///
/// - responses shorter than [`min_size`](Self::min_size), where that is known when they begin;
/// - with `content-encoding`, `content-range`, a digest of the body, or `cache-control: no-transform`;
/// - with the status 204, 205, 206 or 304, and to requests with `range`;
/// - of a media type that is compressed already, such as images other than SVG, video, audio, fonts, archives, or
///   another one that is excluded ([`unless_type`](Self::unless_type));
/// - server-sent events (`text/event-stream`).
///
/// Where the response could have been compressed, it has `vary: accept-encoding`. Where it is, `content-length` and
/// `accept-ranges` are taken out, and a strong `etag` becomes weak: other bytes are another representation. To HEAD the
/// head is that of GET. WebSockets and tunnels pass.
///
/// # What it costs
///
/// A response in the making has up to 32 KiB that are being compressed and an encoder with a window of at most 512 KiB.
/// One event is compressed in pieces of 32 KiB, one for each poll, each when there is room for it.
///
/// The capability [`FILE`](Capabilities::FILE) is taken out of the scope where the client accepts a coding: the
/// application streams the file instead. Requests for files that are not worth it may go round the layer
/// ([`unless`](Self::unless)); for an application that requires `FILE`, all do.
///
/// A response that has a secret in it, and by its side what a client chose, tells the secret by its length (BREACH):
/// leave out such requests.
pub struct Compression<A> {
    inner: A,
    codings: Vec<Coding>,
    levels: Levels,
    min_size: u64,
    unless: Option<Box<Unless>>,
    unless_type: Option<Arc<UnlessType>>,
    needs_files: bool,
}

type Unless = dyn Fn(&HttpScope) -> bool + Send + Sync;
type UnlessType = dyn Fn(&str) -> bool + Send + Sync;

#[derive(Clone, Copy)]
struct Levels {
    zstd: i32,
    brotli: u32,
    gzip: u32,
}

impl<A: App> Compression<A> {
    /// Around `app`: `zstd`, `br` and `gzip`, from 1 KiB on.
    pub fn new(app: A) -> Self {
        Self {
            needs_files: app.manifest().requires.contains(Capabilities::FILE),
            inner: app,
            codings: vec![Coding::Zstd, Coding::Brotli, Coding::Gzip],
            levels: Levels { zstd: 3, brotli: 4, gzip: 6 },
            min_size: 1024,
            unless: None,
            unless_type: None,
        }
    }

    /// Uses these codings and no others, the best liked first.
    #[must_use]
    pub fn codings(self, codings: impl IntoIterator<Item = Coding>) -> Self {
        Self { codings: codings.into_iter().collect(), ..self }
    }

    /// How hard to try: `zstd` 1 to 22, at first 3; `br` 0 to 11, at first 4; `gzip` 0 to 9, at first 6.
    ///
    /// # Panics
    /// If the coding has no such level.
    #[must_use]
    pub fn level(mut self, coding: Coding, level: u32) -> Self {
        let (range, own) = match coding {
            Coding::Zstd => (1..=22, None),
            Coding::Brotli => (0..=11, Some(&mut self.levels.brotli)),
            Coding::Gzip => (0..=9, Some(&mut self.levels.gzip)),
        };
        assert!(range.contains(&level), "{} has no level {level}", coding.as_str());
        match own {
            Some(own) => *own = level,
            None => self.levels.zstd = level as i32,
        }
        self
    }

    /// Leaves shorter responses as they are.
    #[must_use]
    pub fn min_size(self, bytes: u64) -> Self {
        Self { min_size: bytes, ..self }
    }

    /// Has requests go round the layer for which `is_exempt` is true.
    #[must_use]
    pub fn unless(self, is_exempt: impl Fn(&HttpScope) -> bool + Send + Sync + 'static) -> Self {
        Self { unless: Some(Box::new(is_exempt)), ..self }
    }

    /// Leaves responses of the media types as they are, such as `text/html` (in lower case, without parameters), for
    /// which `is_exempt` is true, beside those that it leaves anyway.
    #[must_use]
    pub fn unless_type(self, is_exempt: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self { unless_type: Some(Arc::new(is_exempt)), ..self }
    }
}

impl<A: App> App for Compression<A> {
    async fn call(&self, mut scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        let http = match &mut scope {
            Scope::Http(http) if *http.method() != Method::Connect && !self.needs_files => http,
            _ => return self.inner.call(scope, receive, send).await,
        };
        if self.unless.as_ref().is_some_and(|is_exempt| is_exempt(http)) {
            return self.inner.call(scope, receive, send).await;
        }
        let accepted = AcceptEncoding::parse(http.headers().get_all("accept-encoding"));
        let best = accepted.best(&self.codings).first().copied();
        let coding = best.filter(|_| http.headers().get("range").is_none());
        let Some(coding) = coding else {
            let unless_type = self.unless_type.clone();
            let send = send.map(move |mut event| {
                let status = status(&event);
                if let Some(headers) = response(&mut event)
                    && eligible(status, headers, unless_type.as_deref(), false) != Eligible::Never
                {
                    vary(headers, "accept-encoding");
                }
                Some(event)
            });
            return self.inner.call(scope, receive, send).await;
        };
        http.mask(Capabilities::FILE);
        let plan = Plan {
            coding,
            identity: accepted.takes_identity(),
            levels: self.levels,
            min_size: self.min_size,
            unless_type: self.unless_type.clone(),
            is_head: *http.method() == Method::Head,
        };
        let (send, pump) = pipe(send, plan, http);
        let mut call = pin!(self.inner.call(scope, receive, send));
        let result = poll_fn(|cx| {
            let polled = call.as_mut().poll(cx);
            if polled.is_pending() {
                // What is left of an event goes on while the application does something else (END-4).
                let _ = pump.poll(cx);
            }
            polled
        })
        .await;
        pump.returned();
        poll_fn(|cx| pump.poll(cx)).await;
        result
    }

    fn manifest(&self) -> Manifest {
        self.inner.manifest()
    }
}

/// The status of a final response.
fn status(event: &Outgoing) -> u16 {
    match event {
        Outgoing::Response { status, .. } | Outgoing::Start { status, .. } => *status,
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
