//! How often one client may come: the generic cell rate algorithm in a table
//! of fixed size.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many in a time, and how many may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    count: u32,
    per: Duration,
    burst: u32,
}

impl Rate {
    /// `count` in each `per`, all of them at once if need be. None of it may
    /// be zero.
    pub fn new(count: u32, per: Duration) -> Option<Self> {
        let rate = Rate { count, per, burst: count };
        (count > 0 && rate.interval_ns() > 0).then_some(rate)
    }

    /// Lets at most `burst` come at once (at least one).
    pub fn with_burst(self, burst: u32) -> Self {
        Rate { burst: burst.max(1), ..self }
    }

    /// The time that each one uses up.
    fn interval_ns(&self) -> u64 {
        let per = u64::try_from(self.per.as_nanos()).unwrap_or(u64::MAX);
        per / u64::from(self.count)
    }
}

/// `10/s`, `100/min`, `1000/h`, and with what may come at once `10/s:50`.
impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let (rate, burst) = match text.split_once(':') {
            Some((rate, burst)) => (rate, Some(burst.parse().map_err(|_| RateError)?)),
            None => (text, None),
        };
        let (count, unit) = rate.split_once('/').ok_or(RateError)?;
        let seconds = match unit {
            "s" | "sec" | "second" => 1,
            "m" | "min" | "minute" => 60,
            "h" | "hour" => 3600,
            _ => return Err(RateError),
        };
        let count = count.parse().map_err(|_| RateError)?;
        let rate = Rate::new(count, Duration::from_secs(seconds)).ok_or(RateError)?;
        match burst {
            Some(0) => Err(RateError),
            Some(burst) => Ok(rate.with_burst(burst)),
            None => Ok(rate),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.per.as_secs() {
            1 => write!(f, "{}/s", self.count)?,
            60 => write!(f, "{}/min", self.count)?,
            3600 => write!(f, "{}/h", self.count)?,
            _ => write!(f, "{}/{:?}", self.count, self.per)?,
        }
        if self.burst == self.count { Ok(()) } else { write!(f, ":{}", self.burst) }
    }
}

/// A rate that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rate is written 10/s, 100/min or 1000/h, and with a burst 10/s:50")]
pub struct RateError;

/// Too often; come again after this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryAfter(pub Duration);

/// One client: an IPv4 address, or an IPv6 /64, which is what a subscriber is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ClientKey(u64);

impl From<IpAddr> for ClientKey {
    fn from(address: IpAddr) -> Self {
        /// `ffff::/16` is multicast (RFC 4291 section 2.7): nobody comes from there.
        const IPV4: u64 = 0xffff << 48;
        match address.to_canonical() {
            IpAddr::V4(address) => ClientKey(IPV4 | u64::from(Ipv4Addr::to_bits(address))),
            IpAddr::V6(address) => ClientKey((address.to_bits() >> 64) as u64),
        }
    }
}

/// Whom the table remembers, and when they are even again.
#[derive(Debug, Clone, Copy)]
struct Slot {
    client: ClientKey,
    /// The theoretical arrival time of the algorithm, in nanoseconds since the
    /// table was made; in the past it is as good as empty.
    even_at_ns: u64,
}

/// Remembers how often clients came, within a fixed amount of memory.
///
/// A client may be in one of [`WAYS`] places. Where all are taken by others
/// that still owe time, it takes the place of the one that owes least: a flood
/// from many addresses can make the table forgetful, never large.
pub struct RateTable {
    rate: Rate,
    /// How long one that was refused must be silent.
    silence: Duration,
    made: Instant,
    hasher: RandomState,
    sets: Box<[Mutex<[Slot; WAYS]>]>,
}

/// Two cache lines of slots.
const WAYS: usize = 8;

impl RateTable {
    /// A table for about `clients_max` clients.
    pub fn new(rate: Rate, clients_max: usize) -> Self {
        let empty = Slot { client: ClientKey(0), even_at_ns: 0 };
        let sets = clients_max.div_ceil(WAYS).max(1);
        RateTable {
            rate,
            silence: Duration::ZERO,
            made: Instant::now(),
            hasher: RandomState::new(),
            sets: (0..sets).map(|_| Mutex::new([empty; WAYS])).collect(),
        }
    }

    /// Lets in nobody who was refused before it has been silent for so long.
    pub fn with_silence(self, silence: Duration) -> Self {
        RateTable { silence, ..self }
    }

    /// Counts one of `client` now, or says when it may come again.
    ///
    /// # Errors
    /// When it came too often; it is not counted then.
    pub fn check(&self, client: IpAddr) -> Result<(), RetryAfter> {
        self.check_at(client, self.made.elapsed())
    }

    /// The same of one port of an address. A table is for either of them.
    ///
    /// # Errors
    /// As [`RateTable::check`].
    pub fn check_port(&self, peer: SocketAddr) -> Result<(), RetryAfter> {
        self.check_port_at(peer, self.made.elapsed())
    }

    pub(crate) fn check_port_at(&self, peer: SocketAddr, now: Duration) -> Result<(), RetryAfter> {
        let peer = (peer.ip().to_canonical(), peer.port());
        self.check_key_at(ClientKey(self.hasher.hash_one(peer)), now)
    }

    /// The same at a time of the caller's clock.
    pub(crate) fn check_at(&self, client: IpAddr, now: Duration) -> Result<(), RetryAfter> {
        self.check_key_at(ClientKey::from(client), now)
    }

    fn check_key_at(&self, client: ClientKey, now: Duration) -> Result<(), RetryAfter> {
        let now_ns = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let interval_ns = self.rate.interval_ns();
        // One that is even may have a burst at once: so much time it may owe.
        let owing_max_ns = interval_ns.saturating_mul(u64::from(self.rate.burst));
        let at = self.hasher.hash_one(client) as usize % self.sets.len();
        let mut set = self.sets[at].lock().unwrap_or_else(PoisonError::into_inner);
        let found = set.iter().position(|slot| slot.client == client);
        let at = found.unwrap_or_else(|| least_owing(&set));
        let even_at_ns = found.map_or(0, |at| set[at].even_at_ns).max(now_ns);
        let then_ns = even_at_ns.saturating_add(interval_ns);
        let over_ns = then_ns.saturating_sub(now_ns.saturating_add(owing_max_ns));
        if over_ns > 0 {
            let silence_ns = u64::try_from(self.silence.as_nanos()).unwrap_or(u64::MAX);
            if silence_ns > over_ns {
                let even_at_ns = even_at_ns.saturating_add(silence_ns - over_ns);
                set[at] = Slot { client, even_at_ns };
                return Err(RetryAfter(self.silence));
            }
            return Err(RetryAfter(Duration::from_nanos(over_ns)));
        }
        set[at] = Slot { client, even_at_ns: then_ns };
        Ok(())
    }
}

fn least_owing(set: &[Slot; WAYS]) -> usize {
    let least = set.iter().enumerate().min_by_key(|(_, slot)| slot.even_at_ns);
    least.map_or(0, |(at, _)| at)
}

impl fmt::Debug for RateTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateTable")
            .field("rate", &self.rate)
            .field("clients_max", &(self.sets.len() * WAYS))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_burst_and_one_past_it_and_then_one_at_a_time() {
        let table = RateTable::new("2/s:3".parse().unwrap(), 64);
        let client = address("192.0.2.1");
        let begin = Duration::from_secs(5);
        for _ in 0..3 {
            assert_eq!(table.check_at(client, begin), Ok(()));
        }
        let half = Duration::from_millis(500);
        assert_eq!(table.check_at(client, begin), Err(RetryAfter(half)));
        let just_before = begin + half - Duration::from_nanos(1);
        assert_eq!(table.check_at(client, just_before), Err(RetryAfter(Duration::from_nanos(1))));
        assert_eq!(table.check_at(client, begin + half), Ok(()));
        assert!(table.check_at(client, begin + half).is_err());
        assert_eq!(table.check_at(address("192.0.2.2"), begin), Ok(()), "another client");
    }

    #[test]
    fn what_is_refused_does_not_count() {
        let table = RateTable::new(Rate::new(1, SECOND).unwrap(), 64);
        let client = address("192.0.2.1");
        assert_eq!(table.check_at(client, SECOND), Ok(()));
        for _ in 0..100 {
            assert_eq!(table.check_at(client, SECOND), Err(RetryAfter(SECOND)));
        }
        assert_eq!(table.check_at(client, 2 * SECOND), Ok(()));
    }

    #[test]
    fn who_must_be_silent_is_let_in_when_it_was() {
        let table = RateTable::new("10/s:2".parse().unwrap(), 64).with_silence(SECOND);
        let peer = "192.0.2.1:40000".parse().unwrap();
        let at = |ms| table.check_port_at(peer, SECOND + Duration::from_millis(ms));
        assert_eq!((at(0), at(0)), (Ok(()), Ok(())));
        // 10/s would let one in every 100 ms.
        for ms in [1, 500, 999, 1998] {
            assert_eq!(at(ms), Err(RetryAfter(SECOND)), "{ms}");
        }
        assert_eq!(at(2998), Ok(()));
        let now = SECOND + Duration::from_millis(2998);
        for other in ["192.0.2.1:40001", "[::ffff:192.0.2.1]:40001", "192.0.2.2:40000"] {
            assert_eq!(table.check_port_at(other.parse().unwrap(), now), Ok(()), "{other}");
        }
        assert!(table.check_port_at("192.0.2.1:40001".parse().unwrap(), now).is_err(), "mapped");
    }

    #[test]
    fn an_ipv6_network_is_one_client_and_so_is_a_mapped_address() {
        let table = RateTable::new(Rate::new(1, SECOND).unwrap(), 64);
        for (first, second, same) in [
            ("2001:db8::1", "2001:db8::2", true),
            ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("198.51.100.1", "198.51.100.2", false),
        ] {
            assert_eq!(table.check_at(address(first), SECOND), Ok(()));
            assert_eq!(table.check_at(address(second), SECOND).is_err(), same, "{first} {second}");
        }
    }

    #[test]
    fn a_flood_from_everywhere_takes_no_memory_and_costs_no_one_service() {
        let table = RateTable::new(Rate::new(10, SECOND).unwrap(), 128);
        let places = table.sets.len() * WAYS;
        for number in 0..100_000_u32 {
            let _ = table.check_at(IpAddr::V4(Ipv4Addr::from_bits(number)), SECOND);
        }
        assert_eq!(table.sets.len() * WAYS, places);
        assert_eq!(table.check_at(address("203.0.113.1"), SECOND), Ok(()));
    }

    #[test]
    fn who_owes_most_is_remembered_longest() {
        let table = RateTable::new("100/s:2".parse().unwrap(), WAYS);
        let busy = address("192.0.2.1");
        assert!((0..3).any(|_| table.check_at(busy, SECOND).is_err()));
        for number in 0..1000_u32 {
            let _ = table.check_at(IpAddr::V4(Ipv4Addr::from_bits(number)), SECOND);
        }
        assert!(table.check_at(busy, SECOND).is_err(), "others came once, it came more often");
    }

    #[test]
    fn rates_are_written_as_people_write_them() {
        for (text, shown) in
            [("10/s", "10/s"), ("100/minute", "100/min"), ("5/h:2", "5/h:2"), ("3/s:3", "3/s")]
        {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), shown);
        }
        for text in ["", "10", "0/s", "-1/s", "10/fortnight", "10/s:0", "10/s:", "9999999999/s"] {
            assert_eq!(text.parse::<Rate>(), Err(RateError), "{text}");
        }
    }
}
