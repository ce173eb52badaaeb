//! The headers of frames (RFC 6455 section 5.2). What is legal by itself is decided where they are read; how they are
//! written, and what opcodes there are, is tungstenite's to say.

use super::fault::Fault;
use crate::output::Output;
use bytes::Bytes;
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
        let [first, second, rest @ ..] = input else { return Ok(None) };
        let bit = |bit: u8| first & bit != 0;
        let (is_final, reserved1) = (bit(0x80), bit(0x40));
        let opcode = OpCode::from(first & 0x0f);
        if matches!(opcode, OpCode::Data(Data::Reserved(_)) | OpCode::Control(Control::Reserved(_))) {
            return Err(Fault::Opcode);
        }
        let (len, shortest, rest) = match second & 0x7f {
            126 => {
                let Some((len, rest)) = rest.split_first_chunk() else { return Ok(None) };
                (u16::from_be_bytes(*len).into(), 126, rest)
            }
            127 => {
                let Some((len, rest)) = rest.split_first_chunk() else { return Ok(None) };
                (u64::from_be_bytes(*len), 1 << 16, rest)
            }
            len => (len.into(), 0, rest),
        };
        if second & 0x80 == 0 {
            return Err(Fault::Unmasked);
        }
        let Some((mask, rest)) = rest.split_first_chunk() else { return Ok(None) };
        if bit(0x20) || bit(0x10) {
            return Err(Fault::ReservedBits);
        }
        if len < shortest || len > i64::MAX as u64 {
            return Err(Fault::Length);
        }
        if let OpCode::Control(_) = opcode {
            if reserved1 {
                return Err(Fault::ReservedBits);
            }
            if !is_final {
                return Err(Fault::FragmentedControl);
            }
            if len > LONGEST_CONTROL {
                return Err(Fault::LongControl);
            }
        }
        Ok(Some((Self { opcode, is_final, reserved1, mask: *mask, len }, input.len() - rest.len())))
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
pub(super) mod tests {
    use super::*;
    use crate::output::SLICES;
    use std::io::IoSlice;

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

    /// Whatever a header says, `tungstenite` finds the same in it.
    #[test]
    fn another_parser_agrees() {
        let lengths =
            [&[0][..], &[125], &[126, 0, 125], &[126, 0, 126], &[126, 255, 255], &[127, 0, 0, 0, 0, 0, 0, 255, 255]];
        let longest = [
            &[127, 0, 0, 0, 0, 0, 1, 0, 0][..],
            &[127, 127, 255, 255, 255, 255, 255, 255, 255],
            &[127, 255, 0, 0, 0, 0, 0, 0, 0],
        ];
        for first in 0..=255u8 {
            for len in lengths.iter().chain(&longest) {
                for masked in [0, 0x80] {
                    let header = [&[first, len[0] | masked], &len[1..], b"mask"].concat();
                    for end in 0..=header.len() {
                        let mut cursor = std::io::Cursor::new(&header[..end]);
                        let theirs = FrameHeader::parse(&mut cursor);
                        let text = header[..end].escape_ascii();
                        match (Frame::parse(&header[..end]), theirs) {
                            (Ok(None), Ok(None)) => {}
                            (Ok(Some((frame, header_len))), Ok(Some((theirs, len)))) => {
                                let found = (theirs.opcode, theirs.is_final, theirs.rsv1, theirs.mask, len);
                                assert_eq!(
                                    (frame.opcode, frame.is_final, frame.reserved1, Some(frame.mask), frame.len),
                                    found,
                                    "{text}"
                                );
                                assert_eq!(header_len as u64, cursor.position(), "{text}");
                                assert_eq!(theirs.len(len), header_len, "{text}");
                                assert!(!theirs.rsv2 && !theirs.rsv3 && len <= i64::MAX as u64, "{text}");
                            }
                            // It is seen here before the rest is there.
                            (Err(Fault::Opcode), Err(_) | Ok(None)) => {}
                            (Err(fault), Ok(Some((theirs, len)))) => {
                                let expected = match theirs.opcode {
                                    _ if theirs.mask.is_none() => Fault::Unmasked,
                                    _ if theirs.rsv2 || theirs.rsv3 => Fault::ReservedBits,
                                    _ if theirs.len(len) as u64 != cursor.position() || len > i64::MAX as u64 => {
                                        Fault::Length
                                    }
                                    OpCode::Control(_) if theirs.rsv1 => Fault::ReservedBits,
                                    OpCode::Control(_) if !theirs.is_final => Fault::FragmentedControl,
                                    _ => Fault::LongControl,
                                };
                                assert_eq!(fault, expected, "{text}");
                            }
                            (ours, theirs) => panic!("{text}: {ours:?} and {theirs:?}"),
                        }
                    }
                }
            }
        }
    }

    /// What would be written.
    pub(in crate::websocket) fn bytes_of(mut output: Output) -> Vec<u8> {
        let mut bytes = Vec::new();
        loop {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let count = output.slices(&mut slices);
            let piece: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.iter().copied()).collect();
            if piece.is_empty() {
                return bytes;
            }
            output.advance(piece.len() as u64);
            bytes.extend(piece);
        }
    }

    /// Puts a mask of zeros on a frame of the server's, as if a client had sent it.
    fn mask(frame: &[u8]) -> Vec<u8> {
        let header_len = 2 + [0, 2, 8][usize::from(frame[1].saturating_sub(125))];
        let (header, payload) = frame.split_at(header_len);
        [&[header[0], header[1] | 0x80], &header[2..], &[0; 4], payload].concat()
    }

    #[test]
    fn what_is_written_is_read() {
        type Write = fn(&mut Output, Bytes);
        let kinds: [(Write, OpCode, bool); 6] = [
            (|out, payload| write_message(out, true, false, payload), OpCode::Data(Data::Text), false),
            (|out, payload| write_message(out, true, true, payload), OpCode::Data(Data::Text), true),
            (|out, payload| write_message(out, false, false, payload), OpCode::Data(Data::Binary), false),
            (|out, payload| write_message(out, false, true, payload), OpCode::Data(Data::Binary), true),
            (|out, payload| write_control(out, Control::Ping, payload), OpCode::Control(Control::Ping), false),
            (|out, payload| write_control(out, Control::Pong, payload), OpCode::Control(Control::Pong), false),
        ];
        for len in [0, 1, 125, 126, 127, 255, 256, 16 << 10, (16 << 10) + 1, 65535, 65536, 200_000] {
            for (write, opcode, reserved1) in kinds {
                if matches!(opcode, OpCode::Control(_)) && len as u64 > LONGEST_CONTROL {
                    continue;
                }
                let payload: Vec<u8> = (0..len).map(|at| at as u8).collect();
                let mut output = Output::default();
                write(&mut output, payload.clone().into());
                let wire = mask(&bytes_of(output));
                let (frame, header_len) = Frame::parse(&wire).unwrap().unwrap();
                let expected = Frame { opcode, is_final: true, reserved1, mask: [0; 4], len: len as u64 };
                assert_eq!(frame, expected);
                assert!(wire[header_len..] == payload, "{opcode} of {len} bytes");
            }
        }
    }

    #[test]
    fn no_frame_of_the_server_is_masked() {
        let mut output = Output::default();
        write_message(&mut output, false, false, "abc".into());
        let wire = bytes_of(output);
        assert_eq!(wire, b"\x82\x03abc");
        assert_eq!(Frame::parse(&wire), Err(Fault::Unmasked));
    }

    #[test]
    fn closes() {
        for (code, reason, expected) in [
            (None, "ignored", &b"\x88\x00"[..]),
            (Some(1000), "", b"\x88\x02\x03\xe8"),
            (Some(4999), "bye", b"\x88\x05\x13\x87bye"),
        ] {
            let mut output = Output::default();
            write_close(&mut output, code, reason);
            assert_eq!(bytes_of(output), expected);
        }
        let mut output = Output::default();
        write_close(&mut output, Some(1000), &"x".repeat(123));
        let (frame, _) = Frame::parse(&mask(&bytes_of(output))).unwrap().unwrap();
        assert_eq!((frame.opcode, frame.len), (OpCode::Control(Control::Close), LONGEST_CONTROL));
    }
}
