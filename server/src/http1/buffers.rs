//! Buffers for connections that are busy, so that those that wait need none.
//!
//! Each thread keeps a few and hands out the one that was given back last, which is the one that is still in the
//! processor's cache.

use bytes::BytesMut;
use std::cell::RefCell;

/// Read at once. A head fits; and a read that does not fill its buffer tells the runtime that the socket is empty,
/// which saves the read that would only have found that out.
pub(super) const READ: usize = 16 << 10;

/// Read at once of a body that is waited for.
pub(super) const READ_BODY: usize = 128 << 10;

/// Kept by each thread.
const KEPT: usize = 32;

thread_local! {
    static KEPT_HERE: RefCell<Vec<(BytesMut, Vec<u8>)>> = const { RefCell::new(Vec::new()) };
}

/// Empty buffers, to read into and to write into.
pub(super) fn take() -> (BytesMut, Vec<u8>) {
    let kept = KEPT_HERE.with_borrow_mut(Vec::pop);
    kept.unwrap_or_else(|| (BytesMut::with_capacity(READ), Vec::with_capacity(4 << 10)))
}

/// Gives buffers back. What the application still holds of the first stays valid.
pub(super) fn give(mut input: BytesMut, mut output: Vec<u8>) {
    input.clear();
    output.clear();
    KEPT_HERE.with_borrow_mut(|kept| {
        if kept.len() < KEPT {
            kept.push((input, output))
        }
    });
}
