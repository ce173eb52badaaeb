//! Text is UTF-8 (RFC 3629), and refused with the first byte that no character can have in its place.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

/// Where `bytes` stop to be the beginning of UTF-8: how many are needed to tell.
fn refused_at(bytes: &[u8]) -> Option<usize> {
    (1..=bytes.len()).find(|&len| std::str::from_utf8(&bytes[..len]).is_err_and(|error| error.error_len().is_some()))
}

/// A way to put a text on the wire: a decoder, what comes in front of its bytes, and a piece for each byte.
type Way = (&'static str, Decoder, Vec<u8>, Vec<Vec<u8>>);

fn ways(bytes: &[u8]) -> Vec<Way> {
    let one_frame = |first, payload: &[u8]| {
        // A byte more, which never comes.
        let mask = [9, 8, 7, 6];
        let header = header(first, payload.len() as u64 + 1, mask);
        let masked = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
        (header, masked.map(|byte| vec![byte]).collect::<Vec<_>>())
    };
    let (header, payload) = one_frame(FINAL | TEXT, bytes);
    let mut ways = vec![("in one frame", plain(), header, payload)];
    let (header, payload) = one_frame(CONTINUATION, bytes);
    ways.push(("in a fragment", plain(), [frame(TEXT, b""), header].concat(), payload));
    let fragments = bytes.iter().map(|&byte| frame(CONTINUATION, &[byte])).collect();
    ways.push(("in fragments", plain(), frame(TEXT, b""), fragments));
    let len = bytes.len() as u16;
    let block = [&[0], &len.to_le_bytes()[..], &(!len).to_le_bytes(), bytes].concat();
    let (mut header, mut payload) = one_frame(FINAL | COMPRESSED | TEXT, &block);
    header.extend(payload.drain(..5).flatten());
    ways.push(("compressed", inflating(DeflateMode::PerMessage, LIMIT), header, payload));
    ways
}

fn check_ways(bytes: &[u8]) {
    let expected = refused_at(bytes);
    for (way, mut decoder, front, pieces) in ways(bytes) {
        let mut input = BytesMut::from(&front[..]);
        assert_eq!(decoder.decode(&mut input, true), Ok(None), "{way}");
        for (number, piece) in pieces.iter().enumerate() {
            input.extend_from_slice(piece);
            let decoded = decoder.decode(&mut input, true);
            let place = number + 1;
            if expected == Some(place) {
                assert_eq!(decoded, Err(Fault::Utf8), "{way}, byte {place} of {}", bytes.escape_ascii());
                break;
            }
            assert_eq!(decoded, Ok(None), "{way}, byte {place} of {}", bytes.escape_ascii());
        }
    }
}

#[test]
fn every_first_and_second_byte() {
    for first in 0..=255 {
        for second in [0, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xed, 0xff] {
            check_ways(&[first, second, b'x']);
        }
    }
}

#[test]
fn what_is_refused_late_in_a_character_or_a_text() {
    for bytes in [
        &b"hello \xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited"[..],
        b"\xf4\x8f\xbf\xbf\xf4\x90\x80\x80",
        b"\xf0\x9f\x91\x8b\xf0\x9f\x91x",
        b"\xf8\x88\x80\x80\x80",
        b"\xe2\x82\xac\xe2\x82\xac\xe2\x82",
    ] {
        check_ways(bytes);
    }
}

#[test]
fn a_character_that_is_not_complete_at_the_end_is_refused_there() {
    for bytes in [&b"a\xc3"[..], b"\xe2\x82", b"\xf0\x9f\x91"] {
        refuses(plain, &frame(FINAL | TEXT, bytes), &[], Fault::Utf8);
        let fragments = [frame(TEXT, bytes), frame(FINAL | PONG, b"")].concat();
        accepts(plain, &fragments, &[pong("")]);
        refuses(plain, &[fragments, frame(FINAL | CONTINUATION, b"")].concat(), &[pong("")], Fault::Utf8);
    }
}

#[test]
fn binary_is_anything() {
    let all: Vec<u8> = (0..=255).collect();
    accepts(plain, &frame(FINAL | BINARY, &all), &[binary(all.clone())]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_bytes_are_refused_where_they_stop_to_be_text(
        start in "\\PC{0,8}",
        wrong in vec(prop_oneof![any::<u8>(), 0x80..0xc0u8, 0xe0..0xf5u8], 0..4),
        rest in "\\PC{0,4}",
    ) {
        check_ways(&[start.as_bytes(), &wrong, rest.as_bytes()].concat());
    }
}
