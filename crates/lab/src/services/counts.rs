//! How often each port was used: the lab's own word on whether a fault in a
//! service was met at all.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plumb_serve::core::{EventKind, EventSink, ServerEvent};

/// Connections and questions, by machine and port.
#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<BTreeMap<(String, u16), Arc<AtomicU64>>>);

/// Counts for one port. A port that is closed and opened again counts on.
pub(super) struct Counter(Arc<AtomicU64>);

impl Counts {
    fn all(&self) -> MutexGuard<'_, BTreeMap<(String, u16), Arc<AtomicU64>>> {
        // Nothing is left half done in the table when a thread panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn counter(&self, machine: &str, port: u16) -> Counter {
        Counter(Arc::clone(self.all().entry((machine.to_owned(), port)).or_default()))
    }

    pub(super) fn of(&self, machine: &str, port: u16) -> u64 {
        let count = self.all().get(&(machine.to_owned(), port)).map(Arc::clone);
        count.map_or(0, |count| count.load(Ordering::Relaxed))
    }
}

impl EventSink for Counter {
    fn event(&self, event: ServerEvent) {
        // A question over TCP comes with a connection, and counts once.
        if matches!(event.kind, EventKind::Accepted)
            || (matches!(event.kind, EventKind::DnsQuery { .. }) && event.connection.is_none())
        {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}
