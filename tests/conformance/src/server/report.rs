use super::check::Check;
use std::fmt;

/// What came of a server's check.
///
/// It is shown as a table: a clause, a check that is to prove it, and how that went.
#[derive(Clone, Debug, Default)]
#[must_use = "it may tell of failures"]
pub struct ServerReport {
    checks: Vec<(Check, Outcome)>,
}

/// How a check went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should.
    Ok,
    /// Not so, and how.
    Failed(String),
    /// The server lacks what it is about, which it may, or was not started in the way that it takes.
    Skipped(String),
}

/// A clause, and a check of it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Row<'a> {
    /// The id of the clause.
    pub clause: &'static str,
    /// The name of the check.
    pub check: &'static str,
    /// How it went.
    pub outcome: &'a Outcome,
}

impl ServerReport {
    pub(super) fn add(&mut self, check: &Check, outcome: Outcome) {
        self.checks.push((*check, outcome));
    }

    /// Each clause with each of its checks, by clause.
    pub fn rows(&self) -> Vec<Row<'_>> {
        let of = |(check, outcome)| check_rows(check, outcome);
        let mut rows: Vec<_> = self.checks().flat_map(of).collect();
        rows.sort_by_key(|row| place(row.clause));
        rows
    }

    /// The checks, and how each went.
    pub fn checks(&self) -> impl Iterator<Item = (&Check, &Outcome)> {
        self.checks.iter().map(|(check, outcome)| (check, outcome))
    }

    /// The checks that failed, and why.
    pub fn failures(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.checks.iter().filter_map(|(check, outcome)| match outcome {
            Outcome::Failed(reason) => Some((check.name, &**reason)),
            _ => None,
        })
    }

    /// Does nothing if no check failed.
    ///
    /// # Panics
    /// If one did: with the failures, and the clauses that they are about, as the text.
    #[track_caller]
    pub fn assert_ok(&self) {
        let failures = self.checks.iter().filter_map(|(check, outcome)| match outcome {
            Outcome::Failed(reason) => Some(format!("{} ({}): {reason}", check.name, check.clauses.join(", "))),
            _ => None,
        });
        let failures: Vec<_> = failures.collect();
        assert!(failures.is_empty(), "the server breaks the contract\n{}", failures.join("\n"));
    }
}

fn check_rows<'a>(check: &'a Check, outcome: &'a Outcome) -> impl Iterator<Item = Row<'a>> {
    check.clauses.iter().map(|clause| Row { clause, check: check.name, outcome })
}

/// The chapter, and the number in it.
fn place(clause: &str) -> (&str, u32) {
    let (chapter, number) = clause.rsplit_once('-').unwrap_or((clause, ""));
    (chapter, number.parse().unwrap_or(0))
}

impl fmt::Display for ServerReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Row { clause, check, outcome } in self.rows() {
            writeln!(f, "{clause:<14} {check:<32} {outcome}")?;
        }
        let count = |is: fn(&Outcome) -> bool| self.checks.iter().filter(|(_, outcome)| is(outcome)).count();
        let failed = count(|outcome| matches!(outcome, Outcome::Failed(_)));
        let skipped = count(|outcome| matches!(outcome, Outcome::Skipped(_)));
        let ok = self.checks.len() - failed - skipped;
        write!(f, "{ok} checks ok, {failed} failed, {skipped} skipped")
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Failed(reason) => write!(f, "failed: {reason}"),
            Self::Skipped(reason) => write!(f, "skipped: {reason}"),
        }
    }
}
