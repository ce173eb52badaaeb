use crate::{FileBody, FileSource, Outgoing, Violation};
use bytes::Bytes;
use std::fs::File;
use std::io;
use std::sync::Arc;

/// What an event counts towards the high-water mark: its bytes, and never nothing.
pub(super) fn size(event: &Outgoing, payload: usize) -> u64 {
    let fields = match event {
        Outgoing::Informational { headers, .. }
        | Outgoing::Response { headers, .. }
        | Outgoing::Start { headers, .. }
        | Outgoing::Accept { headers, .. }
        | Outgoing::Trailers(headers) => headers.iter().map(|(name, value)| name.len() + value.len()).sum(),
        _ => 0,
    };
    (payload + fields).max(1) as u64
}

/// The bytes that an event carries.
pub(super) fn payload(event: &Outgoing) -> Result<Bytes, Violation> {
    use crate::Message::{Binary, Ping, Pong, Text};
    Ok(match event {
        Outgoing::Response { body: data, .. } | Outgoing::Body { data, .. } => data.clone(),
        Outgoing::Message(Binary(data) | Ping(data) | Pong(data)) => data.clone(),
        Outgoing::Message(Text(text)) => text.as_bytes().clone(),
        Outgoing::File { file, .. } => read(file).map_err(|_| Violation::BadFile)?.into(),
        _ => Bytes::new(),
    })
}

/// Reads the range, if the file is one and as long as the range says.
fn read(body: &FileBody) -> io::Result<Vec<u8>> {
    let file = match &body.source {
        FileSource::File(file) => Arc::clone(file),
        FileSource::Path(path) => Arc::new(File::open(path)?),
    };
    let metadata = file.metadata()?;
    let is_long_enough = body.offset.checked_add(body.len).is_some_and(|end| end <= metadata.len());
    if !metadata.is_file() || !is_long_enough {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut bytes = vec![0; usize::try_from(body.len).map_err(io::Error::other)?];
    read_exact_at(&file, &mut bytes, body.offset)?;
    Ok(bytes)
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

/// Where there is no such call the cursor is moved, and put back.
#[cfg(not(unix))]
fn read_exact_at(mut file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    use io::{Read, Seek, SeekFrom};
    let before = file.stream_position()?;
    file.seek(SeekFrom::Start(offset))?;
    let read = file.read_exact(bytes);
    file.seek(SeekFrom::Start(before))?;
    read
}
