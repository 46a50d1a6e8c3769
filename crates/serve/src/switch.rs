//! A value that is read by servers and swapped from outside while they run.

use std::sync::{Arc, PoisonError, RwLock};

/// A shared cell: clones see the same value. Reading takes a snapshot, so
/// that one request never sees two behaviours.
#[derive(Debug)]
pub struct Switch<T>(Arc<RwLock<Arc<T>>>);

impl<T> Switch<T> {
    /// A cell that holds `value`.
    pub fn new(value: T) -> Self {
        Switch(Arc::new(RwLock::new(Arc::new(value))))
    }

    /// What stands in the cell now.
    pub fn get(&self) -> Arc<T> {
        // A writer only ever stores a finished Arc: poison cannot mean a torn value.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts `value` in; what was read before keeps the old one.
    pub fn set(&self, value: T) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
    }

    /// Changes a copy of the value and puts that in.
    pub fn update(&self, change: impl FnOnce(&mut T))
    where
        T: Clone,
    {
        let mut cell = self.0.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut cell));
    }
}

impl<T> Clone for Switch<T> {
    fn clone(&self) -> Self {
        Switch(Arc::clone(&self.0))
    }
}

impl<T: Default> Default for Switch<T> {
    fn default() -> Self {
        Switch::new(T::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_and_snapshots_stay() {
        let one = Switch::new(1);
        let other = one.clone();
        let before = one.get();
        other.update(|value| *value += 1);
        assert_eq!((*before, *one.get()), (1, 2));
    }
}
