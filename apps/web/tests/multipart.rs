//! Forms with files: every way in which they come, and what is wrong with them.
#![cfg(feature = "multipart")]

use serde::Deserialize;
use std::io::{Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio_stream::StreamExt;
use transom::lint::lint;
use transom::memory::{self, Outcome, Script};
use transom::{App, BlockingPool, HttpScope, ServerInfo};
use transom_web::multipart::{FormData, Limits, Multipart, MultipartError};
use transom_web::{Error, Json, Router, blocking, post};

fn request() -> Script<HttpScope> {
    memory::http("POST", "/").header("content-type", "multipart/form-data; boundary=\"x y\"")
}

/// A body in pieces of this size.
fn pieces(body: &str, size: usize) -> impl Iterator<Item = Vec<u8>> {
    body.as_bytes().chunks(size).map(<[u8]>::to_vec)
}

fn run(script: Script<HttpScope>, app: impl App) -> (u16, String) {
    let outcome = script.run(lint(app));
    assert!(outcome.refused.is_empty(), "{:?}", outcome.refused);
    (outcome.status().expect("a response"), text(&outcome))
}

fn text(outcome: &Outcome) -> String {
    String::from_utf8_lossy(outcome.body()).into_owned()
}

/// A part with this header section and data.
fn part(disposition: &str, data: &str) -> String {
    format!("--x y\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{data}\r\n")
}

fn file(data: &str) -> String {
    part("name=\"f\"; filename=\"f.bin\"", data)
}

/// The parts as they come, with their data.
async fn show(mut form: Multipart) -> Result<String, MultipartError> {
    let mut shown = String::new();
    while let Some(part) = form.next().await? {
        let about = format!("{}|{:?}|{:?}|", part.name(), part.file_name(), part.content_type());
        shown += &format!("{about}{:?}\n", part.text(100).await?);
    }
    // It stays at its end.
    assert!(form.next().await?.is_none());
    Ok(shown)
}

const FORM: &str = "before\r\n--x y\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n--x\r\n-\r\n--x y \t\r\n\
    content-type: Text/Plain\r\ncontent-disposition: FORM-DATA; name=\"gr\u{fc}n\"; filename=\"C:\\\\x\\\\y z.txt\"\r\n\r\n\
    \r\n--x y\r\ncontent-disposition: form-data; name=e\r\n\r\nend\r\r\n--x y--\r\nafter";

const SHOWN: &str =
    "a|None|None|\"\\r\\n--x\\r\\n-\"\ngr\u{fc}n|Some(\"y z.txt\")|Some(\"Text/Plain\")|\"\"\ne|None|None|\"end\\r\"\n";

#[test]
fn every_split_gives_the_same() {
    let app = || Router::new().post("/", show);
    assert_eq!(run(request().body(FORM), app()), (200, SHOWN.to_owned()));
    for at in 0..=FORM.len() {
        let (one, two) = FORM.as_bytes().split_at(at);
        assert_eq!(run(request().chunks([one, two]).trickle(), app()), (200, SHOWN.to_owned()), "at {at}");
    }
    assert_eq!(run(request().chunks(pieces(FORM, 1)).trickle(), app()), (200, SHOWN.to_owned()));
}

/// Wherever it is cut, but behind its last boundary, the client is told so: the body ended early, or its framing did.
#[test]
fn every_cut_is_found() {
    let app = || Router::new().post("/", show);
    let end = FORM.find("--x y--").unwrap() + "--x y--".len();
    for at in 0..end {
        let cut = &FORM.as_bytes()[..at];
        let (status, body) = run(request().chunks([cut]), app());
        assert!(status == 400 && body.contains("\"faults\":[{\"in\":\"body\",\"at\":\""), "at {at}: {status} {body}");
        assert_eq!(run(request().chunks([cut]).truncate(), app()).0, 400, "at {at}");
    }
    // So is a body that ends behind it, but before it says.
    assert_eq!(run(request().chunks([FORM]).truncate(), app()).0, 400);
}

#[test]
fn a_client_that_leaves_is_no_failure() {
    let app = || Router::new().post("/", show);
    for poll in 1.. {
        let outcome = request().chunks(pieces(FORM, 60)).trickle().hang_up_at(poll).run(lint(app()));
        assert!(outcome.result.as_ref().is_ok_and(|()| true) || outcome.result.unwrap_err().is_disconnect());
        if outcome.polls < poll {
            break;
        }
    }
}

#[test]
fn faults_say_which_part() {
    let limits = Limits::new().body(2000).parts(3).head(300);
    let app = || {
        let first = move |form: Multipart| show(form.limits(limits));
        Router::new().post("/", first)
    };
    let long_head =
        format!("--x y\r\ncontent-disposition: form-data; name=a\r\nx: {}\r\n\r\n\r\n--x y--", "x".repeat(400));
    let long = part("name=a", &"x".repeat(101));
    let many = part("name=a", "").repeat(4);
    for (body, status, found) in [
        (part("filename=\"a\"", ""), 400, r#""at":"[0]","message":"the part does not begin as it has to""#),
        (
            part("name=a", "") + "--x y\r\nno header\r\n\r\n\r\n",
            400,
            r#""at":"[1]","message":"the part does not begin"#,
        ),
        (part("name=a", "") + "--x y\r\n\r\ndata\r\n", 400, r#""at":"[1]""#),
        (part("name=a", "").replace("form-data", "attachment"), 400, r#""at":"[0]""#),
        (part("name=a", "") + "--x yz\r\n", 400, r#""at":"[1]""#),
        (part("name=\"b c\"", "data").replace("data\r\n", "da"), 400, r#""at":"b c","message":"the form ends before"#),
        (long_head, 413, r#""at":"[0]","message":"the header section is longer than 300 bytes""#),
        (long, 413, r#""at":"a","message":"the part is longer than 100 bytes""#),
        (many, 413, r#""detail":"the form has more than 3 parts""#),
    ] {
        let body = body + "--x y--\r\n";
        let (whole, chunked) = (request().body(body.clone()), request().chunks(pieces(&body, 50)));
        for script in [chunked.trickle(), whole] {
            let (answered, body) = run(script, app());
            assert!(answered == status && body.contains(found), "{found}: {answered} {body}");
        }
    }
    let (status, body) = run(request().body(part("name=a", &"x".repeat(2000)) + "--x y--"), app());
    assert!(status == 413 && body.contains("the request body is longer than 2000 bytes"), "{body}");
    let bytes = &b"--x y\r\ncontent-disposition: form-data; name=a\r\n\r\n\xff\r\n--x y--"[..];
    let (status, body) = run(request().body(bytes), app());
    assert!(status == 400 && body.contains(r#""at":"a","message":"the part is not UTF-8""#), "{body}");
}

#[test]
fn types_and_boundaries() {
    for (media_type, status) in [
        (Some("multipart/form-data; boundary=x"), 200),
        (Some("Multipart/Form-Data; charset=utf-8; Boundary=x"), 200),
        (Some("multipart/form-data"), 400),
        (Some("multipart/form-data; boundary=\"\""), 400),
        (Some("multipart/mixed; boundary=x"), 415),
        (Some("application/x-www-form-urlencoded"), 415),
        (Some("nonsense"), 415),
        (None, 415),
    ] {
        let script = memory::http("POST", "/").body("--x--");
        let script = media_type.into_iter().fold(script, |script, value| script.header("content-type", value));
        assert_eq!(run(script, Router::new().post("/", show)).0, status, "{media_type:?}");
    }
    for (length, status) in [(70, 200), (71, 400)] {
        let boundary = "x".repeat(length);
        let script = memory::http("POST", "/").body(format!("--{boundary}--"));
        let script = script.header("content-type", format!("multipart/form-data; boundary={boundary}"));
        assert_eq!(run(script, Router::new().post("/", show)).0, status, "{length}");
    }
}

/// What a handler reads no further is passed over, and after a failure there is no end that could be taken for one.
#[test]
fn parts_that_are_not_read() {
    async fn names(mut form: Multipart) -> Result<String, MultipartError> {
        let mut names = String::new();
        while let Some(mut part) = form.next().await? {
            part.chunk().await?;
            names += part.name();
        }
        Ok(names)
    }
    let body = part("name=a", &"x".repeat(5000)) + &part("name=b", "") + &part("name=c", "yy") + "--x y--";
    let script = request().chunks(pieces(&body, 700)).trickle();
    assert_eq!(run(script, Router::new().post("/", names)), (200, "abc".to_owned()));

    async fn stubborn(mut form: Multipart) -> String {
        let first = form.next().await.unwrap().unwrap().bytes(1000).await;
        format!("{} {}", first.is_err(), form.next().await.is_err())
    }
    let script = request().chunks([body[..300].to_owned()]);
    assert_eq!(run(script, Router::new().post("/", stubborn)), (200, "true true".to_owned()));
}

/// What does not begin as it has to is the last that is looked at.
#[test]
fn nothing_comes_after_a_fault() {
    async fn twice(mut form: Multipart) -> String {
        format!("{} {}", form.next().await.is_err(), form.next().await.is_err())
    }
    let body = part("name=a", "").replace("form-data", "attachment") + &part("name=b", "") + "--x y--";
    assert_eq!(run(request().body(body), Router::new().post("/", twice)), (200, "true true".to_owned()));
}

/// A header section without an end is not read to the limit of the body, which may be a long time.
#[test]
fn no_more_is_read_than_has_to_be() {
    let lines = "x: 0123456789\r\n".repeat(100);
    for before in ["", "--x y\r\n", "--x y\r\n\r\n\r\n--x y\r\n"] {
        let limited = |form: Multipart| show(form.limits(Limits::new().head(500)));
        let script = request().chunks(pieces(&(before.to_owned() + &lines), 100)).trickle().unfinished();
        assert!(matches!(run(script, Router::new().post("/", limited)).0, 400 | 413), "{before:?}");
    }
}

/// Data comes as soon as it cannot be a boundary.
#[test]
fn parts_are_streams() {
    async fn lengths(mut form: Multipart) -> Result<String, MultipartError> {
        let mut part = form.next().await?.expect("a part");
        let mut lengths = String::new();
        while let Some(data) = part.next().await {
            lengths += &format!("{} ", data?.len());
        }
        Ok(lengths)
    }
    let (head, end) = part("name=a", "@").split_once('@').map(|(head, end)| (head.to_owned(), end.to_owned())).unwrap();
    let chunks = [head, "xxxx".into(), "yy\r\n--x".into(), " z".into(), format!("{end}--x y--")];
    let lengths = run(request().chunks(chunks).trickle(), Router::new().post("/", lengths));
    assert_eq!(lengths, (200, "4 2 7 ".to_owned()));
}

#[test]
fn the_limit_of_a_route_comes_first() {
    async fn size(form: Multipart) -> Result<String, MultipartError> {
        let mut form = form.limits(Limits::new().body(10));
        let part = form.next().await?.expect("a part");
        Ok(part.bytes(u64::MAX).await?.len().to_string())
    }
    let body = part("name=a", "0123456789") + "--x y--";
    let limited = |limit| Router::new().route("/", post(size).body_limit(limit));
    for script in [|body: &String| request().body(body.clone()), |body: &String| request().chunks([body.clone()])] {
        assert_eq!(run(script(&body), limited(1000)), (200, "10".to_owned()));
        assert_eq!(run(script(&body), limited(20)).0, 413);
        assert_eq!(run(script(&body), Router::new().post("/", size)).0, 413);
    }
}

/// By default as much as is documented.
#[test]
fn limits_by_default() {
    async fn count(form: FormData) -> String {
        format!("{} {}", form.fields.iter().count(), form.files.len())
    }
    let app = || Router::new().post("/", count);
    let parts = |count| part("name=a", "").repeat(count) + "--x y--";
    assert_eq!(run(request().body(parts(1000)), app()), (200, "1000 0".to_owned()));
    assert_eq!(run(request().body(parts(1001)), app()).0, 413);
    let field = |length| part("name=a", &"x".repeat(length)) + "--x y--";
    assert_eq!(run(request().body(field(1 << 20)), app()).0, 200);
    assert_eq!(run(request().body(field((1 << 20) + 1)), app()).0, 413);
    let head = |length: usize| part(&format!("name=a\r\nx: {}", "x".repeat(length)), "") + "--x y--";
    let trickled = |body: String| request().chunks(pieces(&body, 64)).trickle();
    assert_eq!(run(trickled(head(17_000)), app()).0, 413);
    assert_eq!(run(trickled(head(16_000)), app()).0, 200);
    let whole = |length| request().chunks([file(&"x".repeat(length)) + "--x y--"]);
    let around = file("").len() + "--x y--".len();
    assert_eq!(run(whole((32 << 20) - around), app()), (200, "0 1".to_owned()));
    assert_eq!(run(whole((32 << 20) - around + 1), app()).0, 413);
}

#[test]
fn forms_are_collected() {
    #[derive(Debug, Deserialize)]
    struct Card {
        title: String,
        #[serde(default)]
        tag: Vec<String>,
        points: u8,
    }
    async fn create(mut form: FormData) -> Result<String, Error> {
        let card: Card = form.fields.parse()?;
        let photo = form.files.take("photo").map(|upload| (upload.file_name().to_owned(), upload.len()));
        assert!(form.files.get("photo").is_none());
        let rest: Vec<_> = form.files.into_iter().map(|(name, upload)| (name, upload.is_empty())).collect();
        Ok(format!("{} {:?} {} {photo:?} {rest:?}", card.title, card.tag, card.points))
    }
    let app = || Router::new().post("/", create);
    let fields = |points| {
        part("name=title", "House") + &part("name=tag", "a") + &part("name=tag", "b") + &part("name=points", points)
    };
    let files = part("name=photo; filename=\"../a.png\"", "png")
        + &part("name=none; filename=\"\"", "")
        + &part("name=empty; filename=\"e\"", "");
    let body = format!("{}{files}--x y--", fields("7"));
    let made = r#"House ["a", "b"] 7 Some(("a.png", 3)) [("empty", true)]"#;
    assert_eq!(run(request().body(body), app()), (200, made.to_owned()));
    let (status, body) = run(request().body(format!("{}{files}--x y--", fields("300"))), app());
    assert!(status == 422 && body.contains(r#"{"in":"body","at":"points""#), "{body}");
}

/// Counts its jobs, and runs each on a thread of its own.
#[derive(Default)]
struct Counting(AtomicUsize);

impl BlockingPool for Counting {
    fn run(&self, job: Box<dyn FnOnce() + Send>) {
        self.0.fetch_add(1, Ordering::Relaxed);
        std::thread::spawn(job);
    }
}

fn on_pool(script: Script<HttpScope>, pool: &Arc<Counting>) -> Script<HttpScope> {
    let pool = Arc::clone(pool);
    script.connection(|connection| {
        let mut server = ServerInfo::clone(&connection.server_info);
        server.blocking = Some(pool);
        connection.server_info = Arc::new(server);
    })
}

fn pattern(length: usize) -> String {
    (0..length).map(|at| char::from(b'a' + (at % 23) as u8)).collect()
}

#[test]
fn uploads_go_to_a_file_when_they_grow() {
    async fn store(form: Multipart) -> Result<Json<(bool, u64, String)>, Error> {
        let mut form = form.limits(Limits::new().memory(100_000)).collect().await?;
        let upload = form.files.take("f").expect("a file");
        let (is_in_memory, len) = (upload.is_in_memory(), upload.len());
        let data = String::from_utf8(upload.into_bytes().await?.into())?;
        Ok(Json((is_in_memory, len, data)))
    }
    for (length, jobs) in [(0, 0), (100_000, 0), (100_001, 3), (1_000_000, 6)] {
        let data = pattern(length);
        let body = file(&data) + "--x y--";
        let pool = Arc::default();
        let script = on_pool(request().chunks(pieces(&body, 9_999)).trickle(), &pool);
        let (status, body) = run(script, Router::new().post("/", store));
        assert_eq!(status, 200, "{body}");
        let (is_in_memory, len, stored): (bool, u64, String) = serde_json::from_str(&body).unwrap();
        assert_eq!((is_in_memory, len as usize, stored == data), (jobs == 0, length, true));
        // Nothing is written in small pieces, and the file is read at once.
        assert_eq!(pool.0.load(Ordering::Relaxed), jobs, "{length} bytes");
    }
}

#[test]
fn uploads_are_stored_and_read() {
    let directory = tempfile::tempdir().unwrap();
    for length in [10, 300_000] {
        let path = directory.path().join("stored");
        std::fs::write(&path, "what was there before").unwrap();
        let saved = path.clone();
        let keep = move |form: Multipart| {
            let path = saved.clone();
            async move {
                let form = form.limits(Limits::new().memory(1000)).collect().await?;
                let mut uploads = form.files.into_iter().map(|(_, upload)| upload);
                let mut next = || uploads.next().expect("a file");
                next().save(path).await?;
                let mut file = String::new();
                next().into_file().await?.read_to_string(&mut file)?;
                let mut reader = next().into_reader()?;
                let mut read = String::new();
                reader.read_to_string(&mut read)?;
                assert_eq!((reader.seek(SeekFrom::Start(5))?, file == read), (5, true));
                Ok::<_, Error>(read)
            }
        };
        let data = pattern(length);
        let body = file(&data).repeat(3) + "--x y--";
        assert_eq!(run(request().body(body), Router::new().post("/", keep)), (200, data.clone()));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), data);
    }
    // Nothing but the last of them is left.
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
        let plain = directory.path().join("plain");
        std::fs::write(&plain, "").unwrap();
        assert_eq!(mode(&directory.path().join("stored")), mode(&plain));
    }
}

#[test]
fn an_upload_that_cannot_be_stored_is_a_failure_of_the_server() {
    async fn keep(form: FormData) -> Result<(), Error> {
        let (_, upload) = form.files.into_iter().next().expect("a file");
        Ok(upload.save("/nowhere/at/all").await?)
    }
    let outcome = request().body(file("x") + "--x y--").run(lint(Router::new().post("/", keep)));
    assert!(outcome.events.is_empty() && outcome.result.is_err());
}

#[test]
fn blocking_handlers_take_forms() {
    let seen = Arc::new(Mutex::new(String::new()));
    let shared = Arc::clone(&seen);
    let read = move |mut form: FormData| -> Result<(), Error> {
        let upload = form.files.take("f").expect("a file");
        upload.into_reader()?.read_to_string(&mut shared.lock().unwrap())?;
        Ok(())
    };
    let pool = Arc::default();
    let script = on_pool(request().body(file("data") + "--x y--"), &pool);
    assert_eq!(run(script, Router::new().post("/", blocking(read))).0, 204);
    assert_eq!((&**seen.lock().unwrap(), pool.0.load(Ordering::Relaxed)), ("data", 1));
}

/// Random bodies, and a good one, at the hands of the kit.
#[test]
fn the_kit_finds_nothing() {
    async fn count(form: FormData) -> String {
        format!("{} {}", form.fields.iter().count(), form.files.len())
    }
    let router = Router::new().post("/", show).post("/collected", count);
    let request = |target: &str| {
        let request = transom_conformance::Request::http("POST", target);
        request.header("content-type", "multipart/form-data; boundary=\"x y\"")
    };
    let requests = [request("/"), request("/").body(FORM), request("/collected").body(FORM)];
    transom_conformance::application(router).requests(requests).run().assert_ok();
}
