//! The connection at work, waiting, and what it must see of the handles.

use super::*;

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
    assert!(!exchange.block(), "nothing waits to be received");
    deliver(&exchange, [text("a"), text("b")]);
    assert!(!exchange.progress().received);
    assert!(exchange.block() && exchange.park(&driver));
    assert!(recv(&exchange).is_ready());
    assert_eq!(task.woken(), 0, "one is left");
    assert!(recv(&exchange).is_ready());
    assert_eq!(task.woken(), 1);
    assert!(exchange.progress().received);
    assert!(!exchange.block());
    assert!(recv(&exchange).is_pending());
    assert_eq!(task.woken(), 0);
}

#[test]
fn all_may_be_received_before_the_reader_blocks() {
    let exchange = open();
    deliver(&exchange, [text("a")]);
    assert!(recv(&exchange).is_ready());
    assert!(!exchange.block());
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
