//! WebSocket frames (RFC 6455 section 5.2).

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A binary message of `size` bytes, as a client sends it.
pub(crate) fn message(size: usize) -> Vec<u8> {
    let mut frame = vec![0x82];
    match size {
        0..=125 => frame.push(0x80 | size as u8),
        126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend((size as u16).to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend((size as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(MASK.iter().cycle().take(size).map(|mask| b'x' ^ mask));
    frame
}

/// The length of the same message, as a server sends it.
pub(crate) fn reply_length(size: usize) -> usize {
    message(size).len() - MASK.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        for (size, header) in [(0, 2), (125, 2), (126, 4), (65535, 4), (65536, 10)] {
            assert_eq!(reply_length(size), header + size, "{size}");
        }
        assert_eq!(message(300)[..4], [0x82, 0xfe, 1, 44]);
        assert_eq!(message(65536)[..10], [0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn masked() {
        let frame = message(5);
        let payload: Vec<u8> = frame[6..].iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        assert_eq!((frame[1], payload.as_slice()), (0x85, &b"xxxxx"[..]));
    }
}
