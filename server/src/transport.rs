//! One connection's bytes, whatever carries them.

use crate::output::SLICES;
use bytes::BytesMut;
use rustix::buffer::spare_capacity;
use rustix::net::{SendAncillaryBuffer, SendFlags};
use std::fs::File;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use transom::Address;

/// A connected socket that no runtime has.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(std::net::TcpStream),
    Unix(std::os::unix::net::UnixStream),
}

/// A connected socket, in the care of the runtime that serves it.
#[derive(Debug)]
pub(crate) enum Transport {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Transport {
    /// Gives a socket to the runtime of the caller.
    pub(crate) fn attach(socket: Socket) -> io::Result<Self> {
        match socket {
            Socket::Tcp(stream) => TcpStream::from_std(stream).map(Self::Tcp),
            Socket::Unix(stream) => UnixStream::from_std(stream).map(Self::Unix),
        }
    }

    /// Takes the socket away from its runtime.
    pub(crate) fn detach(self) -> io::Result<Socket> {
        match self {
            Self::Tcp(stream) => stream.into_std().map(Socket::Tcp),
            Self::Unix(stream) => stream.into_std().map(Socket::Unix),
        }
    }

    /// The address that the peer connected to, of all those for which `listener` stands.
    pub(crate) fn server_address(&self, listener: &Address) -> Address {
        match (listener, self) {
            (Address::Ip(address), Self::Tcp(stream)) if address.ip().is_unspecified() => {
                stream.local_addr().map_or(Address::Unknown, Address::Ip)
            }
            (address, _) => address.clone(),
        }
    }

    /// Writes some of `bytes`, if that can be done at once.
    #[inline]
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        // What is called through the C library can be cancelled there, for which it pays each time.
        let send = || Ok(rustix::net::send(self, bytes, SendFlags::NOSIGNAL)?);
        match self {
            Self::Tcp(stream) => stream.try_io(Interest::WRITABLE, send),
            Self::Unix(stream) => stream.try_io(Interest::WRITABLE, send),
        }
    }

    /// Writes some of `bytes`.
    pub(crate) fn poll_write(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    /// Writes some of `slices`.
    pub(crate) fn poll_write_vectored(
        &mut self,
        slices: &[IoSlice<'_>],
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        debug_assert!(slices.len() <= SLICES);
        match self {
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Self::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    /// Writes some of a file without the bytes passing through this process; 0 at the file's end.
    pub(crate) fn poll_send_file(
        &mut self,
        file: &File,
        offset: u64,
        len: u64,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        loop {
            let sent = match self {
                Self::Tcp(stream) => {
                    ready!(stream.poll_write_ready(cx))?;
                    stream.try_io(Interest::WRITABLE, || send_file(&*stream, file, offset, len))
                }
                Self::Unix(stream) => {
                    ready!(stream.poll_write_ready(cx))?;
                    stream.try_io(Interest::WRITABLE, || send_file(&*stream, file, offset, len))
                }
            };
            match sent {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                sent => return Poll::Ready(sent),
            }
        }
    }

    /// Closes the sending side: the peer reads an orderly end.
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    /// Makes the coming close a reset, which no peer can take for an orderly end. A Unix socket has none.
    pub(crate) fn reset_on_close(&self) {
        if let Self::Tcp(stream) = self {
            // It fails for a socket that is reset already.
            let _ = socket2::SockRef::from(stream).set_linger(Some(std::time::Duration::ZERO));
        }
    }

    /// Becomes ready when the peer closed its sending side or reset the connection, although bytes are left
    /// unread; an event of the poller wakes the task, and no byte is read.
    ///
    /// While `reading` is [`Readiness::Hidden`] the poller says nothing about unread bytes.
    pub(crate) fn poll_read_closed(&mut self, cx: &mut Context<'_>, reading: &mut Readiness) -> Poll<()> {
        loop {
            let ready = match self {
                Self::Tcp(stream) => {
                    ready!(stream.poll_read_ready(cx)).and_then(|()| now(stream.ready(Interest::READABLE)))
                }
                Self::Unix(stream) => {
                    ready!(stream.poll_read_ready(cx)).and_then(|()| now(stream.ready(Interest::READABLE)))
                }
            };
            match ready {
                Ok(ready) if !ready.is_read_closed() => {}
                _ => return Poll::Ready(()),
            }
            // There are bytes, and nobody wants them yet: forget that until the poller has something new to say.
            *reading = Readiness::Hidden;
            self.forget(Interest::READABLE);
        }
    }

    /// Becomes ready when nothing can be sent any more, although bytes of the peer are left unread: it reset the
    /// connection or, on a Unix socket, closed it; or both sending sides are closed. Says which of these, as far as
    /// that can be told.
    ///
    /// While `writing` is [`Readiness::Hidden`] the poller says nothing about room for bytes.
    pub(crate) fn poll_write_closed(&mut self, cx: &mut Context<'_>, writing: &mut Readiness) -> Poll<WriteClosed> {
        let interest = Interest::WRITABLE | Interest::ERROR;
        loop {
            let ready = match self {
                Self::Tcp(stream) => ready!(stream.poll_write_ready(cx)).and_then(|()| now(stream.ready(interest))),
                Self::Unix(stream) => ready!(stream.poll_write_ready(cx)).and_then(|()| now(stream.ready(interest))),
            };
            match ready {
                Ok(ready) if !ready.is_write_closed() => {}
                Ok(ready) if !ready.is_error() => return Poll::Ready(WriteClosed::Orderly),
                _ => return Poll::Ready(WriteClosed::Reset),
            }
            // There is room, and nothing to write: forget that until the poller has something new to say.
            *writing = Readiness::Hidden;
            self.forget(Interest::WRITABLE);
        }
    }

    /// Makes the poller's next event news.
    fn forget(&self, interest: Interest) {
        let nothing = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
        let _ = match self {
            Self::Tcp(stream) => stream.try_io(interest, nothing),
            Self::Unix(stream) => stream.try_io(interest, nothing),
        };
    }

    /// Reads what the poller was made to forget, straight from the socket.
    pub(crate) fn read_hidden(&self, input: &mut BytesMut) -> io::Result<usize> {
        let mut bytes = Vec::with_capacity(input.capacity() - input.len());
        rustix::io::read(self, spare_capacity(&mut bytes))?;
        input.extend_from_slice(&bytes);
        Ok(bytes.len())
    }

    /// Writes some of `slices` though the poller was made to forget that there is room.
    pub(crate) fn write_hidden(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(rustix::net::sendmsg(self, slices, &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL)?)
    }

    /// Writes some of a file though the poller was made to forget that there is room; 0 at the file's end.
    pub(crate) fn send_file_hidden(&self, file: &File, offset: u64, len: u64) -> io::Result<usize> {
        send_file(self, file, offset, len)
    }
}

fn send_file(socket: impl AsFd, file: &File, mut offset: u64, len: u64) -> io::Result<usize> {
    // More at once would keep the thread busy for long when the file is in memory and the peer fast.
    let count = len.min(1 << 20) as usize;
    Ok(rustix::fs::sendfile(socket, file, Some(&mut offset), count)?)
}

/// What the poller knows of one direction: of bytes to read, or of room for bytes to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Readiness {
    /// It tells when there are some.
    #[default]
    Polled,
    /// There may be some that it was made to forget; see [`Transport::poll_read_closed`] and
    /// [`Transport::poll_write_closed`].
    Hidden,
}

/// Why nothing can be sent any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteClosed {
    /// The connection failed.
    Reset,
    /// Both ends closed it.
    Orderly,
}

impl AsFd for Transport {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}

impl AsyncRead for Transport {
    #[inline]
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

/// The output of a future that is ready at once.
fn now<T>(future: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}
