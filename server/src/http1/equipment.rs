//! What a connection has only while it has something to do: buffers, room for a head, for a call and its exchange.
//!
//! Each thread keeps what its connections gave back and hands out what came last, which is what the processor still has
//! in its cache: connections whose requests are answered at once all use the same. A connection that waits holds none
//! of it.

use super::exchange::{Exchanges, Lent};
use super::head::Parser;
use crate::application::Call;
use crate::output::Output;
use crate::wire::READ;
use crate::worker::Worker;
use bytes::BytesMut;
use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use transom::Head;

/// Kept by each thread.
const KEPT: usize = 64;

thread_local! {
    // Boxed, so that handing one over moves a pointer.
    #[allow(clippy::vec_box)]
    static KEPT_HERE: RefCell<Vec<Box<Equipment>>> = const { RefCell::new(Vec::new()) };
}

pub(super) struct Equipment {
    pub(super) exchanges: Arc<Exchanges>,
    pub(super) call: Box<dyn Call>,
    pub(super) head: Arc<Head>,
    /// It keeps what it saw of a head that is not complete, which is in the input.
    pub(super) parser: Parser,
    /// Lent to the exchange while a call runs. Its output then is what was taken over from the exchange to be written.
    pub(super) lent: Box<Lent>,
}

/// A connection's equipment, while it has one.
pub(super) struct Borrowed<'w> {
    worker: &'w Arc<Worker>,
    equipment: Option<Box<Equipment>>,
}

impl<'w> Borrowed<'w> {
    /// None yet.
    pub(super) fn none(worker: &'w Arc<Worker>) -> Self {
        Self { worker, equipment: None }
    }

    /// Sees to it that there is one; it must be called before anything is used.
    #[inline]
    pub(super) fn equip(&mut self) {
        if self.equipment.is_none() {
            let kept = KEPT_HERE.with_borrow_mut(Vec::pop);
            // A thread that serves for several servers is not what this one makes, but would be no mistake.
            let kept = kept.filter(|equipment| equipment.exchanges.is_of(self.worker));
            self.equipment = Some(kept.unwrap_or_else(|| Box::new(Equipment::new(self.worker))));
        }
    }

    /// Whether something waits to be written.
    pub(super) fn has_output(&self) -> bool {
        self.equipment.as_ref().is_some_and(|equipment| !equipment.lent.output.is_empty())
    }

    /// Gives it back, when no exchange is running. What the application still holds of what was read stays valid.
    #[inline]
    pub(super) fn release(&mut self) {
        if let Some(mut equipment) = self.equipment.take() {
            equipment.lent.clear();
            equipment.parser.restart();
            KEPT_HERE.with_borrow_mut(|kept| {
                if kept.len() < KEPT {
                    kept.push(equipment)
                }
            });
        }
    }
}

impl Deref for Borrowed<'_> {
    type Target = Equipment;

    #[inline]
    fn deref(&self) -> &Equipment {
        self.equipment.as_deref().expect("a connection equips itself before it does anything")
    }
}

impl DerefMut for Borrowed<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Equipment {
        self.equipment.as_deref_mut().expect("a connection equips itself before it does anything")
    }
}

impl Equipment {
    fn new(worker: &Arc<Worker>) -> Self {
        Self {
            exchanges: Arc::new(Exchanges::new(Arc::clone(worker))),
            call: worker.application().slot(),
            head: Arc::default(),
            parser: Parser::default(),
            lent: Box::new(Lent { input: BytesMut::with_capacity(READ), output: Output::default() }),
        }
    }
}
