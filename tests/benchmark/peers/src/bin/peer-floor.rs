//! The floor: what is left when a server does nothing. A loop on a runtime of one thread reads, parses each head and
//! writes an answer that it has ready, whatever was asked for.
//!
//! It knows no bodies, no limits, no timeouts and no errors. No server can be expected to reach it; how far away one is,
//! is what serving costs.

use bytes::{Buf, BytesMut};
use httparse::{EMPTY_HEADER, Request, Status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\n\
    content-type: text/plain\r\n\
    content-length: 13\r\n\
    server: floor\r\n\
    date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
    \r\n\
    Hello, World!";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let listener = TcpListener::from_std(peers::listener(peers::port())).expect("it is not blocking");
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        drop(stream.set_nodelay(true));
        tokio::spawn(async move { drop(serve(stream).await) });
    }
}

async fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let mut input = BytesMut::with_capacity(8 << 10);
    let mut output = Vec::new();
    while stream.read_buf(&mut input).await? > 0 {
        while let Some(length) = head(&input) {
            input.advance(length);
            output.extend_from_slice(ANSWER);
        }
        stream.write_all(&output).await?;
        output.clear();
        // The room of what was read comes back only on demand.
        input.reserve(4 << 10);
    }
    Ok(())
}

/// The length of the request head in front; what is no head ends the connection as what is not all there does: at some
/// time nothing more is read.
fn head(input: &[u8]) -> Option<usize> {
    let mut fields = [EMPTY_HEADER; 64];
    match Request::new(&mut fields).parse(input) {
        Ok(Status::Complete(length)) => Some(length),
        _ => None,
    }
}
