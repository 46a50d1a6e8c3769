//! What was read or compressed lately, within bounds.

use std::borrow::Borrow;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

/// The pages and scripts of a site.
pub(super) const CACHE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// What an entry costs beside its bytes: so that empty files are bounded, too.
const ENTRY_BYTES: usize = 256;

/// Bytes by their key. The oldest goes first when it is full; whether what is
/// here is still true is for the reader to know.
#[derive(Debug)]
pub(super) struct Cache<K, V>(Mutex<Kept<K, V>>);

/// Something with bytes.
pub(super) trait Weight: Clone {
    fn size_bytes(&self) -> usize;
}

impl Weight for Bytes {
    fn size_bytes(&self) -> usize {
        self.len()
    }
}

#[derive(Debug)]
struct Kept<K, V> {
    entries: HashMap<K, V>,
    order: VecDeque<K>,
    size_bytes: usize,
}

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        let (entries, order) = (HashMap::new(), VecDeque::new());
        Cache(Mutex::new(Kept { entries, order, size_bytes: 0 }))
    }
}

impl<K: Hash + Eq + Clone, V: Weight> Cache<K, V> {
    pub(super) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.entries.get(key).cloned()
    }

    pub(super) fn put(&self, key: K, value: V) {
        let size = |value: &V| value.size_bytes() + ENTRY_BYTES;
        if size(&value) > CACHE_BYTES_MAX {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.size_bytes += size(&value);
        match kept.entries.insert(key.clone(), value) {
            Some(old) => kept.size_bytes -= size(&old),
            None => kept.order.push_back(key),
        }
        while kept.size_bytes > CACHE_BYTES_MAX {
            let Some(oldest) = kept.order.pop_front() else { break };
            let gone = kept.entries.remove(&oldest).map_or(0, |value| size(&value));
            kept.size_bytes -= gone;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_when_it_is_full() {
        let cache = Cache::default();
        let half = Bytes::from(vec![0; CACHE_BYTES_MAX / 2 - ENTRY_BYTES]);
        cache.put(1, half.clone());
        cache.put(2, half.clone());
        // In place of what is there: nothing goes.
        cache.put(2, half);
        assert!(cache.get(&1).is_some());
        cache.put(3, Bytes::new());
        assert!(cache.get(&1).is_none());
        assert!(cache.get(&2).is_some());
        cache.put(4, Bytes::from(vec![0; CACHE_BYTES_MAX]));
        assert!(cache.get(&4).is_none());
        assert!(cache.get(&3).is_some());
    }
}
