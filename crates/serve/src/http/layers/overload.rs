//! How many requests are answered at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the requests that are being answered.
#[derive(Debug, Default)]
pub(in crate::http) struct Overload {
    current: Arc<AtomicUsize>,
}

/// A request that was let in; dropping it counts it out.
#[derive(Debug)]
pub(in crate::http) struct Admitted(Arc<AtomicUsize>);

impl Overload {
    /// Lets one more in, unless there are `max`.
    pub(in crate::http) fn admit(&self, max: usize) -> Option<Admitted> {
        let before = self.current.fetch_add(1, Ordering::Relaxed);
        let admitted = Admitted(Arc::clone(&self.current));
        (before < max).then_some(admitted)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_limit_and_one_past_it() {
        let overload = Overload::default();
        let first = overload.admit(2);
        let second = overload.admit(2);
        assert!(first.is_some() && second.is_some());
        assert!(overload.admit(2).is_none());
        drop(first);
        assert!(overload.admit(2).is_some());
    }
}
