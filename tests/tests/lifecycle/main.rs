//! What happens over time: timeouts, peers that leave, back-pressure, handles that go elsewhere, the stop.
//!
//! Nothing here asserts that something did not happen within a time. "It waits" is said of a thread that came to rest, and
//! timeouts are short where they are to pass.

mod answered;
mod disconnect;
mod handles;
mod layers;
mod lifespan;
mod places;
mod pressure;
mod runtimes;
mod scopes;
mod stop;
mod timeouts;
mod tunnels;

use bytes::Bytes;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use transom::{End, Incoming, Receiver};
use transom_tests::{Gate, OnUnix};

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

/// Polls a future once and drops it.
async fn give_up<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

const LEFT: End = End::Disconnected { code: None };
