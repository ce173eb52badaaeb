//! Unix sockets: permissions before the first connection, a stale file replaced, our own removed at the end.

use super::{ListenOptions, Listener};
use socket2::{Domain, SockAddr, Type};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// A socket file that was made here; it is removed with this, unless another has taken its place.
#[derive(Debug)]
pub(super) struct Owned {
    path: PathBuf,
    device: u64,
    inode: u64,
}

pub(super) fn listen(path: &Path, options: &ListenOptions) -> io::Result<Listener> {
    remove_stale(path)?;
    let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    let metadata = fs::symlink_metadata(path)?;
    let owned = Owned { path: path.to_owned(), device: metadata.dev(), inode: metadata.ino() };
    // Nobody can connect before `listen`, so the permissions are in force from the first connection on.
    if let Some(mode) = options.unix_mode {
        fs::set_permissions(path, Permissions::from_mode(mode))?;
    }
    socket.listen(options.backlog.min(i32::MAX as u32) as i32)?;
    Listener::new(socket, options.clone(), Some(owned))
}

/// Removes the socket of a server that is gone. One that still answers is left alone, and so is what is no socket.
fn remove_stale(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(metadata) if !metadata.file_type().is_socket() => Err(io::Error::other(
            "a file that is not a socket is in the way; remove it, or choose another path with --bind",
        )),
        Ok(_) => match UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
            Err(error) => Err(error),
            Ok(_) => Err(io::ErrorKind::AddrInUse.into()),
        },
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|metadata| (metadata.dev(), metadata.ino()) == (self.device, self.inode));
        if ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!("cannot remove {}: {error}", self.path.display());
        }
    }
}
