//! How long a message may be, and when that is known.

use super::*;

const MASK: [u8; 4] = [1, 2, 3, 4];

#[test]
fn a_frame_is_as_long_as_a_message_may_be_and_no_longer() {
    let full = vec![b'x'; LIMIT];
    accepts(plain, &frame(FINAL | BINARY, &full), &[binary(full.clone())]);
    for first in [FINAL | BINARY, FINAL | TEXT, BINARY, TEXT] {
        refuses(plain, &header(first, LIMIT as u64 + 1, MASK), &[], Fault::TooLarge);
        refuses(plain, &header(first, i64::MAX as u64, MASK), &[], Fault::TooLarge);
    }
}

#[test]
fn fragments_count_together_and_control_frames_do_not() {
    let half = vec![b'x'; LIMIT / 2];
    let start = [frame(BINARY, &half), frame(FINAL | PING, b"not a part")].concat();
    let full = [&start[..], &frame(FINAL | CONTINUATION, &half)].concat();
    accepts(plain, &full, &[ping("not a part"), binary([&half[..], &half].concat())]);
    let over = [&start[..], &header(CONTINUATION, LIMIT as u64 / 2 + 1, MASK)].concat();
    refuses(plain, &over, &[ping("not a part")], Fault::TooLarge);
    let far_over = [&start[..], &header(FINAL, i64::MAX as u64, MASK)].concat();
    refuses(plain, &far_over, &[ping("not a part")], Fault::TooLarge);
    let empty = [frame(BINARY, &[&half[..], &half].concat()), frame(CONTINUATION, b"")].concat();
    refuses(plain, &[&empty[..], &frame(CONTINUATION, b"x")[..6]].concat(), &[], Fault::TooLarge);
}

#[test]
fn the_next_message_begins_to_count_anew() {
    let full = vec![b'x'; LIMIT];
    let fragments = [frame(BINARY, &full), frame(FINAL, b"")].concat();
    let wire = [&fragments[..], &frame(FINAL | BINARY, &full), &fragments].concat();
    assert_eq!(run(plain(), wire.chunks(7)).said, vec![binary(full.clone()), binary(full.clone()), binary(full)]);
}

#[test]
fn a_compressed_message_counts_as_what_it_comes_to() {
    for mode in MODES {
        let new = || inflating(mode, 500);
        for fragments in [1, 3] {
            let wire = |len: usize| {
                let payload = deflated(&mut Deflater::new(agreed(mode)), &vec![b'x'; len]);
                let pieces: Vec<_> = payload.chunks(payload.len().div_ceil(fragments)).collect();
                let frames = pieces.iter().enumerate().map(|(number, piece)| {
                    let first = if number == 0 { COMPRESSED | BINARY } else { CONTINUATION };
                    frame(first | if number + 1 == pieces.len() { FINAL } else { 0 }, piece)
                });
                frames.collect::<Vec<_>>().concat()
            };
            accepts(new, &wire(500), &[binary(vec![b'x'; 500])]);
            refuses(new, &wire(501), &[], Fault::TooLarge);
            assert_eq!(run(new(), wire(5_000_000).chunks(100)).end, Err(Fault::TooLarge));
        }
    }
}

/// Deflate may make noise longer.
#[test]
fn a_compressed_frame_may_be_longer_than_its_message() {
    let message = [0xff; 5];
    let block = [&b"\0\x05\0\xfa\xff"[..], &message, b"\0"].concat();
    let new = || inflating(DeflateMode::PerMessage, message.len());
    accepts(new, &frame(FINAL | COMPRESSED | BINARY, &block), &[binary(message)]);
}

#[test]
fn a_limit_of_nothing() {
    let none = || Decoder::new(Some(0), None);
    accepts(none, &frame(FINAL | TEXT, b""), &[text("")]);
    accepts(none, &[frame(TEXT, b""), frame(FINAL, b"")].concat(), &[text("")]);
    accepts(none, &frame(FINAL | PING, b"x"), &[ping("x")]);
    refuses(none, &header(FINAL | TEXT, 1, MASK), &[], Fault::TooLarge);
    for mode in MODES {
        accepts(|| inflating(mode, 0), &frame(FINAL | COMPRESSED | TEXT, b"\0"), &[text("")]);
        let one = deflated(&mut Deflater::new(agreed(mode)), b"x");
        refuses(|| inflating(mode, 0), &frame(FINAL | COMPRESSED | TEXT, &one), &[], Fault::TooLarge);
    }
}

#[test]
fn without_a_limit_any_length_may_come() {
    let new = || Decoder::new(None, None);
    for first in [FINAL | BINARY, BINARY] {
        let wire = [&header(first, i64::MAX as u64, MASK)[..], b"abc"].concat();
        let outcome = run_cut_everywhere(new, &wire);
        assert!(outcome.said.is_empty() && outcome.end.is_ok());
    }
    let second = [frame(BINARY, b"abc"), header(CONTINUATION, i64::MAX as u64, MASK)].concat();
    assert!(run_cut_everywhere(new, &second).end.is_ok());
}
