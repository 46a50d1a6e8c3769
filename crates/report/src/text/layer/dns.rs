//! What the name resolves to, and who said so.

use plumb_evidence::Layer;
use plumb_evidence::observation::{DnsOutcome, Observation, PhaseName, SystemResult};

use super::{Mark, Row};
use crate::text::hop::HopView;
use crate::text::words;

pub(super) fn row(hop: &HopView<'_>) -> Option<Row> {
    if hop.host_is_address() {
        return Some(Row::new(Layer::Dns, Mark::Idle, "an address: nothing to look up"));
    }
    let took = hop.phase_ns(PhaseName::Dns);
    let given = hop.walk().find_map(|what| match what {
        Observation::AddressesGiven { name, addresses } => Some((name, addresses)),
        _ => None,
    });
    if let Some((name, addresses)) = given {
        let text = format!("{name} was given as {}", words::addresses(addresses));
        return Some(Row::new(Layer::Dns, Mark::Good, text).took(took));
    }
    let system = hop.walk().rev().find_map(|what| match what {
        Observation::SystemAnswer { name, result, duration_ns, .. } => {
            Some((name, result, *duration_ns))
        }
        _ => None,
    });
    let Some((name, result, duration_ns)) = system else {
        return from_dns(hop).map(|row| row.took(took));
    };
    let row = match result {
        SystemResult::Addresses { addresses } => {
            Row::new(Layer::Dns, Mark::Good, format!("{name} is {}", words::addresses(addresses)))
        }
        SystemResult::Failed { eai_name, text, .. } => {
            Row::new(Layer::Dns, Mark::Bad, format!("{text} ({eai_name})"))
        }
        SystemResult::TimedOut => {
            Row::new(Layer::Dns, Mark::Bad, words::within("no answer", duration_ns))
        }
        SystemResult::Abandoned => from_dns(hop)?,
    };
    Some(row.took(took.or(Some(duration_ns))))
}

/// The walk did not need the system's resolver: what DNS itself said.
fn from_dns(hop: &HopView<'_>) -> Option<Row> {
    let mut addresses = Vec::new();
    let mut trouble = None;
    for what in hop.walk() {
        let Observation::Dns(exchange) = what else { continue };
        match &exchange.outcome {
            DnsOutcome::Reply(reply) if reply.rcode_raw == 0 => {
                let records = reply.answers.iter().filter(|r| r.rtype == "A" || r.rtype == "AAAA");
                addresses.extend(records.map(|record| record.data.clone()));
            }
            outcome => {
                trouble = Some(format!(
                    "{} from {}",
                    words::dns(outcome),
                    words::server(exchange.server, 53)
                ))
            }
        }
    }
    if !addresses.is_empty() {
        let text = format!("{} is {}", hop.host, words::list(addresses, 2));
        return Some(Row::new(Layer::Dns, Mark::Good, text));
    }
    trouble.map(|text| Row::new(Layer::Dns, Mark::Bad, text))
}
