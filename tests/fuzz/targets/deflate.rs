//! permessage-deflate: what was compressed comes back, here and from zlib; and what nobody compressed ends the same
//! however it is cut, within the limit.
#![no_main]

use flate2::{Decompress, FlushDecompress, Status};
use libfuzzer_sys::fuzz_target;
use transom_server::DeflateMode;
use transom_server::fuzzing::{Deflate, Inflated, agree, deflate, inflate};

/// What every message ends with, and what is left off (RFC 7692 section 7.2.1).
const TAIL: &[u8] = b"\x00\x00\xff\xff";

fuzz_target!(|input: &[u8]| {
    let [flags, size, payload @ ..] = input else { return };
    let mode = if flags & 1 == 1 { DeflateMode::ContextTakeover } else { DeflateMode::PerMessage };
    let offer = format!("permessage-deflate; server_max_window_bits={}", 9 + (flags >> 1) % 7);
    let agreed = agree([offer.as_bytes()], mode).expect("well-formed").expect("agreeable");
    let pieces: Vec<_> = payload.chunks(1 + usize::from(*size) * 8).collect();
    // Each twice, so that there is something to refer to.
    round_trip(agreed, &pieces.iter().chain(&pieces).copied().collect::<Vec<_>>());
    garbage(agreed, &pieces);
});

fn round_trip(agreed: Deflate, messages: &[&[u8]]) {
    let payloads = deflate(agreed, messages.iter().copied());
    let expected: Vec<_> = messages.iter().map(|message| Inflated::Message(message.to_vec())).collect();
    for piece in [1, 7, usize::MAX] {
        assert!(inflate(agreed, usize::MAX, piece, payloads.iter().map(|payload| &**payload)) == expected);
    }
    let new = || Decompress::new_with_window_bits(false, agreed.server_window_bits());
    let mut peer = new();
    for (payload, message) in payloads.iter().zip(messages) {
        assert!(payload.len() <= message.len() + message.len() / 8 + 4);
        assert!(zlib(&mut peer, payload).is_some_and(|inflated| inflated == *message));
        if !agreed.context_takeover().0 {
            peer = new();
        }
    }
}

fn garbage(agreed: Deflate, payloads: &[&[u8]]) {
    for limit in [100, 1 << 20] {
        let whole = inflate(agreed, limit, usize::MAX, payloads.iter().copied());
        for piece in [1, 7, 60] {
            assert!(inflate(agreed, limit, piece, payloads.iter().copied()) == whole, "{piece} at a time");
        }
        for message in &whole {
            assert!(!matches!(message, Inflated::Message(message) if message.len() > limit));
        }
        if let (Some(payload), Some(Inflated::Message(message))) = (payloads.first(), whole.first())
            && let Some(other) = zlib(&mut Decompress::new(false), payload)
        {
            assert!(*message == other);
        }
    }
}

/// The message of a payload without a last block.
fn zlib(peer: &mut Decompress, payload: &[u8]) -> Option<Vec<u8>> {
    let payload = [payload, TAIL].concat();
    let (mut message, mut read) = (Vec::with_capacity(1000), 0);
    loop {
        let before = peer.total_in();
        let status = peer.decompress_vec(&payload[read..], &mut message, FlushDecompress::None).ok()?;
        read += (peer.total_in() - before) as usize;
        if status == Status::StreamEnd {
            return None;
        }
        if message.len() < message.capacity() {
            return (read == payload.len()).then_some(message);
        }
        message.reserve(message.len());
    }
}
