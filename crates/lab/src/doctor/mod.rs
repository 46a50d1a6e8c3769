//! What a lab needs of the kernel, tried in order, and what to do where it is
//! denied.
//!
//! Everything is tried for real, in a process that is thrown away: what a
//! kernel, a container or a security module says about itself is less than
//! what it does.

use std::io::Write;
use std::process::Stdio;

use serde::{Deserialize, Serialize};

use crate::entry::{self, Ended};

mod remedy;
mod steps;

pub use remedy::{Facts, Remedy, remedy};

/// Everything that was tried, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Examination {
    pub steps: Vec<Step>,
    pub facts: Facts,
}

/// One thing that a lab needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// `user namespace`, `veth`, ...
    pub name: String,
    /// What the lab needs it for.
    pub purpose: String,
    pub result: StepResult,
    /// Where it was denied: why, and what helps.
    pub remedy: Option<Remedy>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum StepResult {
    Ok,
    /// The process has the permission already.
    NotNeeded,
    Failed {
        errno: Option<i32>,
        message: String,
    },
    /// An earlier step failed.
    NotTried,
}

impl Examination {
    /// Whether the full lab can be built here.
    pub fn is_good(&self) -> bool {
        self.failed().is_none()
    }

    /// The first step that failed.
    pub fn failed(&self) -> Option<&Step> {
        self.steps
            .iter()
            .find(|step| !matches!(step.result, StepResult::Ok | StepResult::NotNeeded))
    }
}

/// What a child says of one step.
#[derive(Debug, Serialize, Deserialize)]
struct Said {
    step: usize,
    result: StepResult,
}

/// Tries everything, in a child of this very program.
pub fn examine() -> std::io::Result<Examination> {
    let child = entry::doctor()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .output()?;
    let facts = Facts::read();
    let said: Vec<Said> = child
        .stdout
        .split(|&byte| byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    Ok(report(&said, facts))
}

fn report(said: &[Said], facts: Facts) -> Examination {
    let mut failed = false;
    let steps = steps::ALL.iter().enumerate().map(|(index, step)| {
        let heard = said.iter().find(|said| said.step == index).map(|said| said.result.clone());
        let result = match heard {
            Some(result) => result,
            None if failed => StepResult::NotTried,
            // The child ended in the middle: a filter that kills.
            None => StepResult::Failed {
                errno: None,
                message: "the process that tried it was ended".to_owned(),
            },
        };
        let remedy = match &result {
            StepResult::Failed { errno, .. } => Some(remedy(step.name, *errno, &facts)),
            _ => None,
        };
        failed |= remedy.is_some();
        Step { name: step.name.to_owned(), purpose: step.purpose.to_owned(), result, remedy }
    });
    let steps = steps.collect();
    Examination { steps, facts }
}

/// What the child does: tries each step and tells the parent how it went, until
/// one fails.
/// Called before main, where the process still has one thread.
pub(crate) fn child(mut parent: impl Write) -> Ended {
    let mut world = steps::World::default();
    for (index, step) in steps::ALL.iter().enumerate() {
        let result = (step.try_it)(&mut world);
        let failed = matches!(result, StepResult::Failed { .. });
        let Ok(mut line) = serde_json::to_vec(&Said { step: index, result }) else { break };
        line.push(b'\n');
        if parent.write_all(&line).is_err() || failed {
            break;
        }
    }
    Ended::quietly(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_failure_was_not_tried() {
        let said = [
            Said { step: 0, result: StepResult::Ok },
            Said {
                step: 1,
                result: StepResult::Failed { errno: Some(1), message: "no".to_owned() },
            },
        ];
        let examination = report(&said, Facts::default());
        assert_eq!(examination.steps.len(), steps::ALL.len());
        assert_eq!(examination.failed().map(|step| step.name.as_str()), Some(steps::ALL[1].name));
        assert!(examination.steps[1].remedy.is_some());
        assert!(examination.steps[2..].iter().all(|step| step.result == StepResult::NotTried));
    }

    #[test]
    fn a_child_that_was_killed_names_its_step() {
        let said = [Said { step: 0, result: StepResult::Ok }];
        let examination = report(&said, Facts::default());
        let failed = examination.failed().expect("a step failed");
        assert!(matches!(failed.result, StepResult::Failed { errno: None, .. }));
        assert!(!examination.is_good());
    }
}
