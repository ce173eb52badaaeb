//! What happens over time: timeouts, peers that leave, back-pressure, handles that go elsewhere, the stop.
//!
//! Nothing here asserts that something did not happen within a time. "It waits" is said of a thread that came to rest, and
//! timeouts are short where they are to pass.

mod disconnect;
mod handles;
mod layers;
mod lifespan;
mod places;
mod pressure;
mod runtimes;
mod stop;
mod timeouts;
mod tunnels;

use bytes::Bytes;
use std::os::unix::net::UnixStream;
use transom::{App, End, Incoming, Receiver};
use transom_server::{Bind, Config, ListenOptions};
use transom_tests::{Client, Gate, PATIENCE, Running};

const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

/// The next piece of a body, and whether more follows.
async fn piece(receive: &mut Receiver) -> Result<(Bytes, bool), End> {
    match receive.recv().await {
        Incoming::Body { data, more } => Ok((data, more)),
        Incoming::End(end) => Err(end),
        other => panic!("received {other:?}"),
    }
}

/// Receives that there is no body, which is said once.
async fn no_body(receive: &mut Receiver) {
    assert_eq!(piece(receive).await, Ok((Bytes::new(), false)));
}

const LEFT: End = End::Disconnected { code: None };

/// A server on a Unix socket.
struct OnUnix {
    _server: Running,
    place: tempfile::TempDir,
}

impl OnUnix {
    fn start(app: impl App, config: Config) -> Self {
        let place = tempfile::tempdir().expect("a directory for temporary files");
        let bind = Bind::Unix(place.path().join("socket"));
        Self { _server: Running::on(&bind, &ListenOptions::default(), app, config), place }
    }

    fn connect(&self) -> Client<UnixStream> {
        let stream = UnixStream::connect(self.place.path().join("socket")).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above zero");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout above zero");
        Client::new(stream)
    }
}
