//! A network that a command is about.

use ipnet::IpNet;
use plumb_report::{Line, Tone};

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
