//! The clauses of `SPEC.md`, to be held against what checks them.

use std::{fs, path::Path};

/// One clause: its id, and its sentence on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clause {
    pub(crate) id: String,
    pub(crate) sentence: String,
}

/// The clauses of the repository's `SPEC.md`, in order.
pub(crate) fn clauses() -> Vec<Clause> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("SPEC.md"));
    let path = path.into_iter().find(|path| path.exists()).expect("SPEC.md stands in the repository's root");
    parse(&fs::read_to_string(path).expect("SPEC.md is text"))
}

/// The clauses of a text: `- **ID** sentence`, continued on lines that are indented.
pub(crate) fn parse(text: &str) -> Vec<Clause> {
    let mut clauses: Vec<Clause> = Vec::new();
    let mut goes_on = false;
    for line in text.lines() {
        if let Some((id, sentence)) = line.strip_prefix("- **").and_then(|line| line.split_once("** ")) {
            clauses.push(Clause { id: id.into(), sentence: sentence.into() });
            goes_on = true;
        } else if goes_on && line.starts_with("  ") {
            let clause = clauses.last_mut().expect("one was begun");
            clause.sentence.push(' ');
            clause.sentence.push_str(line.trim());
        } else {
            goes_on = false;
        }
    }
    clauses
}

#[test]
fn a_clause_may_have_several_lines() {
    let text = "# 1\n\n- **A-1** One\n  and more.\n- **A-2** Two.\n\n  Not of it.\n- no clause\n  at all\n";
    let clause = |id: &str, sentence: &str| Clause { id: id.into(), sentence: sentence.into() };
    assert_eq!(parse(text), [clause("A-1", "One and more."), clause("A-2", "Two.")]);
}

#[test]
fn an_id_is_given_once() {
    let mut ids: Vec<_> = clauses().into_iter().map(|clause| clause.id).collect();
    assert!(ids.len() > 100, "{} clauses", ids.len());
    ids.sort();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count);
}
