//! Events, made and shown in a few words.

use super::probe::Aside;
use bytes::Bytes;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use transom::{Incoming, Message, Outgoing, Receiver, SendError};

/// What a future gives at once, if it does. It is dropped then.
pub(super) async fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        Poll::Ready(match future.as_mut().poll(cx) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

/// Receives, and tells it.
pub(super) async fn receive_and_tell(aside: &Aside, receive: &mut Receiver) -> String {
    let shown = show(&receive.recv().await);
    aside.tell(&shown);
    shown
}

/// The whole request body.
pub(super) async fn read(receive: &mut Receiver) -> Result<Vec<u8>, SendError> {
    let mut body = Vec::new();
    loop {
        match receive.recv().await {
            Incoming::Body { data, more } => {
                body.extend_from_slice(&data);
                if !more {
                    return Ok(body);
                }
            }
            Incoming::Trailers(_) => return Ok(body),
            Incoming::End(end) => return Err(SendError::Disconnected(end)),
            _ => {}
        }
    }
}

/// An event in a few words.
pub(super) fn show(event: &Incoming) -> String {
    match event {
        Incoming::Body { data, more: true } => format!("Body {}, more", data.escape_ascii()),
        Incoming::Body { data, more: false } => format!("Body {}", data.escape_ascii()),
        Incoming::Trailers(fields) => {
            let fields = fields.iter().map(|(name, value)| format!("{name}: {}", value.escape_ascii()));
            format!("Trailers {}", fields.collect::<Vec<_>>().join(", "))
        }
        Incoming::Message(Message::Text(text)) => format!("Text {text}"),
        Incoming::Message(Message::Binary(data)) => format!("Binary {}", data.escape_ascii()),
        Incoming::End(end) => format!("{end:?}"),
        Incoming::Draining { .. } => "Draining".into(),
        other => format!("{other:?}"),
    }
}

/// What became of an event, in a few words.
pub(super) fn answer(result: &Result<(), SendError>) -> String {
    match result {
        Ok(()) => "accepted".into(),
        Err(SendError::Violation(violation)) => format!("{violation:?}"),
        Err(error) => format!("{error:?}"),
    }
}

pub(super) fn respond(body: impl Into<Bytes>) -> Outgoing {
    respond_with(200, &[], body)
}

pub(super) fn respond_with(status: u16, fields: &[(&str, &str)], body: impl Into<Bytes>) -> Outgoing {
    Outgoing::Response { status, headers: fields.iter().copied().collect(), body: body.into() }
}

pub(super) fn start() -> Outgoing {
    start_with(200, &[])
}

pub(super) fn start_with(status: u16, fields: &[(&str, &str)]) -> Outgoing {
    Outgoing::Start { status, headers: fields.iter().copied().collect() }
}

pub(super) fn more(data: impl Into<Bytes>) -> Outgoing {
    Outgoing::Body { data: data.into(), more: true }
}

pub(super) fn last(data: impl Into<Bytes>) -> Outgoing {
    Outgoing::Body { data: data.into(), more: false }
}

/// A request without a body.
pub(super) const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

/// What a future gives at once, outside of any call.
pub(super) fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(at_once(future)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => None,
    }
}
