//! A box on the path swallows every ClientHello.

use plumb_evidence::{FindingId, Outcome};

use crate::faults::change::Change;
use crate::faults::filter::{FilterVerdict, Rules};
use crate::faults::param::{PORT, ParamSpec};
use crate::faults::place::Places;
use crate::faults::spec::{Check, FaultSpec, Page};
use crate::faults::{FaultError, Given};

pub(in crate::faults) static FAULT: FaultSpec = FaultSpec {
    name: "tls.hello-dropped",
    row: Some(97),
    title: "the ClientHello is dropped on the path",
    page: Page {
        what: "A firewall on the path drops the first packet of every TLS handshake, and \
            lets everything else on the port through.",
        wire: "TCP connects; the ClientHello is sent again and again and never \
            acknowledged. Plain bytes on the same port are.",
        undo: "The filter is removed.",
    },
    params: &[ParamSpec { key: "port", kind: PORT, default: "443", help: "the TCP port" }],
    place: Some("example"),
    places: Places::ANYWHERE,
    check: Check::WWW,
    outcome: Outcome::Broken,
    expect: &[FindingId::TlsHelloDropped],
    inseparable: &[],
    loopback: false,
    changes,
};

fn changes(given: &Given<'_>) -> Result<Vec<Change>, FaultError> {
    let rules = Rules::all().to_tcp_port(given.integer("port")?).tls_handshake();
    Ok(vec![given.filter(rules, FilterVerdict::Drop)?])
}
