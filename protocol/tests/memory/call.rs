//! How a call is driven: step by step, to its end, or by a runtime.

use crate::{Checked, body, echo, hello, respond, start};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;
use transom::memory::{self, Verdict};
use transom::{Error, Incoming, Outgoing, Receiver, Scope, Sender};

/// SPEC: WAKE-7
#[test]
fn step_by_step() {
    let mut call = memory::http("POST", "/").unfinished().start(echo);
    assert!(call.is_woken() && call.poll().is_pending());
    assert!(!call.is_woken() && matches!(call.events(), [Outgoing::Start { .. }]));
    // Polled though nothing woke it.
    assert!(call.poll().is_pending() && call.events().len() == 1);
    call.push(Incoming::Body { data: "a".into(), more: true });
    assert!(call.is_woken() && call.poll().is_pending());
    assert_eq!(call.events().len(), 2);
    call.push(Incoming::Body { data: "b".into(), more: false });
    assert!(call.poll().is_pending() && call.events().len() == 3);
    assert!(call.is_woken() && call.poll().is_ready(), "the response is complete, and so is the exchange");
}

#[test]
fn the_end_is_the_end() {
    let mut call = memory::http("GET", "/").start(hello);
    assert!(call.poll().is_ready() && call.poll().is_ready());
    assert_eq!(call.events().len(), 1);
    let outcome = call.run();
    assert_eq!((outcome.polls, outcome.events.len()), (1, 1));
}

#[test]
fn events_that_were_looked_at_are_in_the_outcome() {
    let app = |_: Scope, mut receive: Receiver, mut send: Sender| async move {
        send.send(start()).await?;
        receive.recv().await;
        Ok(send.send(body("x", false)).await?)
    };
    let mut call = memory::http("POST", "/").chunks(["a"]).trickle().start(app);
    assert!(call.poll().is_pending());
    assert_eq!(call.events().len(), 1);
    let outcome = call.run();
    assert_eq!((outcome.events.len(), outcome.status()), (2, Some(200)));
}

#[test]
#[should_panic(expected = "the application waits for an event that never comes (in: [\"recv\"])")]
fn an_application_that_waits_for_ever_is_found_out() {
    memory::http("POST", "/").unfinished().patience(Duration::ZERO).checked(echo);
}

#[test]
#[should_panic(expected = "in: [\"send or flush\"]")]
fn a_peer_that_takes_nothing_is_found_out() {
    let app = |_: Scope, _: Receiver, mut send: Sender| async move {
        send.send(respond(200)).await?;
        Ok(send.flush().await?)
    };
    memory::http("GET", "/").take(0).patience(Duration::ZERO).checked(app);
}

#[test]
#[should_panic(expected = "in: []")]
fn a_lost_wake_up_is_found_out() {
    async fn forgets(_: Scope, _receive: Receiver, _send: Sender) -> Result<(), Error> {
        poll_fn(|_| Poll::Pending).await
    }
    memory::http("GET", "/").patience(Duration::ZERO).checked(forgets);
}

#[test]
fn who_is_woken_by_another_has_time() {
    // There is no patience; but as long as the thread has the waker it is waited for.
    let app = |_: Scope, _: Receiver, mut send: Sender| async move {
        let mut is_first = true;
        poll_fn(move |cx| {
            if std::mem::take(&mut is_first) {
                let waker = cx.waker().clone();
                thread::spawn(move || waker.wake());
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
        Ok(send.send(respond(200)).await?)
    };
    for script in [memory::http("GET", "/"), memory::http("GET", "/").hang_up_at(3)] {
        let outcome = script.patience(Duration::ZERO).checked(app);
        assert_eq!((outcome.status(), outcome.polls), (Some(200), 2));
    }
}

#[test]
fn a_peer_leaves_when_nothing_else_is_left_to_happen() {
    let outcome = memory::http("POST", "/").unfinished().hang_up_at(1000).checked(echo);
    assert_eq!((outcome.polls, outcome.verdict), (2, Verdict::Nothing));
}

/// Counts how often it is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_call_is_a_future() {
    let script = || memory::http("POST", "/").chunks(["a", "b"]).trickle().high_water(1).take(1);
    let outcome = transom::run(script().start(echo));
    assert_eq!((outcome.body(), outcome.verdict), (&b"ab"[..], Verdict::Nothing));

    // A peer that takes its time wakes nobody at each byte.
    let slow = memory::http("GET", "/").high_water(1).take(1);
    let flushes = |_: Scope, _: Receiver, mut send: Sender| async move {
        send.send(start()).await?;
        send.send(body("in small pieces", false)).await?;
        Ok(send.flush().await?)
    };
    assert_eq!(transom::run(slow.start(flushes)).body(), b"in small pieces");

    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let mut call = pin!(memory::http("GET", "/").start(|_: Scope, _receive: Receiver, mut send: Sender| async move {
        send.closed().await;
        Ok(())
    }));
    // It is quiet after a few turns, and then wakes nobody.
    let mut turns = 0;
    loop {
        let before = count.0.load(Ordering::Relaxed);
        assert!(call.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        turns += 1;
        if count.0.load(Ordering::Relaxed) == before {
            break;
        }
        assert!(turns < 10);
    }
}

#[test]
fn a_call_in_a_runtime_is_woken_by_threads() {
    async fn app(_: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        let thread = thread::spawn(move || {
            send.send_blocking(start())?;
            send.send_blocking(body("x", false))
        });
        while !matches!(receive.recv().await, Incoming::End(_)) {}
        Ok(thread.join().expect("it does not panic")?)
    }
    let outcome = transom::run(memory::http("GET", "/").high_water(1).start(app));
    assert!(outcome.is_complete() && outcome.result.is_ok());
}
