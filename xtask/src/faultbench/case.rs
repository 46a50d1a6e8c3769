//! What is measured, and the truth about it.

use plumb_evidence::{FindingId, Layer, Outcome};
use plumb_lab::faults;

/// One fresh lab, one check.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// The fault's name, or `healthy/...`.
    pub(crate) name: String,
    /// In words.
    pub(crate) title: String,
    /// The machine to check from.
    pub(crate) at: String,
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    /// What is broken in the lab.
    pub(crate) faults: Vec<String>,
    /// Commands run on machines of the lab first.
    pub(crate) setup: Vec<Setup>,
    pub(crate) truth: Truth,
}

/// A program that prepares a machine, with every capability over it.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) at: &'static str,
    pub(crate) command: &'static [&'static str],
}

/// What is really so.
#[derive(Debug, Clone)]
pub(crate) struct Truth {
    pub(crate) outcome: Outcome,
    /// Null where nothing is broken.
    pub(crate) layer: Option<Layer>,
    /// Any one of these is a right root.
    pub(crate) expect: Vec<FindingId>,
    /// Exactly these are candidates, if there are any.
    pub(crate) inseparable: Vec<FindingId>,
}

impl Truth {
    /// All is well.
    pub(crate) fn healthy() -> Truth {
        Truth { outcome: Outcome::Ok, layer: None, expect: Vec::new(), inseparable: Vec::new() }
    }
}

/// What `--quick` measures: one of each mechanism.
pub(crate) const QUICK: &[&str] = &[
    "link.interface-down",
    "net.no-default-route",
    "net.unreachable-route",
    "net.mtu-blackhole",
    "tcp.port-closed",
    "tcp.syn-dropped",
    "dns.nxdomain",
    "dns.servfail",
    "tls.cert-expired",
    "tls.plaintext",
    "tls.old-version",
    "http.server-error",
    "http.silent",
    "http.redirect-loop",
    "healthy/plain",
    "healthy/ipv4",
    "healthy/redirects",
    "healthy/large",
];

/// Every fault of the lab's catalogue, as its record says to show it.
pub(crate) fn faults() -> Vec<Case> {
    faults::ALL
        .iter()
        .map(|fault| Case {
            name: fault.name.to_owned(),
            title: fault.title.to_owned(),
            at: fault.check.at.to_owned(),
            args: fault.check.args.iter().map(|arg| (*arg).to_owned()).collect(),
            env: fault.check.env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            faults: vec![fault.name.to_owned()],
            setup: Vec::new(),
            truth: Truth {
                outcome: fault.outcome,
                layer: (fault.outcome != Outcome::Ok).then(|| fault.layer()),
                expect: fault.expect.to_vec(),
                inseparable: fault.inseparable.to_vec(),
            },
        })
        .collect()
}
