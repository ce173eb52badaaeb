//! A server behind something that changes its bytes.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use transom_conformance::{BoxError, Running};

/// What is found in a read, and what takes its place.
pub(crate) type Change = (Vec<u8>, Vec<u8>);

#[derive(Clone, Default)]
pub(crate) struct Proxy {
    pub(crate) requests: Option<Change>,
    pub(crate) responses: Option<Change>,
}

impl Proxy {
    /// Stands in front of `server`.
    pub(crate) fn before(self, address: SocketAddr, running: Running) -> Result<Running, BoxError> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let own = listener.local_addr()?;
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(address) else { return };
                let proxy = self.clone();
                let (from_client, to_server) = (client.try_clone(), server.try_clone());
                let (Ok(from_client), Ok(to_server)) = (from_client, to_server) else { return };
                thread::spawn(move || carry(from_client, to_server, proxy.requests));
                thread::spawn(move || carry(server, client, proxy.responses));
            }
        });
        Ok(Running::new(own, move || running.stop()))
    }
}

/// Carries bytes, as many as there are: it reads on though nobody takes them.
fn carry(mut from: TcpStream, mut to: TcpStream, change: Option<Change>) {
    let (give, take) = mpsc::channel::<Vec<u8>>();
    let writer = thread::spawn(move || {
        for bytes in take {
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let bytes = match &change {
            Some(change) => changed(&buffer[..count], change),
            None => buffer[..count].to_vec(),
        };
        if give.send(bytes).is_err() {
            break;
        }
    }
    drop(give);
    let _ = writer.join();
}

fn changed(bytes: &[u8], (from, to): &Change) -> Vec<u8> {
    let mut changed = Vec::new();
    let mut rest = bytes;
    while let Some(place) = rest.windows(from.len()).position(|window| window == from) {
        changed.extend_from_slice(&rest[..place]);
        changed.extend_from_slice(to);
        rest = &rest[place + from.len()..];
    }
    changed.extend_from_slice(rest);
    changed
}
