//! The events of one hop of the redirect chain.

use plumb_evidence::evidence::Scheme;
use plumb_evidence::observation::{Observation, PhaseName};
use plumb_evidence::{Event, Purpose, Target};

use super::Layout;
use crate::styled::{self, Line, Tone};

/// One request of the chain with the events that belong to it.
#[derive(Debug)]
pub(super) struct HopView<'a> {
    pub(super) number: u16,
    /// What the hop asks for: the target as given, or where a redirect led.
    pub(super) url: String,
    pub(super) host: String,
    pub(super) scheme: Scheme,
    /// The status with which the hop before led here.
    redirected_by: Option<u16>,
    events: Vec<&'a Event>,
    all: &'a [Event],
}

impl<'a> HopView<'a> {
    /// Every hop, in order. There is always a first one.
    pub(super) fn all(target: &Target, events: &'a [Event]) -> Vec<HopView<'a>> {
        let last = events.iter().map(|event| event.hop).max().unwrap_or(0);
        (0..=last).map(|number| HopView::new(number, target, events)).collect()
    }

    fn new(number: u16, target: &Target, all: &'a [Event]) -> HopView<'a> {
        let events: Vec<&Event> = all.iter().filter(|event| event.hop == number).collect();
        let begun = events.iter().find_map(|event| match &event.what {
            Observation::HopBegins { scheme, host, port, url } => Some((*scheme, host, *port, url)),
            _ => None,
        });
        let (scheme, host, url) = match begun {
            // The first hop is shown as the user wrote it.
            Some((scheme, host, ..)) if number == 0 => (scheme, host.clone(), target.text.clone()),
            Some((scheme, host, _, Some(url))) => (scheme, host.clone(), url.clone()),
            Some((scheme, host, port, None)) => (scheme, host.clone(), format!("{host}:{port}")),
            None => (target.scheme, target.host.clone(), target.text.clone()),
        };
        let redirected_by = all.iter().rev().find_map(|event| match &event.what {
            Observation::Redirect { status, .. } if event.hop + 1 == number => Some(*status),
            _ => None,
        });
        HopView { number, url, host, scheme, redirected_by, events, all }
    }

    /// The events of all hops.
    pub(super) fn all_events(&self) -> &'a [Event] {
        self.all
    }

    /// Whatever was seen in this hop.
    pub(super) fn seen(&self) -> impl DoubleEndedIterator<Item = &'a Observation> + '_ {
        self.events.iter().map(|event| &event.what)
    }

    /// What the walk itself saw, of its last try.
    pub(super) fn walk(&self) -> impl DoubleEndedIterator<Item = &'a Observation> + '_ {
        let retried =
            self.events.iter().rposition(|event| matches!(event.what, Observation::Retry { .. }));
        self.events[retried.map_or(0, |at| at + 1)..]
            .iter()
            .filter(|event| event.purpose == Purpose::Walk)
            .map(|event| &event.what)
    }

    /// The time of a phase, if it ended.
    pub(super) fn phase_ns(&self, wanted: PhaseName) -> Option<u64> {
        self.seen().rev().find_map(|what| match what {
            Observation::Phase { phase, duration_ns, .. } if *phase == wanted => Some(*duration_ns),
            _ => None,
        })?
    }

    /// How long the walk spent on looking up what `wanted` accepts: the time
    /// since the event before, for readings that have no duration of their own.
    pub(super) fn reading_ns(&self, wanted: impl Fn(&Observation) -> bool) -> Option<u64> {
        let at =
            self.all.iter().position(|event| event.hop == self.number && wanted(&event.what))?;
        let before = if at == 0 { 0 } else { self.all[at - 1].at_ns };
        Some(self.all[at].at_ns.saturating_sub(before))
    }

    /// The first line: what this hop asks for.
    pub(super) fn heading(&self, layout: &Layout) -> Line {
        let how = match self.redirected_by {
            Some(status) => format!("{status} led to "),
            None => String::new(),
        };
        let left = layout.columns().saturating_sub(how.len());
        Line::new().and(Tone::Faint, how).and(Tone::Strong, styled::cut(&self.url, left))
    }

    /// Whether the host is an address, so that nothing has to be resolved.
    pub(super) fn host_is_address(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<std::net::IpAddr>().is_ok()
    }
}
