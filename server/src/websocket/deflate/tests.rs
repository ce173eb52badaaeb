use super::*;
use crate::websocket::DeflateMode;
use crate::websocket::extension::agree;

mod properties;

fn agreed(mode: DeflateMode, parameters: &str) -> Agreed {
    let headers = [("sec-websocket-extensions", format!("permessage-deflate{parameters}"))];
    agree(&headers.into_iter().collect(), mode).expect("well-formed").expect("agreeable")
}

fn per_message() -> Agreed {
    agreed(DeflateMode::PerMessage, "")
}

fn takeover() -> Agreed {
    agreed(DeflateMode::ContextTakeover, "")
}

fn both() -> [Agreed; 2] {
    [per_message(), takeover()]
}

/// One message that comes in these pieces.
fn inflate<'a>(inflater: &mut Inflater, pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    for piece in pieces {
        inflater.inflate(piece, &mut out, usize::MAX)?;
    }
    inflater.finish()?;
    Ok(out)
}

/// [`inflate`] by a new inflater on the whole payload, which every way to cut it must agree with.
fn inflate_cut_everywhere(agreed: Agreed, payload: &[u8]) -> Result<Vec<u8>, Fault> {
    let new = || Inflater::new(agreed);
    let whole = inflate(&mut new(), [payload]);
    assert_eq!(inflate(&mut new(), payload.chunks(1)), whole, "byte by byte: {}", payload.escape_ascii());
    for cut in 0..=payload.len() {
        let (front, back) = payload.split_at(cut);
        assert_eq!(inflate(&mut new(), [front, back]), whole, "{} cut at {cut}", payload.escape_ascii());
    }
    whole
}

fn deflate(deflater: &mut Deflater, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    deflater.deflate(message, &mut out);
    out
}

/// As a peer may do it that takes more time: with codes of its own for a block.
fn deflate_at(level: u32, message: &[u8]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(message.len() + 1000);
    let mut stream = Compress::new(Compression::new(level), false);
    stream.compress_vec(message, &mut payload, FlushCompress::Sync).unwrap();
    payload.strip_suffix(TAIL).expect("a flush").to_vec()
}

/// Text that gets shorter.
fn text(bytes: usize) -> Vec<u8> {
    let line = |number: u64| format!("{{\"number\": {number}, \"cube\": {}}}\n", number.pow(3)).into_bytes();
    (0..).flat_map(line).take(bytes).collect()
}

/// Bytes that get no shorter.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1u64;
    let xorshift = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(xorshift).take(bytes).collect()
}

/// The examples of RFC 7692 sections 7.2.3.1 and 7.2.3.3 to 7.2.3.6.
#[test]
fn examples_are_read() {
    for agreed in both() {
        for (payload, message) in [
            (&b"\xf2\x48\xcd\xc9\xc9\x07\x00"[..], "Hello"),
            (b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", "Hello"),
            (b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "Hello"),
            (b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", "Hello"),
            (b"\x00", ""),
        ] {
            assert_eq!(inflate_cut_everywhere(agreed, payload), Ok(message.into()), "{}", payload.escape_ascii());
        }
    }
}

/// RFC 7692 section 7.2.3.2.
#[test]
fn the_example_with_a_shared_window_is_read() {
    let (first, second) = (&b"\xf2\x48\xcd\xc9\xc9\x07\x00"[..], &b"\xf2\x00\x11\x00\x00"[..]);
    for pieces in [1, 2, 9] {
        let mut inflater = Inflater::new(takeover());
        assert_eq!(inflate(&mut inflater, first.chunks(pieces)), Ok(b"Hello".into()));
        assert_eq!(inflate(&mut inflater, second.chunks(pieces)), Ok(b"Hello".into()));
    }
    let mut inflater = Inflater::new(per_message());
    assert_eq!(inflate(&mut inflater, [first]), Ok(b"Hello".into()));
    assert_eq!(inflate(&mut inflater, [second]), Err(Fault::Invalid));
}

/// The same examples. Where that of section 7.2.3.2 has a literal and a match, one match does.
#[test]
fn examples_are_written() {
    let hello = b"\xf2\x48\xcd\xc9\xc9\x07\x00";
    for (agreed, again) in [(per_message(), &hello[..]), (takeover(), b"\x02\x13\x00\x00")] {
        let mut deflater = Deflater::new(agreed);
        for expected in [hello, again] {
            assert_eq!(deflate(&mut deflater, b"Hello"), expected);
            assert_eq!(deflate(&mut deflater, b""), b"\x00");
            assert_eq!(deflate(&mut deflater, b""), b"\x00");
        }
    }
}

#[test]
fn every_level_is_read() {
    for level in 0..=9 {
        for message in (1..600).step_by(7).flat_map(|bytes| [vec![0; bytes], text(bytes)]) {
            let payload = deflate_at(level, &message);
            for pieces in [1, payload.len()] {
                let result = inflate(&mut Inflater::new(per_message()), payload.chunks(pieces));
                assert_eq!(result.as_ref(), Ok(&message), "{level}: {}", payload.escape_ascii());
            }
        }
    }
}

#[test]
fn nothing_is_held_back_for_want_of_room() {
    let payload = deflate_at(9, &[0; 100_000]);
    let mut inflaters = [(); 2].map(|()| Inflater::new(per_message()));
    let mut outs = [Vec::new(), Vec::with_capacity(100_001)];
    for piece in payload.chunks(1) {
        for (inflater, out) in inflaters.iter_mut().zip(&mut outs) {
            inflater.inflate(piece, out, usize::MAX).unwrap();
        }
        assert_eq!(outs[0].len(), outs[1].len());
    }
    assert_eq!(outs[0].len(), 100_000);
}

#[test]
fn payloads_are_appended() {
    let mut out = b"header".to_vec();
    Deflater::new(per_message()).deflate(b"Hello", &mut out);
    assert_eq!(out, b"header\xf2\x48\xcd\xc9\xc9\x07\x00");
    let mut message = b"Oh, ".to_vec();
    Inflater::new(per_message()).inflate(&out[6..], &mut message, usize::MAX).unwrap();
    assert_eq!(message, b"Oh, Hello");
}

#[test]
fn what_is_worthwhile() {
    assert!(!is_worthwhile(&[b'a'; 63]) && is_worthwhile(&[b'a'; 64]));
}

#[test]
fn a_message_is_compressed_by_itself_or_by_those_before() {
    let message = text(1000);
    let mut deflater = Deflater::new(per_message());
    let first = deflate(&mut deflater, &message);
    assert!(first.len() < 700, "{}", first.len());
    // Whatever the thread compressed in between.
    deflate(&mut Deflater::new(per_message()), &noise(1000));
    assert_eq!(deflate(&mut deflater, &message), first);

    let mut deflater = Deflater::new(takeover());
    assert_eq!(deflate(&mut deflater, &message), first);
    let second = deflate(&mut deflater, &message);
    assert!(second.len() < first.len() / 4, "{} after {}", second.len(), first.len());
}

#[test]
fn takeover_is_agreed_on_for_each_direction() {
    let message = text(1000);
    for (parameters, server) in [("; server_no_context_takeover", false), ("; client_no_context_takeover", true)] {
        let agreed = agreed(DeflateMode::ContextTakeover, parameters);
        let mut deflater = Deflater::new(agreed);
        assert_eq!(deflate(&mut deflater, &message) != deflate(&mut deflater, &message), server);
        let mut peer = Deflater::new(takeover());
        let mut inflater = Inflater::new(agreed);
        assert_eq!(inflate(&mut inflater, [&*deflate(&mut peer, &message)]), Ok(message.clone()));
        assert_eq!(inflate(&mut inflater, [&*deflate(&mut peer, &message)]).is_err(), server);
    }
}

#[test]
fn the_window_is_kept_to() {
    for bits in 9..=15 {
        let window = 1 << bits;
        let agreed = agreed(DeflateMode::ContextTakeover, &format!("; server_max_window_bits={bits}"));
        // Within the window, but for what zlib needs to look ahead; and just beyond.
        for (distance, shorter) in [(window - 300, true), (window, false)] {
            let message = noise(distance);
            let mut deflater = Deflater::new(agreed);
            let [first, second] = [(); 2].map(|()| deflate(&mut deflater, &message));
            assert!(first.len() >= message.len());
            assert_eq!(second.len() < message.len() / 2, shorter, "{bits}: {} of {distance}", second.len());
        }
    }
}

#[test]
fn nothing_is_held_between_messages_but_for_takeover() {
    for (agreed, held) in [(per_message(), false), (takeover(), true)] {
        let mut deflater = Deflater::new(agreed);
        let mut inflater = Inflater::new(agreed);
        let holds = |inflater: &Inflater, deflater: &Deflater| {
            (inflater.stream.is_some(), matches!(deflater.context, Context::Takeover(Some(_))))
        };
        assert_eq!(holds(&inflater, &deflater), (false, false));
        for message in [&b"Hello"[..], b""] {
            let payload = deflate(&mut deflater, message);
            inflater.inflate(&payload, &mut Vec::new(), usize::MAX).unwrap();
            assert_eq!(holds(&inflater, &deflater), (true, held));
            inflater.finish().unwrap();
            assert_eq!(holds(&inflater, &deflater), (held, held));
        }
    }
    assert!(size_of::<Inflater>() <= 16 && size_of::<Deflater>() <= 24);
}

#[test]
fn idle_decompressors_are_used_again() {
    let idle = || DECOMPRESSORS.with_borrow(Vec::len);
    let mut inflaters: Vec<_> = (0..KEPT + 2).map(|_| Inflater::new(per_message())).collect();
    for _ in 0..2 {
        for inflater in &mut inflaters {
            inflater.inflate(b"\xf2\x48\xcd", &mut Vec::new(), usize::MAX).unwrap();
        }
        assert_eq!(idle(), 0);
        for inflater in &mut inflaters {
            let mut out = Vec::new();
            inflater.inflate(b"\xc9\xc9\x07\x00", &mut out, usize::MAX).unwrap();
            inflater.finish().unwrap();
            assert!(out.ends_with(b"lo"));
        }
        assert_eq!(idle(), KEPT);
    }
}

#[test]
fn incompressible_messages_grow_by_little() {
    // Each byte from 144 on takes nine bits in a fixed block.
    let worst: Vec<u8> = noise(100_000).into_iter().map(|byte| byte | 0x90).collect();
    for agreed in both() {
        for bytes in [1, 2, 3, 64, 1000, 100_000] {
            let payload = deflate(&mut Deflater::new(agreed), &worst[..bytes]);
            assert!(payload.len() <= bytes + bytes / 8 + 4, "{} from {bytes}", payload.len());
            assert_eq!(inflate(&mut Inflater::new(agreed), [&*payload]).as_deref(), Ok(&worst[..bytes]));
        }
    }
}

#[test]
fn the_limit_is_the_last_byte_that_is_given_out() {
    let message = text(5000);
    let payload = deflate(&mut Deflater::new(per_message()), &message);
    for agreed in both() {
        for pieces in [1, 100, payload.len()] {
            let run = |limit| {
                let mut out = Vec::new();
                let mut inflater = Inflater::new(agreed);
                let result = payload.chunks(pieces).try_for_each(|piece| inflater.inflate(piece, &mut out, limit));
                assert!(out.capacity() <= limit + 1, "{} for {limit}", out.capacity());
                result.and_then(|()| inflater.finish()).map(|()| out)
            };
            assert_eq!(run(5000).as_ref(), Ok(&message));
            for limit in [0, 1, 255, 256, 257, 4998, 4999] {
                assert_eq!(run(limit), Err(Fault::TooLarge), "{limit}");
            }
        }
    }
}

#[test]
fn the_limit_counts_what_was_there_before() {
    let run = |before: &str, limit| {
        let mut out = before.as_bytes().to_vec();
        Inflater::new(per_message()).inflate(b"\xf2\x48\xcd\xc9\xc9\x07\x00", &mut out, limit)
    };
    assert_eq!(run("12345", 10), Ok(()));
    assert_eq!(run("123456", 10), Err(Fault::TooLarge));
    assert_eq!(run("12345678901", 10), Err(Fault::TooLarge));
}

#[test]
fn an_empty_message_needs_no_room() {
    let mut out = Vec::new();
    let mut inflater = Inflater::new(per_message());
    assert_eq!(inflater.inflate(b"\x00", &mut out, 0), Ok(()));
    assert_eq!((inflater.finish(), out.is_empty()), (Ok(()), true));
}

#[test]
fn a_bomb_costs_no_more_than_its_limit() {
    // A GiB of zeros, of which each MiB is compressed alike.
    let mut unit = deflate(&mut Deflater::new(per_message()), &vec![0; 1 << 20]);
    unit.extend_from_slice(TAIL);
    let mut bomb = unit.repeat(1 << 10);
    bomb.truncate(bomb.len() - TAIL.len());
    for agreed in both() {
        let limit = (10 << 20) + 12345;
        for pieces in [100, 4096, bomb.len()] {
            let mut inflater = Inflater::new(agreed);
            let mut out = Vec::new();
            let mut largest = 0;
            let result = bomb.chunks(pieces).try_for_each(|piece| {
                let result = inflater.inflate(piece, &mut out, limit);
                largest = largest.max(out.capacity());
                assert!(out.capacity() <= ROOM.max(pieces * RATIO).max(out.len() * 2), "room made in advance");
                result
            });
            assert_eq!(result, Err(Fault::TooLarge));
            assert_eq!((out.len(), largest), (limit + 1, limit + 1));
        }
    }
}

#[test]
fn garbage_is_invalid() {
    for (payload, what) in [
        (&b"\x06"[..], "a block of the reserved type"),
        (b"\xff\xff\xff\xff", "the same"),
        (b"\x00\x05\x00\xfa\xfe", "the length of a stored block that does not match"),
        (b"\x02\x13\x00\x00", "a match in front of the message"),
        (b"\xf2\x48\x05\x00\x00\x00\xff\xff\x06", "behind a good block"),
        (b"\xf3\x48\xcd\xc9\xc9\x07\x00\x06", "behind a last block"),
        (b"{\"text\": \"that was not compressed\"}", "text"),
    ] {
        for agreed in both() {
            assert_eq!(inflate_cut_everywhere(agreed, payload), Err(Fault::Invalid), "{what}");
        }
    }
}

#[test]
fn a_message_that_is_cut_off_is_invalid() {
    let quick =
        [b"Hello".to_vec(), text(200), noise(200)].map(|message| deflate(&mut Deflater::new(per_message()), &message));
    let thorough = [text(200), text(2000)].map(|message| deflate_at(9, &message));
    for payload in quick.into_iter().chain(thorough) {
        for cut in 1..payload.len() {
            let result = inflate(&mut Inflater::new(per_message()), [&payload[..cut]]);
            assert_eq!(result, Err(Fault::Invalid), "{} of {}", cut, payload.escape_ascii());
        }
    }
    for stored in [&b"\x00"[..], b"\x00\x05", b"\x00\x05\x00\xfa\xff", b"\x00\x05\x00\xfa\xffHell"] {
        let cut = [&b"\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff"[..], stored].concat();
        let expected = if stored.len() == 1 { Ok(b"Hello".into()) } else { Err(Fault::Invalid) };
        assert_eq!(inflate_cut_everywhere(per_message(), &cut), expected, "{}", cut.escape_ascii());
    }
}

#[test]
fn with_takeover_a_message_that_is_cut_off_gives_no_more_than_it_had() {
    let message = text(200);
    let payload = deflate(&mut Deflater::new(takeover()), &message);
    for cut in 1..payload.len() {
        let mut out = Vec::new();
        let mut inflater = Inflater::new(takeover());
        inflater.inflate(&payload[..cut], &mut out, usize::MAX).unwrap();
        let before = out.len();
        let _ = inflater.finish();
        assert!(message.starts_with(&out) && out.len() == before);
    }
    assert_eq!(inflate(&mut Inflater::new(takeover()), [&b"\x00\x05\x00\xfa\xffH"[..]]), Err(Fault::Invalid));
}

#[test]
fn a_last_block_ends_a_stream_but_no_message() {
    let last = b"\xf3\x48\xcd\xc9\xc9\x07\x00";
    for agreed in both() {
        for (payload, message) in [
            ([&last[..], b"\x00"].concat(), "Hello"),
            ([&last[..], last, b"\x00"].concat(), "HelloHello"),
            ([&last[..], b"\xf2\x48\xcd\xc9\xc9\x07\x00"].concat(), "HelloHello"),
            // Without the byte that the tail belongs to.
            (last.to_vec(), "Hello"),
        ] {
            assert_eq!(inflate_cut_everywhere(agreed, &payload), Ok(message.into()));
            let mut inflater = Inflater::new(agreed);
            for _ in 0..3 {
                assert_eq!(inflate(&mut inflater, [&*payload]), Ok(message.into()));
            }
        }
        // A window does not reach behind it.
        assert_eq!(inflate_cut_everywhere(agreed, &[&last[..], b"\x02\x13\x00\x00"].concat()), Err(Fault::Invalid));
    }
}

#[test]
fn no_payload_is_no_message() {
    for agreed in both() {
        let mut inflater = Inflater::new(agreed);
        for _ in 0..2 {
            assert_eq!(inflate(&mut inflater, []), Ok(Vec::new()));
            assert_eq!(inflate(&mut inflater, [&b""[..], b""]), Ok(Vec::new()));
            assert_eq!(inflate(&mut inflater, [&b"\xf2\x48\xcd\xc9\xc9\x07\x00"[..]]), Ok(b"Hello".into()));
        }
    }
}
