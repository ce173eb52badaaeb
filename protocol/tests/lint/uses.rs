//! What becomes of reports, and of what a lint is around.

use crate::applications::{SOCKET, UPGRADE};
use crate::fake::Fake;
use crate::{accept, body, close, respond, start, start_with};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use transom::lint::{Lint, Reports, lint};
use transom::{
    App, Capabilities, End, Error, Incoming, Manifest, Message, Outgoing, Receiver, Scope, SendError, Sender, memory,
};

/// Sends too early, looks at the answer, and goes on.
async fn hasty(_: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
    assert_eq!(send.send(body("early", true)).await, Err(transom::Violation::OutOfOrder.into()));
    Ok(send.send(respond(200, &[], "")).await?)
}

const REPORT: &str = "HTTP-SEND-1: the application sent Body before Start";

#[test]
fn a_lint_panics_unless_it_is_told_otherwise() {
    let panic = catch_unwind(|| memory::http("GET", "/").run(lint(hasty))).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().map(String::as_str), Some(REPORT));
}

#[test]
fn it_panics_after_it_passed_the_event_on() {
    let sent = Arc::new(Mutex::new(0));
    let counts = Arc::clone(&sent);
    let counting = move |scope: Scope, receive: Receiver, send: Sender| {
        let counts = Arc::clone(&counts);
        let send = send.map(move |event| {
            *counts.lock().unwrap() += 1;
            Some(event)
        });
        let app = lint(hasty);
        async move { app.call(scope, receive, send).await }
    };
    let run = AssertUnwindSafe(|| memory::http("GET", "/").run(counting));
    assert!(catch_unwind(run).is_err());
    assert_eq!(*sent.lock().unwrap(), 1);
}

#[test]
fn a_second_panic_does_not_abort() {
    struct Late(Sender);
    impl Drop for Late {
        fn drop(&mut self) {
            let _ = self.0.start_send(body("early", true));
        }
    }
    let app = |_: Scope, _: Receiver, send: Sender| async move {
        let _late = Late(send);
        panic!("first")
    };
    let panic = catch_unwind(|| memory::http("GET", "/").run(lint(app))).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"first"));
}

/// Bytes that are still there when their writer is gone.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn reports_are_written_told_or_collected() {
    let written = Written::default();
    assert!(memory::http("GET", "/").run(lint(hasty).write(written.clone())).is_complete());
    assert_eq!(String::from_utf8_lossy(&written.0.lock().unwrap()), format!("{REPORT}\n"));

    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let app = lint(hasty).tell(move |report| tell.lock().unwrap().push(report.to_string()));
    memory::http("GET", "/").run(app);
    assert_eq!(*told.lock().unwrap(), [REPORT]);

    let reports = Reports::new();
    memory::http("GET", "/").run(lint(hasty).collect(&reports));
    assert_eq!(reports.clone().take().len(), 1);
    assert!(reports.is_empty(), "they were taken");
}

/// SPEC: LAYER-1, LAYER-2
#[test]
fn a_lint_changes_nothing() {
    async fn echo(_: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        send.send(start()).await?;
        loop {
            let Incoming::Body { data, more } = receive.recv().await else { return Err("cut off".into()) };
            send.send(Outgoing::Body { data, more }).await?;
            if !more {
                return Ok(send.flush().await?);
            }
        }
    }
    for poll in 1..20 {
        let script = || memory::http("POST", "/").chunks(["a", "b"]).trickle().high_water(1).take(1).hang_up_at(poll);
        let (without, with) = (script().run(echo), script().run(lint(echo)));
        assert_eq!(format!("{without:?}"), format!("{with:?}"), "left at poll {poll}");
    }
}

#[test]
fn nobody_is_to_blame_for_a_socket_whenever_it_ends() {
    async fn echo(_: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        send.send(accept()).await?;
        while let Incoming::Message(message) = receive.recv().await {
            send.send(Outgoing::Message(message)).await?;
        }
        send.closed().await;
        assert!(matches!(receive.recv().await, Incoming::End(_)));
        Ok(())
    }
    async fn leave(_: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        send.send(accept()).await?;
        receive.recv().await;
        send.send(close()).await?;
        while !matches!(receive.recv().await, Incoming::End(_)) {}
        Ok(send.flush().await?)
    }
    async fn deny(_: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        send.send(start_with(404, &[])).await?;
        send.send(body("no", false)).await?;
        while !matches!(receive.recv().await, Incoming::End(_)) {}
        Ok(send.flush().await?)
    }
    for poll in 1..20 {
        let script = || memory::websocket("/").text("a").text("b").trickle().high_water(1).take(1);
        script().hang_up_at(poll).run(lint(echo));
        script().close(1000, "").hang_up_at(poll).run(lint(echo));
        script().hang_up_at(poll).run(lint(leave));
        script().hang_up_at(poll).run(lint(deny));
    }
}

/// The server closes: `send` is told at once, and `recv` when the peer has answered (WS-20).
#[test]
fn a_socket_may_be_lost_for_one_half_before_it_is_for_the_other() {
    let closed = |clean| End::Closed { code: 1012, reason: "".into(), clean };
    let text = || Message::Text("hi".into());
    let fake = Fake::new()
        .answers(Ok(()))
        .answers(Err(SendError::Disconnected(closed(false))))
        .keeps_waiting()
        .gives(Incoming::Message(text()))
        .ends(closed(true))
        .closes(Poll::Pending)
        .closes(Poll::Ready(closed(true)))
        .answers(Err(SendError::Disconnected(closed(false))));
    let reports = Reports::new();
    let app = move |_: Scope, mut receive: Receiver, mut send: Sender| async move {
        send.send(accept()).await?;
        send.send(Outgoing::Message(text())).await.unwrap_err();
        std::future::poll_fn(|cx| {
            assert!(receive.poll_recv(cx).is_pending() && send.poll_closed(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        assert!(matches!(receive.recv().await, Incoming::Message(_)));
        assert!(matches!(receive.recv().await, Incoming::End(_)));
        assert_eq!(send.closed().await, closed(true));
        Ok(send.send(Outgoing::Message(text())).await?)
    };
    fake.call(lint(app).collect(&reports), SOCKET.scope());
    assert!(reports.is_empty(), "{:#?}", reports.take());
}

/// A fault of the peer ends the socket before the close frame that says so is written.
#[test]
fn a_socket_may_be_closed_before_it_is_flushed() {
    let fault = || End::Closed { code: 1002, reason: "".into(), clean: false };
    let reports = Reports::new();
    let app = |_: Scope, mut receive: Receiver, mut send: Sender| async move {
        send.send(accept()).await?;
        receive.recv().await;
        std::future::poll_fn(|cx| {
            assert!(send.poll_flush(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        Ok(send.flush().await?)
    };
    let fake = Fake::new().ends(fault()).flushes(Poll::Pending).flushes(Poll::Ready(Ok(())));
    fake.call(lint(app).collect(&reports), SOCKET.scope());
    assert!(reports.is_empty(), "{:#?}", reports.take());
    // Without a close there is nobody to write to.
    let lost = End::Closed { code: 1006, reason: "".into(), clean: false };
    Fake::new().ends(lost).flushes(Poll::Pending).call(lint(app).collect(&reports), SOCKET.scope());
    assert_eq!(reports.take().iter().map(|report| report.clause.id).collect::<Vec<_>>(), ["DISC-1"; 2]);
}

/// What came before the peer of a tunnel was lost may be received afterwards (TUNNEL-10).
#[test]
fn a_tunnel_may_be_lost_before_it_is_read() {
    let gone = End::Disconnected { code: None };
    let fake = Fake::new().closes(Poll::Ready(gone.clone())).keeps_waiting();
    let fake = fake.gives(Incoming::Body { data: "late".into(), more: true }).ends(gone);
    let reports = Reports::new();
    let app = |_: Scope, mut receive: Receiver, mut send: Sender| async move {
        send.send(start_with(101, &[])).await?;
        send.closed().await;
        assert!(std::future::poll_fn(|cx| Poll::Ready(receive.poll_recv(cx).is_pending())).await);
        assert!(matches!(receive.recv().await, Incoming::Body { .. }));
        assert!(matches!(receive.recv().await, Incoming::End(_)));
        Ok(())
    };
    fake.call(lint(app).collect(&reports), UPGRADE.scope());
    assert!(reports.is_empty(), "{:#?}", reports.take());
}

/// SPEC: LAYER-5
#[test]
fn the_manifest_passes() {
    struct Wanting;
    impl App for Wanting {
        async fn call(&self, _: Scope, _: Receiver, _: Sender) -> Result<(), Error> {
            Err(Error::unsupported())
        }
        fn manifest(&self) -> Manifest {
            Manifest::default().wanting(Capabilities::FILE)
        }
    }
    let linted: Lint<Wanting> = lint(Wanting);
    assert_eq!(linted.manifest(), Wanting.manifest());
}

/// A call that gives its sender to a thread, which goes on when the call has returned.
#[test]
fn what_may_have_crossed_is_nobodys_fault() {
    let reports = Reports::new();
    let thread = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&thread);
    let app = move |_: Scope, _: Receiver, mut send: Sender| {
        let keep = Arc::clone(&keep);
        async move {
            send.send(start()).await?;
            let sends = move || while send.send_blocking(body("x", true)).is_ok() {};
            *keep.lock().unwrap() = Some(std::thread::spawn(sends));
            Err("given up".into())
        }
    };
    memory::http("GET", "/").run(lint(app).collect(&reports));
    thread.lock().unwrap().take().unwrap().join().unwrap();
    assert!(reports.is_empty(), "{:#?}", reports.take());
}

#[test]
fn an_end_that_was_told_is_no_fault_of_who_did_not_know() {
    let reports = Reports::new();
    let app = |_: Scope, _receive: Receiver, mut send: Sender| async move {
        send.send(start()).await?;
        assert!(matches!(send.flush().await, Err(SendError::Disconnected(_))));
        for _ in 0..2 {
            assert!(send.send(body("x", true)).await.is_err());
        }
        Ok(())
    };
    memory::http("GET", "/").take(0).hang_up_at(2).run(lint(app).collect(&reports));
    assert!(reports.is_empty(), "{:#?}", reports.take());
}
