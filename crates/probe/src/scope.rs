//! Where to record, for which hop and why, and how this run reaches the network.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use plumb_evidence::observation::PhaseName;
use plumb_evidence::{Observation, Purpose};
use plumb_sys::errno::ENETUNREACH;
pub use plumb_sys::names::Family;
use plumb_sys::options::SocketOptions;
use tokio::sync::watch;

use crate::Recorder;

/// What every operation is given.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Where everything that is seen goes.
    pub recorder: Recorder,
    /// Which hop of a chain of redirects this is for, from 0.
    pub hop: u16,
    /// Whether it belongs to the walk or to a further probe.
    pub purpose: Purpose,
    /// How the network is reached.
    pub network: Arc<Network>,
    /// Ends what waits in this scope; each records that it was abandoned.
    pub stop: Stop,
}

impl Scope {
    /// The walk of the first hop.
    pub fn new(recorder: Recorder, network: Arc<Network>) -> Scope {
        Scope { recorder, hop: 0, purpose: Purpose::Walk, network, stop: Stop::new() }
    }

    /// The same for another hop.
    #[must_use]
    pub fn hop(&self, hop: u16) -> Scope {
        Scope { hop, ..self.clone() }
    }

    /// The same for another purpose.
    #[must_use]
    pub fn purpose(&self, purpose: Purpose) -> Scope {
        Scope { purpose, ..self.clone() }
    }

    /// The same, ended by another handle.
    #[must_use]
    pub fn stopped_by(&self, stop: Stop) -> Scope {
        Scope { stop, ..self.clone() }
    }

    /// Records an observation; its number.
    pub fn record(&self, what: Observation) -> u32 {
        self.recorder.record(self.hop, self.purpose, what)
    }

    /// Nanoseconds since the run began.
    pub fn elapsed_ns(&self) -> u64 {
        self.recorder.elapsed_ns()
    }

    /// The time of the run at which `instant` was.
    pub(crate) fn ns_of(&self, instant: tokio::time::Instant) -> u64 {
        let ago = u64::try_from(instant.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.elapsed_ns().saturating_sub(ago)
    }

    /// Records a phase of the walk that ended at a time already past.
    pub(crate) fn phase_between(&self, phase: PhaseName, start_ns: u64, end_ns: u64, ok: bool) {
        if self.purpose == Purpose::Walk {
            let duration_ns = Some(end_ns.saturating_sub(start_ns));
            self.record(Observation::Phase { phase, start_ns, duration_ns, ok });
        }
    }

    /// Records that a phase of the walk began and ended. Phases belong to the
    /// walk: in another scope nothing is recorded.
    pub fn phase(&self, phase: PhaseName, start_ns: u64, ok: bool) {
        self.phase_between(phase, start_ns, self.elapsed_ns(), ok);
    }

    /// Says that the walk waits; other scopes wait unheard.
    pub(crate) fn stalled(&self, phase: PhaseName, silent_ns: u64) {
        if self.purpose == Purpose::Walk {
            self.recorder.announce_stall(self.hop, phase, silent_ns);
        }
    }

    /// The same, and records for whose answer it waits.
    pub(crate) fn waiting(&self, phase: PhaseName, addresses: Vec<SocketAddr>, silent_ns: u64) {
        if self.purpose == Purpose::Walk {
            self.record(Observation::Waiting { phase, addresses, silent_ns });
            self.stalled(phase, silent_ns);
        }
    }

    /// Where packets for `address` really go. Says so, once per address. Where
    /// addresses are mapped, one that is not leads nowhere: ENETUNREACH.
    pub fn mapped(&self, address: SocketAddr) -> io::Result<SocketAddr> {
        match self.network.map.look_up(address) {
            Some((to, first)) => {
                if first {
                    self.record(Observation::Mapped { from: address, to });
                }
                Ok(to)
            }
            None => Err(io::Error::from_raw_os_error(ENETUNREACH)),
        }
    }
}

/// How a run reaches the network.
#[derive(Debug, Default)]
pub struct Network {
    /// Addresses that stand for others.
    pub map: AddressMap,
    /// Source address of every connection, if one was asked for.
    pub source: Option<IpAddr>,
    /// Of which the addresses must be.
    pub family: Family,
    /// Further options of every TCP socket.
    pub socket: SocketOptions,
}

/// Addresses that stand for others: in the loopback lab every machine lives on
/// an address of 127.0.0.0/8.
///
/// An entry with port 0 stands for every port of its address that has no entry
/// of its own. A map with any entry is the whole network: what is neither in it
/// nor a loopback address cannot be reached.
#[derive(Debug, Default)]
pub struct AddressMap {
    entries: BTreeMap<SocketAddr, SocketAddr>,
    said: Mutex<BTreeSet<SocketAddr>>,
}

impl AddressMap {
    /// Each first address leads to the second.
    pub fn new(entries: impl IntoIterator<Item = (SocketAddr, SocketAddr)>) -> AddressMap {
        AddressMap { entries: entries.into_iter().collect(), said: Mutex::default() }
    }

    /// Whether every address leads to itself.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Where `address` leads, and whether this is to be said now.
    fn look_up(&self, address: SocketAddr) -> Option<(SocketAddr, bool)> {
        let any_port = || {
            let host = self.entries.get(&SocketAddr::new(address.ip(), 0))?;
            Some(SocketAddr::new(host.ip(), address.port()))
        };
        let Some(to) = self.entries.get(&address).copied().or_else(any_port) else {
            let passes = self.is_empty() || address.ip().is_loopback();
            return passes.then_some((address, false));
        };
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        Some((to, said.insert(address)))
    }
}

/// Ends what waits. Clones are one handle.
#[derive(Debug, Clone)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Stop {
    /// A handle that nobody has used yet.
    pub fn new() -> Stop {
        Stop(Arc::new(watch::Sender::new(false)))
    }

    /// From now on nobody waits.
    pub fn now(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was used.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Completes when [`Stop::now`] is called, at once if it was.
    pub async fn asked(&self) {
        if self.0.subscribe().wait_for(|&asked| asked).await.is_err() {
            // Cannot be: this handle holds the sender.
            std::future::pending::<()>().await;
        }
    }
}

impl Default for Stop {
    fn default() -> Self {
        Stop::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_address_is_said_once() {
        let from: SocketAddr = "192.0.2.1:443".parse().unwrap();
        let to: SocketAddr = "127.0.0.1:8443".parse().unwrap();
        let network = Network { map: AddressMap::new([(from, to)]), ..Network::default() };
        let scope = Scope::new(Recorder::new(), Arc::new(network));
        assert_eq!(scope.mapped(from).unwrap(), to);
        assert_eq!(scope.mapped(from).unwrap(), to);
        assert_eq!(scope.mapped(to).unwrap(), to);
        assert_eq!(scope.recorder.len(), 1);
    }

    #[test]
    fn a_map_is_the_whole_network() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let map = AddressMap::new([
            (address("192.0.2.1:443"), address("127.0.0.1:8443")),
            (address("192.0.2.1:0"), address("127.77.0.1:0")),
        ]);
        let network = Network { map, ..Network::default() };
        let scope = Scope::new(Recorder::new(), Arc::new(network));
        assert_eq!(scope.mapped(address("192.0.2.1:443")).unwrap(), address("127.0.0.1:8443"));
        assert_eq!(scope.mapped(address("192.0.2.1:80")).unwrap(), address("127.77.0.1:80"));
        let error = scope.mapped(address("198.51.100.1:80")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NetworkUnreachable);
        let open = Scope::new(Recorder::new(), Arc::new(Network::default()));
        assert_eq!(open.mapped(address("198.51.100.1:80")).unwrap(), address("198.51.100.1:80"));
    }

    #[tokio::test]
    async fn a_stop_is_seen_by_every_clone() {
        let stop = Stop::new();
        let clone = stop.clone();
        assert!(!clone.is_asked());
        stop.now();
        clone.asked().await;
        assert!(clone.is_asked());
    }
}
