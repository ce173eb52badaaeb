use super::case::Case;
use super::drive::Fault;
use std::fmt;

/// What came of an application's check.
///
/// It is shown as one line, with one paragraph more for each failure.
#[derive(Clone, Debug)]
#[must_use = "it may tell of failures"]
pub struct ApplicationReport {
    seed: u64,
    cases: usize,
    pub(super) calls: usize,
    failures: Vec<Failure>,
    faults: Vec<Fault>,
}

/// What an application did wrong.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Failure {
    /// With this [`seed`](crate::Application::seed), and one case, it comes again.
    pub seed: u64,
    /// The clause of `SPEC.md` that was broken, where it is one.
    pub clause: Option<&'static str>,
    /// What it did.
    pub message: String,
    /// What was done to it, made as simple as was found: a line for each thing.
    pub script: String,
}

impl ApplicationReport {
    pub(super) fn new(seed: u64, cases: usize) -> Self {
        Self { seed, cases, calls: 0, failures: Vec::new(), faults: Vec::new() }
    }

    /// Keeps a failure, unless one like it is known.
    pub(super) fn fail(&mut self, seed: u64, case: &Case, fault: &Fault) {
        if self.knows(fault) {
            return;
        }
        let clause = fault.clause();
        self.failures.push(Failure { seed, clause, message: fault.to_string(), script: case.to_string() });
        self.faults.push(fault.clone());
    }

    pub(super) fn knows(&self, fault: &Fault) -> bool {
        self.faults.iter().any(|known| known.is_like(fault))
    }

    /// What was done wrong, one of each kind.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// How many calls were made.
    pub fn calls(&self) -> usize {
        self.calls
    }

    /// Does nothing if there was no failure.
    ///
    /// # Panics
    /// If there was one: with this report as the text.
    #[track_caller]
    pub fn assert_ok(&self) {
        assert!(self.failures.is_empty(), "{self}");
    }
}

impl fmt::Display for ApplicationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, cases, calls, failures, .. } = self;
        write!(f, "{} failures in {calls} calls of {cases} cases from seed {seed}", failures.len())?;
        failures.iter().try_for_each(|failure| write!(f, "\n\n{failure}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nseed {}: {}", self.message, self.seed, self.script)
    }
}

impl Fault {
    fn clause(&self) -> Option<&'static str> {
        match self {
            Self::Lint(report) => Some(report.clause.id),
            Self::Blocks => Some("APP-6"),
            Self::Panics(_) | Self::Stays(_) | Self::Fails(_) => None,
        }
    }
}
