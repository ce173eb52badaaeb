//! Frames (RFC 6455 section 5): their headers are tungstenite's to read and write, what they may say is decided here.

use super::fault::Fault;
use crate::output::Output;
use bytes::Bytes;
use std::io::Cursor;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// The longest payload of a control frame (RFC 6455 section 5.5).
pub(super) const LONGEST_CONTROL: u64 = 125;

/// The header of a frame from a client, legal by itself. Whether it may come where it comes is the decoder's to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) opcode: OpCode,
    pub(super) is_final: bool,
    /// RSV1, which an extension may give a meaning.
    pub(super) reserved1: bool,
    pub(super) mask: [u8; 4],
    pub(super) len: u64,
}

impl Frame {
    /// Reads the header at the front of `input` and says how long it is; `None` if it is not complete.
    pub(super) fn parse(input: &[u8]) -> Result<Option<(Self, usize)>, Fault> {
        let mut cursor = Cursor::new(input);
        // What it reads from memory can only fail by what it says.
        let parsed = FrameHeader::parse(&mut cursor).map_err(|_| Fault::Opcode)?;
        let Some((header, len)) = parsed else { return Ok(None) };
        let header_len = cursor.position() as usize;
        let mask = header.mask.ok_or(Fault::Unmasked)?;
        if header.rsv2 || header.rsv3 {
            return Err(Fault::ReservedBits);
        }
        if header.len(len) != header_len || len > i64::MAX as u64 {
            return Err(Fault::Length);
        }
        if let OpCode::Control(_) = header.opcode {
            if header.rsv1 {
                return Err(Fault::ReservedBits);
            }
            if !header.is_final {
                return Err(Fault::FragmentedControl);
            }
            if len > LONGEST_CONTROL {
                return Err(Fault::LongControl);
            }
        }
        let frame = Self { opcode: header.opcode, is_final: header.is_final, reserved1: header.rsv1, mask, len };
        Ok(Some((frame, header_len)))
    }
}

/// Writes a whole message, or one that was compressed, as one frame.
pub(super) fn write_message(out: &mut Output, text: bool, compressed: bool, payload: Bytes) {
    write(out, OpCode::Data(if text { Data::Text } else { Data::Binary }), compressed, payload);
}

/// Writes a ping or a pong.
pub(super) fn write_control(out: &mut Output, control: Control, payload: Bytes) {
    write(out, OpCode::Control(control), false, payload);
}

/// Writes a close frame; without a code it is empty.
pub(super) fn write_close(out: &mut Output, code: Option<u16>, reason: &str) {
    let payload = match code {
        Some(code) => [&code.to_be_bytes(), reason.as_bytes()].concat(),
        None => Vec::new(),
    };
    write(out, OpCode::Control(Control::Close), false, payload.into());
}

fn write(out: &mut Output, opcode: OpCode, compressed: bool, payload: Bytes) {
    let header = FrameHeader { opcode, rsv1: compressed, ..FrameHeader::default() };
    out.append(|out| header.format(payload.len() as u64, out).expect("writing to a vector cannot fail"));
    out.push_body(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_whole_or_not_at_all() {
        for (len, header) in [
            (5, &b"\x82\x85mask"[..]),
            (126, b"\x82\xfe\x00\x7emask"),
            (65536, b"\x82\xff\x00\x00\x00\x00\x00\x01\x00\x00mask"),
        ] {
            for part in 0..header.len() {
                assert_eq!(Frame::parse(&header[..part]), Ok(None));
            }
            let (frame, header_len) = Frame::parse(header).unwrap().unwrap();
            assert_eq!((frame.len, frame.mask, header_len), (len, *b"mask", header.len()));
            assert!(frame.is_final && frame.opcode == OpCode::Data(Data::Binary));
        }
    }

    #[test]
    fn what_no_frame_may_say() {
        for (header, fault) in [
            (&b"\x82\x05"[..], Fault::Unmasked),
            (b"\xa2\x80mask", Fault::ReservedBits),
            (b"\x92\x80mask", Fault::ReservedBits),
            (b"\xc9\x80mask", Fault::ReservedBits),
            (b"\x83\x80mask", Fault::Opcode),
            (b"\x8b\x80mask", Fault::Opcode),
            (b"\x82\xfe\x00\x05mask", Fault::Length),
            (b"\x82\xff\x00\x00\x00\x00\x00\x00\xff\xffmask", Fault::Length),
            (b"\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00mask", Fault::Length),
            (b"\x09\x80mask", Fault::FragmentedControl),
            (b"\x89\xfe\x00\x7emask", Fault::LongControl),
        ] {
            assert_eq!(Frame::parse(header), Err(fault), "{}", header.escape_ascii());
        }
    }
}
