//! Side-by-side benchmarks: `cargo run --release -p plumb-bench`.
//!
//! Where a peer exists, the two run in turn and the ratio of the medians is
//! what counts. The tables go to `docs/benchmarks.md`, losses included. With
//! the name of a section (`lab`, `faults`, `servers`, `clients`, `addresses`) only that one
//! is measured again.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark reports to its terminal"
)]

mod addresses;
mod bare;
mod clients;
mod lab;
mod load;
mod process;
mod servers;
mod table;

use std::io;
use std::path::Path;
use std::process::ExitCode;

use process::plumb_binary;
use table::{put, section};

/// The page that holds the last tables.
const PAGE: &str = "docs/benchmarks.md";
const SECTIONS: [&str; 5] = ["lab", "faults", "servers", "clients", "addresses"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        // Runs on a machine of the lab, started by `lab` below.
        ["inside", plumb] => lab::inside(Path::new(plumb)),
        // A server of the benchmarks' own, started by `servers` below.
        ["bare-echo", address] => address.parse().map_err(io::Error::other).and_then(bare::echo),
        [] => SECTIONS.iter().try_for_each(|name| measure(name)),
        ref names if names.iter().all(|name| SECTIONS.contains(name)) => {
            names.iter().try_for_each(|name| measure(name))
        }
        _ => Err(io::Error::other(format!("usage: plumb-bench [{}]", SECTIONS.join("|")))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures one section and writes it into the page.
fn measure(name: &str) -> io::Result<()> {
    let plumb = plumb_binary()?;
    let (heading, about, rows) = match name {
        "lab" => {
            ("The lab, and a healthy check", "Medians of 20 whole processes.", lab::rows(&plumb)?)
        }
        "faults" => (
            "Faults",
            "One run each, from the start of the check to its last event; where a wait is the\n\
             proof (a SYN that nobody answers), it is as long as the time-out of 5 s.",
            lab::faults(&plumb)?,
        ),
        "servers" => (
            "Servers",
            "Loads on loopback, client and server on the same cores. Every server of plumb has\n\
             its limits, its log and, for HTTP, its metrics on; medians of the rounds.",
            servers::rows(&plumb)?,
        ),
        "addresses" => (
            "Addresses",
            "Whole processes on lists of random networks as text: IPv4 of /20 to /32, IPv6 of /32\n\
             to /64. Medians; aggregate6 runs once.",
            addresses::rows(&plumb)?,
        ),
        _ => ("Clients", "Medians of whole processes on loopback.", clients::rows(&plumb)?),
    };
    let section = section(heading, about, &rows);
    println!("{section}");
    let page = std::fs::read_to_string(PAGE).unwrap_or_default();
    std::fs::write(PAGE, put(&page, &section))
}
