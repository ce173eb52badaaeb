//! Each check of a server finds one that it fails.

mod layer;
mod proxy;
#[path = "../start/mod.rs"]
mod start;
mod table;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use table::Broken;
use transom_conformance::{Outcome, checks, server};

/// Long enough for what works, on a busy machine; many of the broken ones take all of it.
const PATIENCE: Duration = Duration::from_secs(2);

impl Broken {
    /// Why its check fails.
    fn reason(self) -> Result<String, String> {
        let Self { check, start, asked, tune, .. } = self;
        // The first is asked what it has, and whole.
        let starts = AtomicUsize::new(0);
        let checked = server(move |app| match starts.fetch_add(1, Ordering::Relaxed) {
            0 => asked(app),
            _ => start(app),
        });
        let report = tune(checked.patience(PATIENCE).only([check])).run();
        let outcome = report.checks().next().map(|(_, outcome)| outcome.clone());
        match outcome {
            Some(Outcome::Failed(reason)) => Ok(reason),
            other => Err(format!("{check}: {other:?}")),
        }
    }
}

#[test]
fn each_check_fails() {
    let queue = Arc::new(Mutex::new(table::all()));
    let run = || {
        let mut wrong = Vec::new();
        loop {
            let Some(broken) = queue.lock().unwrap().pop() else { return wrong };
            let (check, expected) = (broken.check, broken.reason);
            match broken.reason() {
                Ok(reason) if reason.contains(expected) => {}
                Ok(reason) => wrong.push(format!("{check}: expected {expected:?}, found {reason:?}")),
                Err(error) => wrong.push(error),
            }
        }
    };
    // They wait more than they work.
    let wrong: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(run)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_check_lacks_one() {
    let known: BTreeSet<_> = checks().map(|check| check.name()).collect();
    let broken: BTreeSet<_> = table::all().iter().map(|broken| broken.check).collect();
    assert_eq!(known, broken);
}
