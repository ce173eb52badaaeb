//! What the checks say of themselves.

use std::collections::BTreeSet;
use transom_conformance::checks;

#[test]
fn checks_have_names_of_their_own_and_clauses_that_exist() {
    let spec = include_str!("../../../SPEC.md");
    let mut names = BTreeSet::new();
    for check in checks() {
        assert!(names.insert(check.name()), "{} is there twice", check.name());
        assert!(!check.clauses().is_empty(), "{} proves nothing", check.name());
        for clause in check.clauses() {
            assert!(spec.contains(&format!("- **{clause}** ")), "{}: {clause}", check.name());
        }
    }
}
