//! Which frames may follow on which.

use super::*;

#[test]
fn frames_that_may_come() {
    let cases: [(&[Vec<u8>], &[Received]); 14] = [
        (&[], &[]),
        (&[frame(FINAL | TEXT, b"")], &[text("")]),
        (&[frame(FINAL | BINARY, b"")], &[binary([])]),
        (&[frame(FINAL | TEXT, b"hi"), frame(FINAL | BINARY, b"\xff\0")], &[text("hi"), binary(*b"\xff\0")]),
        (&[frame(TEXT, b"h"), frame(FINAL | CONTINUATION, b"i")], &[text("hi")]),
        (&[frame(TEXT, b""), frame(CONTINUATION, b""), frame(FINAL | CONTINUATION, b"")], &[text("")]),
        (&[frame(BINARY, b""), frame(CONTINUATION, b"x"), frame(FINAL | CONTINUATION, b"")], &[binary(*b"x")]),
        // A character may be in two fragments (RFC 6455 section 5.6).
        (&[frame(TEXT, b"\xe2\x82"), frame(FINAL | CONTINUATION, b"\xac")], &[text("\u{20ac}")]),
        (&[frame(FINAL | PING, b"a"), frame(FINAL | PONG, b"")], &[ping("a"), pong("")]),
        // Control frames between fragments (section 5.4).
        (
            &[frame(TEXT, b"h"), frame(FINAL | PING, b"a"), frame(FINAL | PONG, b"b"), frame(FINAL, b"i")],
            &[ping("a"), pong("b"), text("hi")],
        ),
        (&[frame(BINARY, b"x"), frame(FINAL | CLOSE, b"")], &[close(None, "")]),
        (&[frame(FINAL | CLOSE, b"\x03\xe8bye")], &[close(Some(1000), "bye")]),
        (&[frame(FINAL | BINARY, &[b'x'; 126])], &[binary([b'x'; 126])]),
        (
            &[masked_frame(FINAL | TEXT, b"hi", [0; 4]), masked_frame(FINAL | TEXT, b"hi", [0xff; 4])],
            &[text("hi"), text("hi")],
        ),
    ];
    for (frames, said) in cases {
        accepts(plain, &frames.concat(), said);
        for mode in MODES {
            accepts(|| inflating(mode, LIMIT), &frames.concat(), said);
        }
    }
}

#[test]
fn a_ping_may_be_as_long_as_a_control_frame_may_be() {
    let wire = frame(FINAL | PING, &[b'x'; 125]);
    let outcome = run_cut_everywhere(plain, &wire);
    assert_eq!(outcome.said, [Received::Message(Message::Ping(vec![b'x'; 125].into()))]);
}

#[test]
fn frames_that_may_not_come() {
    type Case<'a> = (&'a [Vec<u8>], &'a [Received], Fault);
    let cases: [Case<'_>; 13] = [
        (&[frame(CONTINUATION, b"x")], &[], Fault::Continuation),
        (&[frame(FINAL | CONTINUATION, b"")], &[], Fault::Continuation),
        (&[frame(FINAL | TEXT, b"hi"), frame(FINAL | CONTINUATION, b"")], &[text("hi")], Fault::Continuation),
        (&[frame(TEXT, b"a"), frame(TEXT, b"b")], &[], Fault::Interleaved),
        (&[frame(TEXT, b"a"), frame(FINAL | BINARY, b"b")], &[], Fault::Interleaved),
        (&[frame(BINARY, b"a"), frame(FINAL | PING, b""), frame(FINAL | TEXT, b"b")], &[ping("")], Fault::Interleaved),
        (&[frame(FINAL | COMPRESSED | TEXT, b"\0")], &[], Fault::ReservedBits),
        (&[frame(COMPRESSED | TEXT, b"\0")], &[], Fault::ReservedBits),
        (&[frame(FINAL | 0x20 | TEXT, b"")], &[], Fault::ReservedBits),
        (&[frame(FINAL | TEXT, b"hi"), frame(FINAL | 3, b"")], &[text("hi")], Fault::Opcode),
        (&[frame(FINAL | 11, b"")], &[], Fault::Opcode),
        (&[frame(PING, b"")], &[], Fault::FragmentedControl),
        (&[frame(FINAL | PING, &[0; 126])], &[], Fault::LongControl),
    ];
    for (frames, said, fault) in cases {
        refuses(plain, &frames.concat(), said, fault);
    }
    refuses(plain, b"\x81\x02hi....", &[], Fault::Unmasked);
}

/// RFC 7692 section 6: the bit is set in the first frame of a compressed message, and in no other.
#[test]
fn compressed_messages() {
    let hello = b"\xf2\x48\xcd\xc9\xc9\x07\x00";
    let whole = frame(FINAL | COMPRESSED | TEXT, hello);
    let fragments = [
        frame(COMPRESSED | TEXT, &hello[..3]),
        frame(FINAL | PING, b""),
        frame(CONTINUATION, b""),
        frame(FINAL | CONTINUATION, &hello[3..]),
    ];
    for mode in MODES {
        let new = || inflating(mode, LIMIT);
        accepts(
            new,
            &[whole.clone(), frame(FINAL | TEXT, b"plain"), whole.clone()].concat(),
            &[text("Hello"), text("plain"), text("Hello")],
        );
        accepts(new, &fragments.concat(), &[ping(""), text("Hello")]);
        accepts(new, &frame(FINAL | COMPRESSED | BINARY, b"\0"), &[binary([])]);
        let again = [frame(COMPRESSED | TEXT, &hello[..3]), frame(FINAL | COMPRESSED, &hello[3..])];
        refuses(new, &again.concat(), &[], Fault::ReservedBits);
        let late = [frame(TEXT, b"a"), frame(FINAL | COMPRESSED, &hello[3..])];
        refuses(new, &late.concat(), &[], Fault::ReservedBits);
        refuses(new, &frame(FINAL | COMPRESSED | PING, b""), &[], Fault::ReservedBits);
        refuses(new, &frame(FINAL | COMPRESSED | TEXT, b"\xff\xff"), &[], Fault::Deflate);
        refuses(new, &frame(COMPRESSED | TEXT, b"\x07"), &[], Fault::Deflate);
    }
}

#[test]
fn without_data_all_that_comes_before_a_message_is_decoded() {
    let before = [frame(FINAL | PING, b"a"), frame(FINAL | PONG, b"b")].concat();
    for message in [frame(FINAL | TEXT, b"hi"), frame(TEXT, b"h"), frame(FINAL | BINARY, b"")] {
        for split in 0..=message.len() {
            let mut decoder = plain();
            let mut input = BytesMut::from(&before[..]);
            input.extend_from_slice(&message[..split]);
            assert_eq!(decoder.decode(&mut input, false), Ok(Some(ping("a"))));
            assert_eq!(decoder.decode(&mut input, false), Ok(Some(pong("b"))));
            assert_eq!(decoder.decode(&mut input, false), Ok(None));
            assert_eq!(input, message[..split], "it is left where it is");
            assert_eq!(decoder.is_in_message(&input), split > 0);
        }
    }
}

#[test]
fn without_data_a_close_between_fragments_is_seen_and_the_next_fragment_is_not() {
    let mut decoder = plain();
    let mut input = BytesMut::from(&frame(TEXT, b"h")[..]);
    assert_eq!(decoder.decode(&mut input, true), Ok(None));
    input.extend_from_slice(&frame(FINAL | CONTINUATION, b"i"));
    assert_eq!(decoder.decode(&mut input, false), Ok(None));
    assert_eq!(input.len(), 7);
    assert_eq!(decoder.decode(&mut input, true), Ok(Some(text("hi"))));
    input.extend_from_slice(&frame(FINAL | CLOSE, b""));
    assert_eq!(decoder.decode(&mut input, false), Ok(Some(close(None, ""))));
}
