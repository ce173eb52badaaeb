//! The clauses that no test can prove, and why.

/// Id and reason.
pub(crate) const UNPROVED: &[(&str, &str)] = &[];
