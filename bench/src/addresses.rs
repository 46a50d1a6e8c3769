//! Addresses: lists of a million networks beside the programs that people use
//! for them.

mod lookup;
mod starts;

use std::fmt::Write as _;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::process::{ordinary, run_measured};
use crate::table::{Row, limit, median, milliseconds};

/// Networks in a list.
const NETWORKS: usize = 1_000_000;
/// As many as Python's `ipaddress` can join in some seconds.
const NETWORKS_FOR_PYTHON: usize = 50_000;
/// Rounds in which each program has its turn.
const ROUNDS: usize = 7;
/// Nobody waits for less.
const MERGE_MAX: Duration = Duration::from_millis(300);
/// A list of a million in 32 bytes each, and as much again.
const MEMORY_MAX_BYTES: u64 = 64 << 20;

/// The installed `aggregate6`, which is in no distribution.
const AGGREGATE6: &str = "target/second-opinions/bin/aggregate6";
/// The joining that comes with Python.
const PYTHON: &str = "import sys, ipaddress
for net in ipaddress.collapse_addresses(map(ipaddress.ip_network, sys.stdin.read().split())):
    print(net)";

pub(crate) fn rows(plumb: &Path) -> io::Result<Vec<Row>> {
    let lists = Lists::make()?;
    let mut rows = Vec::new();
    rows.extend(merge(plumb, "IPv4", &lists.v4, true)?);
    rows.extend(merge(plumb, "IPv6", &lists.v6, false)?);
    rows.push(beside_python(plumb, &lists.few)?);
    rows.extend(lookup::rows(plumb, "IPv4", &lists.v4, &lists.addresses_v4)?);
    rows.extend(lookup::rows(plumb, "IPv6", &lists.v6, &lists.addresses_v6)?);
    rows.extend(starts::rows(plumb)?);
    Ok(rows)
}

/// Lists of random networks in files, as long as the value lives.
struct Lists {
    directory: PathBuf,
    v4: PathBuf,
    v6: PathBuf,
    few: PathBuf,
    addresses_v4: PathBuf,
    addresses_v6: PathBuf,
}

impl Lists {
    fn make() -> io::Result<Lists> {
        let directory =
            std::env::temp_dir().join(format!("plumb-bench-addresses-{}", std::process::id()));
        std::fs::create_dir_all(&directory)?;
        let mut random = Random(1);
        let list = |name: &str, text: String| {
            let path = directory.join(name);
            std::fs::write(&path, text).map(|()| path)
        };
        let v4 = list("v4", text(NETWORKS, || random.v4()))?;
        let v6 = list("v6", text(NETWORKS, || random.v6()))?;
        let few = list("few", text(NETWORKS_FOR_PYTHON, || random.v4()))?;
        let addresses_v4 = text(NETWORKS, || Ipv4Addr::from_bits(random.next() as u32).to_string());
        let addresses_v6 = text(NETWORKS, || random.address_v6());
        let (addresses_v4, addresses_v6) =
            (list("addresses-v4", addresses_v4)?, list("addresses-v6", addresses_v6)?);
        Ok(Lists { directory, v4, v6, few, addresses_v4, addresses_v6 })
    }
}

impl Drop for Lists {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn text(many: usize, mut network: impl FnMut() -> String) -> String {
    (0..many).fold(String::new(), |mut text, _| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", network());
        text
    })
}

/// The same numbers in every run (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// /20 to /32, anywhere.
    fn v4(&mut self) -> String {
        let (bits, host_bits) = (self.next() as u32, self.next() % 13);
        format!("{}/{}", Ipv4Addr::from_bits(bits >> host_bits << host_bits), 32 - host_bits)
    }

    /// /32 to /64 in 2000::/3.
    fn v6(&mut self) -> String {
        let (bits, host_bits) = (self.next() >> 3 | 1 << 61, self.next() % 33);
        let bits = u128::from(bits >> host_bits << host_bits) << 64;
        format!("{}/{}", Ipv6Addr::from_bits(bits), 64 - host_bits)
    }

    /// Anywhere in 2000::/3.
    fn address_v6(&mut self) -> String {
        let bits = u128::from(self.next()) << 64 | u128::from(self.next());
        Ipv6Addr::from_bits(bits >> 3 | 1 << 125).to_string()
    }
}

/// `command` with the list that it is to join.
fn joining(mut command: Command, list: &Path) -> Command {
    command.arg(list).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// `plumb ip merge`.
fn ours(plumb: &Path, list: &Path) -> Command {
    let mut command = ordinary(plumb);
    command.args(["ip", "merge"]);
    joining(command, list)
}

/// A million networks, beside `iprange` (which knows IPv4 only) and
/// `aggregate6`.
fn merge(plumb: &Path, family: &str, list: &Path, with_iprange: bool) -> io::Result<Vec<Row>> {
    let (mut times, mut memory, mut iprange) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let (took, memory_bytes) = run_measured(&mut ours(plumb, list))?;
        let theirs = match with_iprange {
            true => Some(run_measured(&mut joining(Command::new("iprange"), list))?.0),
            false => None,
        };
        if round > 0 {
            times.push(took);
            memory.push(memory_bytes);
            iprange.extend(theirs);
        }
    }
    let aggregate6 = run_measured(&mut joining(Command::new(AGGREGATE6), list))
        .map_err(|error| io::Error::other(format!("{error}; .ci/run installs {AGGREGATE6}")))?;
    let memory_bytes = memory.into_iter().max().unwrap_or_default();
    let took = median(times);
    let beside = |name: &str, theirs: Duration| {
        let ratio = theirs.as_secs_f64() / took.as_secs_f64();
        format!("{name} {} ms, {ratio:.1} times as long", milliseconds(theirs))
    };
    let mut peers = Vec::new();
    if with_iprange {
        peers.push(beside("iprange", median(iprange)));
    }
    peers.push(beside("aggregate6", aggregate6.0));
    Ok(vec![
        Row {
            peer: peers.join("; "),
            ..limit(&format!("`ip merge` of {NETWORKS} networks of {family}"), took, MERGE_MAX)
        },
        memory_row(memory_bytes, "aggregate6", aggregate6.1),
    ])
}

/// The most that was in memory at a time, in bytes.
fn memory_row(ours: u64, peer: &str, theirs: u64) -> Row {
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    Row {
        job: "memory meanwhile, at most".to_owned(),
        figure: format!("{:.0} MiB", mebibytes(ours)),
        peer: format!("{peer} {:.0} MiB", mebibytes(theirs)),
        target: format!("{:.0} MiB", mebibytes(MEMORY_MAX_BYTES)),
        reached: ours <= MEMORY_MAX_BYTES,
    }
}

/// As many networks as Python can join.
fn beside_python(plumb: &Path, list: &Path) -> io::Result<Row> {
    let (mut times, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let took = run_measured(&mut ours(plumb, list))?.0;
        let mut python = Command::new("python3");
        python.args(["-c", PYTHON]).stdin(std::fs::File::open(list)?).stdout(Stdio::null());
        let python = run_measured(&mut python)?.0;
        if round > 0 {
            times.push(took);
            theirs.push(python);
        }
    }
    let [took, theirs] = [times, theirs].map(median);
    let ratio = theirs.as_secs_f64() / took.as_secs_f64();
    Ok(Row {
        job: format!("`ip merge` of {NETWORKS_FOR_PYTHON} networks of IPv4"),
        figure: format!("{} ms", milliseconds(took)),
        peer: format!("Python's ipaddress {} ms, {ratio:.0} times as long", milliseconds(theirs)),
        target: "shorter than Python".to_owned(),
        reached: took < theirs,
    })
}
