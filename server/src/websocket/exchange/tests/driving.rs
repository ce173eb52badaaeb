//! The connection at work, waiting, and what it must see of the handles.

use super::*;

type News = (&'static str, fn(&Exchange));

/// What a handle on another thread may do that the connection has to see.
const NEWS: [News; 3] = [
    ("a message", |exchange| exchange.start_send(ID, frame_of(10)).unwrap()),
    ("a close", |exchange| exchange.start_send(ID, close(1000)).unwrap()),
    ("a sender that is dropped", |exchange| exchange.dropped(ID, Half::Send)),
];

#[test]
fn nothing_that_a_handle_does_is_slept_through() {
    for (what, act) in NEWS {
        // The connection collects, looks around, and parks; the handle acts before, between or after.
        for place in 0..4 {
            let exchange = open();
            let (task, driver) = Task::new(&exchange);
            let at = |moment| {
                if moment == place {
                    act(&exchange);
                }
            };
            at(0);
            exchange.resume(Instant::now());
            at(1);
            let (output, progress) = exchange.collect();
            let seen = !output.is_empty() || progress.abandoned || progress.closing != Closing::Open;
            at(2);
            let parked = exchange.park(&driver);
            at(3);
            match place {
                0 | 1 => assert!(seen && parked, "{what} before it was collected"),
                2 => assert!(!parked, "{what} between collecting and parking"),
                _ => assert_eq!((parked, task.woken()), (true, 1), "{what} while it is parked"),
            }
        }
    }
}

#[test]
fn a_sender_that_is_dropped_is_known_until_it_is_acted_upon() {
    let exchange = open();
    let (task, driver) = Task::new(&exchange);
    exchange.collect();
    assert!(exchange.park(&driver));
    exchange.dropped(ID, Half::Send);
    assert_eq!(task.woken(), 1);
    assert!(exchange.resume(Instant::now()).abandoned);
    assert!(exchange.collect().1.abandoned);
    assert!(exchange.progress().abandoned);
    exchange.abandoned(&driver);
    assert!(!exchange.progress().abandoned);
}

#[test]
fn a_parked_connection_is_woken_once() {
    let exchange = open();
    let (task, driver) = Task::new(&exchange);
    exchange.collect();
    assert!(exchange.park(&driver));
    for _ in 0..3 {
        exchange.start_send(ID, frame_of(10)).unwrap();
    }
    assert_eq!(task.woken(), 1);
    assert!(!exchange.park(&driver), "there is something to write");
    assert_eq!(write(&exchange).len(), 30);
    assert!(exchange.park(&driver));
}

#[test]
fn a_refused_event_is_no_news() {
    let exchange = open();
    let (task, driver) = Task::new(&exchange);
    exchange.collect();
    assert!(exchange.park(&driver));
    assert!(exchange.start_send(ID, accept()).is_err());
    assert_eq!(task.woken(), 0);
    assert!(exchange.park(&driver));
}

#[test]
fn a_reader_that_is_blocked_is_told_when_all_is_received() {
    let exchange = open();
    let (task, driver) = Task::new(&exchange);
    assert!(!exchange.block(true), "nothing waits to be received");
    deliver(&exchange, [text("a"), text("b")]);
    assert!(!exchange.progress().received);
    assert!(exchange.block(true) && exchange.park(&driver));
    assert!(recv(&exchange).is_ready());
    assert_eq!(task.woken(), 0, "one is left");
    assert!(recv(&exchange).is_ready());
    assert_eq!(task.woken(), 1);
    assert!(exchange.progress().received);
    assert!(!exchange.block(true));
    assert!(recv(&exchange).is_pending());
    assert_eq!(task.woken(), 0);
}

#[test]
fn all_may_be_received_before_the_reader_blocks() {
    let exchange = open();
    deliver(&exchange, [text("a")]);
    assert!(recv(&exchange).is_ready());
    assert!(!exchange.block(true));
}

/// Its peer wakes it when there is room again; what was sent meanwhile is collected after that.
#[test]
fn a_connection_that_waits_for_its_peer_to_read_can_park() {
    let exchange = open();
    let (task, driver) = Task::new(&exchange);
    exchange.start_send(ID, frame_of(100)).unwrap();
    let (output, _) = exchange.collect();
    exchange.start_send(ID, frame_of(10)).unwrap();
    exchange.progress();
    exchange.written(output.len(), &driver);
    assert!(exchange.park(&driver), "else it would run in circles until the peer reads");
    assert_eq!(task.woken(), 0);
    exchange.resume(Instant::now());
    exchange.written(0, &driver);
    assert_eq!(write(&exchange).len(), 10);
}

#[test]
fn pings_block_the_reader_once_there_are_enough() {
    let exchange = connecting_with(Capabilities::WEBSOCKET_CONTROL);
    assert!(exchange.receives_control() && !open().receives_control());
    let ping = || Message::Ping("".into());
    deliver(&exchange, std::iter::repeat_with(ping).take(AHEAD - 1));
    assert!(!exchange.block(false) && exchange.block(true));
    deliver(&exchange, [ping()]);
    assert!(exchange.block(false));
}

#[test]
fn a_connection_that_waits_keeps_no_room_for_many_messages() {
    let exchange = open();
    deliver(&exchange, std::iter::repeat_with(|| text("a")).take(AHEAD));
    assert!(exchange.park(Waker::noop()) && !exchange.progress().received, "they are not dropped");
    while recv(&exchange).is_ready() {}
    assert!(exchange.park(Waker::noop()));
    assert_eq!(exchange.lock().ahead.capacity(), 0);
}

/// It is decided on while reading, behind the writing.
#[test]
fn what_the_connection_says_itself_is_written_before_it_parks() {
    let says: [News; 3] = [
        ("a pong", |exchange| exchange.pong("a".into())),
        ("an answer to a close", |exchange| _ = exchange.peer_closed(None, Utf8::default(), Waker::noop())),
        ("a close for a fault", |exchange| _ = exchange.fail(1002, "", Waker::noop())),
    ];
    for (what, say) in says {
        let exchange = open();
        let (task, driver) = Task::new(&exchange);
        exchange.collect();
        say(&exchange);
        assert!(!exchange.park(&driver), "{what} would wait for the next that happens");
        assert!(!write(&exchange).is_empty() && exchange.park(&driver), "{what}");
        assert_eq!(task.woken(), 0);
    }
}
