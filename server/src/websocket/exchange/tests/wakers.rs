//! Who is woken, when, and with no lock held.

use super::*;

const NOBODY: [usize; 4] = [0; 4];
const ALL: [usize; 4] = [1; 4];

/// Open, full above the mark, with everybody waiting.
fn full() -> (Arc<Exchange>, Tasks) {
    let exchange = open();
    exchange.start_send(ID, frame_of(HIGH_WATER)).unwrap();
    let tasks = Tasks::new(&exchange);
    assert_eq!(tasks.wait(&exchange), [false; 4]);
    assert_eq!(tasks.woken(), NOBODY);
    (exchange, tasks)
}

#[test]
fn a_message_wakes_the_receiver() {
    let (exchange, tasks) = full();
    assert!(!deliver(&exchange, []), "nothing is no message");
    assert_eq!(tasks.woken(), NOBODY);
    assert!(!deliver(&exchange, [text("a")]), "the receiver is another task");
    assert_eq!(tasks.woken(), [1, 0, 0, 0]);
    deliver(&exchange, [text("b")]);
    assert_eq!(tasks.woken(), NOBODY, "it was told already");
    assert_eq!(recv(&exchange), Poll::Ready(Received::Message(text("a"))));
    assert_eq!(recv(&exchange), Poll::Ready(Received::Message(text("b"))));
    assert!(recv(&exchange).is_pending());
}

#[test]
fn what_is_written_wakes_who_waits_for_room_and_then_who_waits_for_nothing_to_be_left() {
    let (exchange, tasks) = full();
    let (output, _) = exchange.collect();
    assert_eq!(output.len(), HIGH_WATER as u64);
    exchange.written(HIGH_WATER as u64, Waker::noop());
    assert_eq!(tasks.woken(), NOBODY);
    exchange.written(HIGH_WATER as u64 - 1, Waker::noop());
    assert_eq!(tasks.woken(), [0, 1, 0, 0]);
    exchange.written(1, Waker::noop());
    assert_eq!(tasks.woken(), NOBODY);
    exchange.written(0, Waker::noop());
    assert_eq!(tasks.woken(), [0, 0, 1, 0]);
}

#[test]
fn the_driver_is_told_of_its_own_call_and_not_woken() {
    let exchange = open();
    let (task, driver) = Task::new(&exchange);
    let (other, waker) = Task::new(&exchange);
    assert!(recv_by(&exchange, &driver).is_pending());
    assert!(exchange.poll_closed(ID, &mut Context::from_waker(&waker)).is_pending());
    assert!(exchange.deliver(&mut [text("a")].into(), &driver));
    assert_eq!((task.woken(), other.woken()), (0, 0));
    assert!(recv_by(&exchange, &driver).is_ready() && recv_by(&exchange, &driver).is_pending());
    assert!(exchange.gone(&driver));
    assert_eq!((task.woken(), other.woken()), (0, 1));
}

/// SPEC: WAKE-4
#[test]
fn every_end_wakes_everybody_once() {
    type Ending = fn(&Exchange);
    let endings: [Ending; 5] = [
        |exchange| _ = exchange.peer_closed(Some(1000), Utf8::default(), Waker::noop()),
        |exchange| _ = exchange.fail(1002, "a fault", Waker::noop()),
        |exchange| _ = exchange.lost(End::ServerShutdown, Waker::noop()),
        |exchange| _ = exchange.gone(Waker::noop()),
        |exchange| _ = exchange.finish(Ok(())),
    ];
    for (number, ending) in endings.into_iter().enumerate() {
        let (exchange, tasks) = full();
        ending(&exchange);
        assert_eq!(tasks.woken(), ALL, "ending {number}");
        exchange.gone(Waker::noop());
        assert_eq!(tasks.woken(), NOBODY, "ending {number}");
    }
}

#[test]
fn a_close_of_the_server_wakes_who_would_send_and_leaves_the_receiver() {
    let (exchange, tasks) = full();
    exchange.close(1012, Waker::noop());
    assert_eq!(tasks.woken(), [0, 1, 0, 0]);
    let (end, event) = (closed(1012, false), frame_of(10));
    assert_eq!(exchange.start_send(ID, event), Err(SendError::Disconnected(end)));
    assert!(recv(&exchange).is_pending());
}

#[test]
fn a_denial_that_is_written_wakes_who_waits_for_the_end() {
    let exchange = connecting();
    let tasks = Tasks::new(&exchange);
    assert_eq!(tasks.wait(&exchange), [false, true, true, false], "nothing is buffered");
    exchange.start_send(ID, close(1000)).unwrap();
    assert_eq!(tasks.wait(&exchange), [false, true, false, false]);
    let (output, _) = exchange.collect();
    exchange.written(1, Waker::noop());
    assert_eq!(tasks.woken(), NOBODY);
    exchange.written(0, Waker::noop());
    assert_eq!(tasks.woken(), [1, 0, 1, 1]);
    assert!(bytes_of(output).starts_with(b"HTTP/1.1 403 "));
    assert_eq!(recv(&exchange), Poll::Ready(Received::End(End::Complete)));
    exchange.gone(Waker::noop());
    assert_eq!(recv(&exchange), Poll::Ready(Received::End(End::Complete)), "a loss after the end changes nothing");
    assert_eq!(exchange.start_send(ID, accept()), Err(SendError::Finished));
}

/// SPEC: WAKE-3
#[test]
fn of_each_kind_the_last_waker_counts() {
    let exchange = open();
    let ((first, one), (second, two)) = (Task::new(&exchange), Task::new(&exchange));
    assert!(recv_by(&exchange, &one).is_pending() && recv_by(&exchange, &two).is_pending());
    deliver(&exchange, [text("a")]);
    assert_eq!((first.woken(), second.woken()), (0, 1));
}

/// A waker that keeps a task, which keeps a handle.
struct Keeper {
    _send: Mutex<Sender>,
}

impl Wake for Keeper {
    fn wake(self: Arc<Self>) {}
}

/// SPEC: WAKE-5
#[test]
fn a_waker_may_be_the_last_owner_of_a_handle() {
    let exchange = open();
    exchange.start_send(ID, frame_of(HIGH_WATER)).unwrap();
    let keeper = || Waker::from(Arc::new(Keeper { _send: Mutex::new(Sender::new(Arc::clone(&exchange) as _, ID)) }));
    // The second takes the place of the first, which drops a sender; and the end drops the second.
    for _ in 0..2 {
        assert!(recv_by(&exchange, &keeper()).is_pending());
        assert!(exchange.poll_ready(ID, &mut Context::from_waker(&keeper())).is_pending());
        assert!(exchange.poll_flush(ID, &mut Context::from_waker(&keeper())).is_pending());
        assert!(exchange.poll_closed(ID, &mut Context::from_waker(&keeper())).is_pending());
        let mut event = Some(frame_of(10));
        assert!(exchange.poll_send(ID, &mut Context::from_waker(&keeper()), &mut event).is_pending());
    }
    exchange.gone(Waker::noop());
}
