//! What every server takes: where it listens, what it allows, what it records.

use std::time::Duration;

use clap::Args;

use super::duration;
use super::listen::ListenAddress;
use super::output::OutputArgs;

/// All groups of a server.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    pub listen: ListenArgs,

    #[command(flatten)]
    pub limits: LimitArgs,

    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Listening")]
pub struct ListenArgs {
    /// Listen on ADDR: a port, HOST:PORT, tcp://, udp:// or tls://HOST:PORT,
    /// unix:/path; port 0 lets the system choose (can be repeated)
    #[arg(long, value_name = "ADDR", value_parser = ListenAddress::parse)]
    pub listen: Vec<ListenAddress>,
}

/// Longer than most requests take, shorter than a service manager waits
/// (systemd: 90 s) before it kills.
pub const DRAIN_DEFAULT: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// When told to stop, wait at most this long for open connections
    #[arg(long, value_name = "DUR", default_value = duration::text(DRAIN_DEFAULT), value_parser = duration::parse)]
    pub drain: Duration,
}
