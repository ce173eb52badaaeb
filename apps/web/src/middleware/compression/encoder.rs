//! The codings, as one.

use super::{Coding, Levels};
use bytes::Bytes;
use flate2::write::GzEncoder;
use std::io::{self, Write};

pub(super) enum Encoder {
    Zstd(Box<zstd::stream::write::Encoder<'static, Vec<u8>>>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    Gzip(Box<GzEncoder<Vec<u8>>>),
}

/// The logarithm of the longest distance that is looked back, in bytes: what an encoder has in memory for each
/// response, and a decoder too.
const WINDOW_LOG: u32 = 19;

impl Encoder {
    /// # Errors
    /// There is no memory for it.
    pub(super) fn new(coding: Coding, levels: Levels) -> io::Result<Self> {
        Ok(match coding {
            Coding::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), levels.zstd)?;
                encoder.window_log(WINDOW_LOG)?;
                Self::Zstd(Box::new(encoder))
            }
            Coding::Brotli => {
                let encoder = brotli::CompressorWriter::new(Vec::new(), 4096, levels.brotli, WINDOW_LOG);
                Self::Brotli(Box::new(encoder))
            }
            Coding::Gzip => Self::Gzip(Box::new(GzEncoder::new(Vec::new(), flate2::Compression::new(levels.gzip)))),
        })
    }

    /// Takes `data`, and gives what there is of the output; with `flush` all of it, so that `data` can be decoded.
    pub(super) fn write(&mut self, data: &[u8], flush: bool) -> io::Result<Bytes> {
        fn write<W: Write>(encoder: &mut W, data: &[u8], flush: bool) -> io::Result<()> {
            encoder.write_all(data)?;
            if flush { encoder.flush() } else { Ok(()) }
        }
        let output = match self {
            Self::Zstd(encoder) => {
                write(&mut **encoder, data, flush)?;
                encoder.get_mut()
            }
            Self::Brotli(encoder) => {
                write(encoder, data, flush)?;
                encoder.get_mut()
            }
            Self::Gzip(encoder) => {
                write(encoder, data, flush)?;
                encoder.get_mut()
            }
        };
        Ok(std::mem::take(output).into())
    }

    /// Takes the last `data`, and gives the rest of the output.
    pub(super) fn finish(mut self, data: &[u8]) -> io::Result<Bytes> {
        let mut output = Vec::from(self.write(data, false)?);
        let rest = match self {
            Self::Zstd(encoder) => encoder.finish()?,
            Self::Brotli(encoder) => encoder.into_inner(),
            Self::Gzip(encoder) => encoder.finish()?,
        };
        if output.is_empty() {
            return Ok(rest.into());
        }
        output.extend_from_slice(&rest);
        Ok(output.into())
    }
}

/// What a client makes of it.
#[cfg(test)]
pub(super) fn decode(coding: Coding, data: &[u8]) -> io::Result<Vec<u8>> {
    use std::io::Read;
    let mut output = Vec::new();
    match coding {
        Coding::Zstd => zstd::stream::read::Decoder::new(data)?.read_to_end(&mut output)?,
        Coding::Brotli => brotli::Decompressor::new(data, 4096).read_to_end(&mut output)?,
        Coding::Gzip => flate2::read::GzDecoder::new(data).read_to_end(&mut output)?,
    };
    Ok(output)
}
