//! One signal that reaches every connection.
//!
//! A future that waits for a cancellation costs each connection four times as
//! much as a place in this table.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// Wakes all who registered when it is rung, and stays rung.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    rung: AtomicBool,
    sounded: AtomicBool,
    places: Mutex<Places>,
}

#[derive(Debug, Default)]
struct Places {
    wakers: Vec<Option<Waker>>,
    free: Vec<u32>,
}

/// A place in the table of an alarm.
#[derive(Debug)]
pub(super) struct Place(u32);

impl Alarm {
    /// Whether it has been rung.
    pub(super) fn is_rung(&self) -> bool {
        self.rung.load(Ordering::Acquire)
    }

    /// Has `waker` woken when it is rung; then look at [`Alarm::is_rung`].
    pub(super) fn register(&self, waker: &Waker) -> Place {
        let mut places = self.lock();
        match places.free.pop() {
            Some(place) => {
                places.wakers[place as usize] = Some(waker.clone());
                Place(place)
            }
            None => {
                places.wakers.push(Some(waker.clone()));
                // More connections than descriptors can never be.
                Place((places.wakers.len() - 1) as u32)
            }
        }
    }

    /// Gives a place up.
    pub(super) fn forget(&self, Place(place): Place) {
        let mut places = self.lock();
        places.wakers[place as usize] = None;
        places.free.push(place);
    }

    /// Whether all were asked to look around, if not to end.
    pub(super) fn has_sounded(&self) -> bool {
        self.sounded.load(Ordering::Acquire)
    }

    /// Wakes all who registered, once, so that they look around. Who registers
    /// later asks [`Alarm::has_sounded`].
    pub(super) fn sound(&self) {
        self.sounded.store(true, Ordering::Release);
        let wakers: Vec<Waker> = self.lock().wakers.iter().flatten().cloned().collect();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Rings.
    pub(super) fn ring(&self) {
        self.rung.store(true, Ordering::Release);
        let wakers: Vec<Waker> = self.lock().wakers.iter_mut().filter_map(Option::take).collect();
        wakers.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        // Nothing is left half done when a thread panics.
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_used_again() {
        let alarm = Alarm::default();
        let (first, second) = (alarm.register(Waker::noop()), alarm.register(Waker::noop()));
        assert_eq!((first.0, second.0), (0, 1));
        alarm.forget(first);
        assert_eq!(alarm.register(Waker::noop()).0, 0);
        alarm.ring();
        assert!(alarm.is_rung());
        alarm.forget(second);
    }
}
