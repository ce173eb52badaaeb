use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// Cuts `payload` at the given places.
fn pieces<'a>(payload: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<_> = cuts.iter().map(|cut| cut.index(payload.len() + 1)).collect();
    places.extend([0, payload.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &payload[pair[0]..pair[1]]).collect()
}

/// Of few words, of any bytes, and of what was there before, near and far.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let words =
        prop::sample::select(vec![&b"{\"name\":"[..], b"\"value\"", b"}, ", b"0", b"\0\0\0\0\0\0\0\0", b"\xff"]);
    let part = prop_oneof![
        4 => vec(words, 0..40).prop_map(|words| words.concat()),
        2 => vec(any::<u8>(), 0..100),
        1 => (0..40_000usize).prop_map(noise),
        1 => (any::<u8>(), 0..70_000usize).prop_map(|(byte, count)| vec![byte; count]),
    ];
    vec(part, 0..4).prop_map(|parts| parts.concat())
}

/// Any mode and window.
fn agreement() -> impl Strategy<Value = Agreed> {
    (any::<bool>(), prop::option::of(9..=15u8)).prop_map(|(takeover, bits)| {
        let mode = if takeover { DeflateMode::ContextTakeover } else { DeflateMode::PerMessage };
        agreed(mode, &bits.map(|bits| format!("; server_max_window_bits={bits}")).unwrap_or_default())
    })
}

/// Blocks, some of which are whole, and bytes.
fn garbage() -> impl Strategy<Value = Vec<u8>> {
    let blocks = vec![
        &b"\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff"[..],
        b"\xf3\x48\xcd\xc9\xc9\x07\x00",
        b"\x02\x13\x00\x00\x00\x00\xff\xff",
        b"\x00\x01\x00\xfe\xff!",
        b"\x00",
        b"\xf2",
    ];
    let part = prop_oneof![3 => prop::sample::select(blocks).prop_map(<[u8]>::to_vec), 1 => vec(any::<u8>(), 0..30)];
    vec(part, 0..8).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_was_compressed_comes_back(
        agreed in agreement(),
        messages in vec((message(), vec(any::<Index>(), 0..8)), 1..5),
    ) {
        let mut deflater = Deflater::new(agreed);
        let mut inflater = Inflater::new(agreed);
        // A peer that has no more of a window than was agreed on, and looks it up for nearly every byte.
        let mut peer = Decompress::new_with_window_bits(false, agreed.server_window_bits());
        for (message, cuts) in &messages {
            let mut payload = deflate(&mut deflater, message);
            prop_assert!(payload.len() <= message.len() + message.len() / 8 + 4);
            prop_assert!(inflate(&mut inflater, pieces(&payload, cuts)).as_ref() == Ok(message));
            if !agreed.server_context_takeover() {
                peer = Decompress::new_with_window_bits(false, agreed.server_window_bits());
            }
            payload.extend_from_slice(TAIL);
            let mut seen = Vec::new();
            let mut rest = &payload[..];
            let mut out = Vec::with_capacity(16);
            while !rest.is_empty() || out.len() == out.capacity() {
                out.clear();
                rest = &rest[decompress(&mut peer, rest, &mut out).unwrap().0..];
                seen.extend_from_slice(&out);
            }
            prop_assert!(seen == *message);
        }
    }

    #[test]
    fn the_limit_is_kept_however_a_message_is_cut(
        message in message(),
        cuts in vec(any::<Index>(), 0..8),
        limit in any::<Index>(),
    ) {
        let limit = limit.index(message.len() + 2);
        let payload = deflate(&mut Deflater::new(per_message()), &message);
        let mut inflater = Inflater::new(per_message());
        let mut out = Vec::new();
        let result = pieces(&payload, &cuts).into_iter().try_for_each(|piece| inflater.inflate(piece, &mut out, limit));
        prop_assert!(out.capacity() <= limit + 1);
        prop_assert!(message.starts_with(&out));
        prop_assert_eq!(result, if message.len() <= limit { Ok(()) } else { Err(Fault::TooLarge) });
    }

    #[test]
    fn garbage_ends_the_same_however_it_is_cut(
        garbage in garbage(),
        cuts in vec(any::<Index>(), 0..8),
        takes_over in any::<bool>(),
    ) {
        let agreed = if takes_over { takeover() } else { per_message() };
        let whole = inflate_cut_everywhere(agreed, &garbage);
        prop_assert_eq!(inflate(&mut Inflater::new(agreed), pieces(&garbage, &cuts)), whole);
    }

    #[test]
    fn one_wrong_byte_ends_the_same_however_it_is_cut(
        cuts in vec(any::<Index>(), 0..8),
        place in any::<Index>(),
        byte in any::<u8>(),
    ) {
        let mut payload = deflate(&mut Deflater::new(per_message()), &text(300));
        let place = place.index(payload.len());
        payload[place] = byte;
        let whole = inflate_cut_everywhere(per_message(), &payload);
        prop_assert_eq!(inflate(&mut Inflater::new(per_message()), pieces(&payload, &cuts)), whole);
    }
}
