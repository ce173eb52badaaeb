//! Which test proves which clause of `SPEC.md`.
//!
//! A test that fails when a clause is broken says so in its documentation, `/// SPEC: APP-3, END-4`, or, in Python, in a
//! comment above its `def`. Every clause has such a test, or stands in [`unproved`] with the reason why it has none. What
//! `transom::lint` watches while the tests run is told besides, and stands for no test.
//!
//! `cargo test -p transom-tests --test matrix -- --nocapture` prints the whole table.

mod marker;
#[path = "../../../protocol/tests/spec/mod.rs"]
mod spec;
mod unproved;

use marker::{Marker, Test};
use spec::Clause;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use unproved::UNPROVED;

/// What speaks for a clause.
type Proofs<'a> = BTreeMap<&'a str, Vec<&'a Test>>;

#[test]
fn every_clause_has_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package stands in the repository");
    let clauses = spec::clauses();
    let (mut markers, mut faults) = (Vec::new(), Vec::new());
    sources(root, &mut |path| {
        let source = fs::read_to_string(path).expect("sources are text");
        let name = path.strip_prefix(root).expect("it was found below").display().to_string();
        marker::find(&name, &source, &mut markers, &mut faults);
    });
    let proofs = hold_against(&clauses, &markers, UNPROVED, &mut faults);
    print(&clauses, &proofs);
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

/// Calls `found` with every source in which tests may stand, in the order of their names.
fn sources(folder: &Path, found: &mut dyn FnMut(&Path)) {
    let entries = fs::read_dir(folder).expect("the repository can be read");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("the repository can be read").path()).collect();
    paths.sort();
    for path in paths {
        let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        // What was built has this file in it.
        if path.is_dir() && !is_hidden && !path.join("CACHEDIR.TAG").exists() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "py") {
            found(&path);
        }
    }
}

/// The tests of each clause; what does not fit together is a fault.
fn hold_against<'a>(
    clauses: &'a [Clause],
    markers: &'a [Marker],
    unproved: &[(&str, &str)],
    faults: &mut Vec<String>,
) -> Proofs<'a> {
    let mut proofs: Proofs<'a> = clauses.iter().map(|clause| (&*clause.id, Vec::new())).collect();
    for Marker { clause, test } in markers {
        match proofs.get_mut(&**clause) {
            None => faults.push(format!("{test}: SPEC.md has no clause {clause}")),
            Some(tests) if tests.contains(&test) => faults.push(format!("{test} names {clause} twice")),
            Some(tests) => tests.push(test),
        }
    }
    for (id, _) in unproved {
        match proofs.get(id) {
            None => faults.push(format!("the list of the unproved: SPEC.md has no clause {id}")),
            Some(tests) if !tests.is_empty() => faults.push(format!("{id} is listed as unproved and has a test")),
            Some(_) => {}
        }
    }
    for clause in clauses {
        if proofs[&*clause.id].is_empty() && !unproved.iter().any(|(id, _)| *id == clause.id) {
            faults.push(format!("no test names {}: {}", clause.id, clause.sentence));
        }
    }
    proofs
}

fn print(clauses: &[Clause], proofs: &Proofs<'_>) {
    let linted = |id: &str| transom::lint::CLAUSES.iter().any(|checked| checked.clause.id == id);
    for Clause { id, .. } in clauses {
        let tests = proofs[&**id].iter().map(ToString::to_string);
        let lint = linted(id).then(|| "(and the lint)".to_owned());
        let reason = UNPROVED.iter().find(|(unproved, _)| unproved == id).map(|(_, reason)| format!("none: {reason}"));
        for (line, text) in reason.into_iter().chain(tests).chain(lint).enumerate() {
            println!("{:<14}{text}", if line == 0 { id } else { "" });
        }
    }
    let watched = clauses.iter().filter(|clause| linted(&clause.id)).count();
    let (all, unproved) = (clauses.len(), UNPROVED.len());
    println!("{all} clauses: {} with tests, {unproved} without; the lint watches {watched}", all - unproved);
}

#[test]
fn what_does_not_fit_is_told() {
    let clauses = spec::parse("- **A-1** One.\n- **A-2** Two.\n- **A-3** Three.\n- **A-4** Four.\n");
    let test = |name: &str| Test { file: "x.rs".into(), line: 1, name: name.into() };
    let marker = |clause: &str, name| Marker { clause: clause.into(), test: test(name) };
    let markers = [marker("A-1", "good"), marker("A-9", "bad"), marker("A-1", "good"), marker("A-2", "good")];
    let mut faults = Vec::new();
    hold_against(&clauses, &markers, &[("A-2", "why"), ("A-3", "why"), ("A-8", "why")], &mut faults);
    let expected = [
        "x.rs:1 bad: SPEC.md has no clause A-9",
        "x.rs:1 good names A-1 twice",
        "A-2 is listed as unproved and has a test",
        "the list of the unproved: SPEC.md has no clause A-8",
        "no test names A-4: Four.",
    ];
    assert_eq!(faults, expected);
}
