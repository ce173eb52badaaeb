use super::{MultipartError, Part};
use crate::blocking::run_blocking;
use bytes::{Bytes, BytesMut};
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use transom::{Headers, ServerInfo};

/// A file of a form: in memory while it is small, and in a temporary file without a name when not. It is gone when it is
/// dropped, whatever becomes of the process.
///
/// The temporary file is where the system keeps those (`TMPDIR`). It is written and read on the server's threads for
/// what blocks.
///
/// ```
/// use transom_web::multipart::FormData;
/// use transom_web::{Error, Problem};
///
/// async fn store(mut form: FormData) -> Result<(), Error> {
///     let photo = form.files.take("photo").ok_or(Problem::new(422))?;
///     // Not by the name that the client gives it.
///     Ok(photo.save("/srv/photos/7.jpg").await?)
/// }
/// # transom_web::Router::new().post("/", store);
/// ```
#[derive(Debug)]
pub struct Upload {
    file_name: String,
    headers: Headers,
    len: u64,
    content: Content,
    server: Arc<ServerInfo>,
}

#[derive(Debug)]
enum Content {
    Memory(Bytes),
    /// Its cursor is anywhere.
    File(File),
}

/// How much is gathered before it is written.
const PIECE: usize = 256 << 10;

impl Upload {
    pub(super) async fn receive(mut part: Part<'_>) -> Result<Self, MultipartError> {
        let server = Arc::clone(&part.multipart().server);
        let most = part.multipart().limits.memory;
        let mut gathered = BytesMut::new();
        let mut file = None;
        let mut len = 0;
        while let Some(data) = part.chunk().await? {
            len += data.len() as u64;
            gathered.extend_from_slice(&data);
            let room = if file.is_some() { PIECE } else { most };
            if gathered.len() > room {
                file = Some(append(&server, file, gathered.split().freeze()).await?);
            }
        }
        let content = match file {
            Some(file) => Content::File(append(&server, Some(file), gathered.freeze()).await?),
            None => Content::Memory(gathered.freeze()),
        };
        let (file_name, headers) = part.into_headers();
        Ok(Self { file_name: file_name.unwrap_or_default(), headers, len, content, server })
    }

    /// How many bytes it has.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether it is in memory.
    pub fn is_in_memory(&self) -> bool {
        matches!(self.content, Content::Memory(_))
    }

    /// The name that it had with the client, without directories and controls; it may be empty. It says nothing of what
    /// is in the file, and may be that of another one.
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// The media type, as the client says.
    pub fn content_type(&self) -> Option<&str> {
        std::str::from_utf8(self.headers.get("content-type")?).ok()
    }

    /// The header fields of its part.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// Stores it as `path`, in place of a file that is there: whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn save(self, path: impl Into<PathBuf>) -> io::Result<()> {
        let path = path.into();
        let Self { content, server, .. } = self;
        run_blocking(&server, move || persist(&mut reader(content)?, &path)).await?
    }

    /// All of it, in memory.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub async fn into_bytes(self) -> io::Result<Bytes> {
        let Self { content, server, len, .. } = self;
        match content {
            Content::Memory(data) => Ok(data),
            Content::File(mut file) => {
                let read = move || {
                    let mut data = Vec::with_capacity(usize::try_from(len).unwrap_or_default());
                    file.rewind()?;
                    file.read_to_end(&mut data)?;
                    Ok(data.into())
                };
                run_blocking(&server, read).await?
            }
        }
    }

    /// A file without a name that has all of it, at its beginning. One that is in memory is written to one.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub async fn into_file(self) -> io::Result<File> {
        let Self { content, server, .. } = self;
        let mut file = match content {
            Content::File(file) => file,
            Content::Memory(data) => append(&server, None, data).await?,
        };
        file.rewind()?;
        Ok(file)
    }

    /// All of it, for a function that [may block](crate::blocking).
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub fn into_reader(self) -> io::Result<UploadReader> {
        reader(self.content)
    }
}

/// Reads an [`Upload`] from its beginning, and may block.
#[derive(Debug)]
pub struct UploadReader(Reading);

#[derive(Debug)]
enum Reading {
    Memory(Cursor<Bytes>),
    File(File),
}

impl Read for UploadReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Reading::Memory(data) => data.read(into),
            Reading::File(file) => file.read(into),
        }
    }
}

impl Seek for UploadReader {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        match &mut self.0 {
            Reading::Memory(data) => data.seek(to),
            Reading::File(file) => file.seek(to),
        }
    }
}

fn reader(content: Content) -> io::Result<UploadReader> {
    Ok(UploadReader(match content {
        Content::Memory(data) => Reading::Memory(Cursor::new(data)),
        Content::File(mut file) => {
            file.rewind()?;
            Reading::File(file)
        }
    }))
}

/// Adds to a temporary file, or to a new one.
async fn append(server: &ServerInfo, file: Option<File>, data: Bytes) -> io::Result<File> {
    let write = move || {
        let mut file = file.map_or_else(tempfile::tempfile, Ok)?;
        file.write_all(&data)?;
        Ok(file)
    };
    run_blocking(server, write).await?
}

/// Copies to a file beside `path`, which then takes its name.
fn persist(from: &mut UploadReader, path: &Path) -> io::Result<()> {
    let mut builder = tempfile::Builder::new();
    // As any new file has, less what the process masks.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = builder.tempfile_in(directory)?;
    match &mut from.0 {
        Reading::Memory(data) => file.write_all(data.get_ref())?,
        // From file to file, which systems do better than by reading and writing.
        Reading::File(from) => drop(io::copy(from, file.as_file_mut())?),
    }
    file.persist(path)?;
    Ok(())
}
