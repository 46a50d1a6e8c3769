//! FaultBench: every fault in a fresh lab, and what check makes of it.
//!
//! The truth about a fault comes from the lab (its catalogue, and the counters
//! of what it did), never from check's own output. Healthy variants stand
//! beside the faults: an alarm there is worse than a miss.

mod case;
mod healthy;
mod measure;
mod report;
mod score;
mod wide;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{Error, docs, program, say};
use case::Case;
use score::Scored;

/// To reach: the layer is right in at least this part of the faults.
const LAYER_MIN: f64 = 0.95;
/// To reach: the cause is exactly right in at least this part.
const EXACT_MIN: f64 = 0.90;

#[derive(Debug, clap::Args)]
pub(crate) struct Faultbench {
    /// The program under test [default: the one beside this, built first]
    #[arg(long, value_name = "FILE")]
    plumb: Option<PathBuf>,

    /// Where the table goes; the figures go beside it as JSON
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Labs at the same time
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=16))]
    jobs: u32,

    /// Seed that check is given
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Every fault once more over each family alone, from the other home, and
    /// at other places than its own
    #[arg(long)]
    wide: bool,

    /// One case of each kind, in a few minutes
    #[arg(long)]
    quick: bool,

    /// Only cases whose name begins with NAME (can be repeated); writes no table
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
}

impl Faultbench {
    pub(crate) fn run(self) -> Result<ExitCode, Error> {
        if plumb_sys::process::uid() == 0 {
            return self.run_as_ordinary_user();
        }
        let plumb = program::plumb(self.plumb.as_deref())?;
        let cases = self.cases();
        if cases.is_empty() {
            return Err("no case has such a name".into());
        }
        let directory = program::scratch_directory()?;
        let scored = self.measure_all(&plumb, &directory, &cases);
        std::fs::remove_dir_all(&directory)?;
        let summary = score::summary(&scored);
        say(&report::figures(&summary));
        if let Some(out) = self.out()? {
            std::fs::create_dir_all(out.parent().unwrap_or(Path::new(".")))?;
            std::fs::write(&out, report::table(&scored, &summary, self.seed))?;
            let json = serde_json::to_string_pretty(&report::json(&scored, &summary, self.seed))?;
            std::fs::write(out.with_extension("json"), json + "\n")?;
        }
        let reached =
            summary.layer >= LAYER_MIN && summary.exact >= EXACT_MIN && summary.alarms == 0;
        Ok(if reached { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// The same task as an ordinary user, with copies that this user can read.
    fn run_as_ordinary_user(self) -> Result<ExitCode, Error> {
        let plumb = program::plumb(self.plumb.as_deref())?;
        let directory = program::scratch_directory()?;
        let copy = directory.join("plumb");
        std::fs::copy(plumb, &copy)?;
        let table = directory.join("faultbench.md");
        let mut command = Command::new(plumb_sys::process::SELF_EXE);
        command.arg("faultbench").arg("--plumb").arg(&copy).arg("--out").arg(&table);
        command.args(["--jobs", &self.jobs.to_string(), "--seed", &self.seed.to_string()]);
        command.args(self.quick.then_some("--quick")).args(self.wide.then_some("--wide"));
        for only in &self.only {
            command.args(["--only", only]);
        }
        command.env("TMPDIR", &directory).env("HOME", &directory).env_remove("XDG_RUNTIME_DIR");
        command.current_dir(&directory);
        let status = program::as_ordinary_user(&mut command).status()?;
        if let Some(out) = self.out()? {
            for (from, to) in
                [(&table, &out), (&table.with_extension("json"), &out.with_extension("json"))]
            {
                if from.is_file() {
                    std::fs::copy(from, to)?;
                }
            }
        }
        std::fs::remove_dir_all(&directory)?;
        Ok(u8::try_from(status.code().unwrap_or(3)).map_or(ExitCode::FAILURE, ExitCode::from))
    }

    /// Where the table goes. A part of the cases is no bench, so it replaces no
    /// document.
    fn out(&self) -> Result<Option<PathBuf>, Error> {
        Ok(match &self.out {
            Some(out) => Some(std::path::absolute(out)?),
            None if self.quick || self.wide || !self.only.is_empty() => None,
            None => Some(docs::workspace().join("docs/faultbench.md")),
        })
    }

    fn cases(&self) -> Vec<Case> {
        let mut cases = case::faults();
        cases.extend(healthy::variants());
        if self.wide {
            cases.extend(wide::variants());
        }
        if self.quick {
            cases.retain(|case| case::QUICK.contains(&case.name.as_str()));
        }
        if !self.only.is_empty() {
            cases.retain(|case| self.only.iter().any(|name| case.name.starts_with(name.as_str())));
        }
        cases
    }

    /// Measures all cases, a few at the same time, and gives them in order.
    fn measure_all(&self, plumb: &Path, directory: &Path, cases: &[Case]) -> Vec<Scored> {
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<(usize, Scored)>> = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..self.jobs {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(case) = cases.get(index) else { return };
                        let measured = measure::measure(case, plumb, directory, self.seed);
                        let scored = score::score(case, measured);
                        say(&report::progress(&scored));
                        done.lock()
                            .unwrap_or_else(std::sync::PoisonError::into_inner)
                            .push((index, scored));
                    }
                });
            }
        });
        let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        done.sort_by_key(|(index, _)| *index);
        done.into_iter().map(|(_, scored)| scored).collect()
    }
}
