//! What is not served.

use crate::{get, run, statuses, write};
use std::sync::Arc;
use transom::lint::lint;
use transom::{App, Method, memory};
use transom_web::file::{Dotfiles, Embedded, StaticFiles};

#[test]
fn nothing_outside_of_the_directory() {
    let parent = tempfile::tempdir().unwrap();
    write(parent.path(), "secret", "");
    write(parent.path(), "public/a", "");
    write(parent.path(), "public-not/a", "");
    let app = StaticFiles::new(parent.path().join("public")).unwrap().dotfiles(Dotfiles::Shown).fallback("a");
    let app = Arc::new(app);
    let absolute = format!("/{}/secret", parent.path().display());
    let encoded = absolute.replacen('/', "%2f", 2);
    for path in [
        "/../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/%2e%2e%2fsecret",
        "/a/../../secret",
        "/..%5csecret",
        "/..\\secret",
        "/./a",
        "/a%00",
        "/%00",
        "/../public-not/a",
        "/%252e%252e/secret%2f",
        "//etc/passwd",
        &absolute,
        &format!("/{encoded}"),
        &format!("/{}", "a".repeat(256)),
    ] {
        assert_eq!(get(&app, path).status(), Some(404), "{path}");
    }
    // Encoded once too often, too deep for any system, a drive: names like others, which are not there.
    let deep = "/a".repeat(5000);
    let app = Arc::new(StaticFiles::new(parent.path().join("public")).unwrap());
    assert_eq!(statuses(&app, &["/%252e%252e/secret", &deep, "/C:/secret", "/a/secret"]), [404; 4]);
}

#[cfg(unix)]
#[test]
fn links_do_not_lead_out() {
    use std::os::unix::fs::symlink;
    let parent = tempfile::tempdir().unwrap();
    write(parent.path(), "secret/a", "s");
    write(parent.path(), "secret/a.br", "s");
    write(parent.path(), "public/a", "p");
    write(parent.path(), "public-not/a", "n");
    let public = parent.path().join("public");
    symlink("../secret/a", public.join("file")).unwrap();
    symlink("../secret", public.join("directory")).unwrap();
    symlink(parent.path().join("public-not/a"), public.join("sibling")).unwrap();
    symlink("../secret/a.br", public.join("a.br")).unwrap();
    symlink("a", public.join("inside")).unwrap();
    symlink(public.join("a"), public.join("inside-absolute")).unwrap();
    symlink("round", public.join("round")).unwrap();
    symlink("nowhere", public.join("dangling")).unwrap();
    let paths =
        ["/file", "/directory/a", "/sibling", "/inside", "/inside-absolute", "/round", "/dangling", "/directory"];
    let app = Arc::new(StaticFiles::new(&public).unwrap().precompressed(true));
    assert_eq!(statuses(&app, &paths), [404, 404, 404, 200, 200, 404, 404, 404]);
    let outcome = run(&app, memory::http("GET", "/a").header("accept-encoding", "br"));
    assert_eq!((outcome.body(), outcome.header("content-encoding")), (&b"p"[..], None));
    let app = Arc::new(StaticFiles::new(&public).unwrap().follow_symlinks(true));
    assert_eq!(statuses(&app, &paths), [200, 200, 200, 200, 200, 404, 404, 404]);

    // The directory itself may be one, and be set to another.
    let current = parent.path().join("current");
    symlink("public", &current).unwrap();
    let app = Arc::new(StaticFiles::new(&current).unwrap());
    assert_eq!(get(&app, "/a").body(), b"p");
    std::fs::remove_file(&current).unwrap();
    symlink("secret", &current).unwrap();
    assert_eq!(get(&app, "/a").body(), b"s");
}

#[cfg(unix)]
#[test]
fn what_is_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let app = Arc::new(StaticFiles::new(directory.path()).unwrap());
    assert_eq!(get(&app, "/pipe").status(), Some(404));
}

#[cfg(unix)]
#[test]
fn names_need_not_be_text() {
    use std::os::unix::ffi::OsStrExt;
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(std::ffi::OsStr::from_bytes(b"\xff.txt")), "").unwrap();
    let app = Arc::new(StaticFiles::new(directory.path()).unwrap());
    assert_eq!(statuses(&app, &["/%FF.txt", "/%FE.txt"]), [200, 404]);
}

/// What both kinds of site do alike.
fn both(check: fn(&dyn Fn(memory::Script<transom::HttpScope>) -> memory::Outcome)) {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "a", "a");
    let files = Arc::new(StaticFiles::new(directory.path()).unwrap());
    check(&|script| run(&files, script));
    let table = Arc::new(Embedded::new(&[("a", b"a")]));
    check(&|script| run(&table, script));
}

#[test]
fn other_methods() {
    both(|run| {
        for path in ["/a", "/gone"] {
            let options = run(memory::http("OPTIONS", path));
            assert_eq!((options.status(), options.header("allow")), (Some(204), Some("GET, HEAD, OPTIONS")));
            for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "get"] {
                let outcome = run(memory::http(method, path));
                assert_eq!((outcome.status(), outcome.header("allow")), (Some(405), Some("GET, HEAD, OPTIONS")));
            }
        }
        let asterisk = run(memory::http("OPTIONS", "*").head(|head| head.method = Method::Options));
        assert_eq!(asterisk.status(), Some(204));
    });
}

#[test]
fn what_is_not_found_is_a_problem() {
    both(|run| {
        let outcome = run(memory::http("GET", "/gone"));
        assert_eq!((outcome.status(), outcome.header("content-type")), (Some(404), Some("application/problem+json")));
        assert_eq!(outcome.body(), br#"{"type":"about:blank","title":"Not Found","status":404}"#);
        assert_eq!(run(memory::http("HEAD", "/gone")).status(), Some(404));
    });
}

#[test]
fn other_scopes() {
    fn check(app: impl App) {
        let app = Arc::new(app);
        let socket = memory::websocket("/a").run(lint(Arc::clone(&app)));
        assert_eq!((socket.status(), socket.result.is_ok()), (Some(403), true));
        let lifespan = memory::lifespan().run(lint(app));
        assert!(lifespan.result.unwrap_err().is_unsupported());
    }
    let directory = tempfile::tempdir().unwrap();
    check(StaticFiles::new(directory.path()).unwrap());
    check(Embedded::new(&[]));
}
