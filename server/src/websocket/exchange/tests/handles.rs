//! The handles: what they may do, and that they are dead after their call.

use super::*;

#[test]
fn after_the_call_handles_are_dead() {
    let exchange = open();
    deliver(&exchange, [text("unreceived")]);
    exchange.finish(Ok(()));
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(recv(&exchange), Poll::Ready(Received::End(End::Complete)));
    assert_eq!(exchange.poll_ready(ID, &mut cx), Poll::Ready(Ok(())));
    assert_eq!(exchange.start_send(ID, frame_of(10)), Err(SendError::Finished));
    let mut event = Some(frame_of(10));
    assert_eq!(exchange.poll_send(ID, &mut cx, &mut event), Poll::Ready(Err(SendError::Finished)));
    assert!(event.is_none());
    assert_eq!(exchange.poll_flush(ID, &mut cx), Poll::Ready(Err(SendError::Finished)));
    assert_eq!(exchange.poll_closed(ID, &mut cx), Poll::Ready(End::Complete));
    exchange.dropped(ID, Half::Send);
    assert!(!exchange.progress().abandoned);
    assert_eq!(write(&exchange), b"");
    assert!(exchange.progress().received, "what nobody received is dropped");
    exchange.close(1000, Waker::noop());
    assert_eq!(write(&exchange), b"\x88\x02\x03\xe8", "the server is not dead");
}

#[test]
fn handles_of_a_call_that_was_dropped_are_told_of_the_shutdown() {
    let exchange = open();
    exchange.lost(End::ServerShutdown, Waker::noop());
    let mut cx = Context::from_waker(Waker::noop());
    let gone = SendError::Disconnected(End::ServerShutdown);
    assert_eq!(recv(&exchange), Poll::Ready(Received::End(End::ServerShutdown)));
    assert_eq!(exchange.poll_closed(ID, &mut cx), Poll::Ready(End::ServerShutdown));
    assert_eq!(exchange.start_send(ID, frame_of(10)), Err(gone.clone()));
    assert_eq!(exchange.poll_flush(ID, &mut cx), Poll::Ready(Err(gone)));
}

/// SPEC: HANDLE-5
#[test]
fn an_event_is_taken_if_and_only_if_it_is_decided_on() {
    let exchange = open();
    let mut cx = Context::from_waker(Waker::noop());
    let mut event = Some(frame_of(HIGH_WATER - 1));
    assert_eq!(exchange.poll_send(ID, &mut cx, &mut event), Poll::Ready(Ok(())));
    assert!(event.is_none());
    let mut event = Some(frame_of(HIGH_WATER));
    assert_eq!(exchange.poll_send(ID, &mut cx, &mut event), Poll::Ready(Ok(())), "below the mark there is room");
    let mut event = Some(frame_of(10));
    assert!(exchange.poll_send(ID, &mut cx, &mut event).is_pending() && event.is_some());
    assert!(exchange.poll_ready(ID, &mut cx).is_pending());
    assert_eq!(exchange.start_send(ID, frame_of(10)), Ok(()), "start_send takes what is legal");
    exchange.gone(Waker::noop());
    let gone = SendError::Disconnected(closed(1006, false));
    assert_eq!(exchange.poll_send(ID, &mut cx, &mut event), Poll::Ready(Err(gone)));
    assert!(event.is_none());
}

/// SPEC: ERROR-1
#[test]
fn a_refusal_changes_nothing() {
    let exchange = connecting();
    exchange.collect();
    assert!(exchange.start_send(ID, frame_of(10)).is_err());
    assert!(exchange.start_send(ID, close(1006)).is_err());
    let file = transom::FileSource::Path(std::path::Path::new("/nowhere").into());
    let file = transom::FileBody { source: file, offset: 0, len: 1 };
    assert!(exchange.start_send(ID, Outgoing::File { file, more: false }).is_err());
    assert_eq!(write(&exchange), b"");
    exchange.start_send(ID, accept()).unwrap();
    assert!(exchange.progress().accepted);
}

#[test]
fn messages_go_out_as_they_were_sent() {
    let exchange = open();
    let large = vec![b'x'; 70_000];
    let messages = [text("hi"), Message::Binary("".into()), Message::Binary(large.clone().into()), text("\u{fc}")];
    for message in messages {
        exchange.start_send(ID, Outgoing::Message(message)).unwrap();
    }
    let expected =
        [&b"\x81\x02hi\x82\x00\x82\x7f\x00\x00\x00\x00\x00\x01\x11\x70"[..], &large, b"\x81\x02\xc3\xbc"].concat();
    assert!(write(&exchange) == expected);
    let ping = Outgoing::Message(Message::Ping("".into()));
    let unsupported = SendError::Unsupported(Capabilities::WEBSOCKET_CONTROL);
    assert_eq!(exchange.start_send(ID, ping), Err(unsupported));
}
