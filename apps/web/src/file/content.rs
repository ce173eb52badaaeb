use super::range::ByteRange;
use super::{ETag, FileError, etag};
use crate::blocking::run_blocking;
use bytes::Bytes;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;
use transom::{Capabilities, FileBody, FileSource, HttpScope, Outgoing, Sender};

/// How much of a file is read at a time where the server cannot send it.
const PIECE: u64 = 64 << 10;

/// A file up to this length is read when it is opened: head and body then leave in one write.
const SMALL: u64 = 16 << 10;

/// The contents of a file, and what tells their version.
#[derive(Clone, Debug)]
pub(super) struct Content {
    data: Data,
    len: u64,
    version: Version,
}

/// Where the bytes are: what was measured is what is sent, whatever becomes of its name.
#[derive(Clone, Debug)]
enum Data {
    File(Arc<fs::File>),
    Bytes(Bytes),
}

#[derive(Clone, Debug)]
enum Version {
    /// The time of the last change, if it tells one version from another.
    Modified(Option<SystemTime>),
    Tag(ETag),
}

impl Content {
    /// These bytes, with their tag.
    pub(super) fn of(bytes: Bytes, etag: ETag) -> Self {
        Self { len: bytes.len() as u64, data: Data::Bytes(bytes), version: Version::Tag(etag) }
    }

    /// Opens a regular file. Blocks, but on no pipe.
    pub(super) fn open(path: &Path) -> Result<Self, FileError> {
        let mut options = fs::OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK | libc::O_NOCTTY);
        match options.open(path) {
            Ok(file) => Self::measure(file),
            // Some systems open no directories, and none a socket.
            Err(_) if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) => Err(FileError::NotAFile),
            Err(error) => Err(FileError::opening(error)),
        }
    }

    /// Takes over an open file, if it is regular. Blocks.
    pub(super) fn measure(file: fs::File) -> Result<Self, FileError> {
        let metadata = file.metadata().map_err(FileError::Open)?;
        if !metadata.is_file() {
            return Err(FileError::NotAFile);
        }
        let len = metadata.len();
        let modified = metadata.modified().ok().filter(|&time| etag::is_version(time));
        let data = if len <= SMALL {
            Data::Bytes(read(&file, 0, len as usize).map_err(FileError::Open)?)
        } else {
            Data::File(Arc::new(file))
        };
        Ok(Self { data, len, version: Version::Modified(modified) })
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// When it was changed, if that tells one version from another.
    pub(super) fn modified(&self) -> Option<SystemTime> {
        match self.version {
            Version::Modified(modified) => modified,
            Version::Tag(_) => None,
        }
    }

    /// Its tag, as the `variant` of something.
    pub(super) fn etag(&self, variant: Option<&str>) -> Option<ETag> {
        match &self.version {
            Version::Modified(modified) => Some(ETag::of_file((*modified)?, self.len, variant)),
            Version::Tag(etag) => Some(etag.clone()),
        }
    }

    /// A range of it, if it is in memory.
    pub(super) fn bytes(&self, range: ByteRange) -> Option<Bytes> {
        match &self.data {
            Data::File(_) => None,
            Data::Bytes(bytes) => Some(range.of(bytes)),
        }
    }

    /// All of it.
    pub(super) fn whole(&self) -> ByteRange {
        ByteRange { offset: 0, len: self.len }
    }

    /// Sends a range of it, which may end the response.
    pub(super) async fn send(
        &self,
        range: ByteRange,
        more: bool,
        scope: &HttpScope,
        send: &mut Sender,
    ) -> Result<(), FileError> {
        let ByteRange { mut offset, mut len } = range;
        let file = match &self.data {
            Data::File(file) => file,
            Data::Bytes(bytes) => return Ok(send.send(Outgoing::Body { data: range.of(bytes), more }).await?),
        };
        if scope.capabilities().contains(Capabilities::FILE) {
            let file = FileBody { source: FileSource::File(Arc::clone(file)), offset, len };
            return Ok(send.send(Outgoing::File { file, more }).await?);
        }
        while len > 0 {
            // What is read waits in memory, so that room for it comes first.
            std::future::poll_fn(|cx| send.poll_ready(cx)).await?;
            let (file, count) = (Arc::clone(file), len.min(PIECE));
            let read = run_blocking(&scope.connection().server_info, move || read(&file, offset, count as usize)).await;
            let data = read.and_then(|read| read).map_err(FileError::Read)?;
            (offset, len) = (offset + count, len - count);
            send.send(Outgoing::Body { data, more: more || len > 0 }).await?;
        }
        Ok(())
    }
}

#[cfg(unix)]
fn read(file: &fs::File, offset: u64, count: usize) -> io::Result<Bytes> {
    let mut bytes = vec![0; count];
    std::os::unix::fs::FileExt::read_exact_at(file, &mut bytes, offset)?;
    Ok(bytes.into())
}

/// Where there is no such call the cursor is moved; nobody else has the file.
#[cfg(not(unix))]
fn read(mut file: &fs::File, offset: u64, count: usize) -> io::Result<Bytes> {
    use io::{Read, Seek, SeekFrom};
    let mut bytes = vec![0; count];
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes.into())
}
