//! The lab, and checks in it.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::process::{ordinary, succeed};
use crate::table::{Row, limit, median, milliseconds};

/// Runs of each timed command.
const RUNS: usize = 20;
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

/// The lab and a healthy check: medians of whole processes.
pub(crate) fn rows(plumb: &Path) -> io::Result<Vec<Row>> {
    Ok(vec![lab_up(plumb)?, lab_run(plumb)?, check_beside_curl(plumb)?])
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
pub(crate) fn inside(plumb: &Path) -> io::Result<()> {
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
pub(crate) fn faults(plumb: &Path) -> io::Result<Vec<Row>> {
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
