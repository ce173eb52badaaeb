//! Masking (RFC 6455 section 5.3).

/// Takes the mask off bytes of which the first stands at `position` of the payload; doing it again puts it on.
pub(super) fn apply(bytes: &mut [u8], mask: [u8; 4], position: usize) {
    let mut word = [0; 8];
    for (index, byte) in word.iter_mut().enumerate() {
        *byte = mask[(position + index) % 4];
    }
    let wide = u64::from_ne_bytes(word);
    let mut chunks = bytes.chunks_exact_mut(8);
    for chunk in &mut chunks {
        let masked = u64::from_ne_bytes(chunk.try_into().expect("a chunk has 8 bytes")) ^ wide;
        chunk.copy_from_slice(&masked.to_ne_bytes());
    }
    for (byte, mask) in chunks.into_remainder().iter_mut().zip(word) {
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
            for len in 0..40 {
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
