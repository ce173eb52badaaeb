//! Peers that leave when their response is complete, and the call goes on.

use crate::disconnect::leave;
use crate::{GET, Gate, LEFT, no_body, piece};
use transom::{End, Receiver, SendError, Sender};
use transom_tests::{Closed, Running, Watched, http, quiet, respond, telling};

/// Who has answered may still receive, and is told if the rest does not come.
/// SPEC: HTTP-RECV-6, DISC-6
#[test]
fn receiving_after_the_response() {
    let (tell, told) = telling();
    let app = http(move |_, mut receive, mut send: Sender| {
        let tell = tell.clone();
        async move {
            send.send(respond("ok")).await?;
            assert_eq!(piece(&mut receive).await, Ok(("part".into(), true)));
            assert_eq!(send.closed().await, End::Complete);
            let ends = (piece(&mut receive).await, piece(&mut receive).await);
            Ok(tell.send((ends, send.closed().await, send.send(respond("again")).await))?)
        }
    });
    let server = Running::start(app, quiet()).careless();
    for way in [Closed::Orderly, Closed::Reset] {
        let mut client = server.connect();
        client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\npart");
        assert_eq!(client.response().text(), "ok");
        leave(client, way);
        assert_eq!(told.next(), ((Err(LEFT), Err(LEFT)), End::Complete, Err(SendError::Finished)), "{way:?}");
    }
}

/// That there is no body is said also when nobody is there any more to hear the response.
/// SPEC: END-1, HTTP-RECV-3, HTTP-RECV-6
#[test]
fn before_the_request_is_received() {
    let gate = Gate::new();
    let (tell, told) = telling();
    let opened = gate.clone();
    let app = http(move |_, mut receive: Receiver, mut send: Sender| {
        let (gate, tell) = (opened.clone(), tell.clone());
        async move {
            send.send(respond("ok")).await?;
            tell.send((Watched::current(), send.closed().await))?;
            gate.pass().await;
            no_body(&mut receive).await;
            tell.send((Watched::current(), piece(&mut receive).await.unwrap_err()))?;
            Ok(())
        }
    });
    let server = Running::start(app, quiet());
    for way in [Closed::Orderly, Closed::Reset] {
        let mut client = server.connect();
        client.send(GET);
        assert_eq!(client.response().text(), "ok");
        let (thread, closed) = told.next();
        assert_eq!(closed, End::Complete);
        assert!(thread.comes_to_rest());
        leave(client, way);
        assert!(thread.comes_to_rest());
        gate.open();
        assert_eq!(told.next().1, End::Complete, "{way:?}");
    }
}

/// What was complete stays complete, though the call goes on and the peer leaves.
/// SPEC: END-1, FLUSH-2, CLOSED-1, CLOSED-3, DISC-6
#[test]
fn after_the_response() {
    let gate = Gate::new();
    let (tell, told) = telling();
    let opened = gate.clone();
    let app = http(move |_, mut receive: Receiver, mut send: Sender| {
        let (gate, tell) = (opened.clone(), tell.clone());
        async move {
            no_body(&mut receive).await;
            send.send(respond("ok")).await?;
            tell.send((Watched::current(), piece(&mut receive).await, send.closed().await, send.flush().await))?;
            gate.pass().await;
            tell.send((Watched::current(), piece(&mut receive).await, send.closed().await, send.flush().await))?;
            assert_eq!(send.send(respond("again")).await, Err(SendError::Finished));
            Ok(())
        }
    });
    let server = Running::start(app, quiet()).careless();
    let mut client = server.connect();
    client.send(GET);
    assert_eq!(client.response().text(), "ok");
    let (thread, received, closed, flushed) = told.next();
    assert_eq!((received, closed, flushed), (Err(End::Complete), End::Complete, Ok(())));
    client.reset();
    assert!(thread.comes_to_rest());
    gate.open();
    let (_, received, closed, flushed) = told.next();
    assert_eq!((received, closed, flushed), (Err(End::Complete), End::Complete, Ok(())));
}
