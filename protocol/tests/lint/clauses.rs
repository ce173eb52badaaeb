//! The clauses in code are those of `SPEC.md`, and each of them is broken by somebody.

use crate::{scenarios, spec};
use transom::lint::{Blame, CLAUSES};

#[test]
fn the_sentences_are_those_of_the_specification() {
    let spec = spec::clauses();
    for checked in CLAUSES {
        let clause = spec.iter().find(|clause| clause.id == checked.clause.id);
        let sentence = clause.map(|clause| clause.sentence.as_str());
        assert_eq!(sentence, Some(checked.clause.sentence), "{}", checked.clause.id);
    }
    // In the order of the specification, and each once.
    let place = |id: &str| spec.iter().position(|clause| clause.id == id);
    assert!(CLAUSES.is_sorted_by(|one, next| place(one.clause.id) < place(next.clause.id)));
}

/// The clauses named bind layers: that it is found when one of them is broken is what can be proved of them.
/// SPEC: CAP-4, LAYER-2, LAYER-3, LAYER-4, LAYER-5, LAYER-7
#[test]
fn every_scenario_finds_its_clause_and_no_other() {
    let failures: Vec<_> = scenarios().iter().filter_map(|scenario| scenario.check().err()).collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn every_check_fails_for_somebody() {
    let scenarios = scenarios();
    for checked in CLAUSES {
        let blamed: Vec<Blame> = scenarios
            .iter()
            .filter(|one| one.clause == checked.clause.id)
            .flat_map(|one| one.blames)
            .copied()
            .collect();
        for blame in checked.blames {
            assert!(blamed.contains(blame), "{} is broken by {blame} in no scenario", checked.clause.id);
        }
    }
    for scenario in &scenarios {
        let checked = CLAUSES.iter().find(|checked| checked.clause.id == scenario.clause);
        let blames = checked.expect("the clause is in the list").blames;
        let may_be = |blame: &Blame| *blame == Blame::Layer || blames.contains(blame);
        assert!(scenario.blames.iter().all(may_be), "{}: {blames:?}", scenario.clause);
    }
}
