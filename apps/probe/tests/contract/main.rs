//! Every row of the probe's contract, without a socket. Tokio's clock stands still but for the probe's own timers.

mod failures;
mod inspect;
mod record;
mod replies;
mod sockets;
mod streams;

use transom::lint::{Blame, Reports, lint};
use transom::memory::{self, Outcome};
use transom::{App, Outgoing, SendError, Violation};

/// A fresh probe, under a lint that panics.
fn app() -> impl App {
    lint(probe::app())
}

/// The outcome of a GET that a fresh probe serves.
async fn get(target: &str) -> Outcome {
    memory::http("GET", target).start(app()).await
}

/// The outcome of a GET with which the probe breaks this clause, and nobody another.
async fn get_breaking(clause: &str, target: &str) -> Outcome {
    let reports = Reports::new();
    let outcome = memory::http("GET", target).start(lint(probe::app()).collect(&reports)).await;
    let found: Vec<_> = reports.take().iter().map(|report| (report.clause.id, report.blame)).collect();
    assert_eq!(found, [(clause, Blame::Application)]);
    outcome
}

/// One event, with which the call was content.
#[track_caller]
fn assert_text(outcome: &Outcome, status: u16, body: &str) {
    assert!(matches!(outcome.events[..], [Outgoing::Response { .. }]), "{:?}", outcome.events);
    assert_eq!((outcome.status(), outcome.header("content-type")), (Some(status), Some("text/plain")));
    assert_eq!(outcome.body(), body.as_bytes());
    assert!(outcome.result.is_ok() && outcome.refused.is_empty());
}

/// The body events: the text of each and whether more was to follow.
fn parts(outcome: &Outcome) -> Vec<(&str, bool)> {
    let part = |event| match event {
        &Outgoing::Body { ref data, more } => Some((std::str::from_utf8(data).unwrap(), more)),
        _ => None,
    };
    outcome.events.iter().filter_map(part).collect()
}

/// The last event was refused for this reason, which the call passed on.
#[track_caller]
fn assert_violation(outcome: &Outcome, violation: Violation) {
    let refusal = SendError::Violation(violation);
    assert_eq!(outcome.refused.iter().map(|(_, error)| error).collect::<Vec<_>>(), [&refusal]);
    assert_eq!(outcome.result.as_ref().unwrap_err().to_string(), refusal.to_string());
}
