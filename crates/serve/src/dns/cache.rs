//! What a resolver remembers, and for how long. The clock is the caller's.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use plumb_wire::dns::{Name, Rdata, Record, Rtype};

/// Positive answers live no longer, RFC 8767 section 4 recommends days as a cap.
const TTL_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Negative answers live no longer, RFC 2308 section 5.
const NEGATIVE_TTL_MAX: Duration = Duration::from_secs(60 * 60);
/// Entries of each kind; about 10 MB in all.
const ENTRIES_MAX: usize = 10_000;

/// What is known about a name and a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known {
    /// These records.
    Records(Vec<Record>),
    /// Another name.
    Cname(Record, Name),
    /// The name has no such record; the SOA says since which zone.
    NoData(Vec<Record>),
    /// The name does not exist.
    NxDomain(Vec<Record>),
}

/// The servers of a zone, as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Delegation {
    pub(super) zone: Name,
    pub(super) servers: Vec<NameServer>,
}

/// A name server with the addresses that came with the referral.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NameServer {
    pub(super) name: Name,
    pub(super) addresses: Vec<IpAddr>,
}

#[derive(Debug)]
struct Entry<T> {
    value: T,
    stored: Instant,
    expires: Instant,
}

/// The cache of one resolver.
#[derive(Debug, Default)]
pub(super) struct Cache {
    answers: HashMap<(Name, Rtype), Entry<Known>>,
    nonexistent: HashMap<Name, Entry<Vec<Record>>>,
    delegations: HashMap<Name, Entry<Delegation>>,
}

impl Known {
    fn records_mut(&mut self) -> Box<dyn Iterator<Item = &mut Record> + '_> {
        match self {
            Known::Cname(record, _) => Box::new(std::iter::once(record)),
            Known::Records(records) | Known::NoData(records) | Known::NxDomain(records) => {
                Box::new(records.iter_mut())
            }
        }
    }

    /// How long this may be kept: the least TTL; nothing without a SOA, RFC 2308 section 5.
    fn ttl(&self) -> Duration {
        let (records, max) = match self {
            Known::Cname(record, _) => (std::slice::from_ref(record), TTL_MAX),
            Known::Records(records) => (records.as_slice(), TTL_MAX),
            Known::NoData(soa) | Known::NxDomain(soa) => (soa.as_slice(), NEGATIVE_TTL_MAX),
        };
        let least = records.iter().map(kept_s).min().unwrap_or(0);
        Duration::from_secs(u64::from(least)).min(max)
    }
}

/// A SOA in a negative answer counts with the lesser of its TTL and its
/// minimum. RFC 2181 section 8: a TTL with the top bit set counts as 0.
fn kept_s(record: &Record) -> u32 {
    let ttl_s = if record.ttl_s > i32::MAX as u32 { 0 } else { record.ttl_s };
    match &record.data {
        Rdata::Soa(soa) => ttl_s.min(soa.minimum_s),
        _ => ttl_s,
    }
}

impl Cache {
    /// What is known about `name` and `rtype` at `now`, with TTLs that have counted down.
    pub(super) fn get(&self, name: &Name, rtype: Rtype, now: Instant) -> Option<Known> {
        let alive = |entry: &&Entry<_>| now < entry.expires;
        if let Some(entry) = self.nonexistent.get(name).filter(|entry| now < entry.expires) {
            return Some(aged(&Known::NxDomain(entry.value.clone()), entry.stored, now));
        }
        let key = (name.clone(), rtype);
        let alias = (name.clone(), Rtype::Cname);
        let direct = self.answers.get(&key).filter(alive);
        if let Some(entry) = direct {
            return Some(aged(&entry.value, entry.stored, now));
        }
        let entry = self.answers.get(&alias).filter(alive)?;
        match &entry.value {
            Known::Records(records) => match records.first() {
                Some(Record { data: Rdata::Cname(target), .. }) => {
                    let known = Known::Cname(records[0].clone(), target.clone());
                    Some(aged(&known, entry.stored, now))
                }
                _ => None,
            },
            Known::Cname(..) => Some(aged(&entry.value, entry.stored, now)),
            _ => None,
        }
    }

    /// Remembers what is known about `name` and `rtype`.
    pub(super) fn put(&mut self, name: &Name, rtype: Rtype, known: &Known, now: Instant) {
        let expires = now + known.ttl();
        match known {
            Known::NxDomain(soa) => {
                let entry = Entry { value: soa.clone(), stored: now, expires };
                insert(&mut self.nonexistent, name.clone(), entry, now);
            }
            Known::Cname(..) => {
                let entry = Entry { value: known.clone(), stored: now, expires };
                insert(&mut self.answers, (name.clone(), Rtype::Cname), entry, now);
            }
            Known::Records(_) | Known::NoData(_) => {
                let entry = Entry { value: known.clone(), stored: now, expires };
                insert(&mut self.answers, (name.clone(), rtype), entry, now);
            }
        }
    }

    /// Remembers the servers of a zone.
    pub(super) fn put_delegation(&mut self, delegation: Delegation, ttl_s: u32, now: Instant) {
        let expires = now + Duration::from_secs(u64::from(ttl_s)).min(TTL_MAX);
        let zone = delegation.zone.clone();
        let entry = Entry { value: delegation, stored: now, expires };
        insert(&mut self.delegations, zone, entry, now);
    }

    /// The closest zone above `name` whose servers are known.
    pub(super) fn closest(&self, name: &Name, now: Instant) -> Option<Delegation> {
        let mut above = Some(name.clone());
        while let Some(zone) = above {
            let entry = self.delegations.get(&zone).filter(|entry| now < entry.expires);
            if let Some(entry) = entry {
                return Some(entry.value.clone());
            }
            above = zone.parent();
        }
        None
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Cache::default();
    }
}

fn aged(known: &Known, stored: Instant, now: Instant) -> Known {
    let age_s = now.saturating_duration_since(stored).as_secs();
    let age_s = u32::try_from(age_s).unwrap_or(u32::MAX);
    let mut known = known.clone();
    known.records_mut().for_each(|record| record.ttl_s = record.ttl_s.saturating_sub(age_s));
    known
}

/// Inserts within the limit: first what is over goes, then what ends soonest.
fn insert<K: std::hash::Hash + Eq + Clone, T>(
    map: &mut HashMap<K, Entry<T>>,
    key: K,
    entry: Entry<T>,
    now: Instant,
) {
    if map.len() >= ENTRIES_MAX && !map.contains_key(&key) {
        map.retain(|_, entry| now < entry.expires);
    }
    if map.len() >= ENTRIES_MAX && !map.contains_key(&key) {
        let soonest = map.iter().min_by_key(|(_, entry)| entry.expires).map(|(key, _)| key.clone());
        soonest.and_then(|key| map.remove(&key));
    }
    map.insert(key, entry);
}

#[cfg(test)]
mod tests {
    use plumb_wire::dns::Soa;

    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn a_record(ttl_s: u32) -> Record {
        Record::new(name("www.example.com"), ttl_s, Rdata::A([192, 0, 2, 4].into()))
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn ttls_count_down_and_end() {
        let (mut cache, now) = (Cache::default(), Instant::now());
        let www = name("www.example.com");
        cache.put(&www, Rtype::A, &Known::Records(vec![a_record(60)]), now);
        let at = |s: u32| cache.get(&www, Rtype::A, now + SECOND * s);
        assert_eq!(at(0), Some(Known::Records(vec![a_record(60)])));
        assert_eq!(at(59), Some(Known::Records(vec![a_record(1)])));
        assert_eq!(at(60), None);
        assert_eq!(cache.get(&www, Rtype::Aaaa, now), None);
    }

    #[test]
    fn negative_answers_live_as_long_as_the_soa_says() {
        let (mut cache, now) = (Cache::default(), Instant::now());
        let soa = Soa { minimum_s: 30, ..Soa::default() };
        let soa = Record::new(name("example.com"), 3600, Rdata::Soa(soa));
        let no = name("no.example.com");
        cache.put(&no, Rtype::A, &Known::NxDomain(vec![soa]), now);
        let aaaa = cache.get(&no, Rtype::Aaaa, now + SECOND * 29);
        assert!(matches!(aaaa, Some(Known::NxDomain(_))), "no name has no type");
        assert_eq!(cache.get(&no, Rtype::A, now + SECOND * 30), None);
    }

    #[test]
    fn an_alias_answers_for_every_type() {
        let (mut cache, now) = (Cache::default(), Instant::now());
        let alias = name("alias.example.com");
        let target = name("www.example.com");
        let record = Record::new(alias.clone(), 60, Rdata::Cname(target.clone()));
        cache.put(&alias, Rtype::A, &Known::Cname(record, target), now);
        assert!(matches!(cache.get(&alias, Rtype::Aaaa, now), Some(Known::Cname(..))));
    }

    #[test]
    fn the_table_is_bounded() {
        let (mut cache, now) = (Cache::default(), Instant::now());
        for number in 0..=ENTRIES_MAX {
            let owner = name(&format!("n{number}.example.com"));
            let record = Record { name: owner.clone(), ..a_record(60 + number as u32) };
            cache.put(&owner, Rtype::A, &Known::Records(vec![record]), now);
        }
        assert_eq!(cache.answers.len(), ENTRIES_MAX);
        assert_eq!(cache.get(&name("n0.example.com"), Rtype::A, now), None);
    }

    #[test]
    fn the_closest_delegation_is_found() {
        let (mut cache, now) = (Cache::default(), Instant::now());
        for zone in [Name::root(), name("com")] {
            cache.put_delegation(Delegation { zone, servers: Vec::new() }, 60, now);
        }
        let found = cache.closest(&name("www.example.com"), now).unwrap();
        assert_eq!(found.zone, name("com"));
    }
}
