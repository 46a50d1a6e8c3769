//! From the server's tasks to the one thread that writes.
//!
//! An event costs its server a few atomic additions and a push under a lock
//! that nobody holds for long; all formatting and writing happens elsewhere.
//! What the writer cannot take in time is dropped and counted, for a server
//! must not wait for its log.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plumb_report::server::Metrics;
use plumb_serve::core::{EventKind, EventSink, ServerEvent};

/// Events that wait to be written; some 300 bytes each.
const QUEUE_MAX: usize = 32_768;

/// How long the writer lets events gather, so that it is woken some hundred
/// times a second and not for each event. Nobody sees the delay.
const GATHER: Duration = Duration::from_millis(5);

/// What the server's tasks and the writing thread share.
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    more: Condvar,
    dropped: AtomicU64,
    reopen: AtomicBool,
    /// Whether anybody writes events of this kind down.
    wants: Box<dyn Fn(&EventKind) -> bool + Send + Sync>,
    wants_bytes: bool,
    metrics: Option<Arc<Metrics>>,
}

#[derive(Debug, Default)]
struct Waiting {
    events: Vec<ServerEvent>,
    ending: bool,
}

/// What the writer is given at a time.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) events: Vec<ServerEvent>,
    /// Events that were dropped since the last batch.
    pub(super) dropped: u64,
    /// Files are to be opened anew first.
    pub(super) reopen: bool,
    /// Nothing comes after this.
    pub(super) last: bool,
}

impl Queue {
    pub(super) fn new(
        wants: Box<dyn Fn(&EventKind) -> bool + Send + Sync>,
        wants_bytes: bool,
        metrics: Option<Arc<Metrics>>,
    ) -> Queue {
        Queue {
            waiting: Mutex::default(),
            more: Condvar::new(),
            dropped: AtomicU64::new(0),
            reopen: AtomicBool::new(false),
            wants,
            wants_bytes,
            metrics,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing is left half done while it is held.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, event: ServerEvent) {
        let mut waiting = self.lock();
        if waiting.events.len() >= QUEUE_MAX {
            drop(waiting);
            self.dropped.fetch_add(1, Ordering::Relaxed);
            if let Some(metrics) = &self.metrics {
                metrics.event_dropped();
            }
            return;
        }
        let first = waiting.events.is_empty();
        waiting.events.push(event);
        drop(waiting);
        if first {
            self.more.notify_one();
        }
    }

    /// Has files opened anew before the next event is written.
    pub(super) fn reopen(&self) {
        self.reopen.store(true, Ordering::Relaxed);
        self.more.notify_one();
    }

    /// Lets the writer end when everything is written.
    pub(super) fn end(&self) {
        self.lock().ending = true;
        self.more.notify_one();
    }

    /// Waits for events; what was in `spent` makes room for them.
    pub(super) fn next(&self, mut spent: Vec<ServerEvent>) -> Batch {
        spent.clear();
        let idle = |waiting: &mut Waiting| {
            waiting.events.is_empty() && !waiting.ending && !self.reopen.load(Ordering::Relaxed)
        };
        let waiting = self.lock();
        let waiting = self.more.wait_while(waiting, idle).unwrap_or_else(PoisonError::into_inner);
        let (mut waiting, _) = self
            .more
            .wait_timeout_while(waiting, GATHER, |waiting| !waiting.ending)
            .unwrap_or_else(PoisonError::into_inner);
        let events = std::mem::replace(&mut waiting.events, spent);
        Batch {
            events,
            dropped: self.dropped.swap(0, Ordering::Relaxed),
            reopen: self.reopen.swap(false, Ordering::Relaxed),
            last: waiting.ending,
        }
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("dropped", &self.dropped).finish_non_exhaustive()
    }
}

/// The server's end of the queue.
#[derive(Debug, Clone)]
pub(crate) struct Sink(pub(super) Arc<Queue>);

impl EventSink for Sink {
    fn event(&self, event: ServerEvent) {
        if let Some(metrics) = &self.0.metrics {
            metrics.event(&event);
        }
        if (self.0.wants)(&event.kind) {
            self.0.push(event);
        }
    }

    fn wants_bytes(&self) -> bool {
        self.0.wants_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> ServerEvent {
        ServerEvent {
            at_ns: 0,
            unix_ns: 0,
            server: "test".into(),
            connection: None,
            local: None,
            peer: None,
            kind: EventKind::Note { text: text.to_owned() },
        }
    }

    #[test]
    fn what_comes_in_goes_out_and_what_does_not_fit_is_counted() {
        let metrics = Arc::new(Metrics::new());
        let queue = Queue::new(Box::new(|_| true), false, Some(Arc::clone(&metrics)));
        let sink = Sink(Arc::new(queue));
        for number in 0..QUEUE_MAX + 3 {
            sink.event(event(&number.to_string()));
        }
        sink.0.end();
        let batch = sink.0.next(Vec::new());
        assert_eq!((batch.events.len(), batch.dropped, batch.last), (QUEUE_MAX, 3, true));
        assert_eq!(batch.events[7], event("7"));
        let page = metrics.render("0", None);
        assert!(page.contains("\nplumb_log_events_dropped_total 3\n"), "{page}");
    }

    #[test]
    fn what_nobody_wants_does_not_wait() {
        let queue = Queue::new(Box::new(|kind| *kind != EventKind::Bound), false, None);
        let sink = Sink(Arc::new(queue));
        sink.event(ServerEvent { kind: EventKind::Bound, ..event("") });
        sink.event(event("x"));
        sink.0.reopen();
        let batch = sink.0.next(Vec::new());
        assert_eq!((batch.events, batch.reopen, batch.last), (vec![event("x")], true, false));
    }
}
