//! Back-pressure: what `send`, `poll_ready` and `flush` wait for.

use crate::{Checked, body, echo, start};
use bytes::Bytes;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use transom::memory::{self, Verdict};
use transom::{App, End, Error, Headers, Incoming, Outgoing, Receiver, Scope, SendError, Sender, Sink, Source};

/// Sends five bytes at a time, for ever.
async fn pour(_: Scope, _: Receiver, mut send: Sender) -> Result<(), Error> {
    send.send(start()).await?;
    loop {
        send.send(body("12345", true)).await?;
    }
}

/// Receives and sends at the same time; what waits in between has no bound.
async fn full_duplex(_: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    send.send(start()).await?;
    let mut between = VecDeque::new();
    let mut is_read = false;
    poll_fn(|cx| {
        loop {
            let mut went = false;
            if !is_read && let Poll::Ready(event) = receive.poll_recv(cx) {
                let Incoming::Body { data, more } = event else { return Poll::Ready(Err(Error::from("cut off"))) };
                between.push_back(Outgoing::Body { data, more });
                (is_read, went) = (!more, true);
            }
            if !between.is_empty()
                && let Poll::Ready(ready) = send.poll_ready(cx)
            {
                ready?;
                let event = between.pop_front().expect("it is not empty");
                send.start_send(event)?;
                went = true;
            }
            if is_read && between.is_empty() {
                return Poll::Ready(Ok(()));
            }
            if !went {
                return Poll::Pending;
            }
        }
    })
    .await
}

#[test]
fn every_event_waits_for_the_one_before() {
    let text = "the quick brown fox";
    for take in [1, 2, u64::MAX] {
        let script = || memory::http("POST", "/").chunks(text.split_inclusive("")).high_water(1).take(take);
        for script in [script(), script().trickle()] {
            let outcome = script.checked(echo);
            assert_eq!((outcome.body(), outcome.verdict), (text.as_bytes(), Verdict::Nothing));
            assert!(outcome.polls > text.len(), "{} polls", outcome.polls);
        }
        let outcome = script().trickle().checked(full_duplex);
        assert_eq!((outcome.body(), outcome.verdict), (text.as_bytes(), Verdict::Nothing));
    }
}

#[test]
fn a_mark_of_nothing_is_a_mark_of_one() {
    assert_eq!(memory::http("POST", "/").chunks(["a", "b"]).high_water(0).checked(echo).body(), b"ab");
}

/// SPEC: FLOW-1, FLOW-6
#[test]
fn send_waits_at_the_mark_and_goes_on_below_it() {
    let mut call = memory::http("GET", "/").high_water(10).take(0).start(pour);
    assert!(call.poll().is_pending());
    // The head counts one, and the second piece is above the mark: mark + one event at most.
    assert_eq!((call.buffered(), call.events().len()), (11, 3));
    assert!(call.poll().is_pending() && call.buffered() == 11);
    call.take(1);
    assert!(!call.is_woken(), "10 bytes wait, and the mark is 10");
    call.take(1);
    assert!(call.is_woken() && call.poll().is_pending());
    assert_eq!(call.buffered(), 14);
    call.drain();
    assert!(call.is_woken() && call.buffered() == 0);
    call.hang_up();
    let outcome = call.run();
    assert!(outcome.result.unwrap_err().is_disconnect());
}

/// SPEC: FLOW-2
#[test]
fn the_default_mark_is_64_kib() {
    let app = |_: Scope, _: Receiver, mut send: Sender| async move {
        send.send(start()).await?;
        for _ in 0..3 {
            send.send(Outgoing::Body { data: Bytes::from(vec![0; 64 << 10]), more: true }).await?;
        }
        Ok(())
    };
    let mut call = memory::http("GET", "/").take(0).start(app);
    assert!(call.poll().is_pending());
    assert_eq!(call.buffered(), 1 + (64 << 10));
}

/// SPEC: FLOW-5
#[test]
fn start_send_is_bounded_by_its_caller_alone() {
    let app = |_: Scope, _: Receiver, mut send: Sender| async move {
        send.start_send(start())?;
        for _ in 0..10 {
            send.start_send(body("x", true))?;
        }
        send.flush().await?;
        Ok(send.start_send(body("", false))?)
    };
    let outcome = memory::http("GET", "/").high_water(1).checked(app);
    assert_eq!((outcome.body().len(), outcome.polls), (10, 2));
}

/// SPEC: FLUSH-1
#[test]
fn flush_waits_for_the_last_byte() {
    let app = |_: Scope, _: Receiver, mut send: Sender| async move {
        send.send(start()).await?;
        send.send(body("abc", false)).await?;
        Ok(send.flush().await?)
    };
    let script = || memory::http("GET", "/").take(0);
    let mut call = script().start(app);
    assert!(call.poll().is_pending());
    call.take(3);
    assert!(call.poll().is_pending() && call.buffered() == 1);
    call.take(1);
    assert!(call.is_woken() && call.poll().is_ready());

    let mut call = script().start(app);
    assert!(call.poll().is_pending());
    call.hang_up();
    assert!(call.run().result.unwrap_err().is_disconnect());
}

/// SPEC: FLOW-3
#[test]
fn a_finished_response_refuses_at_once() {
    let app = |_: Scope, _: Receiver, mut send: Sender| async move {
        send.send(start()).await?;
        send.send(body("abc", false)).await?;
        assert_eq!(send.send(body("d", false)).await, Err(SendError::Finished));
        Ok(())
    };
    assert!(memory::http("GET", "/").high_water(2).take(0).start(app).poll().is_ready());
}

/// A layer that puts both halves through `map`, and counts.
fn shout(inner: impl App, seen: Arc<AtomicUsize>) -> impl App {
    let inner = Arc::new(inner);
    move |scope: Scope, receive: Receiver, send: Sender| {
        let (inner, received, sent) = (Arc::clone(&inner), Arc::clone(&seen), Arc::clone(&seen));
        let receive = receive.map(move |event| {
            received.fetch_add(1, Ordering::Relaxed);
            event
        });
        let send = send.map(move |event| {
            sent.fetch_add(100, Ordering::Relaxed);
            match event {
                Outgoing::Body { data, more } => Some(Outgoing::Body { data: data.to_ascii_uppercase().into(), more }),
                // Swallowed.
                Outgoing::Informational { .. } => None,
                other => Some(other),
            }
        });
        async move { inner.call(scope, receive, send).await }
    }
}

/// SPEC: LAYER-1, LAYER-6
#[test]
fn layers_keep_the_pressure_and_see_each_event_once() {
    for script in [
        memory::http("POST", "/").chunks(["a", "b"]),
        memory::http("POST", "/").chunks(["a", "b"]).trickle().high_water(1).take(1),
    ] {
        let seen = Arc::new(AtomicUsize::new(0));
        let outcome = script.checked(shout(shout(echo, Arc::clone(&seen)), Arc::clone(&seen)));
        assert_eq!(outcome.body(), b"AB");
        // Three pieces and the end received, and four events sent: by each of the two layers.
        assert_eq!(seen.load(Ordering::Relaxed), 2 * 404);
    }
}

#[test]
fn a_swallowed_event_is_not_sent() {
    let app = |_: Scope, _: Receiver, mut send: Sender| async move {
        send.send(Outgoing::Informational { status: 103, headers: Headers::new() }).await?;
        send.send(start()).await?;
        Ok(send.send(body("x", false)).await?)
    };
    let outcome = memory::http("GET", "/").checked(shout(app, Arc::default()));
    assert_eq!((outcome.events.len(), outcome.body()), (2, &b"X"[..]));
}

/// A layer that holds the whole body back and sends it in one event.
struct Gather {
    inner: Sender,
    held: Vec<u8>,
}

impl Sink for Gather {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.inner.poll_ready(cx)
    }
    fn start_send(&mut self, event: Outgoing) -> Result<(), SendError> {
        match event {
            Outgoing::Body { data, more: true } => {
                self.held.extend_from_slice(&data);
                Ok(())
            }
            Outgoing::Body { data, more: false } => {
                self.held.extend_from_slice(&data);
                self.inner.start_send(Outgoing::Body { data: std::mem::take(&mut self.held).into(), more: false })
            }
            other => self.inner.start_send(other),
        }
    }
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.inner.poll_flush(cx)
    }
    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        self.inner.poll_closed(cx)
    }
}

/// A layer that makes two pieces of each.
struct Halve {
    inner: Receiver,
    rest: Option<Incoming>,
}

impl Source for Halve {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        if let Some(rest) = self.rest.take() {
            return Poll::Ready(rest);
        }
        self.inner.poll_recv(cx).map(|event| match event {
            Incoming::Body { mut data, more } if data.len() > 1 => {
                let first = data.split_to(data.len() / 2);
                self.rest = Some(Incoming::Body { data, more });
                Incoming::Body { data: first, more: true }
            }
            other => other,
        })
    }
}

#[test]
fn sources_and_sinks_are_halves() {
    let app = |scope: Scope, receive: Receiver, send: Sender| {
        let receive = Receiver::layer(Halve { inner: receive, rest: None });
        echo(scope, receive, Sender::layer(Gather { inner: send, held: Vec::new() }))
    };
    for script in [memory::http("POST", "/").body("abcd"), memory::http("POST", "/").body("abcd").high_water(1).take(1)]
    {
        let outcome = script.checked(app);
        assert_eq!((outcome.events.len(), outcome.body()), (2, &b"abcd"[..]));
    }
}
