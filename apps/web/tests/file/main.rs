//! Files as responses and as applications, each call under the lint of the contract.

mod embedded;
mod refusals;
mod response;
mod static_files;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use transom::lint::lint;
use transom::memory::{self, Outcome, Script};
use transom::{App, Capabilities, HttpScope, Outgoing};

/// 2023-11-14T22:13:20Z.
const CHANGED: u64 = 1_700_000_000;
const LAST_MODIFIED: &str = "Tue, 14 Nov 2023 22:13:20 GMT";

fn changed() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(CHANGED)
}

/// Writes a file, with the directories that it is in, last changed at [`CHANGED`].
fn write(root: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, content).unwrap();
    std::fs::File::options().write(true).open(path).unwrap().set_modified(changed()).unwrap();
}

/// Runs a request that is to succeed and be answered in full.
fn run(app: &Arc<impl App>, script: Script<HttpScope>) -> Outcome {
    let outcome = script.run(lint(Arc::clone(app)));
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert!(outcome.is_complete() && outcome.refused.is_empty(), "{outcome:?}");
    outcome
}

fn get(app: &Arc<impl App>, path: &str) -> Outcome {
    run(app, memory::http("GET", path))
}

/// The statuses of GET for several paths.
fn statuses(app: &Arc<impl App>, paths: &[&str]) -> Vec<u16> {
    paths.iter().map(|path| get(app, path).status().unwrap()).collect()
}

fn names(outcome: &Outcome) -> Vec<&str> {
    outcome.headers().unwrap().iter().map(|(name, _)| name).collect()
}

fn without_files(script: Script<HttpScope>) -> Script<HttpScope> {
    script.capabilities(Capabilities::NONE)
}

/// How many bytes each event of the body has.
fn sizes(outcome: &Outcome) -> Vec<u64> {
    let size = |event: &Outgoing| match event {
        Outgoing::Body { data, .. } => Some(data.len() as u64),
        Outgoing::File { file, .. } => Some(file.len),
        _ => None,
    };
    outcome.events.iter().filter_map(size).collect()
}
