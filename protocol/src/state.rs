use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

type Entry = (TypeId, Arc<dyn Any + Send + Sync>);

/// What an application made at startup and wants to find again in every exchange, one value per type.
///
/// Built by the lifespan call, sent as [`Outgoing::Ready`](crate::Outgoing::Ready), read through
/// [`HttpScope::state`](crate::HttpScope::state). Cloning shares the values.
///
/// ```
/// use transom::State;
///
/// struct Greeting(&'static str);
/// let state = State::new().with(Greeting("hello")).with(42u32);
/// assert_eq!(state.get::<Greeting>().map(|greeting| greeting.0), Some("hello"));
/// assert_eq!(state.get::<u32>(), Some(&42));
/// assert_eq!(state.get::<u64>(), None);
/// ```
#[derive(Clone, Default)]
pub struct State(Arc<Vec<Entry>>);

impl State {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// This state with `value` in it, in place of a value of the same type.
    pub fn with<T: Any + Send + Sync>(mut self, value: T) -> Self {
        insert(Arc::make_mut(&mut self.0), Arc::new(value));
        self
    }

    /// This state with the values of `other` in it, each in place of one of the same type: how a layer makes one state of
    /// those of several applications.
    pub fn merge(mut self, other: Self) -> Self {
        let entries = Arc::make_mut(&mut self.0);
        for (kind, value) in other.0.iter() {
            entries.retain(|entry| entry.0 != *kind);
            entries.push((*kind, Arc::clone(value)));
        }
        self
    }

    /// The value of type `T`.
    pub fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        find(&self.0)
    }

    /// Whether every value of `other` is in this state too: that very value, and not one like it.
    pub(crate) fn includes(&self, other: &Self) -> bool {
        other.0.iter().all(|(_, value)| self.0.iter().any(|(_, mine)| Arc::ptr_eq(mine, value)))
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "State({} values)", self.0.len())
    }
}

/// What a server or a layer adds to one exchange for those further in, one value per type.
///
/// Free until the first insertion. A clone shares the values but not later insertions.
#[derive(Clone, Default)]
// The box keeps every scope small: one word, for the common case that there is nothing.
#[allow(clippy::box_collection)]
pub struct Extensions(Option<Box<Vec<Entry>>>);

impl Extensions {
    /// Puts `value` in, in place of a value of the same type.
    pub fn insert<T: Any + Send + Sync>(&mut self, value: T) {
        insert(self.0.get_or_insert_default(), Arc::new(value));
    }

    /// The value of type `T`.
    pub fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        find(self.0.as_ref()?)
    }

    /// Whether there is a value of another type than `T`.
    pub(crate) fn has_other_than<T: Any>(&self) -> bool {
        self.0.iter().flat_map(|entries| entries.iter()).any(|entry| entry.0 != TypeId::of::<T>())
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Extensions({} values)", self.0.as_ref().map_or(0, |entries| entries.len()))
    }
}

fn insert<T: Any + Send + Sync>(entries: &mut Vec<Entry>, value: Arc<T>) {
    entries.retain(|entry| entry.0 != TypeId::of::<T>());
    entries.push((TypeId::of::<T>(), value));
}

fn find<T: Any + Send + Sync>(entries: &[Entry]) -> Option<&T> {
    entries.iter().find(|entry| entry.0 == TypeId::of::<T>())?.1.downcast_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SPEC: STATE-2
    #[test]
    fn one_value_per_type() {
        let state = State::new().with(1u8).with(2u8);
        assert_eq!(state.get::<u8>(), Some(&2));
        let merged = state.merge(State::new().with(3u8).with("other"));
        assert_eq!((merged.get::<u8>(), merged.get::<&str>()), (Some(&3), Some(&"other")));
        let mut extensions = Extensions::default();
        extensions.insert(1u8);
        extensions.insert(2u8);
        assert_eq!(extensions.get::<u8>(), Some(&2));
    }

    /// SPEC: SCOPE-4, STATE-3
    #[test]
    fn a_clone_does_not_see_later_insertions() {
        let mut inner = Extensions::default();
        inner.insert("outer");
        let outer = inner.clone();
        inner.insert(1u8);
        assert_eq!((outer.get::<&str>(), outer.get::<u8>()), (Some(&"outer"), None));
    }
}
