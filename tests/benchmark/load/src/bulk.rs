//! One body of many bytes, up or down.

use crate::reply;
use crate::request::Request;
use crate::socket;
use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;

/// Sends a request with a body of `bytes`; returns when it is answered.
pub(crate) fn up(mut stream: TcpStream, bytes: u64) -> Result<(), Box<dyn Error>> {
    stream.write_all(&Request { target: "/sink", body: Some(bytes), browser: false }.head())?;
    let block = vec![b'x'; 256 << 10];
    let mut left = bytes;
    while left > 0 {
        let count = left.min(block.len() as u64) as usize;
        stream.write_all(&block[..count])?;
        left -= count as u64;
    }
    socket::ask(&mut stream, b"")?;
    Ok(())
}

/// Asks for a response of `bytes` in chunks, and throws it away; returns when it is all there.
pub(crate) fn down(mut stream: TcpStream, bytes: u64, chunk: u64) -> Result<(), Box<dyn Error>> {
    let target = format!("/stream?n={}&size={chunk}", bytes / chunk);
    stream.write_all(&Request { target: &target, ..Request::default() }.head())?;
    let mut buffer = vec![0; 256 << 10];
    let mut received = 0;
    let mut tail = Vec::new();
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Err("the server closed the connection in the middle of a reply".into());
        }
        if received == 0 {
            // What is wrong with the head is an error; that it is not all there is none.
            reply::length(&buffer[..count])?;
        }
        received += count as u64;
        tail.extend_from_slice(&buffer[count.saturating_sub(END.len())..count]);
        tail.drain(..tail.len().saturating_sub(END.len()));
        if received > bytes && tail == END {
            return Ok(());
        }
    }
}

/// The end of a chunked body, and of the chunk before.
const END: &[u8] = b"\r\n0\r\n\r\n";
