use super::stage::Stage;
use std::fmt;
use std::io;

/// One thing that is asked of a server, and the clauses of `SPEC.md` that this proves.
#[derive(Clone, Copy)]
pub struct Check {
    pub(super) name: &'static str,
    pub(super) clauses: &'static [&'static str],
    pub(super) run: fn(&Stage) -> Checked,
}

impl Check {
    /// What it is called.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The ids of the clauses that it proves: of each at least what can be seen from where it stands.
    pub fn clauses(&self) -> &'static [&'static str] {
        self.clauses
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").field("name", &self.name).field("clauses", &self.clauses).finish_non_exhaustive()
    }
}

/// How a check went.
pub(super) type Checked = Result<(), Fault>;

/// Why a check did not succeed.
#[derive(Debug)]
pub(super) enum Fault {
    Failed(String),
    /// The server lacks what it is about, which it may.
    Skipped(String),
}

impl Fault {
    pub(super) fn failed(what: impl Into<String>) -> Self {
        Self::Failed(what.into())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(reason) | Self::Skipped(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for Fault {}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::failed(error.to_string())
    }
}

/// Fails with a text, formatted, unless something holds.
macro_rules! ensure {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            return Err($crate::server::check::Fault::failed(format!($($text)+)));
        }
    };
}
pub(super) use ensure;

/// Fails unless the two are equal.
pub(super) fn same<T: PartialEq<U> + fmt::Debug, U: fmt::Debug>(what: &str, found: T, expected: U) -> Checked {
    ensure!(found == expected, "{what}: expected {expected:?}, found {found:?}");
    Ok(())
}

/// The checks of a module: the name of the function, and the clauses.
macro_rules! checks {
    ($($name:ident: $($clause:literal)+;)+) => {
        pub(super) const CHECKS: &[$crate::server::check::Check] = &[$($crate::server::check::Check {
            name: stringify!($name),
            clauses: &[$($clause),+],
            run: $name,
        }),+];
    };
}
pub(super) use checks;
