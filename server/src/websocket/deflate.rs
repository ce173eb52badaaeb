//! The payload of compressed messages (RFC 7692 section 7.2): bytes in, bytes out.
//!
//! A stream of zlib takes hundreds of KiB to compress and some 50 to decompress. A connection has one of its own only
//! where it takes over the context from one message to the next, and for the time that a message of the peer's takes to
//! arrive; else each thread has a few for all of its connections.

#[cfg(test)]
mod tests;

use super::extension::Agreed;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use std::cell::RefCell;

/// What every message ends with, and what is left off on the wire: the empty block of a flush, but for the byte that
/// has its header.
const TAIL: &[u8] = b"\x00\x00\xff\xff";

/// An empty last block.
const LAST: &[u8] = b"\x03\x00";

/// Messages below this are not compressed: they hardly get shorter, and not by a packet.
const WORTHWHILE: usize = 64;

/// What nginx does: most of the gain for the least of the time.
const LEVEL: Compression = Compression::new(1);

/// Idle decompressors kept by each thread.
const KEPT: usize = 8;

/// Room made for what is decompressed, at least.
const ROOM: usize = 256;

/// How much longer than its compressed form a message is taken to be at first.
const RATIO: usize = 4;

thread_local! {
    // Boxed, so that handing one over moves a pointer.
    #[allow(clippy::vec_box)]
    static DECOMPRESSORS: RefCell<Vec<Box<Decompress>>> = const { RefCell::new(Vec::new()) };
    /// One for each size of a window, 9 to 15 bits.
    static COMPRESSORS: RefCell<[Option<Compress>; 7]> = const { RefCell::new([const { None }; 7]) };
}

/// Why a message cannot be decompressed. The connection is to be failed: nothing that follows can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is longer than the limit.
    TooLarge,
    /// It is not what DEFLATE makes.
    Invalid,
}

/// Whether a message is to be compressed, where that was agreed on. Without context takeover that may be decided for
/// each message, and with it too: what is not compressed is not in the window.
pub(super) fn is_worthwhile(message: &[u8]) -> bool {
    message.len() >= WORTHWHILE
}

/// Decompresses the client's messages.
#[derive(Debug)]
pub(super) struct Inflater {
    context_takeover: bool,
    /// There in the middle of a message, and with context takeover from the first one on. Its window has 15 bits, which
    /// reads what was made with fewer, and zlib-rs has room for no fewer anyway.
    stream: Option<Box<Decompress>>,
    /// Whether nothing of the message was read, or nothing behind a last block.
    at_start: bool,
}

impl Inflater {
    pub(super) fn new(agreed: Agreed) -> Self {
        Self { context_takeover: agreed.client_context_takeover(), stream: None, at_start: true }
    }

    /// Appends to `out` what the next bytes of a message's payload stand for: all of it, so that nothing is held back.
    ///
    /// `limit` is how many bytes `out` may hold; it is made no larger than for one byte more.
    pub(super) fn inflate(&mut self, mut compressed: &[u8], out: &mut Vec<u8>, limit: usize) -> Result<(), Fault> {
        if compressed.is_empty() {
            return Ok(());
        }
        let stream = self.stream.get_or_insert_with(decompressor);
        loop {
            make_room(out, compressed.len(), limit)?;
            let (read, status) = decompress(stream, compressed, out)?;
            compressed = &compressed[read..];
            if out.len() > limit {
                return Err(Fault::TooLarge);
            }
            self.at_start = status == Status::StreamEnd;
            if self.at_start {
                // BFINAL (RFC 7692 section 7.2.3.4). What follows is a stream of its own, as browsers have it too.
                stream.reset(false);
            }
            if compressed.is_empty() && (self.at_start || out.len() < out.capacity()) {
                return Ok(());
            }
        }
    }

    /// Ends the message, of which all was given out before.
    ///
    /// With context takeover a message that was cut off may be found out by the next one only.
    pub(super) fn finish(&mut self) -> Result<(), Fault> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        // Where there was nothing to compress, though a byte should have said so, the tail is not in its place.
        if !self.at_start {
            self.at_start = true;
            if self.context_takeover {
                drain(stream, TAIL)?;
            } else if drain(stream, &[TAIL, LAST].concat())? != Status::StreamEnd {
                return Err(Fault::Invalid);
            }
        }
        if !self.context_takeover {
            keep(self.stream.take());
        }
        Ok(())
    }
}

/// Compresses the server's messages.
#[derive(Debug)]
pub(super) struct Deflater {
    window_bits: u8,
    context: Context,
}

#[derive(Debug)]
enum Context {
    PerMessage,
    /// From the first message on.
    Takeover(Option<Box<Compress>>),
}

impl Deflater {
    pub(super) fn new(agreed: Agreed) -> Self {
        let context = if agreed.server_context_takeover() { Context::Takeover(None) } else { Context::PerMessage };
        Self { window_bits: agreed.server_window_bits(), context }
    }

    /// Appends the payload of a message. It may be longer than the message was, by an eighth and some bytes.
    pub(super) fn deflate(&mut self, message: &[u8], out: &mut Vec<u8>) {
        let new = || Compress::new_with_window_bits(LEVEL, false, self.window_bits);
        match &mut self.context {
            Context::Takeover(stream) => compress(stream.get_or_insert_with(|| Box::new(new())), message, out),
            Context::PerMessage => COMPRESSORS.with_borrow_mut(|kept| {
                let stream = kept[usize::from(self.window_bits - 9)].get_or_insert_with(new);
                stream.reset();
                compress(stream, message, out);
            }),
        }
    }
}

/// One that is at its start.
fn decompressor() -> Box<Decompress> {
    DECOMPRESSORS.with_borrow_mut(Vec::pop).unwrap_or_else(|| Box::new(Decompress::new(false)))
}

/// Keeps one for the next message.
fn keep(stream: Option<Box<Decompress>>) {
    let Some(mut stream) = stream else { return };
    stream.reset(false);
    DECOMPRESSORS.with_borrow_mut(|kept| {
        if kept.len() < KEPT {
            kept.push(stream);
        }
    });
}

/// Makes sure that something fits in `out`: at first as much as `compressed` bytes may come to, then twice as much each
/// time; but never more than the limit and the byte that exceeds it.
fn make_room(out: &mut Vec<u8>, compressed: usize, limit: usize) -> Result<(), Fault> {
    if out.len() == out.capacity() {
        let most = limit.checked_sub(out.len()).ok_or(Fault::TooLarge)?.saturating_add(1);
        out.reserve_exact(out.len().max(compressed.saturating_mul(RATIO)).max(ROOM).min(most));
    }
    Ok(())
}

/// Appends to `out` what fits; gives how much was read.
fn decompress(stream: &mut Decompress, input: &[u8], out: &mut Vec<u8>) -> Result<(usize, Status), Fault> {
    let before = stream.total_in();
    let status = stream.decompress_vec(input, out, FlushDecompress::None).map_err(|_| Fault::Invalid)?;
    Ok(((stream.total_in() - before) as usize, status))
}

/// Reads what stands for nothing, all of it.
fn drain(stream: &mut Decompress, input: &[u8]) -> Result<Status, Fault> {
    let (read, status) = decompress(stream, input, &mut Vec::new())?;
    if read == input.len() { Ok(status) } else { Err(Fault::Invalid) }
}

fn compress(stream: &mut Compress, mut message: &[u8], out: &mut Vec<u8>) {
    if message.is_empty() {
        // The header of an empty block. A second flush with nothing in between would write nothing.
        return out.push(0);
    }
    // Once, unless the message has more than the 4 GiB that zlib reads at once.
    while !message.is_empty() {
        // Room for the worst case, so that it need not be called again for the rest of a flush: that could write
        // another empty block.
        out.reserve(message.len() + message.len() / 8 + message.len() / 64 + 16);
        let before = stream.total_in();
        stream.compress_vec(message, out, FlushCompress::Sync).expect("a stream that is never finished");
        message = &message[(stream.total_in() - before) as usize..];
    }
    assert!(out.ends_with(TAIL), "a flush writes an empty block");
    out.truncate(out.len() - TAIL.len());
}
