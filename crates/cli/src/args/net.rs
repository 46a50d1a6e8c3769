//! How the network is used.

use std::time::Duration;

use clap::Args;
use plumb_check::Family;
use plumb_check::request::TIMEOUT_DEFAULT;

use super::duration;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Network")]
pub struct NetArgs {
    /// Use IPv4 only
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    pub ipv4: bool,

    /// Use IPv6 only
    #[arg(short = '6', long)]
    pub ipv6: bool,

    /// Wait at most this long for one phase, such as 500ms or 2s
    #[arg(long, value_name = "DUR", default_value = duration::text(TIMEOUT_DEFAULT), value_parser = duration::parse)]
    pub timeout: Duration,
}

impl NetArgs {
    pub fn family(&self) -> Family {
        match (self.ipv4, self.ipv6) {
            (true, _) => Family::V4,
            (_, true) => Family::V6,
            _ => Family::Any,
        }
    }
}
