//! A network that a command is about.

use ipnet::IpNet;
use plumb_report::{Line, Tone};
use plumb_wire::addr::scan::Item;

use crate::args::ip;
use crate::error::CommandError;
use crate::output;

/// Reads a network. Bits behind the prefix are masked, with a warning.
pub(super) fn masked(text: &str, quiet: bool) -> Result<IpNet, CommandError> {
    let given = ip::network(text)?;
    let network = given.trunc();
    if given != network && !quiet {
        let text = format!(": {text} has host bits, which were masked: {network}");
        output::tell(&[Line::new().and(Tone::Warning, "warning").and(Tone::Plain, text)]);
    }
    Ok(network)
}

/// Counts the networks of a file that had host bits.
#[derive(Debug, Default)]
pub(super) struct Masked {
    pub(super) count: u64,
    /// The first of them, and what it is taken as.
    first: Option<String>,
}

impl Masked {
    #[cold]
    pub(super) fn note(&mut self, item: &Item, written: &[u8]) {
        self.count += 1;
        self.first.get_or_insert_with(|| {
            let network = item.span.networks().next().map(|net| net.to_string());
            let written = String::from_utf8_lossy(written);
            format!("{written} is taken as {}", network.unwrap_or_default())
        });
    }

    /// One warning for all.
    pub(super) fn warn(&self, name: &str) {
        let Some(first) = &self.first else { return };
        let many = match self.count {
            1 => "1 network had host bits, which were masked".to_owned(),
            count => format!("{count} networks had host bits, which were masked; the first"),
        };
        let text = format!(": {name}: {many}: {first}");
        output::tell(&[Line::new().and(Tone::Warning, "warning").and(Tone::Plain, text)]);
    }
}
