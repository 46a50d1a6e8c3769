//! How many handshakes may be under way at once.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Handshakes under way at once. Each holds some 40 KiB until it is done; on
/// one core this many take a quarter of a second.
pub const HANDSHAKES_MAX: usize = 1024;

/// A well-behaved client needs two round trips and no thought: a handshake that
/// takes longer gives its place up when others wait.
const GRACE: Duration = Duration::from_secs(2);

/// A bounded number of handshakes. Where all places are taken the newcomer
/// waits, and the oldest that has had more than its grace is ended, so that
/// clients who say half a word and fall silent cannot keep the others out.
#[derive(Debug)]
pub(super) struct Places {
    permits: Arc<Semaphore>,
    grace: Duration,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    /// By age, the oldest first.
    by_number: BTreeMap<u64, (Instant, CancellationToken)>,
}

/// The place of one handshake; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Place {
    number: u64,
    lost: CancellationToken,
    taken: Arc<Mutex<Taken>>,
    _permit: Option<OwnedSemaphorePermit>,
}

/// The place was needed for others.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lost;

impl Places {
    pub(super) fn new(count: usize) -> Self {
        Places { permits: Arc::new(Semaphore::new(count)), grace: GRACE, taken: Arc::default() }
    }

    /// Waits for a place.
    pub(super) async fn take(&self) -> Place {
        let mut until = self.oldest_until();
        loop {
            let permit = Arc::clone(&self.permits).acquire_owned();
            match tokio::time::timeout_at(until, permit).await {
                // The semaphore is never closed.
                Ok(permit) => return self.place(permit.ok()),
                Err(_) => {
                    self.end_the_oldest();
                    // One is enough for one; it needs a moment to go.
                    until = Instant::now() + self.grace;
                }
            }
        }
    }

    fn place(&self, permit: Option<OwnedSemaphorePermit>) -> Place {
        let lost = CancellationToken::new();
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.next += 1;
        let number = taken.next;
        taken.by_number.insert(number, (Instant::now(), lost.clone()));
        Place { number, lost, taken: Arc::clone(&self.taken), _permit: permit }
    }

    /// Until when the oldest may keep its place, whoever waits.
    fn oldest_until(&self) -> Instant {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = taken.by_number.values().find(|(_, lost)| !lost.is_cancelled());
        oldest.map_or_else(Instant::now, |(since, _)| *since) + self.grace
    }

    fn end_the_oldest(&self) {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = taken.by_number.values().find(|(_, lost)| !lost.is_cancelled());
        if let Some((since, lost)) = oldest
            && since.elapsed() >= self.grace
        {
            lost.cancel();
        }
    }
}

impl Place {
    /// Runs the handshake unless the place is lost meanwhile.
    pub(super) async fn unless_lost<F: Future>(&self, handshake: F) -> Result<F::Output, Lost> {
        self.lost.run_until_cancelled(handshake).await.ok_or(Lost)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.by_number.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    #[tokio::test(start_paused = true)]
    async fn who_falls_silent_loses_the_place_to_who_waits() {
        let places = Arc::new(Places::new(2));
        let (first, second) = (places.take().await, places.take().await);
        let began = Instant::now();
        let third = places.take();
        let silent = async move { first.unless_lost(pending::<()>()).await };
        let (silent, third) = tokio::join!(silent, third);
        assert_eq!(silent, Err(Lost));
        assert!(began.elapsed() >= GRACE, "not before its grace is over");
        assert!(!second.lost.is_cancelled(), "one is enough");
        assert!(!third.lost.is_cancelled());
        drop((second, third));
        assert!(places.taken.lock().unwrap().by_number.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_below_the_limit() {
        let places = Places::new(1);
        let began = Instant::now();
        drop(places.take().await);
        let _one = places.take().await;
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
