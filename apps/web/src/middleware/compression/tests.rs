use super::encoder::decode;
use super::*;
use crate::middleware::trial::{self, everything};
use std::sync::Mutex;
use transom::lint::lint;
use transom::memory::{self, Outcome, Script, Verdict};
use transom::{Headers, Incoming, SendError};

const ALL: [Coding; 3] = [Coding::Zstd, Coding::Brotli, Coding::Gzip];

/// A response with these fields, in one event or in these pieces.
#[derive(Clone)]
struct Fixed {
    status: u16,
    headers: Headers,
    whole: bool,
    pieces: Vec<Vec<u8>>,
}

impl Fixed {
    fn whole(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: Headers::new(), whole: true, pieces: vec![body.into()] }
    }

    fn pieces<const N: usize>(pieces: [&str; N]) -> Self {
        let pieces = pieces.iter().map(|piece| piece.as_bytes().to_vec()).collect();
        Self { whole: false, pieces, ..Self::whole("") }
    }

    fn field(mut self, name: &str, value: &str) -> Self {
        self.headers.push(name, value.as_bytes());
        self
    }
}

impl App for Fixed {
    async fn call(&self, _: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
        let Self { status, headers, whole, pieces } = self.clone();
        if whole {
            let body = pieces.concat().into();
            return Ok(send.send(Outgoing::Response { status, headers, body }).await?);
        }
        send.send(Outgoing::Start { status, headers }).await?;
        let last = pieces.len() - 1;
        for (number, piece) in pieces.into_iter().enumerate() {
            send.send(Outgoing::Body { data: piece.into(), more: number < last }).await?;
        }
        Ok(())
    }
}

fn get(accept: &str) -> Script<HttpScope> {
    memory::http("GET", "/").header("accept-encoding", accept)
}

fn decoded(outcome: &Outcome) -> String {
    let coding = ALL.into_iter().find(|coding| outcome.header("content-encoding") == Some(coding.as_str()));
    let body = coding.map_or(Ok(outcome.body().to_vec()), |coding| decode(coding, outcome.body()));
    String::from_utf8(body.expect("it can be decoded")).unwrap()
}

#[test]
fn every_coding_and_way_to_send() {
    let long = "all work and no play makes jack a dull boy. ".repeat(4_000);
    assert!(long.len() > 5 * pipe::PIECE);
    for coding in ALL {
        for app in [
            Fixed::whole(&*long),
            Fixed::whole("a".repeat(2_000)),
            Fixed::pieces([&long, "", "a", &long]),
            Fixed::pieces(["", "one", "two", ""]),
            Fixed::whole(&*long).field("content-length", &long.len().to_string()),
        ] {
            let expected = String::from_utf8(app.pieces.concat()).unwrap();
            for (high_water, take) in [(64 << 10, u64::MAX), (1, 5_000)] {
                let script = get(coding.as_str()).high_water(high_water).take(take);
                let outcome = script.run(lint(Compression::new(lint(app.clone()))));
                assert_eq!(outcome.header("content-encoding"), Some(coding.as_str()));
                assert_eq!(decoded(&outcome), expected);
                let length = outcome.header("content-length").map(|length| length.parse().unwrap());
                assert!(length.is_none_or(|length: usize| length == outcome.body().len()));
                assert!(outcome.is_complete() && outcome.result.is_ok() && outcome.refused.is_empty());
            }
        }
    }
}

#[test]
fn what_is_compressed_and_what_is_said_of_it() {
    let text = || Fixed::whole("x".repeat(2_000)).field("content-type", "text/plain");
    let stream = || Fixed::pieces(["x", "y"]);
    let status = |status, app| Fixed { status, ..app };
    for (app, accept, coding, varies) in [
        (text(), "gzip", Some("gzip"), true),
        (text(), "", None, true),
        (text(), "deflate", None, true),
        (Fixed::whole("x".repeat(1_023)), "gzip", None, true),
        (Fixed::whole("x".repeat(1_024)), "gzip", Some("gzip"), true),
        (Fixed::whole("x"), "gzip, identity;q=0", Some("gzip"), true),
        (Fixed::whole(""), "gzip, identity;q=0", None, true),
        (stream(), "gzip", Some("gzip"), true),
        (stream().field("content-length", "2"), "gzip", None, true),
        (Fixed::whole(noise(3_000)), "gzip", None, true),
        (text().field("content-encoding", "br"), "gzip", None, false),
        (stream().field("content-type", "text/event-stream"), "gzip, identity;q=0", None, false),
        (stream().field("content-type", "image/png"), "gzip", None, false),
        (stream().field("content-type", "image/png"), "gzip, identity;q=0", Some("gzip"), true),
        (stream().field("cache-control", "no-transform"), "gzip", None, false),
        (status(206, text().field("content-range", "bytes 0-1999/3000")), "gzip", None, true),
        (status(404, text()), "gzip", Some("gzip"), true),
        (status(204, Fixed::whole("")), "gzip", None, true),
    ] {
        let expected = app.pieces.concat();
        let outcome = get(accept).run(lint(Compression::new(lint(app))));
        assert_eq!(outcome.header("content-encoding").filter(|coding| *coding != "br"), coding, "{accept}");
        assert_eq!(outcome.header("vary"), varies.then_some("accept-encoding"), "{accept} {coding:?}");
        assert_eq!(outcome.body() == expected, coding.is_none() || expected.is_empty());
    }
}

/// What cannot be compressed.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn the_head_fits_the_body() {
    let app = || {
        let app = Fixed::whole("x".repeat(2_000)).field("etag", "\"1\"").field("accept-ranges", "bytes");
        app.field("content-length", "2000").field("vary", "origin")
    };
    let outcome = get("br").run(Compression::new(app()));
    let headers = outcome.headers().unwrap();
    assert_eq!((outcome.header("etag"), headers.get("accept-ranges")), (Some("W/\"1\""), None));
    assert_eq!(headers.get_all("vary").collect::<Vec<_>>(), [&b"origin"[..], b"accept-encoding"]);
    assert!(outcome.header("content-length").is_none_or(|length| length != "2000"));

    let outcome = get("").run(Compression::new(app()));
    assert_eq!((outcome.header("etag"), outcome.header("content-length")), (Some("\"1\""), Some("2000")));
    // What it stands for has a weak one.
    let not_modified = Fixed { status: 304, ..Fixed::whole("") }.field("etag", "\"1\"");
    assert_eq!(get("br").run(Compression::new(not_modified)).header("etag"), Some("W/\"1\""));
}

#[test]
fn head_is_as_get() {
    let long = || Fixed::whole("x".repeat(2_000)).field("etag", "\"1\"").field("content-length", "2000");
    let bare = || Fixed::whole("").field("etag", "\"1\"").field("content-length", "2000");
    for app in [long(), bare(), Fixed { whole: false, ..long() }] {
        let script = memory::http("HEAD", "/").header("accept-encoding", "gzip");
        let outcome = script.run(lint(Compression::new(lint(app))));
        assert_eq!(outcome.header("content-encoding"), Some("gzip"));
        assert_eq!((outcome.header("etag"), outcome.header("content-length")), (Some("W/\"1\""), None));
        assert!(outcome.is_complete() && outcome.body().is_empty());
        let is_whole = outcome.events.iter().any(|event| matches!(event, Outgoing::Response { .. }));
        assert!(!is_whole, "the server would add a length to it");
    }
}

#[test]
fn options() {
    let text = || Fixed::whole("x".repeat(2_000)).field("content-type", "text/plain");
    let coding = |app: Compression<Fixed>, accept| get(accept).run(app).header("content-encoding").map(str::to_owned);
    let new = || Compression::new(text());
    let gzip = || Some("gzip".to_owned());
    assert_eq!(coding(new().codings([Coding::Gzip, Coding::Brotli]), "br, gzip, zstd"), gzip());
    assert_eq!(coding(new().codings([]), "br, gzip, zstd"), None);
    assert_eq!(coding(new().min_size(2_001), "gzip"), None);
    assert_eq!(coding(new().unless(|http| http.raw_path() == b"/"), "gzip"), None);
    assert_eq!(coding(new().unless_type(|media_type| media_type == "text/plain"), "gzip"), None);
    let long = |level| get("gzip").run(new().level(Coding::Gzip, level)).body().len();
    assert!(long(0) >= 2_000 && long(9) < 100);
}

#[test]
#[should_panic(expected = "br has no level 12")]
fn a_level_has_to_be_one() {
    let _ = Compression::new(everything).level(Coding::Brotli, 12);
}

/// An event is decoded when it arrives, and not with the next one.
#[test]
fn a_stream_is_not_held_back() {
    for coding in ALL {
        let app = |_: Scope, mut receive: Receiver, mut send: Sender| async move {
            send.send(Outgoing::Start { status: 200, headers: Headers::new() }).await?;
            while let Incoming::Body { data, more: true } = receive.recv().await {
                send.send(Outgoing::Body { data, more: true }).await?;
            }
            Ok(send.send(Outgoing::Body { data: "".into(), more: false }).await?)
        };
        let script = memory::http("POST", "/").header("accept-encoding", coding.as_str()).unfinished();
        let mut call = script.start(lint(Compression::new(lint(app))));
        assert!(call.poll().is_pending());
        let mut sent = Vec::new();
        let mut seen = 1;
        for piece in ["one", " and two", " and three"] {
            call.push(Incoming::Body { data: piece.into(), more: true });
            assert!(call.poll().is_pending());
            for event in &call.events()[seen..] {
                let Outgoing::Body { data, .. } = event else { panic!("{event:?}") };
                sent.extend_from_slice(data);
            }
            seen = call.events().len();
            assert!(partly_decoded(coding, &sent).ends_with(piece.as_bytes()), "{coding:?} {piece}");
        }
        call.push(Incoming::Body { data: "".into(), more: false });
        assert_eq!(decoded(&call.run()), "one and two and three");
    }
}

/// What can be decoded of what has arrived.
fn partly_decoded(coding: Coding, mut data: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let mut reader: Box<dyn Read> = match coding {
        Coding::Zstd => Box::new(zstd::stream::read::Decoder::new(&mut data).unwrap()),
        Coding::Brotli => Box::new(brotli::Decompressor::new(&mut data, 4096)),
        Coding::Gzip => Box::new(flate2::read::GzDecoder::new(&mut data)),
    };
    let mut output = Vec::new();
    let mut byte = [0];
    while let Ok(1) = reader.read(&mut byte) {
        output.push(byte[0]);
    }
    output
}

/// One piece for each poll; while the application does something else; and the peer takes them as it likes.
#[test]
fn a_large_event_goes_in_pieces() {
    let app = |_: Scope, _receive: Receiver, mut send: Sender| async move {
        let body = noise(10 * pipe::PIECE).into();
        send.send(Outgoing::Response { status: 200, headers: Headers::new(), body }).await?;
        std::future::pending().await
    };
    let mut call = get("gzip").take(0).start(lint(Compression::new(lint(app))));
    let mut most = 0;
    for poll in 0.. {
        assert!(call.poll().is_pending());
        most = most.max(call.buffered());
        let bodies = call.events().iter().filter(|event| matches!(event, Outgoing::Body { .. })).count();
        assert!(bodies <= poll + 2, "{bodies} in {poll} polls");
        if matches!(call.events().last(), Some(Outgoing::Body { more: false, .. })) {
            break;
        }
        if !call.is_woken() {
            call.drain();
            assert!(call.is_woken(), "it waits for room");
        }
    }
    // The mark, and one piece.
    assert!(most < (64 << 10) + 2 * pipe::PIECE as u64, "{most}");
}

#[test]
fn a_flush_waits_for_the_pieces() {
    let app = |_: Scope, _receive: Receiver, mut send: Sender| async move {
        let body = noise(4 * pipe::PIECE).into();
        send.send(Outgoing::Response { status: 200, headers: Headers::new(), body }).await?;
        send.flush().await?;
        Err("flushed".into())
    };
    let outcome = get("gzip").take(100).high_water(1).run(lint(Compression::new(lint(app))));
    assert!(outcome.is_complete() && outcome.result.is_err());
    assert_eq!(decode(Coding::Gzip, outcome.body()).unwrap(), noise(4 * pipe::PIECE));
}

/// The sender may be dropped after the last event, on any thread, and the pieces are sent all the same.
#[test]
fn pieces_outlive_the_sender() {
    let app = |_: Scope, mut receive: Receiver, mut send: Sender| async move {
        std::thread::spawn(move || {
            let body = noise(4 * pipe::PIECE).into();
            send.send_blocking(Outgoing::Response { status: 200, headers: Headers::new(), body })
        });
        while !matches!(receive.recv().await, Incoming::End(_)) {}
        Ok(())
    };
    let outcome = get("gzip").take(3_000).high_water(1).run(lint(Compression::new(lint(app))));
    assert_eq!((outcome.is_complete(), outcome.verdict), (true, Verdict::Nothing));
    assert_eq!(decode(Coding::Gzip, outcome.body()).unwrap(), noise(4 * pipe::PIECE));
}

#[test]
fn a_dropped_sender_is_dropped_for_the_server() {
    let app = |_: Scope, mut receive: Receiver, mut send: Sender| async move {
        send.send(Outgoing::Start { status: 200, headers: Headers::new() }).await?;
        drop(send);
        while !matches!(receive.recv().await, Incoming::End(_)) {}
        Err("gave up".into())
    };
    assert_eq!(get("gzip").run(lint(Compression::new(lint(app)))).verdict, Verdict::Abort);
}

/// The server sees other lengths, and what it would have refused is refused here.
#[test]
fn lengths_are_still_checked() {
    let refusals = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&refusals);
    let app = move |_: Scope, _receive: Receiver, mut send: Sender| {
        let refusals = Arc::clone(&seen);
        async move {
            let refused = |result: Result<(), SendError>| refusals.lock().unwrap().push(result.unwrap_err());
            let headers = || Headers::from_static(&[("content-length", "2000")]);
            let event = Outgoing::Response { status: 200, headers: headers(), body: "short".into() };
            refused(send.send(event).await);
            send.send(Outgoing::Start { status: 200, headers: headers() }).await?;
            let body = |length, more| Outgoing::Body { data: vec![b'x'; length].into(), more };
            send.send(body(1_500, true)).await?;
            refused(send.send(body(501, true)).await);
            refused(send.send(body(400, false)).await);
            refused(send.send(Outgoing::Trailers(Headers::new())).await);
            let file = transom::FileBody {
                source: transom::FileSource::Path(std::path::Path::new("/").into()),
                offset: 0,
                len: 500,
            };
            refused(send.send(Outgoing::File { file, more: false }).await);
            send.send(body(500, false)).await?;
            refused(send.send(body(0, false)).await);
            Ok(())
        }
    };
    let outcome = get("gzip").run(Compression::new(app));
    assert_eq!(decoded(&outcome), "x".repeat(2_000));
    use transom::Violation::{BadHeader, LengthMismatch};
    let expected = [
        BadHeader.into(),
        LengthMismatch.into(),
        LengthMismatch.into(),
        SendError::Unsupported(Capabilities::TRAILERS),
        SendError::Unsupported(Capabilities::FILE),
        SendError::Finished,
    ];
    assert_eq!(*refusals.lock().unwrap(), expected);
}

#[test]
fn trailers_come_after_the_body() {
    let app = |_: Scope, _receive: Receiver, mut send: Sender| async move {
        send.send(Outgoing::Start { status: 200, headers: Headers::new() }).await?;
        send.send(Outgoing::Body { data: "x".repeat(100_000).into(), more: true }).await?;
        Ok(send.send(Outgoing::Trailers(Headers::from_static(&[("x-sum", "1")]))).await?)
    };
    for high_water in [1, 64 << 10] {
        let outcome = get("zstd").high_water(high_water).take(10).run(lint(Compression::new(lint(app))));
        assert_eq!(decoded(&outcome).len(), 100_000);
        assert_eq!(outcome.trailers().unwrap().get("x-sum"), Some(&b"1"[..]));
    }
}

#[test]
fn files_are_streamed_where_they_could_be_compressed() {
    let has_files =
        |scope: &Scope| matches!(scope, Scope::Http(http) if http.capabilities().contains(Capabilities::FILE));
    let app = move |scope: Scope, _receive: Receiver, mut send: Sender| async move {
        let body = if has_files(&scope) { "file" } else { "stream" }.into();
        Ok(send.send(Outgoing::Response { status: 200, headers: Headers::new(), body }).await?)
    };
    let run = |script: Script<HttpScope>| script.run(Compression::new(app)).body().to_vec();
    assert_eq!(run(get("gzip")), b"stream");
    assert_eq!(run(get("")), b"file");
    assert_eq!(run(get("gzip").header("range", "bytes=0-1")), b"file");
}

#[test]
fn keeps_the_contract() {
    for accept in ["zstd", "br", "gzip", ""] {
        trial::layer(&[("accept-encoding", accept)], |app| Compression::new(app).min_size(0));
    }
}
