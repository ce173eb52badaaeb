//! Sockets that were opened by whoever started this process: `fd://N`, and `LISTEN_FDS` (sd_listen_fds(3)).

use super::{ListenOptions, Listener};
use std::collections::BTreeSet;
use std::env;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::FileTypeExt;
use std::sync::{Mutex, PoisonError};

/// Where the descriptors of `LISTEN_FDS` begin.
const FIRST: RawFd = 3;

/// Descriptors that were adopted: each may have one owner only.
static ADOPTED: Mutex<BTreeSet<RawFd>> = Mutex::new(BTreeSet::new());

/// Takes over a listening socket.
pub(super) fn adopt(number: RawFd, options: &ListenOptions) -> io::Result<Listener> {
    // 0, 1 and 2 have an owner: the standard streams.
    let is_socket = std::fs::metadata(format!("/proc/self/fd/{number}")).is_ok_and(|file| file.file_type().is_socket());
    if number < FIRST || !is_socket {
        return Err(io::Error::other(format!("descriptor {number} is not an open socket")));
    }
    if !ADOPTED.lock().unwrap_or_else(PoisonError::into_inner).insert(number) {
        return Err(io::Error::other(format!("descriptor {number} is given twice")));
    }
    // SAFETY: the descriptor is open, as was just seen, and no standard stream. It was handed to this process by its
    // parent for this use, by number on the command line or through LISTEN_FDS, so nothing else here owns it; that
    // it is adopted once only is what `ADOPTED` is for.
    #[allow(unsafe_code)]
    let descriptor = unsafe { OwnedFd::from_raw_fd(number) };
    let socket = socket2::Socket::from(descriptor);
    if !socket.is_listener()? {
        return Err(io::Error::other(format!("descriptor {number} does not listen")));
    }
    socket.set_cloexec(true)?;
    socket.set_nonblocking(true)?;
    Listener::new(socket, options.clone(), None)
}

/// Takes over all sockets of `LISTEN_FDS`.
pub(super) fn systemd(options: &ListenOptions) -> io::Result<Vec<Listener>> {
    let number = |name: &str| env::var(name).ok().and_then(|value| value.parse::<i32>().ok());
    let count = number("LISTEN_FDS").filter(|count| *count > 0);
    // The variables are inherited by children of children, for whom they are not meant.
    let for_us = number("LISTEN_PID").is_none_or(|pid| pid as u32 == std::process::id());
    let Some(count) = count.filter(|_| for_us) else {
        return Err(io::Error::other("no sockets were passed to this process (LISTEN_FDS, LISTEN_PID)"));
    };
    (FIRST..FIRST.saturating_add(count)).map(|number| adopt(number, options)).collect()
}
