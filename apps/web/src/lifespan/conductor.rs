use super::draining::Drain;
use crate::Error;
use crate::response::BoxFuture;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use transom::order::LifespanSend;
use transom::{
    App, BoxApp, End, Incoming, LifespanScope, Outgoing, Receiver, Scope, SendError, Sender, ServerInfo, Sink, Source,
    State,
};

/// Makes one lifespan of those of several applications: each starts up, then all are ready, and each is told what the
/// server tells.
pub(crate) struct Conductor<'a> {
    players: Vec<Player<'a>>,
    drain: Drain,
    send: Sender,
    announced: bool,
    stopped: bool,
}

/// One of the applications.
struct Player<'a> {
    desk: Arc<Mutex<Desk>>,
    /// `None` once it has returned.
    call: Option<BoxFuture<'a, Result<(), Error>>>,
}

/// What an application and the conductor say to each other.
#[derive(Default)]
struct Desk {
    order: LifespanSend,
    ready: Option<State>,
    told: VecDeque<Told>,
    /// What comes after that.
    end: Option<End>,
    has_returned: bool,
    receiving: Option<Waker>,
    closing: Option<Waker>,
}

#[derive(Clone, Copy)]
enum Told {
    Draining(Duration),
    Shutdown,
}

impl<'a> Conductor<'a> {
    /// Serves the lifespan.
    pub(crate) async fn run(
        apps: &'a [BoxApp],
        server: Arc<ServerInfo>,
        mut receive: Receiver,
        send: Sender,
    ) -> Result<(), Error> {
        let players = apps.iter().map(|app| Player::new(app, Arc::clone(&server))).collect();
        let mut conductor = Self { players, drain: Drain::new(), send, announced: false, stopped: false };
        poll_fn(|cx| conductor.poll(&mut receive, cx)).await
    }

    fn poll(&mut self, receive: &mut Receiver, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            for player in &mut self.players {
                if let Poll::Ready(Err(error)) = player.poll(cx) {
                    return Poll::Ready(Err(error));
                }
            }
            if !self.announced && self.players.iter().all(Player::is_settled) {
                self.announced = true;
                let states = self.players.iter().filter_map(|player| lock(&player.desk).ready.clone());
                let state = states.fold(State::new(), State::merge).with(self.drain.clone());
                self.send.start_send(Outgoing::Ready(state))?;
            }
            if self.stopped {
                let is_over = self.players.iter().all(|player| player.call.is_none());
                return if is_over { Poll::Ready(Ok(())) } else { Poll::Pending };
            }
            match receive.poll_recv(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(event) => self.tell(event),
            }
        }
    }

    fn tell(&mut self, event: Incoming) {
        let (told, end) = match event {
            Incoming::Draining { grace } => {
                self.drain.begin();
                (Some(Told::Draining(grace)), None)
            }
            Incoming::Shutdown => (Some(Told::Shutdown), Some(End::Complete)),
            Incoming::End(end) => (None, Some(end)),
            _ => return,
        };
        self.stopped |= end.is_some();
        for player in &self.players {
            player.change(|desk| {
                // Who has returned is told nothing but that it is over (LIFE-11).
                if desk.end.is_none() {
                    desk.told.extend(told);
                    desk.end = end.clone();
                }
            });
        }
    }
}

impl<'a> Player<'a> {
    fn new(app: &'a BoxApp, server: Arc<ServerInfo>) -> Self {
        let desk = Arc::new(Mutex::new(Desk::default()));
        let receive = Receiver::layer(Seat(Arc::clone(&desk)));
        let send = Sender::layer(Seat(Arc::clone(&desk)));
        let call = app.call(Scope::Lifespan(LifespanScope::new(server)), receive, send);
        Self { desk, call: Some(Box::pin(call)) }
    }

    /// Ready when it has returned, now or before. That it does not serve the lifespan is no failure.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Some(call) = &mut self.call else { return Poll::Ready(Ok(())) };
        let Poll::Ready(result) = call.as_mut().poll(cx) else { return Poll::Pending };
        self.call = None;
        self.change(|desk| {
            desk.has_returned = true;
            desk.end.get_or_insert(End::Complete);
        });
        Poll::Ready(result.or_else(|error| if error.is_unsupported() { Ok(()) } else { Err(error) }))
    }

    /// Changes what there is for it, and wakes it.
    fn change(&self, edit: impl FnOnce(&mut Desk)) {
        let mut desk = lock(&self.desk);
        edit(&mut desk);
        let wakers = [desk.receiving.take(), desk.closing.take()];
        drop(desk);
        wakers.into_iter().flatten().for_each(Waker::wake);
    }

    /// Whether startup need not wait for it.
    fn is_settled(&self) -> bool {
        self.call.is_none() || lock(&self.desk).ready.is_some()
    }
}

/// An application's side.
struct Seat(Arc<Mutex<Desk>>);

impl Source for Seat {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        let mut desk = lock(&self.0);
        match (desk.told.pop_front(), &desk.end) {
            (Some(Told::Draining(grace)), _) => Poll::Ready(Incoming::Draining { grace }),
            (Some(Told::Shutdown), _) => Poll::Ready(Incoming::Shutdown),
            (None, Some(end)) => Poll::Ready(Incoming::End(end.clone())),
            (None, None) => {
                desk.receiving = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Sink for Seat {
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(&mut self, event: Outgoing) -> Result<(), SendError> {
        let mut desk = lock(&self.0);
        if desk.has_returned {
            return Err(SendError::Finished);
        }
        desk.order.accept(&event)?;
        if let Outgoing::Ready(state) = event {
            desk.ready = Some(state);
        }
        Ok(())
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let mut desk = lock(&self.0);
        if let Some(end) = &desk.end {
            return Poll::Ready(end.clone());
        }
        desk.closing = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// Nothing of it is ever left half-changed.
fn lock(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}
