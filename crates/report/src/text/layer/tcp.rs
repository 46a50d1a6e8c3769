//! The connection, and the addresses that were tried for it.

use plumb_evidence::Layer;
use plumb_evidence::observation::{ConnectAttempt, ConnectOutcome, Observation, PhaseName};

use super::{Mark, Row};
use crate::text::hop::HopView;
use crate::text::words;
use crate::units;

pub(super) fn row(hop: &HopView<'_>) -> Option<Row> {
    let attempts: Vec<&ConnectAttempt> = hop
        .walk()
        .filter_map(|what| match what {
            Observation::Connect(attempt) => Some(attempt),
            _ => None,
        })
        .collect();
    let connected = attempts
        .iter()
        .find(|attempt| attempt.chosen)
        .or_else(|| attempts.iter().find(|attempt| attempt.outcome == ConnectOutcome::Connected));
    let took = hop.phase_ns(PhaseName::Tcp);
    if let Some(attempt) = connected {
        let rtt = attempt.tcp.as_ref().filter(|tcp| tcp.rtt_us > 0);
        let rtt = rtt
            .map(|tcp| format!(", round trip {}", units::duration(u64::from(tcp.rtt_us) * 1000)));
        let mapped = hop.seen().find_map(|what| match what {
            Observation::Mapped { from, to } if *from == attempt.address => {
                Some(format!(" (here {to})"))
            }
            _ => None,
        });
        let (mapped, rtt) = (mapped.unwrap_or_default(), rtt.unwrap_or_default());
        let text = format!("connected to {}{mapped}{rtt}", attempt.address);
        return Some(
            Row::new(Layer::Tcp, Mark::Good, text).took(took.or(Some(attempt.duration_ns))),
        );
    }
    let tried = |attempt: &&&ConnectAttempt| attempt.outcome != ConnectOutcome::Abandoned;
    let failed = attempts.iter().find(tried)?;
    let ended = match failed.outcome {
        ConnectOutcome::TimedOut => words::within("no answer", failed.duration_ns),
        _ => words::connect(&failed.outcome, &failed.icmp),
    };
    let others = match attempts.len() {
        1 => String::new(),
        2 => " and 1 more".to_owned(),
        n => format!(" and {} more", n - 1),
    };
    Some(Row::new(Layer::Tcp, Mark::Bad, format!("{}{others}: {ended}", failed.address)).took(took))
}
