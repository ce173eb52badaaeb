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

/// Kept of each kind.
const KEPT: usize = 32;

thread_local! {
    static INPUT: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
    static OUTPUT: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer to read into.
pub(super) fn input() -> BytesMut {
    INPUT.with_borrow_mut(Vec::pop).unwrap_or_else(|| BytesMut::with_capacity(READ))
}

/// Gives an input buffer back. What the application still holds of it stays valid.
pub(super) fn give_input(mut buffer: BytesMut) {
    buffer.clear();
    INPUT.with_borrow_mut(|buffers| if buffers.len() < KEPT { buffers.push(buffer) });
}

/// An empty buffer to write into.
pub(super) fn output() -> Vec<u8> {
    OUTPUT.with_borrow_mut(Vec::pop).unwrap_or_else(|| Vec::with_capacity(4 << 10))
}

/// Gives an output buffer back.
pub(super) fn give_output(mut buffer: Vec<u8>) {
    buffer.clear();
    OUTPUT.with_borrow_mut(|buffers| if buffers.len() < KEPT { buffers.push(buffer) });
}
