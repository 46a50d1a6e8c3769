//! What this process uses: time, memory, descriptors.

use std::fs;
use std::io;

use nix::sys::resource::{Resource, getrlimit};
use nix::unistd::{SysconfVar, sysconf};

/// What this process uses now, see proc(5).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// User and system time, in seconds.
    pub cpu_s: f64,
    /// Resident memory.
    pub resident_bytes: u64,
    /// Virtual memory.
    pub virtual_bytes: u64,
    /// Open file descriptors.
    pub open_descriptors: u64,
    /// Threads.
    pub threads: u64,
    /// When the process began, in seconds since 1970.
    pub start_unix_s: f64,
}

/// Clock ticks a second in /proc, unless sysconf says otherwise.
const TICKS_PER_S: f64 = 100.0;

impl Usage {
    /// Reads it.
    ///
    /// # Errors
    /// When /proc cannot be read.
    pub fn now() -> io::Result<Usage> {
        let stat = fs::read_to_string("/proc/self/stat")?;
        let booted = fs::read_to_string("/proc/stat")
            .ok()
            .and_then(|text| boot_unix_s(&text))
            .unwrap_or_default();
        let ticks = sysconf(SysconfVar::CLK_TCK).ok().flatten().map_or(TICKS_PER_S, |n| n as f64);
        let page = sysconf(SysconfVar::PAGE_SIZE).ok().flatten().unwrap_or(4096);
        let mut usage = of_stat(&stat, ticks, page.unsigned_abs(), booted)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "/proc/self/stat"))?;
        // One of them is the directory itself while it is read.
        let open = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        usage.open_descriptors = open.saturating_sub(1) as u64;
        Ok(usage)
    }
}

/// Fields are counted as in proc(5), from 1; the name before field 3 may hold
/// spaces and brackets.
fn of_stat(stat: &str, ticks: f64, page_bytes: u64, boot_unix_s: f64) -> Option<Usage> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Usage {
        cpu_s: (number(14)? + number(15)?) as f64 / ticks,
        threads: number(20)?,
        start_unix_s: boot_unix_s + number(22)? as f64 / ticks,
        virtual_bytes: number(23)?,
        resident_bytes: number(24)? * page_bytes,
        open_descriptors: 0,
    })
}

fn boot_unix_s(stat: &str) -> Option<f64> {
    let line = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
    line.trim().parse().ok()
}

/// How many descriptors this process may have open (RLIMIT_NOFILE, soft).
pub fn descriptors_max() -> usize {
    /// What Linux gives where nobody sets anything.
    const USUAL: usize = 1024;
    getrlimit(Resource::RLIMIT_NOFILE)
        .map_or(USUAL, |(soft, _)| usize::try_from(soft).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_proc_is_read_by_its_fields() {
        let stat = "7 (a ) b) S 1 1 1 0 -1 4194560 9 0 0 0 250 50 0 0 20 0 3 0 4200 1048576 256 1";
        let usage = of_stat(stat, 100.0, 4096, 1000.0).expect("read");
        assert_eq!((usage.cpu_s, usage.threads, usage.start_unix_s), (3.0, 3, 1042.0));
        assert_eq!((usage.virtual_bytes, usage.resident_bytes), (1 << 20, 1 << 20));
        assert_eq!(of_stat("7 (x) S 1", 100.0, 4096, 0.0), None);
        assert_eq!(boot_unix_s("cpu 1\nbtime 1795161600\n"), Some(1_795_161_600.0));
    }

    #[test]
    fn this_process_uses_something() {
        let usage = Usage::now().expect("read");
        assert!(usage.resident_bytes > 0 && usage.open_descriptors >= 3 && usage.threads >= 1);
        assert!(usage.start_unix_s > 1e9 && descriptors_max() > 10);
    }
}
