//! What holds the two readers together, for tests and fuzzers.

use super::{plain, strict};
use crate::Limits;

/// Whatever the quick reader takes, the judge takes as the same; whatever it leaves, the judge reads as if the other had not
/// been there. Says whether it was taken.
///
/// # Panics
/// They disagree.
pub(in crate::http1) fn check(input: &[u8], limits: &Limits) -> bool {
    let (mut read, mut places) = (input.to_vec(), Vec::new());
    let quick = plain::read(&mut read, limits, &mut places);
    let (mut untouched, mut other_places) = (input.to_vec(), Vec::new());
    let judged = strict::read(&mut untouched, limits, &mut other_places);
    if quick.is_some() {
        assert_eq!(judged, Ok(quick), "{}", input.escape_ascii());
        return true;
    }
    assert_eq!(strict::read(&mut read, limits, &mut places), judged, "{}", input.escape_ascii());
    false
}
