use crate::{Checked, hello, respond};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use transom::memory::{self, Verdict};
use transom::{End, Error, Incoming, Outgoing, Receiver, Scope, SendError, Sender, State, Violation};

/// Counts the requests in what it made at startup.
async fn app(scope: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    match scope {
        Scope::Lifespan(_) => {
            send.send(Outgoing::Ready(State::new().with(Arc::new(AtomicU32::new(0))))).await?;
            assert!(matches!(receive.recv().await, Incoming::Draining { grace } if grace == Duration::from_secs(3)));
            assert!(matches!(receive.recv().await, Incoming::Shutdown));
            for _ in 0..2 {
                assert!(matches!(receive.recv().await, Incoming::End(End::Complete)));
            }
            assert_eq!(send.closed().await, End::Complete);
            Ok(())
        }
        Scope::Http(scope) => {
            let count = scope.state::<Arc<AtomicU32>>().ok_or("there is no counter")?;
            count.fetch_add(1, Ordering::Relaxed);
            Ok(send.send(respond(204)).await?)
        }
        _ => Err(Error::unsupported()),
    }
}

fn lifespan() -> memory::Lifespan {
    memory::lifespan().grace(Duration::from_secs(3))
}

#[test]
fn from_ready_to_shutdown() {
    let outcome = lifespan().checked(app);
    assert!(outcome.result.is_ok() && outcome.state().is_some());
    assert_eq!(outcome.verdict, Verdict::Nothing);
}

/// SPEC: STATE-1
#[test]
fn the_state_is_there_in_every_exchange() {
    let mut process = lifespan().unfinished().start(app);
    assert!(process.poll().is_pending());
    let [Outgoing::Ready(state)] = process.events() else { panic!("not ready") };
    let state = state.clone();
    for _ in 0..3 {
        assert_eq!(memory::http("GET", "/").state(state.clone()).checked(app).status(), Some(204));
    }
    assert_eq!(state.get::<Arc<AtomicU32>>().unwrap().load(Ordering::Relaxed), 3);
    assert!(memory::http("GET", "/").checked(app).result.is_err());

    assert!(!process.is_woken());
    process.push(Incoming::Draining { grace: Duration::from_secs(3) });
    assert!(process.is_woken() && process.poll().is_pending());
    process.push(Incoming::Shutdown);
    let outcome = process.run();
    assert!(outcome.result.is_ok() && outcome.state().is_some());
}

#[test]
fn an_application_may_not_be_interested() {
    let outcome = memory::lifespan().run(|_: Scope, _: Receiver, _: Sender| async { Ok(()) });
    assert!(outcome.state().is_none());
    assert_eq!(outcome.verdict, Verdict::Nothing);
    let outcome = memory::lifespan().run(|_: Scope, _: Receiver, _: Sender| async { Err(Error::unsupported()) });
    assert_eq!(outcome.verdict, Verdict::Nothing);
    // `hello` takes it for a request: what it sends is refused, and startup has failed.
    let outcome = memory::lifespan().run(hello);
    assert_eq!((outcome.refused.len(), outcome.verdict), (1, Verdict::Exit));
}

#[test]
fn startup_may_fail() {
    let outcome = memory::lifespan().checked(|_: Scope, _: Receiver, _: Sender| async { Err("no database".into()) });
    assert_eq!((outcome.verdict, outcome.state().is_none()), (Verdict::Exit, true));
    assert_eq!(outcome.result.unwrap_err().to_string(), "no database");
}

#[test]
fn what_was_started_may_fail() {
    let run = |error: fn() -> Error| {
        let outcome = memory::lifespan().checked(move |_: Scope, _: Receiver, mut send: Sender| async move {
            send.send(Outgoing::Ready(State::new())).await?;
            Err(error())
        });
        (outcome.verdict, outcome.state().is_some())
    };
    assert_eq!(run(|| "lost the database".into()), (Verdict::Exit, true));
    assert_eq!(run(Error::unsupported), (Verdict::Exit, true));
}

/// SPEC: LIFE-6
#[test]
fn ready_once_and_nothing_else() {
    let outcome = memory::lifespan().run(|_: Scope, _: Receiver, mut send: Sender| async move {
        assert_eq!(send.send(respond(200)).await, Err(Violation::WrongProtocol.into()));
        send.send(Outgoing::Ready(State::new().with(1u8))).await?;
        assert_eq!(send.send(Outgoing::Ready(State::new())).await, Err(Violation::OutOfOrder.into()));
        Ok(())
    });
    assert_eq!((outcome.refused.len(), outcome.events.len()), (2, 1));
    assert_eq!(outcome.state().and_then(State::get), Some(&1u8));
}

#[test]
fn nothing_is_received_before_ready() {
    let waits = |_: Scope, mut receive: Receiver, mut send: Sender| async move {
        let event = receive.recv().await;
        assert!(matches!(event, Incoming::End(End::ServerShutdown)), "{event:?}");
        let refusal = SendError::Disconnected(End::ServerShutdown);
        assert_eq!(send.send(Outgoing::Ready(State::new())).await, Err(refusal));
        Ok(())
    };
    let mut process = memory::lifespan().start(waits);
    assert!(process.poll().is_pending() && !process.is_woken());
    process.hang_up();
    assert!(process.run().result.is_ok());
}
