//! Pings of the peer are answered, with the latest where there was no room for all (RFC 6455 section 5.5.3).

use super::*;

fn pong(payload: &str) -> Vec<u8> {
    [&[0x8a, payload.len() as u8], payload.as_bytes()].concat()
}

#[test]
fn with_room_each_is_answered_at_once() {
    let exchange = open();
    exchange.pong("a".into());
    exchange.pong("b".into());
    assert_eq!(write(&exchange), [pong("a"), pong("b")].concat());
}

#[test]
fn without_room_the_latest_is_answered_once_there_is_some() {
    let exchange = open();
    let (_, driver) = Task::new(&exchange);
    exchange.start_send(ID, frame_of(HIGH_WATER)).unwrap();
    let (output, _) = exchange.collect();
    for payload in ["a", "b", "c"] {
        exchange.pong(payload.into());
    }
    assert!(exchange.collect().0.is_empty());
    exchange.written(output.len(), &driver);
    assert!(exchange.collect().0.is_empty() && exchange.park(&driver), "there is no room yet");
    exchange.resume(Instant::now());
    exchange.written(output.len() - 1, &driver);
    assert!(!exchange.park(&driver), "it is to be written");
    assert_eq!(write(&exchange), pong("c"));
    assert_eq!(write(&exchange), b"", "once");
}

#[test]
fn behind_a_close_none_is_answered() {
    for close_first in [true, false] {
        let exchange = open();
        exchange.start_send(ID, frame_of(HIGH_WATER)).unwrap();
        let (output, _) = exchange.collect();
        if !close_first {
            exchange.pong("a".into());
        }
        exchange.close(1000, Waker::noop());
        if close_first {
            exchange.pong("a".into());
        }
        drop(output);
        exchange.written(0, Waker::noop());
        assert_eq!(write(&exchange), b"\x88\x02\x03\xe8", "closed first: {close_first}");
    }
}

#[test]
fn those_that_asked_for_them_receive_pings_and_pongs() {
    let control = [Message::Ping("".into()), Message::Pong("".into())];
    assert!(control.iter().all(|message| !open().receives(message)));
    let with = connecting_with(Capabilities::WEBSOCKET_CONTROL);
    assert!(control.iter().all(|message| with.receives(message)));
    assert!(open().receives(&text("")) && with.receives(&Message::Binary("".into())));
}
