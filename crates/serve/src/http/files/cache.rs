//! Compressed files that were asked for lately.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use super::coding::Coding;
use super::validator::Version;

/// The pages and scripts of a site, compressed.
pub(super) const CACHE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Compressed bytes by the version that they were made of; a changed file is
/// another version, so nothing here is ever stale. The oldest goes first.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    by_version: HashMap<(Version, Coding), Bytes>,
    order: VecDeque<(Version, Coding)>,
    size_bytes: usize,
}

impl Cache {
    pub(super) fn get(&self, version: Version, coding: Coding) -> Option<Bytes> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.by_version.get(&(version, coding)).cloned()
    }

    pub(super) fn put(&self, version: Version, coding: Coding, bytes: Bytes) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes.len() > CACHE_BYTES_MAX || kept.by_version.contains_key(&(version, coding)) {
            return;
        }
        kept.size_bytes += bytes.len();
        kept.by_version.insert((version, coding), bytes);
        kept.order.push_back((version, coding));
        while kept.size_bytes > CACHE_BYTES_MAX {
            let Some(oldest) = kept.order.pop_front() else { break };
            let gone = kept.by_version.remove(&oldest).map_or(0, |bytes| bytes.len());
            kept.size_bytes -= gone;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(inode: u64) -> Version {
        Version { device: 1, inode, size_bytes: 1, modified_unix_s: 0, changed_unix_ns: 0 }
    }

    #[test]
    fn the_oldest_goes_when_it_is_full() {
        let cache = Cache::default();
        let half = Bytes::from(vec![0; CACHE_BYTES_MAX / 2]);
        for inode in 1..=2 {
            cache.put(version(inode), Coding::Gzip, half.clone());
        }
        assert!(cache.get(version(1), Coding::Gzip).is_some());
        assert!(cache.get(version(1), Coding::Zstd).is_none());
        cache.put(version(3), Coding::Gzip, Bytes::from_static(b"x"));
        assert!(cache.get(version(1), Coding::Gzip).is_none());
        assert!(cache.get(version(2), Coding::Gzip).is_some());
        cache.put(version(4), Coding::Gzip, Bytes::from(vec![0; CACHE_BYTES_MAX + 1]));
        assert!(cache.get(version(4), Coding::Gzip).is_none());
        assert!(cache.get(version(3), Coding::Gzip).is_some());
    }
}
