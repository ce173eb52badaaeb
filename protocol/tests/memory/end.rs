//! How exchanges end: the peer leaves, at whatever moment, or the response is complete.

use crate::{Checked, body, echo, hello, respond, start};
use std::future::poll_fn;
use std::task::Poll;
use transom::memory::{self, Verdict};
use transom::{App, BadRequest, BoxApp, End, Error, Incoming, Outgoing, Receiver, Scope, SendError, Sender};

const GONE: End = End::Disconnected { code: None };

/// Runs `app` once for each poll at which its peer can leave, until it does not notice any more.
fn at_every_poll(script: impl Fn() -> memory::Script<transom::HttpScope>, app: impl Fn() -> BoxApp) -> usize {
    let whole = script().run(app());
    assert_eq!(whole.verdict, Verdict::Nothing);
    for poll in 1.. {
        let outcome = script().hang_up_at(poll).run(app());
        assert!(outcome.body().len() <= whole.body().len() && whole.body().starts_with(outcome.body()));
        assert_eq!(outcome.verdict, Verdict::Nothing, "poll {poll}");
        for (_, refusal) in &outcome.refused {
            // A response that was sent in full stays sent, whether or not the peer has all of it.
            let expected = if outcome.is_complete() { SendError::Finished } else { SendError::Disconnected(GONE) };
            assert_eq!(*refusal, expected, "poll {poll}");
        }
        if let Err(error) = &outcome.result {
            assert!(error.is_disconnect(), "poll {poll}: {error}");
        }
        if outcome.polls < poll {
            return poll;
        }
    }
    unreachable!("a call that ends has a last poll")
}

/// As [`echo`], and goes on receiving and sending after the end, which stays what it was.
async fn stubborn(_: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    let mut sent = send.send(start()).await;
    let mut is_done = false;
    let end = loop {
        match receive.recv().await {
            Incoming::Body { data, more } => {
                let again = send.send(Outgoing::Body { data, more }).await;
                assert!(sent.is_ok() || again == sent, "{sent:?}, then {again:?}");
                (sent, is_done) = (again, !more);
            }
            Incoming::End(end) => break end,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(send.closed().await, end);
    for _ in 0..3 {
        assert!(matches!(receive.recv().await, Incoming::End(again) if again == end));
        let refusal = send.send(body("late", false)).await.unwrap_err();
        let is_finished = is_done && sent.is_ok();
        assert!(is_finished || end != End::Complete);
        assert_eq!(refusal, if is_finished { SendError::Finished } else { SendError::Disconnected(end.clone()) });
        assert_eq!(send.closed().await, end);
    }
    assert_eq!(send.flush().await.is_ok(), end == End::Complete);
    Ok(())
}

#[test]
fn a_peer_may_leave_at_every_poll() {
    let post = || memory::http("POST", "/").chunks(["a", "b", "c"]);
    for app in [|| BoxApp::new(echo), || BoxApp::new(stubborn)] {
        let polls = at_every_poll(|| post().trickle().high_water(1).take(1), app);
        assert!(polls > 6, "noticed at {polls} polls only");
        at_every_poll(|| post().high_water(1), app);
        at_every_poll(|| post().trickle(), app);
        at_every_poll(post, app);
    }
}

/// SPEC: DISC-1, WAKE-4
#[test]
fn a_peer_that_leaves_wakes_whatever_waits() {
    type Wait = fn(Receiver, Sender) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;
    let waits: [Wait; 5] = [
        |mut receive, send| {
            Box::pin(async move {
                assert!(matches!(receive.recv().await, Incoming::End(GONE)));
                drop(send);
            })
        },
        |_receive, mut send| Box::pin(async move { assert_eq!(send.closed().await, GONE) }),
        |_receive, mut send| {
            Box::pin(async move {
                send.start_send(start()).unwrap();
                assert_eq!(send.send(body("x", true)).await, Err(SendError::Disconnected(GONE)));
            })
        },
        |_receive, mut send| {
            Box::pin(async move {
                send.start_send(start()).unwrap();
                assert_eq!(send.flush().await, Err(SendError::Disconnected(GONE)));
            })
        },
        |_receive, mut send| {
            Box::pin(async move {
                send.start_send(start()).unwrap();
                assert_eq!(poll_fn(|cx| send.poll_ready(cx)).await, Ok(()));
                assert_eq!(send.start_send(body("x", true)), Err(SendError::Disconnected(GONE)));
            })
        },
    ];
    for wait in waits {
        let app = move |_: Scope, receive: Receiver, send: Sender| async move {
            wait(receive, send).await;
            Ok(())
        };
        let mut call = memory::http("POST", "/").unfinished().high_water(1).take(0).start(app);
        assert!(call.poll().is_pending() && !call.is_woken());
        call.hang_up();
        assert!(call.is_woken() && call.poll().is_ready());
    }
}

/// SPEC: END-1
#[test]
fn it_is_complete_when_the_peer_has_everything() {
    async fn after_work(_: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        send.send(respond(200)).await?;
        assert!(matches!(receive.recv().await, Incoming::Body { more: false, .. }));
        assert!(matches!(receive.recv().await, Incoming::End(End::Complete)));
        assert_eq!(send.closed().await, End::Complete);
        Ok(send.flush().await?)
    }
    let mut call = memory::http("GET", "/").take(0).start(after_work);
    assert!(call.poll().is_pending() && !call.is_woken());
    call.drain();
    assert!(call.is_woken());
    // It is over: that the peer leaves afterwards is news to nobody.
    call.hang_up();
    assert!(call.run().result.is_ok());
    assert!(memory::http("GET", "/").checked(after_work).result.is_ok());
}

/// SPEC: HTTP-RECV-6
#[test]
fn the_rest_of_the_request_may_be_read_after_the_response() {
    async fn early(_: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        send.send(respond(200)).await?;
        assert_eq!(send.closed().await, End::Complete);
        let mut length = 0;
        loop {
            match receive.recv().await {
                Incoming::Body { data, .. } => length += data.len(),
                Incoming::End(end) => {
                    assert_eq!(length, 3);
                    assert_eq!(end, End::Complete);
                    return Ok(());
                }
                other => panic!("{other:?}"),
            }
        }
    }
    memory::http("POST", "/").chunks(["a", "bc"]).checked(early).result.unwrap();
    memory::http("POST", "/").chunks(["a", "bc"]).trickle().checked(early).result.unwrap();

    // A peer that leaves instead of sending it is reported as that.
    let mut call =
        memory::http("POST", "/").unfinished().start(|_: Scope, mut receive: Receiver, mut send: Sender| async move {
            send.send(respond(200)).await?;
            assert_eq!(send.closed().await, End::Complete);
            assert!(matches!(receive.recv().await, Incoming::End(GONE)));
            Ok(())
        });
    while call.is_woken() {
        assert!(call.poll().is_pending());
    }
    call.hang_up();
    assert!(call.run().result.is_ok());
}

/// SPEC: HTTP-RECV-11
#[test]
fn other_ends() {
    for end in [End::Timeout, End::ServerShutdown, End::Disconnected { code: Some(8) }] {
        let expected = end.clone();
        let app = move |_: Scope, mut receive: Receiver, mut send: Sender| {
            let expected = expected.clone();
            async move {
                assert!(matches!(receive.recv().await, Incoming::End(end) if end == expected));
                let sent = send.send(respond(408)).await;
                // After a timeout there is still somebody to answer.
                assert_eq!(sent.is_ok(), expected == End::Timeout);
                Ok(())
            }
        };
        let mut call = memory::http("POST", "/").unfinished().start(app);
        assert!(call.poll().is_pending());
        call.end(end);
        assert!(call.is_woken());
        call.run().result.unwrap();
    }
}

/// SPEC: END-3, CLOSED-4
#[test]
fn the_first_end_is_the_one_that_stays() {
    let first = End::BadRequest(BadRequest::Malformed);
    for later in [End::Timeout, End::ServerShutdown, GONE] {
        let app = |_: Scope, mut receive: Receiver, mut send: Sender| async move {
            assert!(matches!(receive.recv().await, Incoming::End(End::BadRequest(BadRequest::Malformed))));
            let over = send.closed().await;
            assert!(matches!(receive.recv().await, Incoming::End(End::BadRequest(BadRequest::Malformed))));
            assert_eq!(send.send(respond(400)).await, Err(SendError::Disconnected(over)));
            Ok(())
        };
        let mut call = memory::http("POST", "/").end(first.clone()).start(app);
        assert!(call.poll().is_pending());
        call.end(later.clone());
        // A timeout of the request is no news after the request went wrong.
        if later == End::Timeout {
            assert!(call.poll().is_pending());
            call.hang_up();
        }
        assert!(call.is_woken());
        call.run().result.unwrap();
    }
}

/// SPEC: CLOSED-2
#[test]
#[should_panic(expected = "never comes (in: [\"closed\"])")]
fn a_bad_request_is_not_the_end_of_the_exchange() {
    let app = |_: Scope, _receive: Receiver, mut send: Sender| async move {
        send.closed().await;
        Ok(())
    };
    memory::http("POST", "/").truncate().patience(std::time::Duration::ZERO).checked(app);
}

#[test]
fn a_scripted_end_is_noticed_without_recv() {
    async fn watches(_: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
        assert_eq!(send.closed().await, GONE);
        Ok(())
    }
    memory::http("POST", "/").end(GONE).checked(watches).result.unwrap();
    memory::http("POST", "/").end(GONE).trickle().checked(watches).result.unwrap();
}

/// Ends the call when the peer leaves: for applications that would rather be dropped.
fn cancel_on_disconnect(inner: impl App) -> impl App {
    let inner = std::sync::Arc::new(inner);
    move |scope: Scope, receive: Receiver, send: Sender| {
        let inner = std::sync::Arc::clone(&inner);
        async move {
            let (watch, send) = Watch::over(send);
            let mut call = Box::pin(async move { inner.call(scope, receive, send).await });
            poll_fn(move |cx| match call.as_mut().poll(cx) {
                Poll::Pending if watch.is_gone(cx) => Poll::Ready(Ok(())),
                polled => polled,
            })
            .await
        }
    }
}

#[derive(Clone)]
struct Watch(std::sync::Arc<std::sync::Mutex<Sender>>);

impl Watch {
    fn over(send: Sender) -> (Self, Sender) {
        let watch = Self(std::sync::Arc::new(std::sync::Mutex::new(send)));
        (watch.clone(), Sender::layer(watch))
    }
    fn is_gone(&self, cx: &mut std::task::Context<'_>) -> bool {
        matches!(self.0.lock().unwrap().poll_closed(cx), Poll::Ready(End::Disconnected { .. }))
    }
}

impl transom::Sink for Watch {
    fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> Poll<Result<(), SendError>> {
        self.0.lock().unwrap().poll_ready(cx)
    }
    fn start_send(&mut self, event: Outgoing) -> Result<(), SendError> {
        self.0.lock().unwrap().start_send(event)
    }
    fn poll_flush(&mut self, cx: &mut std::task::Context<'_>) -> Poll<Result<(), SendError>> {
        self.0.lock().unwrap().poll_flush(cx)
    }
    fn poll_closed(&mut self, cx: &mut std::task::Context<'_>) -> Poll<End> {
        self.0.lock().unwrap().poll_closed(cx)
    }
}

#[test]
fn a_layer_can_cancel_on_disconnect() {
    async fn never(_: Scope, _receive: Receiver, _send: Sender) -> Result<(), Error> {
        std::future::pending().await
    }
    let outcome = memory::http("GET", "/").hang_up_at(2).checked(cancel_on_disconnect(never));
    assert_eq!((outcome.polls, outcome.verdict), (2, Verdict::Nothing));
    assert_eq!(memory::http("GET", "/").checked(cancel_on_disconnect(hello)).status(), Some(200));
}
