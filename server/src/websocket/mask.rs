//! Masking (RFC 6455 section 5.3).

/// Takes the mask off bytes of which the first stands at `position` of the payload; doing it again puts it on.
pub(super) fn apply(bytes: &mut [u8], mask: [u8; 4], position: usize) {
    let turned = u32::from_le_bytes(mask).rotate_right(8 * (position % 4) as u32);
    let wide = u64::from(turned) << 32 | u64::from(turned);
    let apply_to = |words: &mut [[u8; 8]]| {
        for word in words {
            *word = (u64::from_le_bytes(*word) ^ wide).to_le_bytes();
        }
    };
    // In blocks of a fixed length the compiler makes a few wide operations of eight narrow ones.
    let (blocks, rest) = bytes.as_chunks_mut::<64>();
    blocks.iter_mut().for_each(|block| apply_to(block.as_chunks_mut().0));
    let (words, rest) = rest.as_chunks_mut();
    apply_to(words);
    for (byte, mask) in rest.iter_mut().zip(wide.to_le_bytes()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_length_from_any_position() {
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        for position in 0..9 {
            for len in 0..200 {
                let plain: Vec<u8> = (0..len).collect();
                let expected: Vec<u8> =
                    plain.iter().enumerate().map(|(at, byte)| byte ^ mask[(position + at) % 4]).collect();
                let mut bytes = plain;
                apply(&mut bytes, mask, position);
                assert_eq!(bytes, expected, "{len} bytes from {position}");
            }
        }
    }
}
