//! The markers at tests: `SPEC:` and the ids of clauses.

use std::fmt;

/// A test that says of itself that it proves a clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) clause: String,
    pub(crate) test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Test {
    pub(crate) file: String,
    /// Where its name stands.
    pub(crate) line: usize,
    pub(crate) name: String,
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} {}", self.file, self.line, self.name)
    }
}

/// What stands in front of a function: its comments and attributes.
#[derive(Default)]
struct Front<'a> {
    /// Line and id.
    ids: Vec<(usize, &'a str)>,
    is_test: bool,
    /// A test that is not run proves nothing.
    is_skipped: bool,
}

/// Finds the markers of a file, which is Rust or Python as its name says. A marker that does not stand at a test is a
/// fault.
pub(crate) fn find(file: &str, source: &str, markers: &mut Vec<Marker>, faults: &mut Vec<String>) {
    let is_python = file.ends_with(".py");
    let comment = if is_python { "# SPEC:" } else { "/// SPEC:" };
    let mut front = Front::default();
    for (line, text) in (1..).zip(source.lines().map(str::trim)) {
        if let Some(ids) = text.strip_prefix(comment) {
            front.ids.extend(ids.split(',').map(|id| (line, id.trim())));
        } else if ["// SPEC:", "//! SPEC:", "# SPEC:"].iter().any(|other| text.starts_with(other)) {
            faults.push(format!("{file}:{line}: the marker does not stand at a test"));
        } else if text.starts_with("#[") || text.starts_with('@') {
            front.is_test |= text == "#[test]" || text.starts_with("#[tokio::test");
            front.is_skipped |= text.starts_with("#[ignore") || text.starts_with("@pytest.mark.skip");
        } else if !is_comment(text, is_python) {
            let front = std::mem::take(&mut front);
            let name =
                function(text).filter(|name| !front.is_skipped && (front.is_test || is_python_test(is_python, name)));
            for (place, id) in front.ids {
                match name {
                    Some(name) => {
                        let test = Test { file: file.into(), line, name: name.into() };
                        markers.push(Marker { clause: id.into(), test });
                    }
                    None => faults.push(format!("{file}:{place}: the marker does not stand at a test")),
                }
            }
        }
    }
    for (place, _) in front.ids {
        faults.push(format!("{file}:{place}: the marker does not stand at a test"));
    }
}

fn is_comment(text: &str, is_python: bool) -> bool {
    text.starts_with(if is_python { "#" } else { "//" })
}

/// The name of the function that a line begins.
fn function(line: &str) -> Option<&str> {
    let line = line.strip_prefix("async ").unwrap_or(line);
    let rest = line.strip_prefix("fn ").or_else(|| line.strip_prefix("def "))?;
    rest.split_once('(').map(|(name, _)| name)
}

fn is_python_test(is_python: bool, name: &str) -> bool {
    is_python && name.starts_with("test_")
}

#[test]
fn markers_stand_at_tests() {
    let found = |file: &str, source: &str| {
        let (mut markers, mut faults) = (Vec::new(), Vec::new());
        find(file, source, &mut markers, &mut faults);
        let markers = markers.into_iter().map(|marker| format!("{} {}", marker.clause, marker.test));
        markers.chain(faults).collect::<Vec<_>>()
    };
    let rust =
        "/// Text.\n/// SPEC: A-1, A-2\n/// SPEC: A-3\n#[test]\n#[should_panic]\nfn one() {\n}\n#[test]\nfn two() {}";
    assert_eq!(found("a.rs", rust), ["A-1 a.rs:6 one", "A-2 a.rs:6 one", "A-3 a.rs:6 one"]);
    assert_eq!(
        found("a.rs", "mod a {\n    /// SPEC: A-1\n    #[tokio::test]\n    async fn one() {}"),
        ["A-1 a.rs:4 one"]
    );
    assert_eq!(found("a.py", "@fixture\n# SPEC: A-1\ndef test_one(server):"), ["A-1 a.py:3 test_one"]);

    let fault = |file, line: u8| [format!("{file}:{line}: the marker does not stand at a test")];
    assert_eq!(found("a.rs", "/// SPEC: A-1\nfn one() {}"), fault("a.rs", 1));
    assert_eq!(found("a.rs", "/// SPEC: A-1\n\n#[test]\nfn one() {}"), fault("a.rs", 1));
    assert_eq!(found("a.rs", "/// SPEC: A-1\n#[test]\n#[ignore]\nfn one() {}"), fault("a.rs", 1));
    assert_eq!(found("a.rs", "/// SPEC: A-1\nstruct One;"), fault("a.rs", 1));
    assert_eq!(found("a.rs", "//! SPEC: A-1\n#[test]\nfn one() {}"), fault("a.rs", 1));
    assert_eq!(found("a.rs", "#[test]\nfn one() {\n    // SPEC: A-1\n}"), fault("a.rs", 3));
    assert_eq!(found("a.rs", "/// SPEC: A-1"), fault("a.rs", 1));
    assert_eq!(found("a.py", "# SPEC: A-1\ndef one():"), fault("a.py", 1));
    assert_eq!(found("a.py", "# SPEC: A-1\n@pytest.mark.skip\ndef test_one():"), fault("a.py", 1));
}
