//! Frames into messages (RFC 6455 sections 5.4 to 5.6, RFC 7692 section 6.2). Pure: bytes in, messages out.

#[cfg(test)]
mod tests;

use super::deflate::{self, Inflater};
use super::fault::Fault;
use super::frame::Frame;
use super::mask;
use bytes::{Buf, Bytes, BytesMut};
use transom::order::is_close_code;
use transom::{Message, Utf8};
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// What a peer said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    Message(Message),
    /// With its code, if it has one.
    Close(Option<u16>, Utf8),
}

/// Takes frames off the front of a growing buffer.
///
/// Every byte is unmasked, and every byte of text checked, as soon as it is there; what came in parts is checked again
/// when it is whole. A message in one frame is a slice of the buffer; fragments and what is inflated are put together.
#[derive(Debug)]
pub(super) struct Decoder {
    limit: usize,
    inflater: Option<Inflater>,
    /// The frame whose payload is at the front of the input.
    frame: Option<Frame>,
    /// How much of its payload was looked at.
    seen: usize,
    /// How much of its text is known to be UTF-8.
    checked: usize,
    message: Option<Fragments>,
}

/// What has come of a message that is not in one plain frame.
#[derive(Debug)]
struct Fragments {
    text: bool,
    compressed: bool,
    data: Vec<u8>,
    checked: usize,
}

impl Decoder {
    /// For messages of at most `limit` bytes.
    pub(super) fn new(limit: Option<usize>, inflater: Option<Inflater>) -> Self {
        let limit = limit.unwrap_or(usize::MAX);
        Self { limit, inflater, frame: None, seen: 0, checked: 0, message: None }
    }

    /// The next message, ping, pong or close; `None` if it is not complete. Without `data` a frame of a message is left
    /// where it is.
    ///
    /// # Errors
    /// The socket is to be closed for it. Nothing may be decoded afterwards.
    pub(super) fn decode(&mut self, input: &mut BytesMut, data: bool) -> Result<Option<Received>, Fault> {
        loop {
            let frame = match self.frame {
                Some(frame) => frame,
                None if input.is_empty() => return Ok(None),
                None => {
                    let Some((frame, len)) = Frame::parse(input)? else { return Ok(None) };
                    if let OpCode::Data(kind) = frame.opcode {
                        if !data {
                            return Ok(None);
                        }
                        self.admit(kind, &frame)?;
                    }
                    input.advance(len);
                    (self.seen, self.checked) = (0, 0);
                    *self.frame.insert(frame)
                }
            };
            let received = match frame.opcode {
                OpCode::Control(control) => self.control(control, &frame, input)?,
                OpCode::Data(kind) if self.message.is_none() => {
                    self.whole(kind == Data::Text, &frame, input)?.map(Received::Message)
                }
                OpCode::Data(_) => match self.fragment(&frame, input)? {
                    Progress::Message(message) => Some(Received::Message(message)),
                    Progress::Frame => continue,
                    Progress::None => None,
                },
            };
            return Ok(received);
        }
    }

    /// Whether the bytes at the front of `input` are of a message.
    pub(super) fn is_in_message(&self, input: &[u8]) -> bool {
        match self.frame {
            Some(frame) => matches!(frame.opcode, OpCode::Data(_)),
            None => input.first().is_some_and(|first| first & 0x08 == 0),
        }
    }

    /// Bytes that have to be behind those of `input` before there is more to take from it, as far as that is known.
    pub(super) fn missing(&self, input: &[u8]) -> usize {
        let Some(frame) = self.frame else { return 0 };
        // What was looked at of a fragment is taken.
        let taken = if self.message.is_some() { self.seen } else { 0 };
        usize::try_from(frame.len).map_or(usize::MAX, |len| len.saturating_sub(taken).saturating_sub(input.len()))
    }

    /// Whether a frame of a message may come here.
    fn admit(&mut self, kind: Data, frame: &Frame) -> Result<(), Fault> {
        let begun = match (kind, &self.message) {
            (Data::Continue, None) => return Err(Fault::Continuation),
            (Data::Text | Data::Binary, Some(_)) => return Err(Fault::Interleaved),
            (Data::Continue, Some(_)) if frame.reserved1 => return Err(Fault::ReservedBits),
            (_, Some(message)) => message,
            (_, None) => {
                // RFC 7692 section 6: the first frame of a compressed message says that it is.
                let compressed = frame.reserved1;
                if compressed && self.inflater.is_none() {
                    return Err(Fault::ReservedBits);
                }
                let begun = Fragments { text: kind == Data::Text, compressed, data: Vec::new(), checked: 0 };
                if frame.is_final && !compressed {
                    return if frame.len > self.limit as u64 { Err(Fault::TooLarge) } else { Ok(()) };
                }
                self.message.insert(begun)
            }
        };
        // What a compressed one comes to is known when it is inflated.
        let len = frame.len.saturating_add(begun.data.len() as u64);
        if !begun.compressed && len > self.limit as u64 { Err(Fault::TooLarge) } else { Ok(()) }
    }

    fn control(&mut self, control: Control, frame: &Frame, input: &mut BytesMut) -> Result<Option<Received>, Fault> {
        let len = frame.len as usize;
        if input.len() < len {
            return Ok(None);
        }
        self.frame = None;
        let mut payload = input.split_to(len);
        mask::apply(&mut payload, frame.mask, 0);
        let payload = payload.freeze();
        match control {
            Control::Ping => Ok(Some(Received::Message(Message::Ping(payload)))),
            Control::Pong => Ok(Some(Received::Message(Message::Pong(payload)))),
            _ => close(&payload).map(Some),
        }
    }

    /// A message in one frame, once it is complete.
    fn whole(&mut self, text: bool, frame: &Frame, input: &mut BytesMut) -> Result<Option<Message>, Fault> {
        // No longer than the limit, which fits.
        let len = frame.len as usize;
        let there = len.min(input.len());
        mask::apply(&mut input[self.seen..there], frame.mask, self.seen);
        self.seen = there;
        if there < len {
            if text {
                self.checked = check(input[..there].as_ref(), self.checked)?;
            }
            return Ok(None);
        }
        self.frame = None;
        let payload = input.split_to(len).freeze();
        message(text, payload).map(Some)
    }

    /// What is there of a fragment, or of a compressed message.
    fn fragment(&mut self, frame: &Frame, input: &mut BytesMut) -> Result<Progress, Fault> {
        let message = self.message.as_mut().expect("a frame is admitted as a part of a message");
        let there = usize::try_from(frame.len).unwrap_or(usize::MAX).saturating_sub(self.seen).min(input.len());
        mask::apply(&mut input[..there], frame.mask, self.seen);
        match &mut self.inflater {
            Some(inflater) if message.compressed => {
                inflater.inflate(&input[..there], &mut message.data, self.limit)?;
            }
            _ => message.data.extend_from_slice(&input[..there]),
        }
        input.advance(there);
        self.seen += there;
        let complete = self.seen as u64 == frame.len;
        let last = complete && frame.is_final;
        if last
            && message.compressed
            && let Some(inflater) = &mut self.inflater
        {
            inflater.finish()?;
        }
        // At its end it is checked as a whole.
        if message.text && !last {
            message.checked = check(&message.data, message.checked)?;
        }
        if !complete {
            return Ok(Progress::None);
        }
        self.frame = None;
        if !frame.is_final {
            return Ok(Progress::Frame);
        }
        let Fragments { text, data, .. } = self.message.take().expect("looked at above");
        self::message(text, data.into()).map(Progress::Message)
    }
}

enum Progress {
    /// All that was there is taken, and more has to come.
    None,
    /// A frame is complete, and its message is not.
    Frame,
    Message(Message),
}

impl From<deflate::Fault> for Fault {
    fn from(fault: deflate::Fault) -> Self {
        match fault {
            deflate::Fault::Invalid => Self::Deflate,
            deflate::Fault::TooLarge => Self::TooLarge,
        }
    }
}

/// How much of `text` is known to be UTF-8, from `checked` on; a character may be incomplete at its end.
fn check(text: &[u8], checked: usize) -> Result<usize, Fault> {
    match std::str::from_utf8(&text[checked..]) {
        Ok(_) => Ok(text.len()),
        Err(error) if error.error_len().is_none() => Ok(checked + error.valid_up_to()),
        Err(_) => Err(Fault::Utf8),
    }
}

fn message(text: bool, payload: Bytes) -> Result<Message, Fault> {
    match text {
        true => Utf8::try_from(payload).map(Message::Text).map_err(|_| Fault::Utf8),
        false => Ok(Message::Binary(payload)),
    }
}

/// RFC 6455 section 5.5.1.
fn close(payload: &Bytes) -> Result<Received, Fault> {
    match payload.split_first_chunk() {
        None if payload.is_empty() => Ok(Received::Close(None, Utf8::default())),
        None => Err(Fault::CloseLength),
        Some((code, _)) => {
            let code = u16::from_be_bytes(*code);
            if !is_close_code(code) {
                return Err(Fault::CloseCode);
            }
            let reason = Utf8::try_from(payload.slice(2..)).map_err(|_| Fault::CloseReason)?;
            Ok(Received::Close(Some(code), reason))
        }
    }
}
