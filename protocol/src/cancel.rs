use crate::shared::{Shared, Weakly, lock};
use crate::{App, End, Error, Manifest, Outgoing, Receiver, Scope, SendError, Sender, Sink};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// A layer that drops the call of `app` when its peer is lost.
///
/// A server does not drop a call because its peer left, so that it can clean up. This is for an application whose
/// work is worth nothing without its peer, and which may be dropped wherever it awaits something.
///
/// ```
/// use transom::{Error, Headers, Outgoing, Receiver, Scope, Sender, cancel_on_disconnect, memory};
///
/// async fn slow(_: Scope, _: Receiver, mut send: Sender) -> Result<(), Error> {
///     std::future::pending::<()>().await; // a query that takes its time
///     Ok(send.send(Outgoing::Response { status: 200, headers: Headers::new(), body: "".into() }).await?)
/// }
/// let outcome = memory::http("GET", "/").hang_up_at(2).run(cancel_on_disconnect(slow));
/// assert!(outcome.result.is_ok() && outcome.events.is_empty());
/// ```
///
/// The peer is lost when [`Sender::closed`] tells of anything but [`End::Complete`] and a WebSocket's
/// [`End::Closed`] that is clean. The inner call is then dropped without being polled again, and the layer's own call
/// returns `Ok`. These calls run until they return, as without the layer:
///
/// - one that has sent the last event of its response, or a WebSocket's `Close`, whatever becomes of its bytes;
/// - one whose `Sender` is dropped already;
/// - that of the lifespan.
///
/// A task or thread that the inner call started is not dropped with it; the handles in its possession are dead then.
pub fn cancel_on_disconnect(app: impl App) -> impl App {
    CancelOnDisconnect(app)
}

struct CancelOnDisconnect<A>(A);

impl<A: App> App for CancelOnDisconnect<A> {
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        if let Scope::Lifespan(_) = scope {
            return self.0.call(scope, receive, send).await;
        }
        let send = Shared::new(send);
        let state = Arc::new(Mutex::new(State::default()));
        let watch = Watch { send: send.downgrade(), state: Arc::clone(&state) };
        let mut call = pin!(self.0.call(scope, receive, Sender::layer(Watched { send, state })));
        poll_fn(|cx| {
            if watch.is_lost(cx) {
                return Poll::Ready(Ok(()));
            }
            let result = call.as_mut().poll(cx);
            watch.leave_out(cx.waker());
            result
        })
        .await
    }

    fn manifest(&self) -> Manifest {
        self.0.manifest()
    }
}

/// What the layer and the inner call's sender know of each other.
#[derive(Default)]
struct State {
    /// The event that ends the response was accepted.
    finished: bool,
    /// The layer does not listen for the end of the exchange, which keeps one waker for that: the inner call may.
    free: bool,
    /// To be woken by the layer while it does listen.
    waiting: Option<Waker>,
}

/// The layer's side.
struct Watch {
    /// Weak, so that a sender which the inner call drops is dropped for the server too.
    send: Weakly,
    state: Arc<Mutex<State>>,
}

/// The sender of the inner call.
struct Watched {
    send: Shared,
    state: Arc<Mutex<State>>,
}

impl Watch {
    /// Whether there is nobody left to work for.
    fn is_lost(&self, cx: &mut Context<'_>) -> bool {
        let Some(mut send) = self.send.upgrade() else { return false };
        let state = lock(&self.state);
        if state.free {
            return false;
        }
        let Poll::Ready(end) = send.poll_closed(cx) else { return false };
        let finished = state.finished;
        drop(state);
        self.free();
        !finished && !matches!(end, End::Complete | End::Closed { clean: true, .. })
    }

    /// Forgets the inner call's waker if it is `own`, with which the layer listens already.
    fn leave_out(&self, own: &Waker) {
        let forgotten = lock(&self.state).waiting.take_if(|waker| waker.will_wake(own));
        drop(forgotten);
    }

    /// The layer listens no more.
    fn free(&self) {
        let mut state = lock(&self.state);
        state.free = true;
        let waiting = state.waiting.take();
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.free();
    }
}

impl Sink for Watched {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.send.poll_ready(cx)
    }

    fn start_send(&mut self, event: Outgoing) -> Result<(), SendError> {
        let last = matches!(
            event,
            Outgoing::Response { .. }
                | Outgoing::Body { more: false, .. }
                | Outgoing::File { more: false, .. }
                | Outgoing::Trailers(_)
                | Outgoing::Close { .. }
        );
        // Held meanwhile, so that a loss which comes afterwards is not taken for one that came before.
        let mut state = lock(&self.state);
        self.send.start_send(event)?;
        state.finished |= last;
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.send.poll_flush(cx)
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let mut state = lock(&self.state);
        if state.free {
            drop(state);
            return self.send.poll_closed(cx);
        }
        let replaced = state.waiting.replace(cx.waker().clone());
        drop(state);
        // It may be the last owner of a task that has this very sender.
        drop(replaced);
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{self, Verdict};
    use crate::{Capabilities, Headers, Incoming};
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::task::Wake;

    /// How far a call came.
    #[derive(Default)]
    struct Progress {
        dropped: AtomicBool,
        returned: AtomicBool,
    }

    struct OnDrop(Arc<Progress>);

    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.dropped.store(true, Ordering::Relaxed);
        }
    }

    impl Progress {
        /// Whether the call returned by itself; it is gone in any case.
        fn has_returned(&self) -> bool {
            assert!(self.dropped.load(Ordering::Relaxed), "the inner call is left over");
            self.returned.load(Ordering::Relaxed)
        }
    }

    fn start() -> Outgoing {
        Outgoing::Start { status: 200, headers: Headers::new() }
    }

    fn body(data: &'static str, more: bool) -> Outgoing {
        Outgoing::Body { data: data.into(), more }
    }

    /// Gives the server a turn.
    async fn pause() {
        let mut is_first = true;
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }

    /// Takes many polls to respond, and some more after that.
    fn stream(progress: &Arc<Progress>) -> impl App {
        let progress = Arc::clone(progress);
        move |_: Scope, _: Receiver, mut send: Sender| {
            let progress = Arc::clone(&progress);
            async move {
                let _guard = OnDrop(Arc::clone(&progress));
                send.send(start()).await?;
                for piece in ["one", "two", "three"] {
                    send.send(body(piece, true)).await?;
                    pause().await;
                }
                send.send(body("four", false)).await?;
                for _ in 0..5 {
                    pause().await;
                }
                progress.returned.store(true, Ordering::Relaxed);
                Ok(())
            }
        }
    }

    #[test]
    fn a_call_is_dropped_at_any_step_but_not_once_its_response_is_complete() {
        let (mut dropped, mut complete) = (0, 0);
        for poll in 1..40 {
            let progress = Arc::new(Progress::default());
            let script = memory::http("GET", "/").high_water(1).take(2).hang_up_at(poll);
            let mut call = script.start(cancel_on_disconnect(stream(&progress)));
            while call.poll().is_pending() {}
            let outcome = call.run();
            assert!(outcome.result.is_ok() && outcome.refused.is_empty(), "left at poll {poll}: {outcome:?}");
            assert_eq!(outcome.verdict, Verdict::Nothing);
            // The first poll comes after the peer left already, and nothing was begun.
            let returned = poll > 1 && progress.has_returned();
            assert_eq!(returned, outcome.is_complete(), "left at poll {poll}");
            *if returned { &mut complete } else { &mut dropped } += 1;
        }
        assert!(dropped > 5 && complete > 5, "{dropped} dropped, {complete} complete");
    }

    /// SPEC: LAYER-1
    #[test]
    fn a_peer_that_stays_sees_no_difference() {
        let progress = Arc::new(Progress::default());
        let script = || memory::http("GET", "/").high_water(1).take(1);
        let outcome = script().run(cancel_on_disconnect(stream(&progress)));
        assert!(progress.has_returned() && outcome.is_complete());
        let without = script().run(stream(&progress));
        assert_eq!(format!("{:?}", outcome.events), format!("{:?}", without.events));
    }

    #[test]
    fn a_call_that_waits_for_room_is_dropped() {
        let progress = Arc::new(Progress::default());
        let script = memory::http("GET", "/").high_water(1).take(0).hang_up_at(9);
        let outcome = script.run(cancel_on_disconnect(stream(&progress)));
        assert!(!progress.has_returned() && outcome.events.len() == 1, "{outcome:?}");
    }

    /// Echoes texts until the socket is closed.
    fn chat(progress: &Arc<Progress>) -> impl App {
        let progress = Arc::clone(progress);
        move |_: Scope, mut receive: Receiver, mut send: Sender| {
            let progress = Arc::clone(&progress);
            async move {
                let _guard = OnDrop(Arc::clone(&progress));
                send.send(Outgoing::Accept { subprotocol: None, headers: Headers::new() }).await?;
                while let Incoming::Message(message) = receive.recv().await {
                    send.send(Outgoing::Message(message)).await?;
                    pause().await;
                }
                progress.returned.store(true, Ordering::Relaxed);
                Ok(())
            }
        }
    }

    #[test]
    fn a_websocket_is_dropped_when_its_peer_is_lost_and_not_when_it_closes() {
        for poll in 2..20 {
            let progress = Arc::new(Progress::default());
            let script = memory::websocket("/").text("a").text("b").trickle().hang_up_at(poll);
            let outcome = script.run(cancel_on_disconnect(chat(&progress)));
            assert!(outcome.result.is_ok() && outcome.refused.is_empty() && !progress.has_returned());
        }
        let progress = Arc::new(Progress::default());
        let script = memory::websocket("/").text("a").text("b").trickle().close(1001, "away");
        let outcome = script.run(cancel_on_disconnect(chat(&progress)));
        assert!(progress.has_returned() && outcome.messages().count() == 2);
    }

    struct Counted(AtomicUsize);

    impl Wake for Counted {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// SPEC: LAYER-8
    #[test]
    fn another_task_that_waits_for_the_end_is_told() {
        for lost in [false, true] {
            let kept = Arc::new(Mutex::new(None));
            let keep = Arc::clone(&kept);
            let app = move |_: Scope, _: Receiver, mut send: Sender| {
                let keep = Arc::clone(&keep);
                async move {
                    send.send(start()).await?;
                    *lock(&keep) = Some(send);
                    std::future::pending().await
                }
            };
            let mut call = memory::http("GET", "/").start(cancel_on_disconnect(app));
            assert!(call.poll().is_pending());
            let mut send = lock(&kept).take().unwrap();
            let counted = Arc::new(Counted(0.into()));
            let waker = Waker::from(Arc::clone(&counted));
            let mut cx = Context::from_waker(&waker);
            assert!(send.poll_closed(&mut cx).is_pending());
            if lost {
                call.hang_up();
            } else {
                send.start_send(body("", false)).unwrap();
                call.drain();
            }
            assert!(call.is_woken(), "the layer listens");
            assert_eq!(call.poll().is_ready(), lost);
            assert_eq!(counted.0.load(Ordering::Relaxed), 1);
            // Where the layer has returned, the handle is dead (END-6).
            assert_eq!(send.poll_closed(&mut cx), Poll::Ready(End::Complete));
        }
    }

    #[test]
    fn the_call_itself_may_wait_for_the_end() {
        async fn app(_: Scope, _: Receiver, mut send: Sender) -> Result<(), Error> {
            send.send(Outgoing::Response { status: 200, headers: Headers::new(), body: "all".into() }).await?;
            assert_eq!(send.closed().await, End::Complete);
            Ok(())
        }
        let outcome = memory::http("GET", "/").take(1).run(cancel_on_disconnect(app));
        assert!(outcome.result.is_ok());
    }

    #[test]
    fn a_dropped_sender_is_dropped_for_the_server() {
        async fn app(_: Scope, mut receive: Receiver, send: Sender) -> Result<(), Error> {
            drop(send);
            while !matches!(receive.recv().await, Incoming::End(End::Complete)) {}
            Ok(())
        }
        let outcome = memory::http("GET", "/").run(cancel_on_disconnect(app));
        assert_eq!(outcome.verdict, Verdict::Respond(500));
    }

    /// SPEC: LAYER-5
    #[test]
    fn the_lifespan_and_the_manifest_pass() {
        struct Wanting;
        impl App for Wanting {
            async fn call(&self, _: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
                send.send(Outgoing::Ready(crate::State::new())).await?;
                while !matches!(receive.recv().await, Incoming::End(_)) {}
                Err("seen to its end".into())
            }

            fn manifest(&self) -> Manifest {
                Manifest::default().wanting(Capabilities::FILE)
            }
        }
        let layered = cancel_on_disconnect(Wanting);
        assert_eq!(layered.manifest(), Wanting.manifest());
        let outcome = memory::lifespan().run(layered);
        assert!(outcome.result.is_err() && outcome.state().is_some());
    }
}
