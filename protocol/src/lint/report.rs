use crate::order::Clause;
use crate::shared::lock;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::thread;

/// A clause that was broken, by whom, and how.
///
/// It is shown as `HTTP-SEND-1: the application sent Body before Start`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The clause.
    pub clause: &'static Clause,
    /// Who broke it.
    pub blame: Blame,
    /// What they did.
    pub message: String,
}

impl Report {
    /// `what` follows the name of who did it.
    pub(super) fn new(clause: &'static Clause, blame: Blame, what: &str) -> Self {
        Self { clause, blame, message: format!("{blame} {what}") }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.clause.id, self.message)
    }
}

/// Who broke a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Blame {
    /// What is inside the lint.
    Application,
    /// What is outside: the server, or a layer that no other lint is around.
    Server,
    /// What is between two lints.
    Layer,
}

/// `the application`, `the server`, `a layer`.
impl fmt::Display for Blame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Application => "the application",
            Self::Server => "the server",
            Self::Layer => "a layer",
        })
    }
}

/// Reports that were collected. Clones are the same collection.
#[derive(Clone, Debug, Default)]
pub struct Reports(Arc<Mutex<Vec<Report>>>);

impl Reports {
    /// None, so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes out what there is, in the order in which it came.
    pub fn take(&self) -> Vec<Report> {
        std::mem::take(&mut lock(&self.0))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }

    pub(super) fn push(&self, report: &Report) {
        lock(&self.0).push(report.clone());
    }
}

/// What is done with reports.
pub(super) enum Outlet {
    Panic,
    Tell(Box<dyn Fn(&Report) + Send + Sync>),
}

impl Outlet {
    /// Called with no lock held.
    pub(super) fn tell(&self, reports: &[Report]) {
        match self {
            Self::Tell(tell) => reports.iter().for_each(tell),
            Self::Panic => match reports {
                [] => {}
                // A second panic would abort, and the first says what is wrong.
                _ if thread::panicking() => {}
                reports => panic!("{}", reports.iter().map(Report::to_string).collect::<Vec<_>>().join("; ")),
            },
        }
    }
}
