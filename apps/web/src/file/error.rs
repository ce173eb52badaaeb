use std::fmt;
use std::io;
use transom::SendError;

/// Why a file was not sent.
///
/// All but [`Read`](Self::Read) and [`Send`](Self::Send) mean that nothing was sent, so that something else can be.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileError {
    /// There is no such file, or no such name can be.
    NotFound,
    /// The operating system does not let this process read it.
    PermissionDenied,
    /// It is a directory, a pipe, a device or a socket.
    NotAFile,
    /// It could not be opened for another reason.
    Open(io::Error),
    /// It could not be read to its end, after a part of it was sent.
    Read(io::Error),
    /// The response was refused, or the peer is gone.
    Send(SendError),
}

impl FileError {
    /// Why `open` failed.
    pub(super) fn opening(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename => Self::NotFound,
            io::ErrorKind::PermissionDenied => Self::PermissionDenied,
            _ if is_loop(&error) => Self::NotFound,
            _ => Self::Open(error),
        }
    }

    /// Whether it is the request that is at fault, for what it names is not to be had.
    pub(super) fn is_absence(&self) -> bool {
        matches!(self, Self::NotFound | Self::PermissionDenied | Self::NotAFile)
    }
}

/// Whether symbolic links go round in a circle.
fn is_loop(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(libc::ELOOP);
    #[cfg(not(unix))]
    return {
        _ = error;
        false
    };
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFound => "there is no such file",
            Self::PermissionDenied => "the file may not be read",
            Self::NotAFile => "it is not a regular file",
            Self::Open(_) => "the file cannot be opened",
            Self::Read(_) => "the file cannot be read",
            Self::Send(_) => "the file cannot be sent",
        })
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Open(error) | Self::Read(error) => Some(error),
            Self::Send(error) => Some(error),
            Self::NotFound | Self::PermissionDenied | Self::NotAFile => None,
        }
    }
}

impl From<SendError> for FileError {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

#[test]
fn what_is_absent_and_what_is_trouble() {
    use io::ErrorKind::{InvalidFilename, NotADirectory, NotFound, PermissionDenied, StaleNetworkFileHandle};
    for absent in [NotFound, NotADirectory, InvalidFilename, PermissionDenied] {
        assert!(FileError::opening(absent.into()).is_absence(), "{absent}");
    }
    assert!(!FileError::opening(StaleNetworkFileHandle.into()).is_absence());
}

#[test]
fn a_peer_that_leaves_is_recognised() {
    let gone = SendError::Disconnected(transom::End::Disconnected { code: None });
    assert!(transom::Error::from(FileError::Send(gone)).is_disconnect());
    assert!(!transom::Error::from(FileError::NotFound).is_disconnect());
}
