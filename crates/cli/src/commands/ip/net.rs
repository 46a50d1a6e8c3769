//! A network that a command is about.

use ipnet::IpNet;
use plumb_wire::addr::scan::Item;

use crate::args::ip;
use crate::error::CommandError;
use crate::output;

/// Reads a network. Bits behind the prefix are masked, with a warning.
pub(super) fn masked(text: &str, quiet: bool) -> Result<IpNet, CommandError> {
    let given = ip::network(text)?;
    let network = given.trunc();
    if given != network && !quiet {
        output::warning(&format!("{text} has host bits, which were masked: {network}"));
    }
    Ok(network)
}

/// Counts the networks that had host bits.
#[derive(Debug, Default)]
pub(super) struct Masked {
    pub(super) count: u64,
    /// The first of them, where it stands, and what it is taken as.
    first: Option<String>,
}

impl Masked {
    /// `written` is the network as it was given, and `place` what stands before
    /// it: the file and the line.
    #[cold]
    pub(super) fn note(&mut self, item: &Item, written: &str, place: impl FnOnce() -> String) {
        self.count += 1;
        self.first.get_or_insert_with(|| {
            let network = item.span.networks().next().map(|net| net.to_string());
            format!("{}{written} is taken as {}", place(), network.unwrap_or_default())
        });
    }

    /// One warning for all.
    pub(super) fn warn(&self) {
        let Some(first) = &self.first else { return };
        let networks = if self.count == 1 { "network" } else { "networks" };
        let text = format!("{} {networks} had host bits, which were masked", self.count);
        output::warning(&format!("{text}; the first: {first}"));
    }
}
