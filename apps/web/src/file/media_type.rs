use std::borrow::Cow;
use std::path::Path;

/// The media type that the name of a file tells. Text is taken for UTF-8.
pub(super) fn of(path: &Path) -> Cow<'static, str> {
    match mime_guess::from_path(path).first_raw() {
        None => "application/octet-stream".into(),
        // RFC 9239 section 6: the name that all others are aliases of.
        Some("text/javascript" | "application/javascript") => "text/javascript; charset=utf-8".into(),
        Some("text/html") => "text/html; charset=utf-8".into(),
        Some(text) if text.starts_with("text/") => format!("{text}; charset=utf-8").into(),
        Some(other) => other.into(),
    }
}

#[test]
fn types() {
    for (name, expected) in [
        ("index.html", "text/html; charset=utf-8"),
        ("a/b.CSS", "text/css; charset=utf-8"),
        ("app.js", "text/javascript; charset=utf-8"),
        ("app.mjs", "text/javascript; charset=utf-8"),
        ("app.wasm", "application/wasm"),
        ("data.json", "application/json"),
        ("logo.svg", "image/svg+xml"),
        ("photo.webp", "image/webp"),
        ("font.woff2", "font/woff2"),
        ("site.webmanifest", "application/manifest+json"),
        ("README", "application/octet-stream"),
        ("x.unheard-of", "application/octet-stream"),
        (".html", "application/octet-stream"),
    ] {
        assert_eq!(of(Path::new(name)), expected, "{name}");
    }
}
