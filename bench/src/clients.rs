//! Clients beside curl.

use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::process::{ordinary, run_measured, succeed};
use crate::servers::{curl, large_file_server};
use crate::table::{Row, limit, median};

/// Rounds in which each client has its turn.
const ROUNDS: usize = 5;
/// Runs of a command whose start is timed.
const STARTS: usize = 40;
/// No person notices it, and a loop in a shell hardly.
const START_MAX: Duration = Duration::from_millis(5);

pub(crate) fn rows(plumb: &Path) -> io::Result<Vec<Row>> {
    let mut rows = download(plumb)?;
    rows.extend(starts(plumb)?);
    Ok(rows)
}

/// A gibibyte from nginx, thrown away.
fn download(plumb: &Path) -> io::Result<Vec<Row>> {
    let (server, directory) = large_file_server()?;
    let url = format!("http://{}/large.bin", server.address);
    let (mut ours, mut theirs, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let (took, memory_bytes) = plumb_download(plumb, &url)?;
        let curled = curl(server.address)?;
        if round > 0 {
            ours.push(took);
            theirs.push(curled);
            memory.push(memory_bytes);
        }
    }
    drop(server);
    std::fs::remove_dir_all(directory)?;
    let [ours, theirs] = [ours, theirs].map(|times| 1.0 / median(times).as_secs_f64());
    let most = memory.into_iter().max().unwrap_or_default() as f64 / f64::from(1 << 20);
    Ok(vec![
        Row {
            job: "`http` download of 1 GiB".to_owned(),
            figure: format!("{ours:.2} GiB/s"),
            peer: format!("curl {theirs:.2} GiB/s, ratio {:.2}", ours / theirs),
            target: "at least 0.9 of curl's rate".to_owned(),
            reached: ours / theirs >= 0.9,
        },
        Row {
            job: "memory meanwhile, at most".to_owned(),
            figure: format!("{most:.0} MiB"),
            peer: String::new(),
            target: "constant: below 64 MiB".to_owned(),
            reached: most < 64.0,
        },
    ])
}

/// How long it takes, and the most memory that it held at once.
fn plumb_download(plumb: &Path, url: &str) -> io::Result<(Duration, u64)> {
    let mut command = ordinary(plumb);
    command.args(["http", "GET", url, "-o", "/dev/null"]);
    run_measured(command.stdout(Stdio::null()).stderr(Stdio::null()))
}

/// Whole processes that do next to nothing.
fn starts(plumb: &Path) -> io::Result<Vec<Row>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let open = format!("tcp://{}", listener.local_addr()?);
    let jobs: [(&str, &[&str]); 3] = [
        ("`http --offline`, whole", &["http", "--offline", "GET", "http://127.0.0.1/"]),
        ("`url`, whole", &["url", "https://www.example.com/a?b=c"]),
        ("`connect -z`, whole", &["connect", "-z", &open]),
    ];
    // The last is a program that does nothing at all: what the system takes.
    let mut nothing = Command::new("true");
    let mut commands = jobs.map(|(_, arguments)| {
        let mut command = ordinary(plumb);
        command.args(arguments);
        command
    });
    let mut times = vec![Vec::new(); jobs.len() + 1];
    // In turn, so that a busy moment of the machine falls on all of them.
    for run in 0..=STARTS {
        let commands = commands.iter_mut().chain(std::iter::once(&mut nothing));
        for (times, command) in times.iter_mut().zip(commands) {
            let begin = Instant::now();
            succeed(command)?;
            if run > 0 {
                times.push(begin.elapsed());
            }
        }
    }
    let floor_ms = times.pop().map(median).unwrap_or_default().as_secs_f64() * 1e3;
    let row = |((name, _), times)| Row {
        peer: format!("`true` {floor_ms:.1} ms"),
        ..limit(name, median(times), START_MAX)
    };
    Ok(jobs.into_iter().zip(times).map(row).collect())
}
