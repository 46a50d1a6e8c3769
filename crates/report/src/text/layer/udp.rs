//! The datagram, and what came back.

use plumb_evidence::Layer;
use plumb_evidence::observation::{Observation, UdpOutcome};

use super::{Mark, Row};
use crate::text::hop::HopView;
use crate::text::words;
use crate::units;

pub(super) fn row(hop: &HopView<'_>) -> Option<Row> {
    hop.walk().rev().find_map(|what| {
        let Observation::UdpExchange { address, sent_bytes, outcome, icmp, duration_ns, .. } = what
        else {
            return None;
        };
        let (mark, text) = match outcome {
            UdpOutcome::Reply { size_bytes } => {
                (Mark::Good, format!("{address} answered {}", units::size(u64::from(*size_bytes))))
            }
            UdpOutcome::Silence => {
                (Mark::Doubt, format!("{sent_bytes} bytes sent to {address}, no answer"))
            }
            UdpOutcome::Failed { errno_name, .. } => match icmp.last() {
                Some(error) => (Mark::Bad, words::icmp_said(error)),
                None => (Mark::Bad, format!("{address} failed with {errno_name}")),
            },
        };
        Some(Row::new(Layer::Udp, mark, text).took(Some(*duration_ns)))
    })
}
