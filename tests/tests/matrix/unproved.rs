//! The clauses that no test can prove, and why.

/// Id and reason.
pub(crate) const UNPROVED: &[(&str, &str)] = &[
    ("APP-12", "there is one version so far, and so no event that came later"),
    ("SCOPE-1", "it asks for a document: docs/wire.md"),
    ("PATH-7", "it binds routers, and none is here: the probe compares the path as a whole"),
    ("EVENT-3", "it leaves the server free"),
    ("HTTP-SEND-2", "it leaves the server free"),
    ("WAKE-2", "it binds whoever polls; `&mut self` of the handles has the compiler see to it"),
    ("VERSION-2", "it is a promise about later versions"),
];
