use crate::{Checked, body, echo, hello, respond, start};
use std::fs;
use std::io::Seek;
use std::sync::Arc;
use transom::memory::{self, Verdict};
use transom::{
    App, BadRequest, Blocking, BodyHint, BoxApp, Capabilities, End, Error, FileBody, FileSource, Headers, HttpScope,
    HttpVersion, Incoming, Outgoing, Receiver, Scheme, Scope, SendError, Sender, State, Violation,
};

/// An application that looks at its scope and answers with nothing.
fn look(at: impl Fn(&HttpScope) + Send + Sync + 'static) -> impl App {
    let at = Arc::new(at);
    move |scope: Scope, _: Receiver, mut send: Sender| {
        let at = Arc::clone(&at);
        async move {
            let Scope::Http(scope) = scope else { return Err(Error::unsupported()) };
            at(&scope);
            Ok(send.send(respond(204)).await?)
        }
    }
}

/// An application that sends these events and goes on whatever comes of it.
fn sends(events: impl Fn() -> Vec<Outgoing> + Send + Sync + 'static) -> impl App {
    move |_: Scope, _: Receiver, mut send: Sender| {
        let events = events();
        async move {
            for event in events {
                let _ = send.send(event).await;
            }
            Ok(())
        }
    }
}

#[test]
fn a_response() {
    let outcome = memory::http("GET", "/").checked(hello);
    assert_eq!((outcome.status(), outcome.header("content-type")), (Some(200), Some("text/plain")));
    assert_eq!(outcome.body(), b"Hello, World!");
    assert!(outcome.is_complete() && outcome.refused.is_empty() && outcome.result.is_ok());
    assert_eq!((outcome.verdict, outcome.polls), (Verdict::Nothing, 1));
    assert!(!outcome.received_before_response);
}

#[test]
fn the_scope_is_the_request() {
    memory::http("PUT", "/a%2Fb?x=1")
        .header("X-One", "1")
        .header("host", "example.org")
        .head(|head| head.scheme = Scheme::Https)
        .connection(|connection| connection.id = 7)
        .state(State::new().with(42u32))
        .extension("outer")
        .body("hello")
        .checked(look(|scope| {
            assert_eq!(scope.method().as_str(), "PUT");
            assert_eq!((scope.raw_path(), scope.query()), (&b"/a%2Fb"[..], Some(&b"x=1"[..])));
            let expected = [("host", "example.org"), ("x-one", "1"), ("content-length", "5")];
            assert_eq!(scope.headers(), &expected.into_iter().collect::<Headers>());
            assert_eq!((scope.scheme(), scope.connection().id), (Scheme::Https, 7));
            assert_eq!(scope.state::<u32>(), Some(&42));
            assert_eq!(scope.extensions().get::<&str>(), Some(&"outer"));
            assert_eq!(scope.body(), BodyHint::Exact(5));
        }))
        .result
        .unwrap();
}

/// SPEC: SCOPE-10
#[test]
fn the_scope_tells_of_the_body() {
    let hint = |expected| look(move |scope| assert_eq!(scope.body(), expected));
    let post = || memory::http("POST", "/");
    post().checked(hint(BodyHint::None));
    post().body("").checked(hint(BodyHint::None));
    post().chunks(["a"]).checked(hint(BodyHint::Unknown));
    post().chunks(["a"]).header("content-length", "3").truncate().checked(hint(BodyHint::Exact(3)));
    post().trailers(Headers::new()).checked(hint(BodyHint::Unknown));
    post().unfinished().checked(hint(BodyHint::Unknown));
}

/// SPEC: CAP-2
#[test]
fn capabilities_follow_the_version() {
    let has = |expected| {
        look(move |scope| {
            for capability in [Capabilities::INFORMATIONAL, Capabilities::TRAILERS, Capabilities::UPGRADE] {
                assert_eq!(scope.capabilities().contains(capability), expected);
            }
        })
    };
    memory::http("GET", "/").checked(has(true));
    memory::http("GET", "/").version(HttpVersion::Http10).checked(has(false));
    memory::http("GET", "/").capabilities(Capabilities::FILE).checked(has(false));
}

/// SPEC: PATH-5
#[test]
fn mounts_move_an_offset() {
    let app = || {
        look(|scope| {
            assert_eq!((scope.root_path(), scope.local_path()), (&b"/api"[..], &b"/users"[..]));
            assert_eq!(scope.raw_path(), b"/api/users");
        })
    };
    assert_eq!(memory::http("GET", "/api/users?x").mount("/api").checked(app()).status(), Some(204));
}

#[test]
#[should_panic(expected = "the path is not below the mount")]
fn a_mount_must_fit() {
    memory::http("GET", "/apis").mount("/api").checked(hello);
}

/// SPEC: EVENT-2
#[test]
fn bodies_come_in_the_pieces_that_were_scripted() {
    let pieces = |script: memory::Script<HttpScope>| {
        let outcome = script.checked(echo);
        assert_eq!(outcome.verdict, Verdict::Nothing);
        let piece = |event| match event {
            Outgoing::Body { data, more } => Some((String::from_utf8(data.into()).unwrap(), more)),
            _ => None,
        };
        outcome.events.into_iter().filter_map(piece).collect::<Vec<_>>()
    };
    let piece = |data: &str, more| (data.to_string(), more);
    assert_eq!(pieces(memory::http("POST", "/").body("ab")), [piece("ab", false)]);
    let expected = [piece("a", true), piece("b", true), piece("", false)];
    assert_eq!(pieces(memory::http("POST", "/").chunks(["a", "b"])), expected);
    assert_eq!(pieces(memory::http("POST", "/").chunks(["a", "b"]).trickle()), expected);
}

#[test]
fn trailers_go_both_ways() {
    let fields = Headers::from_static(&[("x-sum", "1")]);
    let outcome = memory::http("POST", "/").chunks(["a"]).trailers(fields.clone()).checked(echo);
    assert_eq!((outcome.body(), outcome.trailers()), (&b"a"[..], Some(&fields)));
    assert!(outcome.is_complete());
}

#[test]
fn interim_responses() {
    let inform = |status| Outgoing::Informational { status, headers: Headers::new() };
    let outcome = memory::http("GET", "/").run(sends(move || vec![inform(103), inform(101), respond(204)]));
    assert!(outcome.informational().map(|(status, _)| status).eq([103]));
    assert_eq!(outcome.refused[0].1, Violation::BadStatus.into());
    assert_eq!(outcome.status(), Some(204));
}

/// SPEC: ERROR-1
#[test]
fn refusals_change_nothing_and_are_recorded() {
    let events = || vec![body("early", true), start(), start(), body("x", true), respond(200), body("y", false)];
    let outcome = memory::http("GET", "/").run(sends(events));
    assert_eq!((outcome.body(), outcome.events.len()), (&b"xy"[..], 3));
    let refusals: Vec<_> = outcome.refused.iter().map(|(_, refusal)| refusal.clone()).collect();
    assert_eq!(refusals, vec![SendError::from(Violation::OutOfOrder); 3]);
    assert!(matches!(outcome.refused[2].0, Outgoing::Response { .. }));

    let outcome = memory::http("GET", "/").run(sends(|| vec![respond(200), body("late", false)]));
    assert_eq!(outcome.refused[0].1, SendError::Finished);
}

#[test]
fn head_has_no_body() {
    let outcome = memory::http("HEAD", "/").checked(hello);
    assert!(outcome.is_complete() && outcome.body().is_empty());
}

/// SPEC: FILE-1, FILE-2
#[test]
fn files_are_read_when_they_are_sent() {
    let path = std::env::temp_dir().join(format!("transom-memory-{}", std::process::id()));
    fs::write(&path, "0123456789").unwrap();
    let open = Arc::new(fs::File::open(&path).unwrap());
    let cursor = Arc::clone(&open);
    let directory = Arc::from(std::env::temp_dir());
    let shared: Arc<std::path::Path> = Arc::from(path.clone());
    let outcome = memory::http("GET", "/").checked(sends(move || {
        let file = |source, offset, len, more| Outgoing::File { file: FileBody { source, offset, len }, more };
        vec![
            start(),
            file(FileSource::Path(Arc::clone(&shared)), 2, 3, true),
            file(FileSource::Path(Arc::clone(&shared)), 8, 3, true),
            file(FileSource::Path(Arc::clone(&shared)), u64::MAX, 1, true),
            file(FileSource::Path(Arc::clone(&directory)), 0, 0, true),
            file(FileSource::Path(Arc::from(std::path::Path::new("/nowhere/at/all"))), 0, 0, true),
            file(FileSource::File(Arc::clone(&open)), 9, 1, false),
        ]
    }));
    fs::remove_file(&path).unwrap();
    assert_eq!(outcome.body(), b"2349");
    assert_eq!((&*cursor).stream_position().unwrap(), 0);
    assert!(outcome.is_complete());
    let refusals: Vec<_> = outcome.refused.iter().map(|(_, refusal)| refusal.clone()).collect();
    assert_eq!(refusals, vec![SendError::from(Violation::BadFile); 4]);
}

#[test]
fn a_file_needs_the_capability_before_it_needs_to_exist() {
    let source = || FileSource::Path(Arc::from(std::path::Path::new("/nowhere/at/all")));
    let file = move || Outgoing::File { file: FileBody { source: source(), offset: 0, len: 1 }, more: true };
    let script = memory::http("GET", "/").capabilities(Capabilities::NONE);
    let outcome = script.run(sends(move || vec![start(), file()]));
    assert_eq!(outcome.refused[0].1, SendError::Unsupported(Capabilities::FILE));
}

#[test]
fn a_file_that_cannot_be_read_is_not_counted() {
    let source = || FileSource::Path(Arc::from(std::path::Path::new("/nowhere/at/all")));
    let file = move || Outgoing::File { file: FileBody { source: source(), offset: 0, len: 1 }, more: false };
    let head = || Outgoing::Start { status: 200, headers: Headers::from_static(&[("content-length", "1")]) };
    let outcome = memory::http("GET", "/").checked(sends(move || vec![head(), file(), body("x", false)]));
    assert_eq!((outcome.refused.len(), outcome.body()), (1, &b"x"[..]));
}

#[test]
fn verdicts() {
    type Returns = fn() -> Result<(), Error>;
    let run = |events: fn() -> Vec<Outgoing>, returns: Returns| {
        let app = move |_: Scope, _: Receiver, mut send: Sender| async move {
            for event in events() {
                send.send(event).await?;
            }
            returns()
        };
        memory::http("GET", "/").run(app).verdict
    };
    let (ok, fails, unsupported): (Returns, Returns, Returns) =
        (|| Ok(()), || Err("oops".into()), || Err(Error::unsupported()));
    assert_eq!(run(Vec::new, ok), Verdict::Respond(500));
    assert_eq!(run(Vec::new, fails), Verdict::Respond(500));
    assert_eq!(run(Vec::new, unsupported), Verdict::Respond(501));
    assert_eq!(run(|| vec![start()], ok), Verdict::Abort);
    assert_eq!(run(|| vec![start()], fails), Verdict::Abort);
    assert_eq!(run(|| vec![respond(200)], fails), Verdict::Nothing);
}

#[test]
fn errors_keep_their_kind() {
    async fn fails(_: Scope, _: Receiver, _: Sender) -> Result<(), Error> {
        Err("no database".into())
    }
    let error = memory::http("GET", "/").checked(fails).result.unwrap_err();
    assert!(!error.is_disconnect() && !error.is_unsupported() && error.to_string() == "no database");

    async fn unsupported(_: Scope, _: Receiver, _: Sender) -> Result<(), Error> {
        Err(Error::unsupported())
    }
    assert!(memory::http("GET", "/").checked(unsupported).result.unwrap_err().is_unsupported());

    let gone = memory::http("GET", "/").hang_up_at(1).checked(hello);
    assert!(gone.result.unwrap_err().is_disconnect());
    assert_eq!((gone.verdict, gone.events.len()), (Verdict::Nothing, 0));
    assert_eq!(gone.refused[0].1, SendError::Disconnected(End::Disconnected { code: None }));
}

#[test]
fn a_bad_request_may_be_answered() {
    async fn strict(_: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        loop {
            match receive.recv().await {
                Incoming::Body { more: true, .. } => {}
                Incoming::End(end @ End::BadRequest(_)) => {
                    send.send(respond(400)).await?;
                    send.flush().await?;
                    assert_eq!(send.closed().await, End::Complete);
                    // What was said first stays.
                    assert!(matches!(receive.recv().await, Incoming::End(again) if again == end));
                    return Ok(());
                }
                _ => return Ok(send.send(respond(200)).await?),
            }
        }
    }
    let script = || memory::http("POST", "/").chunks(["a", "b"]).header("content-length", "3");
    assert_eq!(script().truncate().run(strict).status(), Some(400));
    assert_eq!(script().truncate().trickle().run(strict).status(), Some(400));
    assert_eq!(script().end(End::BadRequest(BadRequest::TooLarge)).run(strict).status(), Some(400));
    assert_eq!(script().end(End::Disconnected { code: None }).run(strict).status(), None);
    assert_eq!(script().run(strict).status(), Some(200));
}

#[test]
fn who_asked_for_the_body_first_is_known() {
    async fn refuses(scope: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        send.send(Outgoing::Informational { status: 103, headers: Headers::new() }).await?;
        if matches!(scope, Scope::Http(scope) if scope.query().is_some()) {
            receive.recv().await;
        }
        send.send(respond(417)).await?;
        receive.recv().await;
        Ok(())
    }
    let script = |target| memory::http("POST", target).header("expect", "100-continue").body("x");
    assert!(!script("/").checked(refuses).received_before_response);
    assert!(script("/?ask").checked(refuses).received_before_response);
}

/// SPEC: TUNNEL-1, TUNNEL-6
#[test]
fn tunnels() {
    async fn tunnel(scope: Scope, receive: Receiver, mut send: Sender) -> Result<(), Error> {
        let Scope::Http(scope) = scope else { return Err(Error::unsupported()) };
        let status = if scope.protocol().is_some() { 101 } else { 200 };
        send.send(Outgoing::Start { status, headers: Headers::new() }).await?;
        copy(receive, send).await
    }
    async fn copy(mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        while let Incoming::Body { data, more } = receive.recv().await {
            send.send(Outgoing::Body { data, more }).await?;
        }
        Ok(())
    }
    let upgrade = || memory::http("GET", "/").upgrade("raw").tunnel(["a", "b"]);
    let connect = || memory::http("CONNECT", "example.org:443").tunnel(["a", "b"]);
    for script in [upgrade(), connect(), upgrade().trickle(), connect().high_water(1).take(1)] {
        let outcome = script.run(tunnel);
        assert_eq!((outcome.body(), outcome.verdict), (&b"ab"[..], Verdict::Nothing));
    }
    // After a request body the tunnel begins where that ended.
    let outcome = upgrade().body("body").run(echo_after_upgrade);
    assert_eq!(outcome.body(), b"bodyab");
    // Without a tunnel nothing goes through it.
    let outcome = upgrade().run(|_: Scope, mut receive: Receiver, mut send: Sender| async move {
        send.send(respond(200)).await?;
        assert!(matches!(receive.recv().await, Incoming::Body { more: false, .. }));
        assert!(matches!(receive.recv().await, Incoming::End(End::Complete)));
        Ok(())
    });
    assert_eq!(outcome.verdict, Verdict::Nothing);
    let refused = upgrade().capabilities(Capabilities::NONE).run(tunnel);
    assert_eq!(refused.refused[0].1, SendError::Unsupported(Capabilities::UPGRADE));
}

async fn echo_after_upgrade(_: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    send.send(Outgoing::Start { status: 101, headers: Headers::new() }).await?;
    loop {
        let Incoming::Body { data, more } = receive.recv().await else { return Err("the tunnel ended early".into()) };
        assert_eq!(more, !data.is_empty(), "the end of the body is not that of the tunnel");
        send.send(Outgoing::Body { data, more }).await?;
        if !more {
            return Ok(());
        }
    }
}

#[test]
fn blocking_functions_and_boxes_are_applications() {
    fn blocking(_: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        send.send_blocking(start())?;
        while let Incoming::Body { data, more } = receive.recv_blocking() {
            send.send_blocking(Outgoing::Body { data, more })?;
        }
        Ok(())
    }
    let script = || memory::http("POST", "/").chunks(["a", "b", "c"]);
    assert_eq!(script().checked(Blocking::new(blocking)).body(), b"abc");
    assert_eq!(script().trickle().high_water(1).take(1).checked(Blocking::new(blocking)).body(), b"abc");
    assert_eq!(script().checked(BoxApp::new(Blocking::new(blocking))).body(), b"abc");
    assert_eq!(script().checked(Arc::new(BoxApp::new(echo))).body(), b"abc");
}

#[test]
#[should_panic(expected = "out of order")]
fn a_panic_of_the_application_fails_the_test() {
    memory::http("GET", "/").checked(Blocking::new(|_, _, _| panic!("out of order")));
}
