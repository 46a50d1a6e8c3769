//! Which routers answer on the way, with TCP to the real port.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use plumb_evidence::Observation;
use plumb_evidence::observation::{HopOutcome, HopProbe, HopProtocol, IcmpError, IcmpOrigin};
use plumb_sys::errqueue::{Origin, SocketError};
use plumb_sys::tcp::{self, DialOptions, DialOutcome, DialReport};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::policy::{HOP_WAIT, HOP_WAVE_MIN};
use crate::{Deadline, Scope, dial, kernel};

/// The farthest router that is asked for: what traceroute asks for, and more
/// than almost every path has.
const HOPS_MAX: u8 = 30;

/// Probes of one wave. A router answers at most six at once and then one a
/// second (Linux, icmp_ratelimit), and one that rejects answers every probe
/// that would pass it.
const WAVE: u8 = 5;

/// Hops in a row, behind the last that answered, after which nobody farther is
/// asked: a destination that is silent would fill the rest with silence. Real
/// paths hide some routers in a row (tunnels, carriers), hardly ever ten.
const SILENT_MAX: u8 = 10;

/// Sends TTL-limited connects in waves, records one `Hop` for each in the order
/// of the path up to the first that ended it (the destination, or whoever
/// rejects), and gives them back. Where nobody ends it, it ends ten
/// hops behind the last answer.
pub async fn trace(scope: &Scope, destination: SocketAddr, deadline: Deadline) -> Vec<HopProbe> {
    let mut trace = Trace {
        scope,
        destination,
        probing: JoinSet::new(),
        started: BTreeMap::new(),
        seen: BTreeMap::new(),
        longest: Duration::ZERO,
    };
    let mut next = 1;
    while next <= HOPS_MAX && trace.end().is_none() && !deadline.has_passed() {
        if next > trace.farthest() + SILENT_MAX {
            // Perhaps they are far away rather than silent.
            trace.collect_one(deadline.within(HOP_WAIT)).await;
            if next > trace.farthest() + SILENT_MAX {
                break;
            }
        }
        let last = next.saturating_add(WAVE - 1).min(HOPS_MAX);
        for ttl in next..=last {
            trace.start(ttl, deadline);
        }
        next = last + 1;
        // All of a wave answer at once, or somebody in it is silent, for whom
        // the next wave does not wait.
        trace.collect(Deadline::after(trace.patience()).min(deadline)).await;
    }
    let rest = match trace.end() {
        Some(_) => trace.patience(),
        None => HOP_WAIT,
    };
    trace.collect(deadline.within(rest)).await;
    trace.finish(next)
}

struct Trace<'a> {
    scope: &'a Scope,
    destination: SocketAddr,
    probing: JoinSet<(u8, HopOutcome, Duration)>,
    started: BTreeMap<u8, Instant>,
    seen: BTreeMap<u8, (HopOutcome, Duration)>,
    /// The longest round trip of an answer so far.
    longest: Duration,
}

impl Trace<'_> {
    fn start(&mut self, ttl: u8, deadline: Deadline) {
        let to = self.scope.mapped(self.destination);
        let options = to.as_ref().map(|&to| DialOptions {
            ttl: Some(ttl),
            // No second SYN: it would count against the routers' budgets.
            syn_count: Some(1),
            timeout: deadline.remaining().min(HOP_WAIT),
            ..dial::options(self.scope, to, deadline)
        });
        let options = options.unwrap_or_default();
        self.started.insert(ttl, Instant::now());
        self.probing.spawn(async move {
            let report = match to {
                Ok(to) => tcp::dial(to, &options).await,
                Err(error) => Err(error),
            };
            let duration = report.as_ref().map_or(Duration::ZERO, |report| report.duration);
            (ttl, outcome(report.as_ref()), duration)
        });
    }

    /// How long an answer may still take, judged by those that came.
    fn patience(&self) -> Duration {
        (self.longest * 3).max(HOP_WAVE_MIN)
    }

    /// Takes what answers until then; nothing is left to wait for when all did.
    async fn collect(&mut self, until: Deadline) {
        while self.take_one(until).await {}
    }

    /// Takes one more answer or silence; false when there is none by then.
    async fn take_one(&mut self, until: Deadline) -> bool {
        let Ok(Some(joined)) = until.run(self.probing.join_next()).await else { return false };
        if let Ok((ttl, outcome, duration)) = joined {
            if outcome != HopOutcome::Silent {
                self.longest = self.longest.max(duration);
            }
            self.seen.insert(ttl, (outcome, duration));
        }
        true
    }

    /// Waits until one more hop answered, or all were waited for.
    async fn collect_one(&mut self, until: Deadline) {
        let before = self.farthest();
        while self.farthest() == before && !self.probing.is_empty() && !until.has_passed() {
            self.take_one(until).await;
        }
    }

    /// The farthest hop that answered.
    fn farthest(&self) -> u8 {
        let answered = |outcome: &HopOutcome| *outcome != HopOutcome::Silent;
        let mut hops = self.seen.iter().rev().filter(|(_, (outcome, _))| answered(outcome));
        hops.next().map_or(0, |(&ttl, _)| ttl)
    }

    /// The nearest hop that ended the path.
    fn end(&self) -> Option<u8> {
        self.seen.iter().find(|(_, (outcome, _))| ends(outcome)).map(|(&ttl, _)| ttl)
    }

    /// Records every hop below `next` up to the end.
    fn finish(mut self, next: u8) -> Vec<HopProbe> {
        let last = self.end().unwrap_or(next - 1);
        let hops = (1..=last).map(|ttl| {
            // Whoever has not answered by now was waited for this long.
            let waited = self.started.get(&ttl).map_or(Duration::ZERO, Instant::elapsed);
            let (outcome, duration) =
                self.seen.remove(&ttl).unwrap_or((HopOutcome::Silent, waited));
            let hop = HopProbe {
                destination: self.destination,
                protocol: HopProtocol::Tcp,
                ttl,
                outcome,
                duration_ns: u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX),
            };
            self.scope.record(Observation::Hop(hop.clone()));
            hop
        });
        hops.collect()
    }
}

const fn ends(outcome: &HopOutcome) -> bool {
    !matches!(outcome, HopOutcome::TimeExceeded { .. } | HopOutcome::Silent)
}

fn outcome(report: Result<&DialReport, &io::Error>) -> HopOutcome {
    let report = match report {
        Ok(report) => report,
        Err(error) => return HopOutcome::Icmp { error: own_error(error) },
    };
    match (&report.outcome, report.errors.first()) {
        (DialOutcome::Connected(_), _) => HopOutcome::Connected,
        (_, Some(error)) => match error.offender.filter(|_| is_time_exceeded(error)) {
            Some(router) => HopOutcome::TimeExceeded { router, reply_ttl: error.reply_ttl },
            None => HopOutcome::Icmp { error: kernel::icmp_error(error) },
        },
        (DialOutcome::Failed(error), None) if error.kind() == io::ErrorKind::ConnectionRefused => {
            HopOutcome::Refused
        }
        (DialOutcome::Failed(error), None) => HopOutcome::Icmp { error: own_error(error) },
        (DialOutcome::TimedOut, None) => HopOutcome::Silent,
    }
}

/// In transit (code 0), RFC 792 and RFC 4443 section 3.3.
fn is_time_exceeded(error: &SocketError) -> bool {
    match error.origin {
        Origin::Icmp => error.icmp_type == 11,
        Origin::Icmp6 => error.icmp_type == 3,
        Origin::Local => false,
    }
}

/// This host itself would not send the probe.
fn own_error(error: &io::Error) -> IcmpError {
    let (errno, _) = kernel::errno(error);
    IcmpError {
        origin: IcmpOrigin::Local,
        offender: None,
        offender_is_self: true,
        icmp_type: 0,
        icmp_code: 0,
        errno,
        mtu_bytes: None,
        reply_ttl: None,
        after_ns: 0,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Network, Recorder};

    #[tokio::test]
    async fn a_destination_one_hop_away_ends_the_path() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap();
        let scope = Scope::new(Recorder::new(), Arc::new(Network::default()));
        let soon = Deadline::after(Duration::from_secs(20));
        let hops = trace(&scope, open, soon).await;
        assert_eq!(hops.len(), 1);
        assert_eq!((hops[0].ttl, &hops[0].outcome), (1, &HopOutcome::Connected));
        drop(listener);
        let hops = trace(&scope, open, soon).await;
        assert_eq!((hops.len(), &hops[0].outcome), (1, &HopOutcome::Refused));
        assert_eq!(scope.recorder.len(), 2);
    }
}
