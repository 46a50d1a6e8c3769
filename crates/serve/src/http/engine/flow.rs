//! Whether anything happens on an HTTP/2 connection.
//!
//! Its bytes do not say so: a client that answers pings, or opens windows by a
//! byte, keeps them flowing for ever; and what waits for a window never comes
//! down to the core, which would judge a slow reader. So the streams are
//! watched here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::core::{Cut, Ledger, Limits};

/// What the streams of one connection do.
#[derive(Debug)]
pub(super) struct Flow {
    began: Instant,
    /// Requests whose answer is not over.
    streams: AtomicU32,
    /// Answers of which more would be there if the client took it.
    waiting: AtomicU32,
    /// When the last stream ended, in nanoseconds since `began`.
    ended_ns: AtomicU64,
    /// When the client last took something that waited, likewise.
    taken_ns: AtomicU64,
}

/// One stream; dropping it ends it.
#[derive(Debug)]
pub(super) struct Stream {
    flow: Arc<Flow>,
    waits: bool,
}

impl Flow {
    pub(super) fn new() -> Self {
        Flow {
            began: Instant::now(),
            streams: AtomicU32::new(0),
            waiting: AtomicU32::new(0),
            ended_ns: AtomicU64::new(0),
            taken_ns: AtomicU64::new(0),
        }
    }

    /// A request has come.
    pub(super) fn stream(self: &Arc<Self>) -> Stream {
        self.streams.fetch_add(1, Ordering::Relaxed);
        Stream { flow: Arc::clone(self), waits: false }
    }

    fn now_ns(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn at(&self, ns: &AtomicU64) -> Instant {
        self.began + Duration::from_nanos(ns.load(Ordering::Relaxed))
    }
}

impl Stream {
    /// There is more for the client, who must take it first.
    pub(super) fn waits(&mut self) {
        if !self.waits {
            self.waits = true;
            if self.flow.waiting.fetch_add(1, Ordering::Relaxed) == 0 {
                self.flow.taken_ns.store(self.flow.now_ns(), Ordering::Relaxed);
            }
        }
    }

    /// The client has taken what waited.
    pub(super) fn moves(&mut self) {
        if self.waits {
            self.waits = false;
            self.flow.waiting.fetch_sub(1, Ordering::Relaxed);
            self.flow.taken_ns.store(self.flow.now_ns(), Ordering::Relaxed);
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.moves();
        self.flow.ended_ns.store(self.flow.now_ns(), Ordering::Relaxed);
        self.flow.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Keeps the limits of idleness and of a slow reader on one connection.
#[derive(Debug)]
pub(super) struct FlowWatch {
    flow: Arc<Flow>,
    ledger: Arc<Ledger>,
    limits: Arc<Limits>,
    /// Since when too little is taken, and what had been written then. Part of
    /// a large piece counts, too.
    stalled: (Instant, u64),
}

impl FlowWatch {
    pub(super) fn new(flow: Arc<Flow>, ledger: Arc<Ledger>, limits: Arc<Limits>) -> Self {
        let stalled = (flow.began, ledger.written_bytes());
        FlowWatch { flow, ledger, limits, stalled }
    }

    /// Ends when a limit has passed, with the limit. It looks rarely, and so
    /// often that no limit can begin and pass unseen.
    pub(super) async fn broken(&mut self) -> Cut {
        loop {
            let now = Instant::now();
            let look = now + self.limits.idle.min(self.limits.write_stall);
            let next = match self.next_limit(now) {
                Some((at, cut)) if at <= now => return cut,
                Some((at, _)) => at.min(look),
                None => look,
            };
            tokio::time::sleep_until(next).await;
        }
    }

    /// The limit that passes next unless something happens.
    fn next_limit(&mut self, now: Instant) -> Option<(Instant, Cut)> {
        if self.flow.streams.load(Ordering::Relaxed) == 0 {
            return Some((self.flow.at(&self.flow.ended_ns) + self.limits.idle, Cut::Idle));
        }
        if self.flow.waiting.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let taken_at = self.flow.at(&self.flow.taken_ns);
        let written_bytes = self.ledger.written_bytes();
        if taken_at > self.stalled.0 {
            self.stalled = (taken_at, written_bytes);
        }
        let stall = self.limits.write_stall;
        let enough =
            self.limits.reader_pace.bytes_per_second_min.max(1) as f64 * stall.as_secs_f64();
        if now >= self.stalled.0 + stall && (written_bytes - self.stalled.1) as f64 >= enough {
            self.stalled = (now, written_bytes);
        }
        Some((self.stalled.0 + stall, Cut::SlowReader))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched() -> (Arc<Flow>, FlowWatch) {
        let limits = Arc::new(Limits {
            idle: Duration::from_secs(20),
            write_stall: Duration::from_secs(10),
            ..Limits::default()
        });
        let flow = Arc::new(Flow::new());
        let ledger = Arc::new(Ledger::new(Arc::clone(&limits)));
        (Arc::clone(&flow), FlowWatch::new(flow, ledger, limits))
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_stream_it_is_idle_whatever_passes() {
        let (flow, mut watch) = watched();
        let begun = Instant::now();
        drop(flow.stream());
        assert_eq!(watch.broken().await, Cut::Idle);
        assert_eq!(begun.elapsed().as_secs(), 20);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_waits_for_its_window_is_cut() {
        let (flow, mut watch) = watched();
        let mut stream = flow.stream();
        tokio::time::advance(Duration::from_secs(7)).await;
        stream.waits();
        let begun = Instant::now();
        assert_eq!(watch.broken().await, Cut::SlowReader);
        assert_eq!(begun.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_handler_that_takes_its_time_is_no_slow_reader() {
        let (flow, mut watch) = watched();
        let mut stream = flow.stream();
        stream.waits();
        stream.moves();
        let long = tokio::time::timeout(Duration::from_secs(3600), watch.broken());
        assert!(long.await.is_err());
    }
}
