use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use std::fmt::Write;

/// Cuts `wire` at the given places.
fn pieces<'a>(mut wire: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<_> = cuts.iter().map(|cut| cut.index(wire.len() + 1)).collect();
    places.sort_unstable_by(|a, b| b.cmp(a));
    let mut pieces = Vec::new();
    for place in places {
        let (front, back) = wire.split_at(place);
        pieces.push(back);
        wire = front;
    }
    pieces.push(wire);
    pieces.reverse();
    pieces
}

/// A chunk: its data, zeros in front of its size, whether that is in upper case, an extension.
fn chunk() -> impl Strategy<Value = Vec<u8>> {
    let data = prop_oneof![9 => vec(any::<u8>(), 1..40), 1 => vec(any::<u8>(), 4000..9000)];
    (data, 0..8usize, any::<bool>(), "(;[a-z]{1,3}(=[ -~\t]{0,5})?)?").prop_map(|(data, zeros, upper, extension)| {
        let mut line = "0".repeat(zeros);
        if upper { write!(line, "{:X}", data.len()) } else { write!(line, "{:x}", data.len()) }.expect("a String");
        [line.as_bytes(), extension.as_bytes(), b"\r\n", &data, b"\r\n"].concat()
    })
}

/// The data of what [`chunk`] made.
fn data_of(chunk: &[u8]) -> &[u8] {
    let line = chunk.windows(2).position(|pair| pair == b"\r\n").expect("a size line");
    &chunk[line + 2..chunk.len() - 2]
}

/// Bytes of which framing is made.
const WORDS: &[&[u8]] =
    &[b"\r\n", b"\r\n", b"\r\n", b"\r", b"\n", b"0", b"1", b"2\r\nab", b"a", b"F", b";", b"=", b":", b" "];

/// How bodies begin, so that words are tried in every place.
const BEGINNINGS: &[&[u8]] = &[b"", b"0\r\n", b"1\r\nx\r\n0\r\na: 1\r\n", b"3;a=b\r\nabc\r\n"];

fn noise() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![6 => prop::sample::select(WORDS).prop_map(<[u8]>::to_vec), 1 => vec(any::<u8>(), 1)];
    (prop::sample::select(BEGINNINGS), vec(word, 0..30)).prop_map(|(start, words)| [start, &words.concat()].concat())
}

proptest! {
    #[test]
    fn what_was_chunked_comes_back(
        chunks in vec(chunk(), 0..12),
        fields in vec(("x[a-z]{0,4}", "([!-~]([ -~]{0,4}[!-~])?)?"), 0..4),
        rest in vec(any::<u8>(), 0..10),
        cuts in vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let section: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let wire = [&chunks.concat(), &b"0\r\n"[..], section.as_bytes(), b"\r\n", &rest].concat();
        let end = if fields.is_empty() { End::Complete } else { End::Trailers(fields.into_iter().collect()) };
        let data = chunks.iter().flat_map(|chunk| data_of(chunk)).copied().collect();
        let limits = DecodeLimits { body: None, trailers: 1000, fields: 4 };
        let outcome = run(Decoder::new(BodyHint::Unknown, limits), pieces(&wire, &cuts));
        prop_assert_eq!(outcome, Outcome { data, end, rest });
    }

    #[test]
    fn a_length_comes_back(
        data in vec(any::<u8>(), 1..200),
        rest in vec(any::<u8>(), 0..10),
        cuts in vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let wire = [&data[..], &rest].concat();
        let decoder = Decoder::new(BodyHint::Exact(data.len() as u64), LIMITS);
        prop_assert_eq!(run(decoder, pieces(&wire, &cuts)), Outcome { data, end: End::Complete, rest });
    }

    #[test]
    fn noise_ends_the_same_however_it_is_cut(
        wire in prop_oneof![noise(), vec(any::<u8>(), 0..40)],
        cuts in vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let outcome = run_cut_everywhere(chunked, &wire);
        prop_assert_eq!(run(chunked(), pieces(&wire, &cuts)), outcome);
    }

    #[test]
    fn one_wrong_byte_ends_the_same_however_it_is_cut(
        chunks in vec(chunk(), 1..3),
        place in any::<prop::sample::Index>(),
        byte in prop_oneof![any::<u8>(), Just(b'\r'), Just(b'\n'), Just(b';'), Just(b'0')],
    ) {
        let mut wire = [&chunks.concat(), &b"0\r\nname: value\r\n\r\n"[..]].concat();
        let place = place.index(wire.len());
        wire[place] = byte;
        let whole = run(chunked(), [&wire[..]]);
        prop_assert_eq!(run(chunked(), wire.chunks(1)), run(chunked(), wire.chunks(7)));
        prop_assert_eq!(run(chunked(), wire.chunks(1)), whole);
    }
}
