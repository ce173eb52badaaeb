use crate::{body, give_up, respond, woken};
use transom::memory::{self, Outcome, Script, Verdict};
use transom::{
    App, Capabilities, End, Error, Headers, Incoming, Manifest, Message, Outgoing, Receiver, Scope, SendError, Sender,
    Utf8, Violation, WebSocketScope,
};

fn accept() -> Outgoing {
    Outgoing::Accept { subprotocol: None, headers: Headers::new() }
}

fn close(code: u16) -> Outgoing {
    Outgoing::Close { code, reason: "bye".into() }
}

/// Accepts the first subprotocol there is, sends every message back, and says how the socket ended.
async fn echo(scope: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    let Scope::WebSocket(scope) = scope else { return Err(Error::unsupported()) };
    let subprotocol = scope.subprotocols().next().map(|name| Utf8::from(name.to_string()));
    send.send(Outgoing::Accept { subprotocol, headers: Headers::new() }).await?;
    loop {
        match receive.recv().await {
            Incoming::Message(message) => send.send(Outgoing::Message(message)).await?,
            Incoming::End(end) => return Err(end.to_string().into()),
            other => panic!("{other:?}"),
        }
    }
}

fn texts(outcome: &Outcome) -> Vec<&str> {
    fn text(message: &Message) -> &str {
        let Message::Text(text) = message else { panic!("{message:?}") };
        text
    }
    outcome.messages().map(text).collect()
}

/// SPEC: WS-10
#[test]
fn messages_go_both_ways() {
    let script = || memory::websocket("/ws").subprotocols(["a", "b"]).text("one").text("two").close(4000, "enough");
    for script in [script(), script().trickle(), script().trickle().high_water(1).take(1)] {
        let outcome = script.run(echo);
        assert!(outcome.is_accepted());
        assert_eq!((outcome.subprotocol(), outcome.status()), (Some("a"), None));
        assert_eq!(texts(&outcome), ["one", "two"]);
        assert!(outcome.body().is_empty());
        assert_eq!(outcome.verdict, Verdict::Nothing);
        assert_eq!(outcome.result.unwrap_err().to_string(), "closed with 4000: enough");
    }
    let outcome = memory::websocket("/").binary(vec![0xff]).close(1000, "").run(echo);
    assert!(outcome.messages().eq([&Message::Binary(vec![0xff].into())]) && outcome.subprotocol().is_none());
}

/// SPEC: WS-9, WS-13
#[test]
fn nothing_is_received_before_the_handshake_is_accepted() {
    let app = |_: Scope, mut receive: Receiver, mut send: Sender| async move {
        assert!(matches!(receive.recv().await, Incoming::Message(_)));
        Ok(send.send(close(1000)).await?)
    };
    for script in [memory::websocket("/").text("hi"), memory::websocket("/").close(1000, "")] {
        let mut call = script.start(app);
        assert!(call.poll().is_pending() && !call.is_woken());
    }
    // But that the peer is gone is told.
    let gone = End::Disconnected { code: None };
    for script in [memory::websocket("/").text("hi").hang_up_at(2), memory::websocket("/").end(gone)] {
        let outcome = script.run(|_: Scope, mut receive: Receiver, mut send: Sender| async move {
            assert!(matches!(receive.recv().await, Incoming::End(End::Disconnected { code: None })));
            Ok(send.send(accept()).await?)
        });
        assert!(outcome.result.unwrap_err().is_disconnect());
        assert_eq!((outcome.verdict, outcome.events.len()), (Verdict::Nothing, 0));
    }
}

#[test]
fn accepting_wakes_a_receiver_that_waits_already() {
    let app = |_: Scope, mut receive: Receiver, mut send: Sender| async move {
        assert!(give_up(receive.recv()).await.is_none());
        send.send(accept()).await?;
        woken().await;
        assert!(matches!(give_up(receive.recv()).await, Some(Incoming::Message(_))));
        Ok(())
    };
    memory::websocket("/").text("hi").run(app).result.unwrap();
    memory::websocket("/").text("hi").trickle().run(app).result.unwrap();
}

/// SPEC: WS-7, WS-13
#[test]
fn denials() {
    let denies = |events: fn() -> Vec<Outgoing>| {
        let app = move |_: Scope, mut receive: Receiver, mut send: Sender| async move {
            for event in events() {
                send.send(event).await?;
            }
            assert_eq!(send.send(accept()).await, Err(SendError::Finished));
            assert!(matches!(receive.recv().await, Incoming::End(End::Complete)));
            Ok(())
        };
        for script in [memory::websocket("/").text("unread"), memory::websocket("/").text("unread").trickle()] {
            let outcome = script.run(app);
            assert!(!outcome.is_accepted() && outcome.verdict == Verdict::Nothing && outcome.result.is_ok());
        }
        memory::websocket("/").run(app)
    };
    assert_eq!(denies(|| vec![close(1000)]).status(), Some(403));
    assert_eq!(denies(|| vec![respond(401)]).status(), Some(401));
    let outcome = denies(|| vec![Outgoing::Start { status: 404, headers: Headers::new() }, body("no", false)]);
    assert_eq!((outcome.status(), outcome.body()), (Some(404), &b"no"[..]));
}

#[test]
fn the_application_closes() {
    let app = |_: Scope, mut receive: Receiver, mut send: Sender| async move {
        send.send(accept()).await?;
        send.send(close(4001)).await?;
        assert_eq!(send.send(close(4002)).await, Err(SendError::Finished));
        // What was sent before the peer knew may still come.
        assert!(matches!(receive.recv().await, Incoming::Message(_)));
        let closed = End::Closed { code: 4001, reason: "".into(), clean: true };
        assert_eq!(send.closed().await, closed);
        for _ in 0..2 {
            assert!(matches!(receive.recv().await, Incoming::End(end) if end == closed));
        }
        assert_eq!(send.send(close(4002)).await, Err(SendError::Disconnected(closed)));
        Ok(send.flush().await?)
    };
    let script = || memory::websocket("/").text("hi");
    for script in [script(), script().trickle(), script().trickle().take(1)] {
        let outcome = script.run(app);
        assert!(outcome.result.is_ok());
        assert_eq!((outcome.close(), outcome.verdict), (Some((4001, "bye")), Verdict::Nothing));
    }
}

#[test]
fn after_the_close_a_message_is_refused_at_once() {
    let app = |_: Scope, _: Receiver, mut send: Sender| async move {
        send.send(accept()).await?;
        send.send(close(1000)).await?;
        assert_eq!(send.send(close(1000)).await, Err(SendError::Finished));
        Ok(())
    };
    assert!(memory::websocket("/").high_water(2).take(0).start(app).poll().is_ready());
}

/// SPEC: WS-12
#[test]
fn a_lost_peer_is_1006() {
    let whole = memory::websocket("/").text("a").text("b").trickle().high_water(1);
    let polls = whole.close(1000, "").run(echo).polls;
    for poll in 2..=polls {
        let script = memory::websocket("/").text("a").text("b").trickle().high_water(1).close(1000, "");
        let outcome = script.hang_up_at(poll).run(echo);
        let error = outcome.result.unwrap_err().to_string();
        assert!(error.contains("closed with 1006") || poll == polls, "poll {poll}: {error}");
        assert_eq!(outcome.verdict, Verdict::Nothing);
    }
}

/// SPEC: WS-14
#[test]
fn verdicts() {
    let run = |events: fn() -> Vec<Outgoing>, result: fn() -> Result<(), Error>| {
        let app = move |_: Scope, _: Receiver, mut send: Sender| async move {
            for event in events() {
                send.send(event).await?;
            }
            result()
        };
        memory::websocket("/").run(app).verdict
    };
    assert_eq!(run(Vec::new, || Ok(())), Verdict::Respond(403));
    assert_eq!(run(Vec::new, || Err("oops".into())), Verdict::Respond(500));
    assert_eq!(run(Vec::new, || Err(Error::unsupported())), Verdict::Respond(501));
    assert_eq!(run(|| vec![Outgoing::Start { status: 404, headers: Headers::new() }], || Ok(())), Verdict::Abort);
    assert_eq!(run(|| vec![accept()], || Ok(())), Verdict::Close(1000));
    assert_eq!(run(|| vec![accept()], || Err("oops".into())), Verdict::Close(1011));
    assert_eq!(run(|| vec![accept(), close(1000)], || Err("oops".into())), Verdict::Nothing);
}

/// SPEC: WS-14
#[test]
fn a_dropped_sender_closes() {
    let app = |_: Scope, mut receive: Receiver, mut send: Sender| async move {
        send.send(accept()).await?;
        drop(send);
        assert!(matches!(receive.recv().await, Incoming::End(End::Closed { code: 1011, .. })));
        Ok(())
    };
    assert_eq!(memory::websocket("/").text("unread").trickle().run(app).verdict, Verdict::Close(1011));
}

/// SPEC: WS-3, WS-6
#[test]
fn refusals() {
    let app = |_: Scope, _: Receiver, mut send: Sender| async move {
        let other = Outgoing::Accept { subprotocol: Some("other".into()), headers: Headers::new() };
        assert_eq!(send.send(other).await, Err(Violation::BadSubprotocol.into()));
        assert_eq!(send.send(close(1006)).await, Err(Violation::BadCloseCode.into()));
        send.send(accept()).await?;
        assert_eq!(send.send(respond(200)).await, Err(Violation::WrongProtocol.into()));
        Ok(())
    };
    let outcome = memory::websocket("/").subprotocols(["a"]).run(app);
    assert_eq!((outcome.refused.len(), outcome.events.len()), (3, 1));
}

/// An application that asks for pings and pongs.
struct Control;

impl App for Control {
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        echo(scope, receive, send).await
    }
    fn manifest(&self) -> Manifest {
        Manifest::default().wanting(Capabilities::WEBSOCKET_CONTROL)
    }
}

/// SPEC: APP-11, WS-10
#[test]
fn control_messages_are_for_those_who_ask() {
    let script = || -> Script<WebSocketScope> {
        memory::websocket("/").message(Message::Ping("p".into())).text("t").close(1000, "")
    };
    assert_eq!(script().run(echo).messages().count(), 1);
    assert_eq!(script().run(Control).messages().count(), 2);
    assert_eq!(script().capabilities(Capabilities::NONE).run(Control).messages().count(), 1);
}
