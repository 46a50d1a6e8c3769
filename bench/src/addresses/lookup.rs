//! Addresses that are looked up among networks, beside `grepcidr`, which says
//! which lines match and not with what.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{NETWORKS, ROUNDS, memory_row};
use crate::process::{ordinary, run_measured};
use crate::table::{Row, limit, median, milliseconds};

/// Nobody waits for less.
const LOOKUP_MAX: Duration = Duration::from_millis(300);

/// As many addresses as networks.
pub(super) fn rows(
    plumb: &Path,
    family: &str,
    networks: &Path,
    addresses: &Path,
) -> io::Result<[Row; 2]> {
    let (mut times, mut memory, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let mut ours = ordinary(plumb);
        ours.args(["ip", "lookup", "--nets"]).arg(networks).arg(addresses);
        let (took, memory_bytes) = run_measured(quietly(&mut ours))?;
        let mut grepcidr = Command::new("grepcidr");
        grepcidr.arg("-f").arg(networks).arg(addresses);
        let peer = run_measured(quietly(&mut grepcidr))?;
        if round > 0 {
            times.push(took);
            memory.push(memory_bytes);
            theirs.push(peer);
        }
    }
    let took = median(times);
    let (their_times, their_memory): (Vec<_>, Vec<_>) = theirs.into_iter().unzip();
    let theirs = median(their_times);
    let ratio = theirs.as_secs_f64() / took.as_secs_f64();
    let most = |memory: Vec<u64>| memory.into_iter().max().unwrap_or_default();
    Ok([
        Row {
            peer: format!("grepcidr {} ms, {ratio:.1} times as long", milliseconds(theirs)),
            ..limit(
                &format!("`ip lookup` of {NETWORKS} addresses among {NETWORKS} of {family}"),
                took,
                LOOKUP_MAX,
            )
        },
        memory_row(most(memory), "grepcidr", most(their_memory)),
    ])
}

fn quietly(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}
