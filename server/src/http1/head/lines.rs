//! The lines of a request head, by their form alone (RFC 9112 sections 2, 3 and 5).

use crate::Limits;
use std::ops::Range;
use transom::{HttpVersion, Place};

/// A head that is complete, of valid form and within the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lines<'a> {
    /// A token.
    pub(super) method: &'a [u8],
    /// UTF-8 without controls and spaces; not empty.
    pub(super) target: &'a [u8],
    pub(super) version: HttpVersion,
    /// The lines of the fields, without the empty one behind them; names in lower case.
    pub(super) block: &'a [u8],
    /// Where the fields stand in `block`: each name is a token, each value has no white space around it.
    pub(super) places: &'a [Place],
    /// Of all lines together.
    pub(super) len: usize,
}

impl<'a> Lines<'a> {
    /// The name or the value of which a place tells.
    #[inline]
    pub(super) fn part(&self, place: &Range<u32>) -> &'a [u8] {
        &self.block[place.start as usize..place.end as usize]
    }
}

/// How long all lines together may be: where something stands is kept as a `u32`.
pub(super) fn longest(limits: &Limits) -> usize {
    limits.head.min(u32::MAX as usize)
}
