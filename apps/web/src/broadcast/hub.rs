use super::subscription::Subscription;
use super::{Error, Event};
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;

/// The channels of this process that somebody listens to.
pub(super) struct Hub {
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rooms: HashMap<Arc<str>, Room>,
    closed: bool,
    /// Told of a channel that nobody listens to any more.
    left: Option<Left>,
}

type Left = Box<dyn Fn(Arc<str>) + Send>;

struct Room {
    sender: broadcast::Sender<Item>,
    subscribers: usize,
}

/// What goes to subscribers.
#[derive(Clone, Debug)]
pub(super) enum Item {
    Event(Event),
    #[cfg(feature = "broadcast-redis")]
    Reconnected,
}

impl Hub {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, state: Mutex::default() }
    }

    pub(super) fn publish(&self, channel: &str, data: Bytes) -> Result<(), Error> {
        let state = self.lock();
        if state.closed {
            return Err(Error::Closed);
        }
        let room = state.rooms.get_key_value(channel).map(|(channel, room)| (Arc::clone(channel), room.sender.clone()));
        // Subscribers are woken without the lock: what a waker holds on to may be a subscription.
        drop(state);
        if let Some((channel, sender)) = room {
            // By now they may be gone.
            let _ = sender.send(Item::Event(Event { channel, data }));
        }
        Ok(())
    }

    pub(super) fn subscribe(hub: &Arc<Self>, channel: &str) -> Result<Subscription, Error> {
        let mut state = hub.lock();
        if state.closed {
            return Err(Error::Closed);
        }
        let name = match state.rooms.get_key_value(channel) {
            Some((name, _)) => Arc::clone(name),
            None => channel.into(),
        };
        let room = state.rooms.entry(Arc::clone(&name)).or_insert_with(|| Room::new(hub.capacity));
        room.subscribers += 1;
        Ok(Subscription::new(Arc::clone(hub), name, room.sender.subscribe()))
    }

    /// A subscriber is gone.
    pub(super) fn leave(&self, channel: &Arc<str>) {
        let mut state = self.lock();
        let Some(room) = state.rooms.get_mut(channel) else { return };
        room.subscribers -= 1;
        if room.subscribers > 0 {
            return;
        }
        let room = state.rooms.remove(channel);
        if let Some(left) = &state.left {
            left(Arc::clone(channel));
        }
        drop(state);
        drop(room);
    }

    /// No more can be published or subscribed to; subscribers get what there is, and the end.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let rooms = std::mem::take(&mut state.rooms);
        let left = state.left.take();
        // Without the lock, as above.
        drop(state);
        drop((rooms, left));
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().rooms.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing of it is left half-changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For what brings events from elsewhere.
#[cfg(feature = "broadcast-redis")]
impl Hub {
    /// From now on `left` is told of each channel that nobody listens to any more. It must not wait.
    pub(super) fn watch(&self, left: impl Fn(Arc<str>) + Send + 'static) {
        self.lock().left = Some(Box::new(left));
    }

    pub(super) fn is_wanted(&self, channel: &str) -> bool {
        self.lock().rooms.contains_key(channel)
    }

    /// All channels that somebody listens to.
    pub(super) fn channels(&self) -> Vec<Arc<str>> {
        self.lock().rooms.keys().cloned().collect()
    }

    /// Tells all subscribers that events may be missing.
    pub(super) fn reconnected(&self) {
        let senders: Vec<_> = self.lock().rooms.values().map(|room| room.sender.clone()).collect();
        for sender in senders {
            let _ = sender.send(Item::Reconnected);
        }
    }
}

impl Room {
    fn new(capacity: usize) -> Self {
        Self { sender: broadcast::Sender::new(capacity), subscribers: 0 }
    }
}
