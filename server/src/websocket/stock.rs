//! Buffers, which a socket has only while there is something in them.
//!
//! Each thread keeps what its sockets gave back and hands out what came last, which is what the processor still has in
//! its cache: sockets that wait hold none.

use crate::output::Output;
use bytes::BytesMut;
use std::cell::RefCell;

/// Of each kind, per thread.
const KEPT: usize = 64;

/// A larger buffer is not kept: it was needed for one large message.
const LARGEST: usize = 128 << 10;

struct Stock {
    inputs: Vec<BytesMut>,
    outputs: Vec<Output>,
}

thread_local! {
    static STOCK: RefCell<Stock> = const { RefCell::new(Stock { inputs: Vec::new(), outputs: Vec::new() }) };
}

/// Gives an empty output room for frames.
pub(super) fn fill(output: &mut Output) {
    if !output.has_memory()
        && let Some(kept) = STOCK.with_borrow_mut(|stock| stock.outputs.pop())
    {
        *output = kept;
    }
}

/// An empty input; it may have room.
pub(super) fn input() -> BytesMut {
    STOCK.with_borrow_mut(|stock| stock.inputs.pop()).unwrap_or_default()
}

/// Takes back an output that is written.
pub(super) fn give_output(mut output: Output) {
    output.clear();
    if output.has_memory() {
        STOCK.with_borrow_mut(|stock| {
            if stock.outputs.len() < KEPT {
                stock.outputs.push(output);
            }
        });
    }
}

/// Takes back an input in which nothing is left.
pub(super) fn give_input(mut input: BytesMut) {
    // What the application still holds of it is not to be had again; else there is room at once.
    if input.is_empty() && input.try_reclaim(crate::wire::READ) && input.capacity() <= LARGEST {
        STOCK.with_borrow_mut(|stock| {
            if stock.inputs.len() < KEPT {
                stock.inputs.push(input);
            }
        });
    }
}
