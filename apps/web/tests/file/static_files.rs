use crate::{LAST_MODIFIED, get, names, run, statuses, write};
use std::sync::Arc;
use tempfile::TempDir;
use transom::memory;
use transom_web::file::{Dotfiles, StaticFiles};

fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    files.iter().for_each(|(path, content)| write(directory.path(), path, content));
    directory
}

fn serve(directory: &TempDir) -> StaticFiles {
    StaticFiles::new(directory.path()).unwrap()
}

#[test]
fn a_file_is_served_with_its_fields() {
    let directory = directory(&[("docs/a b.html", "<p>")]);
    let app = Arc::new(serve(&directory));
    let outcome = get(&app, "/docs/a%20b.html?x=1");
    assert_eq!((outcome.status(), outcome.body()), (Some(200), &b"<p>"[..]));
    assert_eq!(outcome.header("last-modified"), Some(LAST_MODIFIED));
    let expected =
        ["content-type", "content-length", "accept-ranges", "etag", "last-modified", "x-content-type-options"];
    assert_eq!(names(&outcome), expected);
    let etag = outcome.header("etag").unwrap();
    let script = || memory::http("GET", "/docs/a%20b.html");
    assert_eq!(run(&app, script().header("if-none-match", etag)).status(), Some(304));
    assert_eq!(run(&app, script().header("range", "bytes=1-")).body(), b"p>");
}

#[test]
fn it_is_mounted() {
    let directory = directory(&[("a", "1"), ("index.html", "i")]);
    let app = Arc::new(serve(&directory));
    let mounted = |path| run(&app, memory::http("GET", path).mount("/static"));
    assert_eq!(mounted("/static/a").body(), b"1");
    assert_eq!(mounted("/static/").body(), b"i");
    assert_eq!(mounted("/static?q").header("location"), Some("./static/?q"));
}

#[test]
fn a_directory_is_its_index() {
    let directory = directory(&[("docs/index.html", "i"), ("bare/a", ""), ("a:b/index.html", "")]);
    let app = Arc::new(serve(&directory));
    assert_eq!(get(&app, "/docs/").body(), b"i");
    let outcome = get(&app, "/docs?x=/y");
    assert_eq!((outcome.status(), outcome.header("location")), (Some(307), Some("./docs/?x=/y")));
    assert_eq!(get(&app, "/a:b").header("location"), Some("./a:b/"));
    assert_eq!(statuses(&app, &["/bare", "/bare/", "/", "/docs/index.html/"]), [404; 4]);
    let app = Arc::new(serve(&directory).without_index());
    assert_eq!(statuses(&app, &["/docs", "/docs/", "/docs/index.html"]), [404, 404, 200]);
    let app = Arc::new(serve(&directory).index("a"));
    assert_eq!(statuses(&app, &["/bare/", "/docs/"]), [200, 404]);
}

#[test]
fn a_redirect_leads_to_no_other_host() {
    let directory = directory(&[("evil.example/index.html", ""), ("index.html", "")]);
    let app = Arc::new(serve(&directory));
    for path in ["//evil.example", "//evil.example/%2e%2e", "/\\evil.example", "//", "///evil.example"] {
        let outcome = get(&app, path);
        assert_eq!((outcome.status(), outcome.header("location")), (Some(404), None), "{path}");
    }
    // Even where a mount begins like a host.
    let outcome = run(&app, memory::http("GET", "//evil.example").mount("//evil.example"));
    assert_eq!(outcome.header("location"), Some("./evil.example/"));
}

#[test]
fn pages_have_no_extension_in_html_mode() {
    let directory = directory(&[
        ("about.html", "about"),
        ("docs/index.html", "docs"),
        ("docs.html", "shadowed"),
        ("bare/a", ""),
        ("bare.html", "bare"),
        ("404.html", "gone"),
        ("app.js", ""),
    ]);
    let plain = Arc::new(serve(&directory));
    assert_eq!(statuses(&plain, &["/about", "/bare"]), [404, 404]);
    assert_ne!(get(&plain, "/nowhere").body(), b"gone");
    let app = Arc::new(serve(&directory).html(true));
    assert_eq!((get(&app, "/about").body(), get(&app, "/bare").body()), (&b"about"[..], &b"bare"[..]));
    assert_eq!(statuses(&app, &["/about.html", "/docs", "/docs/", "/app.js", "/about/"]), [200, 307, 200, 200, 404]);
    let script = memory::http("GET", "/nowhere").header("range", "bytes=0-0").header("if-none-match", "*");
    let outcome = run(&app, script);
    assert_eq!((outcome.status(), outcome.body()), (Some(404), &b"gone"[..]));
    assert_eq!(names(&outcome), ["content-type", "content-length", "x-content-type-options"]);
    assert_eq!(outcome.header("content-type"), Some("text/html; charset=utf-8"));
}

#[test]
fn pages_that_are_not_there_fall_back() {
    let directory = directory(&[("index.html", "app"), ("a.js", ""), ("404.html", "gone")]);
    let app = Arc::new(serve(&directory).fallback("index.html"));
    let browse = |path| run(&app, memory::http("GET", path).header("accept", "text/html;q=0.9, */*;q=0.8"));
    assert_eq!((get(&app, "/users/7").status(), get(&app, "/users/7").body()), (Some(200), &b"app"[..]));
    assert_eq!((browse("/users/john.doe").body(), browse("/users/7/").body()), (&b"app"[..], &b"app"[..]));
    assert_eq!(browse("/users/john.doe").header("vary"), Some("accept"));
    assert_eq!(get(&app, "/users/7").header("vary"), None);
    assert_eq!(statuses(&app, &["/a.js", "/gone.js", "/users/7.png"]), [200, 404, 404]);
    for refused in ["/../a", "/.env", "/a%2fb"] {
        assert_eq!(browse(refused).status(), Some(404), "{refused}");
    }
    let etag = browse("/x").header("etag").unwrap().to_owned();
    assert_eq!(run(&app, memory::http("GET", "/y").header("if-none-match", etag)).status(), Some(304));
    let both = Arc::new(serve(&directory).fallback("index.html").html(true));
    assert_eq!((get(&both, "/x").body(), get(&both, "/gone.js").body()), (&b"app"[..], &b"gone"[..]));
}

#[test]
fn a_coding_that_is_there_already() {
    let directory = directory(&[
        ("app.js", "plain"),
        ("app.js.br", "brotli"),
        ("app.js.gz", "gzip"),
        ("a.png", "png"),
        ("LICENSE", "text"),
        ("only.css.zst", "zstd"),
        ("docs/index.html", "i"),
        ("docs/index.html.gz", "g"),
        (".br", "hidden"),
    ]);
    let app = Arc::new(serve(&directory).precompressed(true));
    let accept = |path, value| run(&app, memory::http("GET", path).header("accept-encoding", value));
    let seen = |path, value| {
        let outcome = accept(path, value);
        let field = |name| outcome.header(name).map(str::to_owned);
        (String::from_utf8_lossy(outcome.body()).into_owned(), field("content-encoding"), field("vary"))
    };
    let is = |body: &str, encoding: Option<&str>, vary: Option<&str>| {
        (body.to_owned(), encoding.map(str::to_owned), vary.map(str::to_owned))
    };
    let vary = Some("accept-encoding");
    assert_eq!(seen("/app.js", "gzip, br, zstd"), is("brotli", Some("br"), vary));
    assert_eq!(seen("/app.js", "gzip, br;q=0.9"), is("gzip", Some("gzip"), vary));
    assert_eq!(seen("/app.js", "zstd"), is("plain", None, vary));
    assert_eq!(seen("/app.js", ""), is("plain", None, vary));
    assert_eq!(seen("/a.png", "br"), is("png", None, None));
    assert_eq!(seen("/LICENSE", "br, gzip"), is("text", None, None));
    assert_eq!(seen("/only.css", "zstd"), is("zstd", Some("zstd"), vary));
    assert_eq!(seen("/docs/", "gzip"), is("g", Some("gzip"), vary));
    assert_eq!((accept("/only.css", "br").status(), accept("/docs", "gzip").status()), (Some(404), Some(307)));
    assert_eq!(
        run(&app, memory::http("GET", "/app.js").mount("/app.js").header("accept-encoding", "br")).status(),
        Some(404)
    );

    let (plain, brotli) = (accept("/app.js", ""), accept("/app.js", "br"));
    assert_ne!(plain.header("etag"), brotli.header("etag"));
    assert_eq!(brotli.header("content-type"), Some("text/javascript; charset=utf-8"));
    let script = memory::http("GET", "/app.js").header("accept-encoding", "br");
    let part = run(&app, script.header("range", "bytes=0-1"));
    assert_eq!((part.status(), part.body(), part.header("content-encoding")), (Some(206), &b"br"[..], Some("br")));
    let script = memory::http("GET", "/app.js").header("accept-encoding", "br");
    let same = run(&app, script.header("if-none-match", brotli.header("etag").unwrap()));
    assert_eq!((same.status(), same.header("vary"), same.header("content-encoding")), (Some(304), vary, None));

    let off = Arc::new(serve(&directory));
    let outcome = run(&off, memory::http("GET", "/app.js").header("accept-encoding", "br"));
    assert_eq!((outcome.body(), outcome.header("vary")), (&b"plain"[..], None));
}

#[test]
fn caching_goes_by_the_file_that_is_sent() {
    let directory = directory(&[("index.html", ""), ("assets/a.js", ""), ("assets/a.js.gz", ""), ("b", "")]);
    let app = serve(&directory).precompressed(true).fallback("index.html").cache_control(|path| match path.to_str() {
        Some("index.html") => Some("no-cache"),
        Some("assets/a.js") => Some("immutable"),
        _ => None,
    });
    let app = Arc::new(app);
    assert_eq!(get(&app, "/").header("cache-control"), Some("no-cache"));
    assert_eq!(get(&app, "/some/page").header("cache-control"), Some("no-cache"));
    let coded = run(&app, memory::http("GET", "/assets/a.js").header("accept-encoding", "gzip"));
    assert_eq!((coded.header("cache-control"), coded.header("content-encoding")), (Some("immutable"), Some("gzip")));
    assert_eq!(get(&app, "/b").header("cache-control"), None);
}

#[test]
fn dotfiles() {
    let directory = directory(&[(".env", ""), (".well-known/security.txt", ""), (".git/config", "")]);
    let paths = ["/.env", "/%2eenv", "/.git/config", "/.well-known/security.txt"];
    assert_eq!(statuses(&Arc::new(serve(&directory)), &paths), [404; 4]);
    let well_known = Arc::new(serve(&directory).dotfiles(Dotfiles::WellKnown));
    assert_eq!(statuses(&well_known, &paths), [404, 404, 404, 200]);
    assert_eq!(statuses(&Arc::new(serve(&directory).dotfiles(Dotfiles::Shown)), &paths), [200; 4]);
}

#[test]
fn a_directory_that_is_not_there() {
    let directory = directory(&[("file", "")]);
    let missing = StaticFiles::new(directory.path().join("gone")).unwrap_err();
    assert_eq!(missing.kind(), std::io::ErrorKind::NotFound);
    assert!(missing.to_string().contains("gone"), "{missing}");
    let file = StaticFiles::new(directory.path().join("file")).unwrap_err();
    assert_eq!(file.kind(), std::io::ErrorKind::NotADirectory);
    // One that goes later is found empty.
    let app = Arc::new(serve(&directory));
    drop(directory);
    assert_eq!(get(&app, "/file").status(), Some(404));
}
