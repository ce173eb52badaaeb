use crate::{LAST_MODIFIED, changed, names, run, sizes, without_files, write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use transom::memory::{self, Outcome, Verdict};
use transom::{
    App, BlockingPool, Capabilities, Connection, Error, Headers, Outgoing, Receiver, Scope, Sender, ServerInfo,
};
use transom_web::file::{ETag, File, FileError};

/// An application that answers with what `make` makes.
fn app(make: impl Fn() -> File + Send + Sync + 'static, extra: Headers, status: u16) -> Arc<impl App> {
    Arc::new(move |scope: Scope, _: Receiver, mut send: Sender| {
        let (file, extra) = (make(), extra.clone());
        async move {
            let Scope::Http(scope) = scope else { return Err(Error::unsupported()) };
            Ok(file.respond(&scope, &mut send, extra, status).await?)
        }
    })
}

/// `0123456789` as `digits.txt`.
fn digits() -> (TempDir, Arc<impl App>) {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "digits.txt", "0123456789");
    let path = directory.path().join("digits.txt");
    (directory, app(move || File::at(&path), Headers::new(), 200))
}

/// A file that is not read at once.
fn long() -> (TempDir, Vec<u8>, Arc<impl App>) {
    let directory = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..150_000u32).map(|n| (n % 251) as u8).collect();
    write(directory.path(), "long", &content);
    let path = directory.path().join("long");
    (directory, content, app(move || File::at(&path), Headers::new(), 200))
}

fn range(app: &Arc<impl App>, value: &str) -> Outcome {
    run(app, memory::http("GET", "/").header("range", value))
}

#[test]
fn the_whole_file() {
    let (_directory, app) = digits();
    let outcome = run(&app, memory::http("GET", "/"));
    assert_eq!((outcome.status(), outcome.body()), (Some(200), &b"0123456789"[..]));
    let expected = [
        ("content-type", "text/plain; charset=utf-8"),
        ("content-length", "10"),
        ("accept-ranges", "bytes"),
        ("etag", "\"17979cfe362a0000-a\""),
        ("last-modified", LAST_MODIFIED),
    ];
    assert_eq!(*outcome.headers().unwrap(), expected.into_iter().collect());
    assert_eq!(outcome.events.len(), 1);
}

#[test]
fn a_long_file_is_the_servers_to_read() {
    let (_directory, content, app) = long();
    let outcome = run(&app, memory::http("GET", "/"));
    assert!(outcome.status() == Some(200) && outcome.body() == content);
    assert!(matches!(outcome.events[..], [Outgoing::Start { .. }, Outgoing::File { more: false, .. }]));
    let outcome = range(&app, "bytes=1-20000");
    assert!(outcome.status() == Some(206) && outcome.body() == &content[1..=20_000]);
    assert!(matches!(outcome.events[..], [Outgoing::Start { .. }, Outgoing::File { more: false, .. }]));
}

#[test]
fn a_file_is_short_up_to_16_kib() {
    let directory = tempfile::tempdir().unwrap();
    for (len, events) in [(16 << 10, 1), ((16 << 10) + 1, 2)] {
        write(directory.path(), "a", vec![b'x'; len]);
        let path = directory.path().join("a");
        let outcome = run(&app(move || File::at(&path), Headers::new(), 200), memory::http("GET", "/"));
        assert_eq!((outcome.body().len(), outcome.events.len()), (len, events));
    }
}

#[test]
fn head_has_the_fields_of_get_and_no_event_of_body() {
    let (_directory, app) = digits();
    let (get, head) = (run(&app, memory::http("GET", "/")), run(&app, memory::http("HEAD", "/")));
    assert_eq!((head.status(), head.headers(), head.events.len()), (Some(200), get.headers(), 1));
    let ranged = run(&app, memory::http("HEAD", "/").header("range", "bytes=0-1"));
    assert_eq!((ranged.status(), ranged.header("content-length")), (Some(200), Some("10")));
}

#[test]
fn an_empty_file() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "empty", "");
    let path = directory.path().join("empty");
    let app = app(move || File::at(&path), Headers::new(), 200);
    for method in ["GET", "HEAD"] {
        let outcome = run(&app, memory::http(method, "/"));
        assert_eq!((outcome.status(), outcome.header("content-length")), (Some(200), Some("0")));
    }
    assert_eq!(range(&app, "bytes=-1").status(), Some(200));
    let outcome = range(&app, "bytes=0-0");
    assert_eq!((outcome.status(), outcome.header("content-range")), (Some(416), Some("bytes */0")));
}

#[test]
fn one_range() {
    let (_directory, app) = digits();
    let outcome = range(&app, "bytes=2-4");
    assert_eq!((outcome.status(), outcome.body()), (Some(206), &b"234"[..]));
    assert_eq!(outcome.header("content-range"), Some("bytes 2-4/10"));
    assert_eq!(outcome.header("content-length"), Some("3"));
    assert_eq!(outcome.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(outcome.header("etag").is_some() && outcome.header("last-modified").is_some());
    // One is left of two.
    let outcome = range(&app, "bytes=4-6,2-4");
    assert_eq!((outcome.status(), outcome.body()), (Some(206), &b"23456"[..]));
    for ignored in ["lines=1-2", "bytes=4-2", "bytes=x"] {
        assert_eq!(range(&app, ignored).status(), Some(200), "{ignored}");
    }
}

#[test]
fn several_ranges() {
    let (_directory, app) = digits();
    for script in [memory::http("GET", "/"), without_files(memory::http("GET", "/"))] {
        let outcome = run(&app, script.header("range", "bytes=8-,0-1,3-3").high_water(1).take(1));
        assert_eq!(outcome.status(), Some(206));
        let content_type = outcome.header("content-type").unwrap();
        let boundary = content_type.strip_prefix("multipart/byteranges; boundary=").unwrap();
        let part = |range, data| {
            format!(
                "--{boundary}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-range: bytes {range}/10\r\n\r\n{data}\r\n"
            )
        };
        let expected = [part("8-9", "89"), part("0-1", "01"), part("3-3", "3"), format!("--{boundary}--\r\n")].concat();
        assert_eq!(String::from_utf8_lossy(outcome.body()), expected);
        assert_eq!(outcome.header("content-length"), Some(expected.len().to_string().as_str()));
        assert_eq!(outcome.header("content-range"), None);
    }
}

#[test]
fn a_range_that_is_not_there() {
    let (_directory, app) = digits();
    let outcome = range(&app, "bytes=10-");
    assert_eq!((outcome.status(), outcome.body()), (Some(416), &b""[..]));
    assert_eq!(names(&outcome), ["content-range"]);
    assert_eq!(outcome.header("content-range"), Some("bytes */10"));
}

#[test]
fn a_range_of_another_version_is_the_whole() {
    let (_directory, app) = digits();
    let status = |if_range: &str| {
        let script = memory::http("GET", "/").header("range", "bytes=0-1").header("if-range", if_range);
        run(&app, script).status()
    };
    let etag = run(&app, memory::http("GET", "/")).header("etag").unwrap().to_owned();
    assert_eq!(status(&etag), Some(206));
    assert_eq!(status(LAST_MODIFIED), Some(206));
    assert_eq!(status("\"other\""), Some(200));
    assert_eq!(status(&format!("W/{etag}")), Some(200));
}

#[test]
fn what_the_client_has_is_not_sent() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "a.txt", "a");
    let path = directory.path().join("a.txt");
    let make = move || File::at(&path).attachment("a.txt").cache_control("no-cache").header("x-own", "1");
    let app = app(make, Headers::from_static(&[("vary", "cookie"), ("content-language", "en")]), 200);
    let etag = run(&app, memory::http("GET", "/")).header("etag").unwrap().to_owned();
    for method in ["GET", "HEAD"] {
        // A condition is asked before the range.
        let script = memory::http(method, "/").header("if-none-match", &etag).header("range", "bytes=9-");
        let outcome = run(&app, script);
        assert_eq!((outcome.status(), outcome.body()), (Some(304), &b""[..]));
        assert_eq!(names(&outcome), ["cache-control", "x-own", "vary", "etag"]);
    }
    let since = run(&app, memory::http("GET", "/").header("if-modified-since", LAST_MODIFIED));
    assert_eq!(since.status(), Some(304));
    let failed = run(&app, memory::http("GET", "/").header("if-match", "\"other\""));
    assert_eq!((failed.status(), failed.header("etag")), (Some(412), Some(etag.as_str())));
    assert_eq!(names(&failed), ["x-own", "vary", "etag"], "no cache keeps a refusal");
    let beyond = run(&app, memory::http("GET", "/").header("range", "bytes=9-"));
    assert_eq!((beyond.status(), names(&beyond)), (Some(416), vec!["x-own", "vary", "content-range"]));
}

#[test]
fn conditions_and_ranges_are_for_200() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "a", "0123");
    let path = directory.path().join("a");
    let not_found = app(
        {
            let path = path.clone();
            move || File::at(&path)
        },
        Headers::new(),
        404,
    );
    let script = memory::http("GET", "/").header("range", "bytes=0-1").header("if-none-match", "*");
    assert_eq!(run(&not_found, script).status(), Some(404));
    let made = app(move || File::at(&path), Headers::new(), 200);
    let script = memory::http("POST", "/").header("range", "bytes=0-1").header("if-none-match", "*");
    assert_eq!(run(&made, script).status(), Some(200));
}

#[test]
fn what_is_given_takes_the_place_of_the_files_own() {
    let (directory, _) = digits();
    let path = directory.path().join("digits.txt");
    let of = |make: fn(File) -> File, extra: &'static [(&str, &str)]| {
        let path = path.clone();
        app(move || make(File::at(&path)), Headers::from_static(extra), 200)
    };
    let first = |app: &Arc<_>| run(app, memory::http("GET", "/"));

    let given = first(&of(|file| file.etag(ETag::weak("v").unwrap()).content_type("text/x"), &[]));
    assert_eq!((given.header("etag"), given.header("content-type")), (Some("W/\"v\""), Some("text/x")));
    let absent = first(&of(|file| file.without_etag().without_last_modified(), &[]));
    assert_eq!((absent.header("etag"), absent.header("last-modified")), (None, None));
    let dated = of(|file| file.last_modified(changed() + Duration::from_millis(1900)).without_etag(), &[]);
    let since = run(&dated, memory::http("GET", "/").header("if-modified-since", "Tue, 14 Nov 2023 22:13:21 GMT"));
    assert_eq!((since.status(), since.header("last-modified")), (Some(304), Some("Tue, 14 Nov 2023 22:13:21 GMT")));
    let future = SystemTime::now() + Duration::from_secs(86400);
    let make = {
        let path = path.clone();
        move || File::at(&path).last_modified(future)
    };
    let outcome = run(&app(make, Headers::new(), 200), memory::http("GET", "/"));
    assert_eq!(outcome.header("last-modified"), None);

    let extra: &[_] =
        &[("content-type", "image/x"), ("etag", "\"e\""), ("content-length", "3"), ("x-a", "2"), ("x-a", "3")];
    let outer = of(|file| file.header("x-a", "1").header("x-b", "1"), extra);
    let outcome = first(&outer);
    assert_eq!(
        names(&outcome),
        ["content-type", "content-length", "accept-ranges", "etag", "last-modified", "x-b", "x-a", "x-a"]
    );
    assert_eq!((outcome.header("content-type"), outcome.header("content-length")), (Some("image/x"), Some("10")));
    let outcome = run(&outer, memory::http("GET", "/").header("if-none-match", "\"e\""));
    assert_eq!(outcome.status(), Some(304));
}

#[test]
fn a_time_that_tells_no_version_is_not_sent() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "a", "a");
    let path = directory.path().join("a");
    let given = {
        let path = path.clone();
        app(move || File::at(&path).last_modified(SystemTime::UNIX_EPOCH), Headers::new(), 200)
    };
    let outcome = run(&given, memory::http("GET", "/"));
    assert!(outcome.header("etag").is_some() && outcome.header("last-modified").is_none());
    // As reproducible builds leave it.
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1)).unwrap();
    let own = app(move || File::at(&path), Headers::new(), 200);
    let outcome = run(&own, memory::http("GET", "/").header("if-modified-since", LAST_MODIFIED));
    assert_eq!(names(&outcome), ["content-type", "content-length", "accept-ranges"]);
}

#[test]
fn what_it_varies_by_is_added_up() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "a", "a");
    let path = directory.path().join("a");
    let make = move || File::at(&path).header("vary", "cookie");
    let outcome = run(&app(make, Headers::from_static(&[("vary", "origin")]), 200), memory::http("GET", "/"));
    assert_eq!(outcome.headers().unwrap().get_all("vary").collect::<Vec<_>>(), [&b"cookie"[..], b"origin"]);
}

#[test]
fn an_open_file() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "it", "0123456789");
    let path = directory.path().join("it");
    let make = move || {
        let mut file = std::fs::File::open(&path).unwrap();
        std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(5)).unwrap();
        File::open(file).inline("ä.json")
    };
    let app = app(make, Headers::new(), 200);
    let outcome = run(&app, memory::http("GET", "/"));
    assert_eq!((outcome.body(), outcome.header("content-type")), (&b"0123456789"[..], Some("application/json")));
    assert_eq!(
        outcome.header("content-disposition"),
        Some("inline; filename=\"_.json\"; filename*=UTF-8''%C3%A4.json")
    );
    let outcome = run(&app, without_files(memory::http("GET", "/")));
    assert_eq!(outcome.body(), b"0123456789");
}

#[test]
fn without_the_capability_it_is_read_in_pieces() {
    let (_directory, content, app) = long();
    let outcome = run(&app, without_files(memory::http("GET", "/").take(1000)));
    assert!(outcome.body() == content);
    assert_eq!(sizes(&outcome), [65536, 65536, 150_000 - 2 * 65536]);
    let outcome = run(&app, without_files(memory::http("GET", "/").header("range", "bytes=1-65537")));
    assert!(outcome.body() == &content[1..65538]);
    assert_eq!(sizes(&outcome), [65536, 1]);
}

#[test]
fn several_ranges_of_a_long_file() {
    let (_directory, content, app) = long();
    let script = || memory::http("GET", "/").header("range", "bytes=-70000, 0-0");
    let outcomes = [run(&app, script()), run(&app, without_files(script()))];
    for outcome in &outcomes {
        let boundary = outcome.header("content-type").unwrap().rsplit('=').next().unwrap();
        let part = |range: &str, data: &[u8]| {
            let head = format!(
                "--{boundary}\r\ncontent-type: application/octet-stream\r\ncontent-range: bytes {range}/150000\r\n\r\n"
            );
            [head.as_bytes(), data, b"\r\n"].concat()
        };
        let parts = [part("80000-149999", &content[80_000..]), part("0-0", &content[..1])];
        assert!(outcome.body() == [parts.concat(), format!("--{boundary}--\r\n").into_bytes()].concat());
    }
    let [with, without] = outcomes;
    assert_eq!((sizes(&with)[1], &sizes(&without)[1..3]), (70_000, &[65_536, 70_000 - 65_536][..]));
}

#[test]
fn no_more_is_read_than_the_peer_takes() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "large", vec![0; 1 << 20]);
    let path = directory.path().join("large");
    let pool = Arc::new(Inline::default());
    let app = app(move || File::at(&path), Headers::new(), 200);
    let script = without_files(memory::http("GET", "/")).connection(with_pool(&pool)).take(0);
    let mut call = script.start(transom::lint::lint(app));
    while call.is_woken() {
        assert!(call.poll().is_pending());
    }
    // Opened once; one piece fills the buffer, and the next is read when there is room.
    assert_eq!((*pool.0.lock().unwrap(), call.buffered() < 2 * 65536), (2, true));
    call.hang_up();
    let outcome = call.run();
    assert!(outcome.result.unwrap_err().is_disconnect());
    assert!(*pool.0.lock().unwrap() <= 3);
}

#[test]
fn a_file_that_became_shorter_cuts_the_response() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "a", vec![0; 100_000]);
    let path = directory.path().join("a");
    let app = app(
        {
            let path = path.clone();
            move || File::at(&path)
        },
        Headers::new(),
        200,
    );
    for capabilities in [Capabilities::NONE, Capabilities::FILE] {
        write(directory.path(), "a", vec![0; 100_000]);
        let pool = Arc::new(Inline::default());
        let script =
            memory::http("GET", "/").capabilities(capabilities).connection(with_pool(&pool)).take(0).high_water(1);
        let mut call = script.start(Arc::clone(&app));
        // The head fills the buffer.
        while call.is_woken() {
            assert!(call.poll().is_pending());
        }
        assert_eq!(call.events().len(), 1);
        std::fs::File::options().write(true).open(&path).unwrap().set_len(10).unwrap();
        call.drain();
        let outcome = call.run();
        assert!(outcome.result.is_err());
        assert_eq!((outcome.verdict, outcome.body().len()), (Verdict::Abort, 0));
    }
}

#[test]
fn a_file_that_is_replaced_is_sent_as_it_was() {
    let (directory, content, app) = long();
    let pool = Arc::new(Inline::default());
    let script = memory::http("GET", "/").connection(with_pool(&pool)).take(0).high_water(1);
    let mut call = script.start(app);
    while call.is_woken() {
        assert!(call.poll().is_pending());
    }
    write(directory.path(), "new", "a");
    std::fs::rename(directory.path().join("new"), directory.path().join("long")).unwrap();
    call.drain();
    assert!(call.run().body() == content);
}

#[test]
fn what_is_no_file_is_told_before_anything_is_sent() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "a", "");
    let failure = |path: &str| {
        let path = directory.path().join(path);
        let outcome = memory::http("GET", "/").run(app(move || File::at(&path), Headers::new(), 200));
        assert!(outcome.events.is_empty());
        *outcome.result.unwrap_err().into_inner().downcast::<FileError>().unwrap()
    };
    assert!(matches!(failure("gone"), FileError::NotFound));
    assert!(matches!(failure("a/b"), FileError::NotFound));
    assert!(matches!(failure(&"a".repeat(300)), FileError::NotFound));
    assert!(matches!(failure("."), FileError::NotAFile));
}

#[cfg(unix)]
#[test]
fn nothing_waits_for_a_pipe_or_a_socket() {
    let directory = tempfile::tempdir().unwrap();
    let (pipe, socket) = (directory.path().join("pipe"), directory.path().join("socket"));
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for path in [pipe, socket, "/dev/null".into()] {
        let outcome = memory::http("GET", "/").run(app(move || File::at(&path), Headers::new(), 200));
        let error = outcome.result.unwrap_err().into_inner().downcast::<FileError>().unwrap();
        assert!(matches!(*error, FileError::NotAFile), "{error}");
    }
}

#[test]
fn a_peer_that_leaves_at_any_time_is_no_failure() {
    let (_directory, _, app) = long();
    for at in 1.. {
        let script = without_files(memory::http("GET", "/").header("range", "bytes=0-1,4-70000"));
        let outcome = script.high_water(1).take(30_000).hang_up_at(at).run(transom::lint::lint(Arc::clone(&app)));
        if outcome.polls < at {
            break;
        }
        assert!(outcome.result.map_or_else(|error| error.is_disconnect(), |()| true));
    }
}

/// A pool that does its jobs at once, and counts them.
#[derive(Default)]
struct Inline(Mutex<usize>);

impl BlockingPool for Inline {
    fn run(&self, job: Box<dyn FnOnce() + Send>) {
        *self.0.lock().unwrap() += 1;
        job();
    }
}

fn with_pool(pool: &Arc<Inline>) -> impl FnOnce(&mut Connection) + use<> {
    let blocking = Some(Arc::clone(pool) as Arc<dyn BlockingPool>);
    move |connection| {
        let mut info = ServerInfo::new("test", connection.server_info.capabilities);
        info.blocking = blocking;
        connection.server_info = Arc::new(info);
    }
}
