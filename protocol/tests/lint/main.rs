//! The lint: for each clause that it checks, somebody who breaks it.

mod applications;
mod clauses;
mod fake;
mod layers;
mod scopes;
mod servers;
#[path = "../spec/mod.rs"]
mod spec;
mod uses;

use transom::lint::{Blame, Report, Reports};
use transom::{Headers, Outgoing};

/// Somebody who breaks a clause.
struct Scenario {
    /// Its id.
    clause: &'static str,
    /// Those who are to be blamed, and nobody else, in this order.
    blames: &'static [Blame],
    /// What has to be broken first, so that there is anything to break.
    before: &'static [(&'static str, Blame)],
    run: Box<dyn Fn(&Reports)>,
}

impl Scenario {
    fn new(clause: &'static str, blames: &'static [Blame], run: impl Fn(&Reports) + 'static) -> Self {
        Self { clause, blames, before: &[], run: Box::new(run) }
    }

    fn after(self, before: &'static [(&'static str, Blame)]) -> Self {
        Self { before, ..self }
    }

    /// Runs it, and looks at who is blamed.
    fn check(&self) -> Result<(), String> {
        let reports = Reports::new();
        (self.run)(&reports);
        let reports = reports.take();
        let found: Vec<_> = reports.iter().map(|report| (report.clause.id, report.blame)).collect();
        let own = self.blames.iter().map(|blame| (self.clause, *blame));
        let expected: Vec<_> = self.before.iter().copied().chain(own).collect();
        if found != expected {
            return Err(format!("{expected:?}: found {:?}", reports.iter().map(Report::to_string).collect::<Vec<_>>()));
        }
        for Report { blame, message, .. } in reports {
            let name = blame.to_string();
            assert!(message.strip_prefix(&name).is_some_and(|what| what.starts_with(' ')), "{message}");
        }
        Ok(())
    }
}

/// All of them.
fn scenarios() -> Vec<Scenario> {
    [applications::scenarios(), servers::scenarios(), scopes::scenarios(), layers::scenarios()]
        .into_iter()
        .flatten()
        .collect()
}

fn start() -> Outgoing {
    start_with(200, &[])
}

fn start_with(status: u16, fields: &[(&str, &str)]) -> Outgoing {
    Outgoing::Start { status, headers: fields.iter().copied().collect() }
}

fn body(data: &'static str, more: bool) -> Outgoing {
    Outgoing::Body { data: data.into(), more }
}

fn respond(status: u16, fields: &[(&str, &str)], data: &'static str) -> Outgoing {
    Outgoing::Response { status, headers: fields.iter().copied().collect(), body: data.into() }
}

fn accept() -> Outgoing {
    Outgoing::Accept { subprotocol: None, headers: Headers::new() }
}

fn close() -> Outgoing {
    Outgoing::Close { code: 1000, reason: "".into() }
}
