//! How long the commands take that answer at once, beside a program that does
//! nothing.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::process::ordinary;
use crate::table::{Row, limit, median, milliseconds};

/// Rounds: a start is short, and one that is disturbed is long.
const ROUNDS: usize = 41;
/// Nobody notices less.
const START_MAX: Duration = Duration::from_millis(5);
/// A command of each kind.
const COMMANDS: [&[&str]; 5] = [
    &["ip", "192.168.1.100/24"],
    &["mac", "00:0c:29:01:02:03"],
    &["port", "443"],
    &["text", "encode", "--as", "utf-16le", "plumb"],
    &["explain", "status:404"],
];

pub(super) fn rows(plumb: &Path) -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for arguments in COMMANDS {
        let (mut times, mut nothing) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let took = start(ordinary(plumb).args(arguments))?;
            let peer = start(&mut ordinary(Path::new("/bin/true")))?;
            if round > 0 {
                times.push(took);
                nothing.push(peer);
            }
        }
        let line = arguments.join(" ");
        rows.push(Row {
            peer: format!("true {} ms", milliseconds(median(nothing))),
            ..limit(&format!("`{line}`, from start to end"), median(times), START_MAX)
        });
    }
    Ok(rows)
}

/// Runs a command to its good end.
fn start(command: &mut Command) -> io::Result<Duration> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begin = Instant::now();
    let ended = command.status()?;
    let took = begin.elapsed();
    match ended.success() {
        true => Ok(took),
        false => Err(io::Error::other(format!("{command:?} ended with {ended}"))),
    }
}
