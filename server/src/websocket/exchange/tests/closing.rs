//! Every way to the end, and that there is one.

use super::*;

/// The payload of a close frame of the server.
fn close_frame(code: u16, reason: &str) -> Vec<u8> {
    [&[0x88, 2 + reason.len() as u8], &code.to_be_bytes()[..], reason.as_bytes()].concat()
}

#[test]
fn a_close_of_the_peer_is_answered_with_its_own_code() {
    for (code, expected, end) in [
        (Some(1000), close_frame(1000, ""), 1000),
        (Some(4999), close_frame(4999, ""), 4999),
        // RFC 6455 section 7.1.5.
        (None, vec![0x88, 0], 1005),
    ] {
        let exchange = open();
        exchange.peer_closed(code, "bye".into(), Waker::noop());
        assert_eq!(exchange.progress().closing, Closing::Done);
        let end = End::Closed { code: end, reason: "bye".into(), clean: true };
        assert_eq!(recv(&exchange), Poll::Ready(Received::End(end.clone())));
        assert_eq!(exchange.start_send(ID, frame_of(10)), Err(SendError::Disconnected(end)));
        assert_eq!(write(&exchange), expected);
    }
}

#[test]
fn a_close_of_the_application_is_answered_by_the_peer() {
    let exchange = open();
    exchange.start_send(ID, Outgoing::Close { code: 3000, reason: "enough".into() }).unwrap();
    assert_eq!(exchange.progress().closing, Closing::Sent);
    assert_eq!(exchange.start_send(ID, frame_of(10)), Err(SendError::Finished));
    assert_eq!(exchange.start_send(ID, close(1000)), Err(SendError::Finished));
    assert_eq!(write(&exchange), close_frame(3000, "enough"));
    deliver(&exchange, [text("meanwhile")]);
    exchange.peer_closed(Some(3000), Utf8::default(), Waker::noop());
    assert_eq!(write(&exchange), b"", "one close is enough");
    assert_eq!(recv(&exchange), Poll::Ready(Received::Message(text("meanwhile"))));
    assert_eq!(recv(&exchange), Poll::Ready(Received::End(closed(3000, true))));
}

#[test]
fn a_fault_is_told_to_both_sides() {
    let exchange = open();
    exchange.fail(1009, "the message is too large", Waker::noop());
    assert_eq!(write(&exchange), close_frame(1009, "the message is too large"));
    let end = End::Closed { code: 1009, reason: "the message is too large".into(), clean: false };
    assert_eq!(recv(&exchange), Poll::Ready(Received::End(end)));
}

/// Whoever comes first: nothing is sent behind a close frame (RFC 6455 section 5.5.1), one end counts, and it stays.
#[test]
fn in_every_order_there_is_one_close_and_one_end() {
    type Step = fn(&Exchange);
    let steps: [(Step, Option<u16>); 7] = [
        (|exchange| _ = exchange.start_send(ID, close(1001)), None),
        (|exchange| _ = exchange.close(1012, Waker::noop()), None),
        (|exchange| exchange.ping(), None),
        (|exchange| exchange.pong(Bytes::from_static(b"x")), None),
        (|exchange| _ = exchange.peer_closed(Some(1003), Utf8::default(), Waker::noop()), Some(1003)),
        (|exchange| _ = exchange.fail(1002, "", Waker::noop()), Some(1002)),
        (|exchange| _ = exchange.gone(Waker::noop()), Some(1006)),
    ];
    let code_of = |end: &End| match end {
        End::Closed { code, .. } => *code,
        other => panic!("{other:?} of a socket that was accepted"),
    };
    let count = steps.len();
    for order in 0..count.pow(3) {
        let order = [order % count, order / count % count, order / count.pow(2)];
        let exchange = open();
        let (mut end, mut sent) = (None, Vec::new());
        for step in order {
            let (act, code) = steps[step];
            act(&exchange);
            end = end.or(code);
            assert_eq!(exchange.progress().closing == Closing::Done, end.is_some(), "{order:?}");
            let first = recv(&exchange);
            match (&first, end) {
                (Poll::Pending, None) => {}
                (Poll::Ready(Received::End(ended)), Some(code)) => assert_eq!(code_of(ended), code, "{order:?}"),
                other => panic!("{order:?}: {other:?}"),
            }
            assert_eq!(recv(&exchange), first, "{order:?}");
            let closed = exchange.poll_closed(ID, &mut Context::from_waker(Waker::noop()));
            assert_eq!(closed.map(Received::End), first, "{order:?}");
            sent.extend(write(&exchange));
        }
        let closes = frames_of(&sent).into_iter().skip_while(|opcode| *opcode != 8).collect::<Vec<_>>();
        assert!(closes.is_empty() || closes == [8], "{order:?} sends {closes:?}");
    }
}

/// The opcodes of short frames.
fn frames_of(mut bytes: &[u8]) -> Vec<u8> {
    let mut opcodes = Vec::new();
    while let [first, len, rest @ ..] = bytes {
        opcodes.push(first & 0xf);
        bytes = &rest[usize::from(*len)..];
    }
    opcodes
}

#[test]
fn what_cannot_be_written_any_more_is_forgotten() {
    let exchange = open();
    exchange.start_send(ID, frame_of(HIGH_WATER)).unwrap();
    let (output, _) = exchange.collect();
    exchange.start_send(ID, frame_of(10)).unwrap();
    exchange.pong(Bytes::from_static(b"x"));
    exchange.gone(Waker::noop());
    drop(output);
    assert_eq!(write(&exchange), b"");
    let mut cx = Context::from_waker(Waker::noop());
    let gone = SendError::Disconnected(closed(1006, false));
    assert_eq!(exchange.poll_flush(ID, &mut cx), Poll::Ready(Err(gone.clone())));
    assert_eq!(exchange.poll_ready(ID, &mut cx), Poll::Ready(Ok(())));
    assert_eq!(exchange.start_send(ID, frame_of(10)), Err(gone));
}

#[test]
fn messages_come_before_the_end() {
    let exchange = open();
    deliver(&exchange, [text("a")]);
    deliver(&exchange, [text("b")]);
    exchange.gone(Waker::noop());
    assert_eq!(recv(&exchange), Poll::Ready(Received::Message(text("a"))));
    assert_eq!(recv(&exchange), Poll::Ready(Received::Message(text("b"))));
    assert_eq!(recv(&exchange), Poll::Ready(Received::End(closed(1006, false))));
}

#[test]
fn a_peer_that_leaves_during_the_handshake_is_disconnected() {
    let exchange = connecting();
    assert!(recv(&exchange).is_pending());
    exchange.gone(Waker::noop());
    let end = End::Disconnected { code: None };
    assert_eq!(recv(&exchange), Poll::Ready(Received::End(end.clone())));
    assert_eq!(exchange.start_send(ID, accept()), Err(SendError::Disconnected(end)));
    assert!(!exchange.progress().accepted);
}

#[test]
fn a_sender_that_is_dropped_is_a_failed_call() {
    let exchange = open();
    assert_eq!(exchange.abandoned(Waker::noop()), Some(false));
    assert_eq!(write(&exchange), close_frame(1011, ""));
    assert_eq!(exchange.progress().closing, Closing::Sent);

    let exchange = connecting();
    assert_eq!(exchange.abandoned(Waker::noop()), Some(false));
    assert!(write(&exchange).starts_with(b"HTTP/1.1 500 "));
    assert_eq!(recv(&exchange), Poll::Ready(Received::End(End::Complete)));

    let exchange = connecting();
    exchange.start_send(ID, Outgoing::Start { status: 404, headers: Headers::new() }).unwrap();
    assert_eq!(exchange.abandoned(Waker::noop()), None, "what began cannot be answered again");

    let exchange = open();
    exchange.start_send(ID, close(1000)).unwrap();
    exchange.dropped(ID, Half::Send);
    assert!(!exchange.progress().abandoned, "it was done");
}

#[test]
fn what_the_call_returns_decides_what_is_left_to_do() {
    let failure = Error::from("oops");
    assert_eq!(open().finish(Ok(())).returned, WebSocketReturned::Close(1000));
    assert_eq!(open().finish(Err(&failure)).returned, WebSocketReturned::Close(1011));
    let connecting = connecting();
    assert_eq!(connecting.finish(Ok(())).returned, WebSocketReturned::Handshake(Returned::Respond(403)));
    connecting.respond(403);
    assert!(write(&connecting).starts_with(b"HTTP/1.1 403 "));
    let exchange = open();
    exchange.peer_closed(Some(1000), Utf8::default(), Waker::noop());
    let finished = exchange.finish(Ok(()));
    assert_eq!((finished.returned, finished.end), (WebSocketReturned::Nothing, Some(closed(1000, true))));
}

#[test]
fn messages_and_their_bytes_are_counted_and_pings_are_not() {
    let exchange = open();
    deliver(&exchange, [text("abc"), Message::Ping("x".into()), Message::Binary("de".into())]);
    for message in [text("four"), Message::Binary("".into())] {
        exchange.start_send(ID, Outgoing::Message(message)).unwrap();
    }
    exchange.ping();
    exchange.peer_closed(None, Utf8::default(), Waker::noop());
    assert!(exchange.start_send(ID, frame_of(10)).is_err());
    let (end, totals) = exchange.totals();
    assert_eq!(end, Some(closed(1005, true)));
    let WebSocketTotals { code, messages_received, messages_sent, bytes_received, bytes_sent } = totals;
    assert_eq!((code, messages_received, bytes_received, messages_sent, bytes_sent), (1005, 2, 5, 2, 4));
}
