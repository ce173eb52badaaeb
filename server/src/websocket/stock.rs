//! Buffers, which a socket has only while there is something in them.
//!
//! Each thread keeps what its sockets gave back and hands out what came last, which is what the processor still has in
//! its cache: sockets that wait hold none.

use crate::output::Output;
use bytes::BytesMut;
use std::cell::RefCell;
use std::collections::VecDeque;
use transom::Message;

/// Of each kind, per thread.
const KEPT: usize = 64;

/// A larger buffer is not kept: it was needed for one large message.
const LARGEST: usize = 128 << 10;

/// Room for messages that a socket keeps while it waits.
const FEW: usize = 16;

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

/// Takes back the room of an output that is written, if it has some.
#[inline]
pub(super) fn give_output(output: &mut Output) {
    if output.has_memory() {
        keep_output(std::mem::take(output));
    }
}

fn keep_output(mut output: Output) {
    output.clear();
    STOCK.with_borrow_mut(|stock| {
        if output.has_memory() && stock.outputs.len() < KEPT {
            stock.outputs.push(output);
        }
    });
}

/// Has a queue of messages that is empty keep what a few need.
pub(super) fn trim(queue: &mut VecDeque<Message>) {
    if queue.capacity() > FEW {
        *queue = VecDeque::new();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::READ;

    fn inputs() -> usize {
        STOCK.with_borrow(|stock| stock.inputs.len())
    }

    fn outputs() -> usize {
        STOCK.with_borrow(|stock| stock.outputs.len())
    }

    fn with_room(len: usize) -> Output {
        let mut output = Output::default();
        output.append(|flat| flat.resize(len, 0));
        output
    }

    #[test]
    fn an_input_comes_back_with_its_room() {
        let first = input();
        assert_eq!(first.capacity(), 0, "there is none yet");
        let given = BytesMut::with_capacity(READ);
        let start = given.as_ptr();
        give_input(given);
        let again = input();
        assert_eq!((again.as_ptr(), again.is_empty()), (start, true));
        assert!(again.capacity() >= READ);
        assert_eq!(input().capacity(), 0, "there was one");
    }

    #[test]
    fn an_input_that_was_read_from_is_as_good_as_new() {
        let mut used = BytesMut::with_capacity(READ);
        used.extend_from_slice(&[0; 100]);
        drop(used.split_to(100));
        give_input(used);
        assert!(input().capacity() >= READ);
    }

    #[test]
    fn an_input_of_which_something_is_held_is_not_kept() {
        let mut shared = BytesMut::with_capacity(READ);
        shared.extend_from_slice(b"message");
        let message = shared.split_to(7).freeze();
        give_input(shared);
        assert_eq!((inputs(), &message[..]), (0, &b"message"[..]));
    }

    #[test]
    fn what_is_in_an_input_is_not_given_to_others() {
        give_input(BytesMut::from(&[0; READ][..]));
        assert_eq!(inputs(), 0);
    }

    #[test]
    fn an_output_comes_back_empty_and_with_its_room() {
        give_output(&mut with_room(100));
        assert_eq!(outputs(), 1);
        let mut output = Output::default();
        fill(&mut output);
        assert_eq!((output.is_empty(), output.has_memory(), outputs()), (true, true, 0));
        give_output(&mut with_room(100));
        fill(&mut output);
        assert_eq!(outputs(), 1, "it has room");
    }

    #[test]
    fn large_buffers_and_those_without_room_are_not_kept() {
        give_input(BytesMut::with_capacity(LARGEST + 1));
        give_input(BytesMut::with_capacity(READ / 2));
        give_output(&mut with_room(LARGEST + 1));
        give_output(&mut Output::default());
        assert_eq!((inputs(), outputs()), (0, 0));
        give_input(BytesMut::with_capacity(LARGEST));
        give_output(&mut with_room(LARGEST));
        assert_eq!((inputs(), outputs()), (1, 1));
    }

    #[test]
    fn no_more_are_kept_than_so_many() {
        for _ in 0..KEPT + 9 {
            give_input(BytesMut::with_capacity(READ));
            give_output(&mut with_room(1));
        }
        assert_eq!((inputs(), outputs()), (KEPT, KEPT));
    }
}
