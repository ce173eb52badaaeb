//! The page: files that are a part of the program.

use transom::{App, Error, Manifest, Outgoing, Receiver, Scope, Sender};
use transom_web::Router;
use transom_web::file::Embedded;

const FILES: [(&str, &[u8]); 10] = [
    ("index.html", include_bytes!("page/index.html")),
    ("style.css", include_bytes!("page/style.css")),
    ("icon.svg", include_bytes!("page/icon.svg")),
    ("main.js", include_bytes!("page/main.js")),
    ("board.js", include_bytes!("page/board.js")),
    ("editor.js", include_bytes!("page/editor.js")),
    ("feed.js", include_bytes!("page/feed.js")),
    ("people.js", include_bytes!("page/people.js")),
    ("slow.js", include_bytes!("page/slow.js")),
    ("server.js", include_bytes!("page/server.js")),
];

/// Nothing comes from elsewhere, and nothing that is not a file of ours is run.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(crate) fn routes() -> Router {
    // They change with the program: browsers are to ask each time whether they did.
    Router::new().mount("/", Guarded(Embedded::new(&FILES).cache_control(|_| Some("no-cache"))))
}

/// A layer that tells browsers what a page may do.
struct Guarded<A>(A);

impl<A: App> App for Guarded<A> {
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        let send = send.map(|mut event| {
            if let Outgoing::Response { headers, .. } | Outgoing::Start { headers, .. } = &mut event {
                headers.set("content-security-policy", POLICY.as_bytes());
                headers.set("x-content-type-options", b"nosniff");
                headers.set("referrer-policy", b"no-referrer");
            }
            Some(event)
        });
        self.0.call(scope, receive, send).await
    }

    fn manifest(&self) -> Manifest {
        self.0.manifest()
    }
}
