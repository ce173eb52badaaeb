//! Handles: in other threads, dropped, dropped in the middle, kept for too long.

use crate::{Checked, body, echo, give_up, hello, respond, start, woken};
use std::future::poll_fn;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use transom::memory::{self, Verdict};
use transom::{
    BodyHint, End, Error, Exchange, ExchangeId, Half, Incoming, Outgoing, Receiver, Scope, SendError, Sender,
};

#[test]
fn the_sender_may_move_to_a_thread() {
    async fn app(_: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        let thread = thread::spawn(move || {
            send.send_blocking(start())?;
            for _ in 0..100 {
                send.send_blocking(body("x", true))?;
            }
            send.send_blocking(body("", false))
        });
        while !matches!(receive.recv().await, Incoming::End(_)) {}
        Ok(thread.join().expect("it does not panic")?)
    }
    for script in [memory::http("GET", "/"), memory::http("GET", "/").high_water(1).take(1)] {
        let outcome = script.checked(app);
        assert_eq!((outcome.body().len(), outcome.verdict), (100, Verdict::Nothing));
        assert!(outcome.result.is_ok());
    }
    // When the peer leaves, the thread is told.
    let outcome = memory::http("GET", "/").high_water(1).take(0).hang_up_at(2).checked(app);
    assert!(outcome.result.unwrap_err().is_disconnect() && outcome.events.len() <= 1);
}

#[test]
fn each_half_may_have_its_own_thread() {
    async fn app(_: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        let (pass, passed) = mpsc::sync_channel(1);
        let reader = thread::spawn(move || {
            while let Incoming::Body { data, more } = receive.recv_blocking() {
                if pass.send(Outgoing::Body { data, more }).is_err() || !more {
                    return receive;
                }
            }
            receive
        });
        let writer = thread::spawn(move || {
            send.send_blocking(start())?;
            passed.into_iter().try_for_each(|event| send.send_blocking(event))?;
            send.flush_and_close()
        });
        // Nothing of the exchange is left to the call itself: it waits for the writer alone.
        join(writer).await?;
        reader.join().expect("it does not panic");
        Ok(())
    }
    let outcome = memory::http("POST", "/").chunks(["a", "b", "c"]).trickle().high_water(1).take(1).checked(app);
    assert!(outcome.result.is_ok());
    assert_eq!((outcome.body(), outcome.verdict), (&b"abc"[..], Verdict::Nothing));
}

trait FlushAndClose {
    fn flush_and_close(self) -> Result<(), SendError>;
}

impl FlushAndClose for Sender {
    fn flush_and_close(mut self) -> Result<(), SendError> {
        transom::run(self.flush())?;
        assert_eq!(transom::run(self.closed()), End::Complete);
        Ok(())
    }
}

/// Waits for a thread without blocking this one.
async fn join<T: Send + 'static>(thread: thread::JoinHandle<T>) -> T {
    let (tell, told) = mpsc::channel();
    let mut thread = Some(thread);
    poll_fn(move |cx| {
        if let Some(thread) = thread.take() {
            let (tell, waker) = (tell.clone(), cx.waker().clone());
            thread::spawn(move || {
                let _ = tell.send(thread.join().expect("it does not panic"));
                waker.wake();
            });
        }
        told.try_recv().map_or(Poll::Pending, Poll::Ready)
    })
    .await
}

/// SPEC: HANDLE-4, LAYER-6
#[test]
fn a_send_that_is_given_up_sends_nothing() {
    let app = |_: Scope, _: Receiver, mut send: Sender| async move {
        send.send(start()).await?;
        for _ in 0..3 {
            assert_eq!(give_up(send.send(body("lost", true))).await, None);
        }
        send.send(body("kept", true)).await?;
        assert_eq!(give_up(send.flush()).await, None);
        Ok(send.send(body("", false)).await?)
    };
    let layered = move |scope: Scope, receive: Receiver, send: Sender| {
        app(scope, receive.map(|event| event), send.map(Some).map(Some))
    };
    assert_eq!(memory::http("GET", "/").high_water(1).checked(app).body(), b"kept");
    assert_eq!(memory::http("GET", "/").high_water(1).checked(layered).body(), b"kept");
}

/// SPEC: HANDLE-3
#[test]
fn a_recv_that_is_given_up_loses_nothing() {
    let app = |scope: Scope, mut receive: Receiver, send: Sender| async move {
        assert!(give_up(receive.recv()).await.is_none());
        let mut send = Some(send);
        let mut events = 0;
        while events < 3 {
            match give_up(receive.recv()).await {
                Some(Incoming::Body { data, .. }) => {
                    assert_eq!(data, ["a", "b", ""][events]);
                    events += 1;
                }
                Some(other) => panic!("{other:?}"),
                // Woken by the arrival, though it was another future that waited.
                None => woken().await,
            }
        }
        drop(scope);
        Ok(send.take().expect("it was not taken").send(respond(200)).await?)
    };
    let outcome = memory::http("POST", "/").chunks(["a", "b"]).trickle().checked(app);
    assert!(outcome.result.is_ok() && outcome.polls > 3);
}

#[test]
fn what_trickles_comes_when_it_is_waited_for() {
    let app = |_: Scope, mut receive: Receiver, mut send: Sender| async move {
        send.send(start()).await?;
        send.flush().await?;
        assert!(give_up(receive.recv()).await.is_none());
        woken().await;
        assert!(give_up(receive.recv()).await.is_some());
        assert!(give_up(receive.recv()).await.is_none());
        Ok(send.send(body("", false)).await?)
    };
    assert!(memory::http("POST", "/").chunks(["a", "b"]).trickle().checked(app).is_complete());
}

/// SPEC: RETURN-9
#[test]
fn a_dropped_sender_is_an_error_at_once() {
    async fn drops(scope: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        let Scope::Http(scope) = scope else { return Err(Error::unsupported()) };
        if scope.body() == BodyHint::None {
            assert!(matches!(receive.recv().await, Incoming::Body { more: false, .. }));
        }
        let started = scope.query().is_some();
        if started {
            send.send(start()).await?;
        }
        drop(send);
        let expected = if started { End::Disconnected { code: None } } else { End::Complete };
        for _ in 0..2 {
            assert!(matches!(receive.recv().await, Incoming::End(end) if end == expected));
        }
        Err(Error::unsupported())
    }
    assert_eq!(memory::http("GET", "/").checked(drops).verdict, Verdict::Respond(500));
    assert_eq!(memory::http("GET", "/?started").checked(drops).verdict, Verdict::Abort);
    assert_eq!(memory::http("POST", "/").unfinished().checked(drops).verdict, Verdict::Respond(500));

    // After the end of the response, and with the return of the call, it means nothing.
    async fn done(_: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        send.send(respond(200)).await?;
        drop(send);
        assert!(matches!(receive.recv().await, Incoming::Body { more: false, .. }));
        assert!(matches!(receive.recv().await, Incoming::End(End::Complete)));
        Err(Error::unsupported())
    }
    assert_eq!(memory::http("GET", "/").checked(done).verdict, Verdict::Nothing);
    async fn returns(_: Scope, _: Receiver, send: Sender) -> Result<(), Error> {
        drop(send);
        Err(Error::unsupported())
    }
    assert_eq!(memory::http("GET", "/").checked(returns).verdict, Verdict::Respond(501));
}

/// SPEC: HTTP-RECV-13
#[test]
fn a_dropped_receiver_is_nobodys_loss() {
    let app = |_: Scope, receive: Receiver, mut send: Sender| async move {
        drop(receive);
        send.send(respond(200)).await?;
        assert_eq!(send.closed().await, End::Complete);
        Ok(())
    };
    assert_eq!(memory::http("POST", "/").body("unread").checked(app).verdict, Verdict::Nothing);
}

/// An application that lets its handles out, and returns.
fn lets_out(out: mpsc::Sender<(Receiver, Sender)>) -> impl transom::App {
    move |_: Scope, receive: Receiver, mut send: Sender| {
        let out = out.clone();
        async move {
            send.send(start()).await?;
            out.send((receive, send)).expect("the test receives it");
            Ok(())
        }
    }
}

/// SPEC: END-5, END-6
#[test]
fn handles_die_with_their_call() {
    let (out, handles) = mpsc::channel();
    let outcome = memory::http("POST", "/").body("unread").run(lets_out(out));
    assert_eq!(outcome.verdict, Verdict::Abort);
    let (mut receive, mut send) = handles.recv().unwrap();
    for _ in 0..2 {
        assert!(matches!(receive.recv_blocking(), Incoming::End(End::Complete)));
        assert_eq!(send.send_blocking(body("late", false)), Err(SendError::Finished));
        assert_eq!(transom::run(send.flush()), Err(SendError::Finished));
        assert_eq!(transom::run(send.closed()), End::Complete);
    }
}

#[test]
fn the_return_of_the_call_wakes_a_thread_that_waits() {
    let (told, tell) = mpsc::channel();
    let app = move |_: Scope, mut receive: Receiver, send: Sender| {
        let told = told.clone();
        async move {
            let thread = thread::spawn(move || told.send(matches!(receive.recv_blocking(), Incoming::End(_))));
            drop((send, thread));
            Ok(())
        }
    };
    memory::http("POST", "/").unfinished().run(app);
    assert_eq!(tell.recv(), Ok(true));
}

/// SPEC: END-6
#[test]
fn a_dropped_call_tells_its_handles() {
    let (out, handles) = mpsc::channel();
    let app = move |_: Scope, receive: Receiver, send: Sender| {
        out.send((receive, send)).expect("the test receives it");
        std::future::pending()
    };
    let mut call = memory::http("POST", "/").unfinished().start(app);
    assert!(call.poll().is_pending());
    let (mut receive, mut send) = handles.recv().unwrap();
    let waits = thread::spawn(move || receive.recv_blocking());
    drop(call);
    assert!(matches!(waits.join().unwrap(), Incoming::End(End::ServerShutdown)));
    let shutdown = SendError::Disconnected(End::ServerShutdown);
    assert_eq!(send.send_blocking(respond(200)), Err(shutdown.clone()));
    assert_eq!(transom::run(send.flush()), Err(shutdown));
    assert_eq!(transom::run(send.closed()), End::ServerShutdown);
}

#[test]
fn what_was_told_before_the_call_returned_is_forgotten() {
    let (out, handles) = mpsc::channel();
    let mut call =
        memory::http("POST", "/").unfinished().start(move |_: Scope, mut receive: Receiver, send: Sender| {
            let out = out.clone();
            async move {
                assert!(matches!(receive.recv().await, Incoming::End(End::Disconnected { .. })));
                out.send((receive, send)).expect("the test receives it");
                Ok(())
            }
        });
    call.hang_up();
    call.run();
    let (mut receive, mut send) = handles.recv().unwrap();
    assert!(matches!(receive.recv_blocking(), Incoming::End(End::Complete)));
    assert_eq!(transom::run(send.closed()), End::Complete);
    assert_eq!(send.send_blocking(respond(200)), Err(SendError::Finished));
}

#[test]
fn halves_are_told_apart_by_their_numbers() {
    /// Counts what it is told, for the exchange with number 2.
    #[derive(Default)]
    struct Counts(std::sync::Mutex<Vec<(ExchangeId, Half)>>);
    impl Exchange for Counts {
        fn poll_recv(&self, _: ExchangeId, _: &mut std::task::Context<'_>) -> Poll<Incoming> {
            Poll::Ready(Incoming::End(End::Complete))
        }
        fn poll_ready(&self, _: ExchangeId, _: &mut std::task::Context<'_>) -> Poll<Result<(), SendError>> {
            Poll::Ready(Ok(()))
        }
        fn start_send(&self, id: ExchangeId, _: Outgoing) -> Result<(), SendError> {
            if id == ExchangeId(2) { Ok(()) } else { Err(SendError::Finished) }
        }
        fn poll_flush(&self, _: ExchangeId, _: &mut std::task::Context<'_>) -> Poll<Result<(), SendError>> {
            Poll::Ready(Ok(()))
        }
        fn poll_closed(&self, _: ExchangeId, _: &mut std::task::Context<'_>) -> Poll<End> {
            Poll::Ready(End::Complete)
        }
        fn dropped(&self, id: ExchangeId, half: Half) {
            self.0.lock().unwrap().push((id, half));
        }
    }
    let counts = std::sync::Arc::new(Counts::default());
    let mut stale = Sender::new(counts.clone(), ExchangeId(1)).map(Some);
    let mut fresh = Sender::new(counts.clone(), ExchangeId(2));
    assert_eq!(stale.send_blocking(start()), Err(SendError::Finished));
    assert_eq!(fresh.send_blocking(start()), Ok(()));
    drop(stale);
    drop(Receiver::new(counts.clone(), ExchangeId(2)).map(|event| event));
    assert_eq!(*counts.0.lock().unwrap(), [(ExchangeId(1), Half::Send), (ExchangeId(2), Half::Receive)]);
}

/// SPEC: APP-2
#[test]
fn an_application_serves_many_exchanges_at_once() {
    let mut calls: Vec<_> = (0..3).map(|_| memory::http("POST", "/").chunks(["x"]).trickle().start(echo)).collect();
    let mut hello = memory::http("GET", "/").start(hello);
    assert!(hello.poll().is_ready());
    while calls.iter_mut().any(|call| call.poll().is_pending()) {}
    assert!(calls.into_iter().all(|call| call.run().body() == b"x"));
}

/// SPEC: HTTP-RECV-3
#[test]
fn a_request_without_a_body_says_so_once() {
    async fn reads(scope: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        let Scope::Http(scope) = scope else { return Err(Error::unsupported()) };
        assert_eq!(scope.body(), BodyHint::None);
        assert!(matches!(receive.recv().await, Incoming::Body { data, more: false } if data.is_empty()));
        assert!(give_up(receive.recv()).await.is_none());
        Ok(send.send(respond(204)).await?)
    }
    assert!(memory::http("POST", "/").checked(reads).is_complete());
}
