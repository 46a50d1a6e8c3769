//! Side-by-side benchmarks: `cargo run --release -p plumb-bench`.
//!
//! Every figure is the median of several runs of a whole process; where a peer
//! exists, the two run in turn and the ratio of the medians is what counts.
//! The table goes to `docs/benchmarks.md`, losses included.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark reports to its terminal"
)]

use std::fmt::Write as _;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// Runs of each timed command.
const RUNS: usize = 20;
/// An ordinary user, when the benchmark itself runs as root.
const ORDINARY_ID: u32 = 54_321;
const URL: &str = "https://www.example.com/";

// What is to be reached: short enough not to be noticed by who waits for it.
const LAB_UP_MAX: Duration = Duration::from_millis(150);
const LAB_RUN_MAX: Duration = Duration::from_millis(250);
/// Of a healthy check to curl; a check says more, so it may take a little longer.
const CHECK_TO_CURL_MAX: f64 = 1.3;
/// To prove a black hole of large packets and to find its size.
const BLACKHOLE_MAX: Duration = Duration::from_secs(3);
/// To name any other fault: the connect time-out of 5 s, and 2 s more.
const FAULT_MAX: Duration = Duration::from_secs(7);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        // Runs on a machine of the lab, started by `pairs` below.
        ["inside", plumb] => inside(Path::new(plumb)),
        [] => run(),
        _ => Err(io::Error::other("usage: plumb-bench")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    let plumb = plumb_binary()?;
    let mut rows = Vec::new();
    rows.push(lab_up(&plumb)?);
    rows.push(lab_run(&plumb)?);
    rows.push(check_beside_curl(&plumb)?);
    rows.extend(faults(&plumb)?);
    let table = render(&rows);
    println!("{table}");
    std::fs::write("docs/benchmarks.md", table)
}

/// One line of the table.
struct Row {
    job: String,
    figure: String,
    peer: String,
    target: String,
    reached: bool,
}

fn lab_up(plumb: &Path) -> io::Result<Row> {
    let mut times = Vec::new();
    for run in 0..=RUNS {
        let name = format!("bench-{run}");
        let begin = Instant::now();
        succeed(ordinary(plumb).args(["lab", "up", "--name", &name]))?;
        let took = begin.elapsed();
        succeed(ordinary(plumb).args(["lab", "down", "--name", &name]))?;
        if run > 0 {
            times.push(took); // the first run warms the caches
        }
    }
    Ok(limit("`lab up` to ready", median(times), LAB_UP_MAX))
}

fn lab_run(plumb: &Path) -> io::Result<Row> {
    let mut times = Vec::new();
    for run in 0..=RUNS {
        let begin = Instant::now();
        succeed(ordinary(plumb).args(["lab", "run", "--", "true"]))?;
        if run > 0 {
            times.push(begin.elapsed());
        }
    }
    Ok(limit("`lab run -- true`, whole", median(times), LAB_RUN_MAX))
}

/// Both in turn, on machine h1 of one lab.
fn check_beside_curl(plumb: &Path) -> io::Result<Row> {
    let itself = std::env::current_exe()?;
    let output = ordinary(plumb)
        .args(["lab", "run", "--at", "h1", "--"])
        .args([itself.as_os_str(), "inside".as_ref(), plumb.as_os_str()])
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut figures = text.split_whitespace().filter_map(|word| word.parse::<f64>().ok());
    let (Some(check_ms), Some(curl_ms)) = (figures.next(), figures.next()) else {
        return Err(io::Error::other(format!("the pairs in the lab failed: {text}")));
    };
    let ratio = check_ms / curl_ms;
    Ok(Row {
        job: format!("healthy `check {URL}`"),
        figure: format!("{check_ms:.1} ms"),
        peer: format!("curl {curl_ms:.1} ms, ratio {ratio:.2}"),
        target: format!("at most {CHECK_TO_CURL_MAX} times curl"),
        reached: ratio <= CHECK_TO_CURL_MAX,
    })
}

/// Prints the medians of check and curl in milliseconds.
fn inside(plumb: &Path) -> io::Result<()> {
    let (mut check, mut curl) = (Vec::new(), Vec::new());
    for run in 0..=RUNS {
        let begin = Instant::now();
        succeed(Command::new(plumb).args(["check", "-q", URL]))?;
        let checked = begin.elapsed();
        let begin = Instant::now();
        succeed(Command::new("curl").args(["-s", "-o", "/dev/null", URL]))?;
        if run > 0 {
            check.push(checked);
            curl.push(begin.elapsed());
        }
    }
    println!("{} {}", milliseconds(median(check)), milliseconds(median(curl)));
    Ok(())
}

/// How long each fault takes to be named, the lab's own time left out.
fn faults(plumb: &Path) -> io::Result<Vec<Row>> {
    let listing = ordinary(plumb).args(["lab", "faults", "--json"]).output()?;
    let mut rows = Vec::new();
    for line in String::from_utf8_lossy(&listing.stdout).lines() {
        let record: serde_json::Value = serde_json::from_str(line).map_err(io::Error::other)?;
        let data = &record["data"];
        let (Some("fault"), Some(name)) = (record["type"].as_str(), data["name"].as_str()) else {
            continue;
        };
        let target = if name == "net.mtu-blackhole" { BLACKHOLE_MAX } else { FAULT_MAX };
        let took = time_of_verdict(plumb, data)?;
        rows.push(limit(&format!("`{name}` named"), took, target));
    }
    Ok(rows)
}

fn time_of_verdict(plumb: &Path, fault: &serde_json::Value) -> io::Result<Duration> {
    let mut command = ordinary(plumb);
    command.args(["check", "--json", "--break", fault["name"].as_str().unwrap_or_default()]);
    command.arg(format!("--lab={}", fault["check"]["at"].as_str().unwrap_or("h1")));
    for argument in fault["check"]["args"].as_array().into_iter().flatten() {
        command.arg(argument.as_str().unwrap_or_default());
    }
    for (name, value) in fault["check"]["env"].as_object().into_iter().flatten() {
        command.env(name, value.as_str().unwrap_or_default());
    }
    let output = command.output()?;
    let last_ns = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|record| record["data"]["at_ns"].as_u64())
        .max();
    Ok(Duration::from_nanos(last_ns.unwrap_or(u64::MAX / 2)))
}

fn limit(job: &str, took: Duration, target: Duration) -> Row {
    Row {
        job: job.to_owned(),
        figure: format!("{} ms", milliseconds(took)),
        peer: String::new(),
        target: format!("{} ms", target.as_millis()),
        reached: took <= target,
    }
}

fn render(rows: &[Row]) -> String {
    let mut text = String::from(
        "# Benchmarks\n\nMade by `cargo run --release -p plumb-bench`, as an ordinary user on the \
         machine\nthat last ran it. The first three rows are medians of 20 whole processes, beside a \
         peer\nin the same run where there is one: the ratio counts, not the milliseconds. The rows \
         of\nfaults are one run each, from the start of the check to its last event; where a wait \
         is\nthe proof (a SYN that nobody answers), it is as long as the time-out of 5 s.\n\n\
         | job | figure | beside | target | reached |\n| --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        let reached = if row.reached { "yes" } else { "**no**" };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {reached} |",
            row.job, row.figure, row.peer, row.target
        );
    }
    text
}

fn plumb_binary() -> io::Result<PathBuf> {
    let beside = std::env::current_exe()?.with_file_name("plumb");
    if beside.exists() {
        return Ok(beside);
    }
    Err(io::Error::other(format!(
        "{} is missing: run `cargo build --release` first",
        beside.display()
    )))
}

fn ordinary(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    if is_root() {
        command.uid(ORDINARY_ID).gid(ORDINARY_ID).env_remove("XDG_RUNTIME_DIR").env("HOME", "/tmp");
    }
    command
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|itself| itself.uid() == 0)
}

fn succeed(command: &mut Command) -> io::Result<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "{command:?} failed with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    )))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e3)
}
