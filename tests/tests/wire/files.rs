//! Files as parts of a body.

use crate::row::{GET, OK, Row, Then, hear, run, say};
use crate::script::{Step, file, last, more, refused, respond, start, trailers};
use std::fs::{self, File};
use std::io::{Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use transom::{FileSource, SendError, Violation};
use transom_tests::quiet;

/// Where the files of these tests are.
static PLACE: OnceLock<PathBuf> = OnceLock::new();

const LARGE: u64 = 3_000_000;

/// SPEC: FILE-1, FILE-2
#[test]
fn files() {
    let place = tempfile::tempdir().expect("a directory for temporary files");
    fs::write(place.path().join("letters"), "abcdefghijklmnopqrstuvwxyz").expect("room for a file");
    fs::write(place.path().join("nothing"), "").expect("room for a file");
    fs::write(place.path().join("large"), "x".repeat(LARGE as usize)).expect("room for a file");
    PLACE.set(place.path().to_owned()).expect("set once");

    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let large = format!("HTTP/1.1 200 OK\r\ncontent-length: {LARGE}\r\n\r\n{}", "x".repeat(LARGE as usize));
    run(
        quiet(),
        vec![
            Row::answered(
                "whole",
                || vec![start(200, &[("content-length", "26")]), file(path("letters"), 0, 26, false)],
                "HTTP/1.1 200 OK\r\ncontent-length: 26\r\n\r\nabcdefghijklmnopqrstuvwxyz",
            ),
            Row::answered(
                "a range",
                || vec![start(206, &[("content-length", "3")]), file(path("letters"), 23, 3, false)],
                "HTTP/1.1 206 Partial Content\r\ncontent-length: 3\r\n\r\nxyz",
            ),
            Row::answered(
                "a range in a chunk",
                || vec![start(200, &[]), file(path("letters"), 0, 10, false)],
                format!("{chunked}a\r\nabcdefghij\r\n0\r\n\r\n"),
            ),
            Row::answered(
                "among other data",
                || {
                    vec![
                        start(200, &[]),
                        more("<"),
                        file(path("letters"), 0, 2, true),
                        more("|"),
                        file(path("letters"), 1, 2, true),
                        last(">"),
                    ]
                },
                format!("{chunked}1\r\n<\r\n2\r\nab\r\n1\r\n|\r\n2\r\nbc\r\n1\r\n>\r\n0\r\n\r\n"),
            ),
            Row::answered(
                "a range of nothing is no last chunk",
                || {
                    vec![
                        start(200, &[]),
                        file(path("letters"), 26, 0, true),
                        file(path("nothing"), 0, 0, true),
                        last("z"),
                    ]
                },
                format!("{chunked}1\r\nz\r\n0\r\n\r\n"),
            ),
            Row::answered(
                "a file of nothing",
                || vec![start(200, &[("content-length", "0")]), file(path("nothing"), 0, 0, false)],
                "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            ),
            Row::answered(
                "an open file, wherever its cursor is",
                || {
                    let mut letters = File::open(place_of("letters")).expect("it was made");
                    letters.seek(SeekFrom::End(0)).expect("a file");
                    let letters = Arc::new(letters);
                    let source = || FileSource::File(Arc::clone(&letters));
                    vec![start(200, &[]), file(source(), 1, 2, true), file(source(), 0, 1, false)]
                },
                format!("{chunked}2\r\nbc\r\n1\r\na\r\n0\r\n\r\n"),
            ),
            Row::answered(
                "and trailers",
                || vec![start(200, &[]), file(path("letters"), 0, 1, true), trailers(&[("a", "b")])],
                format!("{chunked}1\r\na\r\n0\r\na: b\r\n\r\n"),
            ),
            Row::answered(
                "more than one write takes",
                || vec![start(200, &[("content-length", &LARGE.to_string())]), file(path("large"), 0, LARGE, false)],
                large,
            ),
            Row::talk(
                "and the next response",
                vec![say(GET.repeat(2)), hear(format!("{chunked}2\r\nab\r\n0\r\n\r\n{OK}"))],
            )
            .scripts(&[|| vec![start(200, &[]), file(path("letters"), 0, 2, false)]]),
            Row::asked(
                "not to HEAD",
                "HEAD / HTTP/1.1\r\nhost: a\r\n\r\n",
                || vec![start(200, &[("content-length", "26")]), file(path("letters"), 0, 26, false)],
                "HTTP/1.1 200 OK\r\ncontent-length: 26\r\n\r\n",
            ),
            Row::asked(
                "to 1.0",
                "GET / HTTP/1.0\r\n\r\n",
                || vec![start(200, &[]), more("<"), file(path("letters"), 0, 3, true), last(">")],
                "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n<abc>",
            )
            .then(Then::Closed),
            Row::answered(
                "what cannot be read is refused, and other data may come in its place",
                || {
                    let bad = |source, offset, len| refused(file(source, offset, len, true), Violation::BadFile);
                    vec![
                        start(200, &[]),
                        bad(path("letters"), 0, 27),
                        bad(path("letters"), 26, 1),
                        bad(path("letters"), u64::MAX, 2),
                        bad(path("letters"), 1, u64::MAX),
                        bad(path("absent"), 0, 1),
                        bad(FileSource::Path(Arc::from(PLACE.get().expect("set").as_path())), 0, 1),
                        last("ok"),
                    ]
                },
                format!("{chunked}2\r\nok\r\n0\r\n\r\n"),
            ),
            Row::answered(
                "the order is kept",
                || {
                    vec![
                        refused(file(path("letters"), 0, 1, false), Violation::OutOfOrder),
                        respond(200, &[], "ok"),
                        refused(file(path("letters"), 0, 1, false), SendError::Finished),
                    ]
                },
                OK,
            ),
            Row::answered(
                "the length is kept",
                || {
                    vec![
                        start(200, &[("content-length", "2")]),
                        refused(file(path("letters"), 0, 3, true), Violation::LengthMismatch),
                        refused(file(path("letters"), 0, 1, false), Violation::LengthMismatch),
                        file(path("letters"), 0, 1, true),
                        last("k"),
                    ]
                },
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nak",
            ),
            Row::answered(
                "204 has none",
                || {
                    vec![
                        start(204, &[]),
                        refused(file(path("letters"), 0, 1, true), Violation::LengthMismatch),
                        last(""),
                    ]
                },
                "HTTP/1.1 204 No Content\r\n\r\n",
            ),
            Row::answered(
                "a failure behind it",
                || vec![start(200, &[("content-length", "9")]), file(path("letters"), 0, 2, true), Step::Panic],
                "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab",
            )
            .then(Then::Closed),
        ],
    );
}

fn place_of(name: &str) -> PathBuf {
    PLACE.get().expect("set before the scripts run").join(name)
}

fn path(name: &str) -> FileSource {
    FileSource::Path(place_of(name).into())
}
