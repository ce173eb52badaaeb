//! Files.

use crate::server::check::{Checked, Fault, checks, same};
use crate::server::events::{answer, at_once, last, start, start_with};
use crate::server::stage::Stage;
use std::fs::{self, File};
use std::future::poll_fn;
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use transom::{Capabilities, FileBody, FileSource, HttpScope, Outgoing};

checks! {
    ranges_of_files: "FILE-2" "HTTP-SEND-1" "EVENT-2";
    files_that_cannot_be_sent: "FILE-1" "ERROR-1";
    files_count_as_they_are_long: "FLOW-7" "FLOW-1";
    files_that_become_shorter: "FILE-3" "RETURN-4";
}

/// A file for a check, removed at its end. The request says where it is.
struct Temporary(PathBuf);

impl Temporary {
    fn new(content: &[u8]) -> Result<Self, Fault> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("transom-conformance-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::write(&path, content)?;
        Ok(Self(path))
    }

    /// A request that has the path in a field.
    fn get(&self, target: &str) -> String {
        format!("GET {target} HTTP/1.1\r\nhost: a\r\nx-file: {}\r\n\r\n", self.0.display())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Where the file of a request is.
fn path(scope: &HttpScope) -> PathBuf {
    let path = scope.headers().get("x-file").unwrap_or_default();
    String::from_utf8_lossy(path).into_owned().into()
}

fn at(path: &Path, offset: u64, len: u64, more: bool) -> Outgoing {
    Outgoing::File { file: FileBody { source: FileSource::Path(path.into()), offset, len }, more }
}

fn ranges_of_files(stage: &Stage) -> Checked {
    stage.needs(Capabilities::FILE)?;
    let file = Temporary::new(b"0123456789")?;
    let served = stage.http(|aside, scope, _receive, mut send| {
        let path = path(&scope);
        Box::pin(async move {
            let head = match scope.target() {
                b"/length" => start_with(200, &[("content-length", "9")]),
                _ => start(),
            };
            send.send(head).await?;
            let mut open = File::open(&path)?;
            open.seek(SeekFrom::Start(3))?;
            let open = Arc::new(open);
            let source = FileSource::File(Arc::clone(&open));
            send.send(Outgoing::File { file: FileBody { source, offset: 4, len: 4 }, more: true }).await?;
            send.send(at(&path, 0, 0, true)).await?;
            send.send(Outgoing::Body { data: "-".into(), more: true }).await?;
            send.send(at(&path, 6, 4, false)).await?;
            send.flush().await?;
            aside.tell((&*open).stream_position()?);
            Ok(())
        })
    })?;
    let mut client = served.connect()?;
    client.ask(file.get("/"))?.is(200, "4567-6789")?;
    served.tells("3")?;
    client.ask(file.get("/length"))?.is(200, "4567-6789")?;
    served.tells("3")
}

fn files_that_cannot_be_sent(stage: &Stage) -> Checked {
    stage.needs(Capabilities::FILE)?;
    let file = Temporary::new(b"0123456789")?;
    let served = stage.http(|aside, scope, _receive, mut send| {
        let path = path(&scope);
        Box::pin(async move {
            send.send(start()).await?;
            for event in [
                at(&path.join("missing"), 0, 1, true),
                at(&std::env::temp_dir(), 0, 1, true),
                at(&path, 0, 11, true),
                at(&path, 11, 0, false),
                at(&path, u64::MAX, 2, true),
            ] {
                aside.tell(answer(&send.send(event).await));
            }
            Ok(send.send(last("ok")).await?)
        })
    })?;
    let mut client = served.connect()?;
    client.ask(file.get("/"))?.is(200, "ok")?;
    for _ in 0..5 {
        served.tells("BadFile")?;
    }
    Ok(())
}

fn files_count_as_they_are_long(stage: &Stage) -> Checked {
    stage.needs(Capabilities::FILE)?;
    let file = Temporary::new(b"")?;
    File::options().write(true).open(&file.0)?.set_len(LONG)?;
    let served = stage.http(|aside, scope, _receive, mut send| {
        let path = path(&scope);
        Box::pin(async move {
            send.send(start()).await?;
            send.start_send(at(&path, 0, LONG, true))?;
            aside.tell(format!("{:?}", at_once(poll_fn(|cx| send.poll_ready(cx))).await));
            Ok(send.send(last("")).await?)
        })
    })?;
    let mut client = served.connect()?;
    client.send(file.get("/"));
    served.tells("None")?;
    same("the length of the body", client.response()?.body.len() as u64, LONG)
}

/// More than a transport takes at once.
const LONG: u64 = 48 << 20;

fn files_that_become_shorter(stage: &Stage) -> Checked {
    stage.needs(Capabilities::FILE)?;
    let file = Temporary::new(b"")?;
    // It has holes, and takes no place.
    File::options().write(true).open(&file.0)?.set_len(LONG)?;
    let served = stage.http(|aside, scope, _receive, mut send| {
        let path = path(&scope);
        Box::pin(async move {
            send.send(start_with(200, &[("content-length", &LONG.to_string())])).await?;
            aside.tell(answer(&send.send(at(&path, 0, LONG, false)).await));
            File::options().write(true).open(&path)?.set_len(LONG / 2)?;
            send.closed().await;
            Ok(())
        })
    })?;
    let mut client = served.connect()?;
    client.send(file.get("/"));
    served.tells("accepted")?;
    let head = client.head()?;
    same("content-length", head.field("content-length"), Some(&*LONG.to_string()))?;
    client.rest_below(usize::try_from(LONG).expect("it is not long enough for that"))?;
    Ok(())
}
