//! Passwords are slow to check on purpose, so they are checked beside the
//! server's own work, a few at a time, and not again for every request.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use tokio::sync::Semaphore;

use super::tokens::random_key;
use super::users::fits;

/// Passwords that are being checked or wait for it; what is more is told to
/// come again. Each waits some 20 ms for each before it.
const WAITING_MAX: usize = 64;
/// Checks at once: each takes a core and 19 MiB, which are kept for the next.
const CHECKS_MAX: usize = 4;
/// Proofs that are remembered.
const RECENT_MAX: usize = 4096;
/// For how long. A changed password is not remembered at all.
const RECENT_FOR: Duration = Duration::from_secs(5 * 60);

/// A proof that somebody gave: a keyed hash of all that it depends on.
type Proof = [u8; 32];

/// What a check works in.
type Memory = Vec<argon2::Block>;

/// The most of it that is kept, in blocks of 1 KiB: what a hash of our own
/// takes. A hash that asks for more is somebody's choice, and pays for it.
const MEMORY_KEPT_MAX: usize = argon2::Params::DEFAULT_M_COST as usize;

/// Checks passwords.
#[derive(Debug)]
pub(super) struct Passwords {
    checks: Arc<Semaphore>,
    /// What no check works in just now, at most one for each that may run.
    /// Memory that comes and goes by these sizes, on one thread or another, the
    /// allocator would keep many times over.
    memories: Arc<Mutex<Vec<Memory>>>,
    waiting: Arc<Semaphore>,
    key: hmac::Key,
    recent: Mutex<Recent>,
}

#[derive(Debug, Default)]
struct Recent {
    since: HashMap<Proof, Instant>,
    in_order: VecDeque<Proof>,
}

/// More are waiting than there is room for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Busy;

impl Passwords {
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        // The other half of the cores goes on serving.
        Passwords::with(cores.div_ceil(2).min(CHECKS_MAX), WAITING_MAX)
    }

    fn with(checks: usize, waiting: usize) -> Self {
        Passwords {
            checks: Arc::new(Semaphore::new(checks)),
            memories: Arc::default(),
            waiting: Arc::new(Semaphore::new(waiting)),
            key: random_key(),
            recent: Mutex::default(),
        }
    }

    /// What is remembered of a success. It holds for one client only, so that
    /// nobody else can try passwords against it; and for one hash, so that it
    /// ends with the password.
    pub(super) fn proof(&self, user: &str, password: &str, client: &str, hash: &str) -> Proof {
        let mut context = hmac::Context::with_key(&self.key);
        for part in [user, password, client, hash] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut proof = Proof::default();
        proof.copy_from_slice(context.sign().as_ref());
        proof
    }

    pub(super) fn is_recent(&self, proof: &Proof) -> bool {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.since.get(proof).is_some_and(|since| since.elapsed() < RECENT_FOR)
    }

    pub(super) fn remember(&self, proof: Proof) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.since.insert(proof, Instant::now()).is_none() {
            recent.in_order.push_back(proof);
        }
        if recent.in_order.len() > RECENT_MAX
            && let Some(oldest) = recent.in_order.pop_front()
        {
            recent.since.remove(&oldest);
        }
    }

    /// Whether the password fits the hash. `still_wanted` is asked once more
    /// when it is its turn: what was locked out meanwhile is not worth a check.
    pub(super) async fn check(
        &self,
        password: String,
        hash: String,
        still_wanted: impl Fn() -> bool,
    ) -> Result<Option<bool>, Busy> {
        let Ok(_waiting) = self.waiting.try_acquire() else { return Err(Busy) };
        let checks = Arc::clone(&self.checks);
        // Moved into the check: if the client leaves, the check goes on, and
        // so does its claim on a core.
        let Ok(permit) = checks.acquire_owned().await else { return Err(Busy) };
        if !still_wanted() {
            return Ok(None);
        }
        let memories = Arc::clone(&self.memories);
        let checked = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let kept = memories.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut memory = kept.unwrap_or_default();
            let fits = fits(&hash, &password, &mut memory);
            if memory.len() <= MEMORY_KEPT_MAX {
                memories.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
            }
            fits
        });
        Ok(Some(checked.await.unwrap_or(false)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_depends_on_everything() {
        let passwords = Passwords::new();
        let one = passwords.proof("a", "b", "c", "d");
        passwords.remember(one);
        assert!(passwords.is_recent(&passwords.proof("a", "b", "c", "d")));
        for [user, password, client, hash] in [
            ["ab", "", "c", "d"],
            ["x", "b", "c", "d"],
            ["a", "x", "c", "d"],
            ["a", "b", "x", "d"],
            ["a", "b", "c", "x"],
        ] {
            assert!(!passwords.is_recent(&passwords.proof(user, password, client, hash)));
        }
    }

    #[test]
    fn the_oldest_proof_is_forgotten_at_the_limit() {
        let passwords = Passwords::new();
        let proof = |number: usize| passwords.proof(&number.to_string(), "", "", "");
        for number in 0..=RECENT_MAX {
            passwords.remember(proof(number));
        }
        assert!(!passwords.is_recent(&proof(0)));
        assert!(passwords.is_recent(&proof(1)) && passwords.is_recent(&proof(RECENT_MAX)));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_flood_of_passwords_takes_the_memory_of_a_few() {
        let mut users = crate::auth::Users::default();
        users.set("alice", "correct horse").unwrap();
        let hash = users.hash_of("alice").unwrap().to_owned();
        let passwords = Arc::new(Passwords::with(2, WAITING_MAX));
        let mut checks = tokio::task::JoinSet::new();
        for number in 0..16 {
            let (passwords, hash) = (Arc::clone(&passwords), hash.clone());
            let password = if number == 7 { "correct horse" } else { "a guess" };
            checks.spawn(async move {
                (number, passwords.check(password.to_owned(), hash, || true).await)
            });
        }
        for (number, checked) in checks.join_all().await {
            assert_eq!(checked, Ok(Some(number == 7)), "{number}");
        }
        let memories = passwords.memories.lock().unwrap();
        assert!((1..=2).contains(&memories.len()), "{}", memories.len());
        assert!(memories.iter().all(|memory| memory.len() == MEMORY_KEPT_MAX));
    }

    #[tokio::test]
    async fn who_finds_no_room_to_wait_is_told_so() {
        let passwords = Passwords::with(0, 1);
        let check = || passwords.check(String::new(), String::new(), || true);
        let mut first = std::pin::pin!(check());
        let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(first.as_mut().poll(cx)));
        assert!(polled.await.is_pending());
        assert_eq!(check().await, Err(Busy));
    }
}
