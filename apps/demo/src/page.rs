//! The page: files that are a part of the program.

use transom_web::Router;
use transom_web::file::Embedded;
use transom_web::middleware::SetHeader;

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
    let files = Embedded::new(&FILES).cache_control(|_| Some("no-cache"));
    let files = SetHeader::new(files).set("content-security-policy", POLICY).set("referrer-policy", "no-referrer");
    Router::new().mount("/", files.security())
}
