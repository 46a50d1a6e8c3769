//! Check's verdict held against the truth.

use std::collections::BTreeSet;

use plumb_evidence::Outcome;
use serde_json::Value;

use super::case::Case;
use super::measure::Measured;

/// A case with its verdict, judged.
#[derive(Debug, Clone)]
pub(crate) struct Scored {
    pub(crate) case: Case,
    pub(crate) measured: Measured,
    pub(crate) layer_right: bool,
    pub(crate) exactly_right: bool,
    /// Why it is not exactly right.
    pub(crate) wrong: Vec<String>,
}

/// The figures of the whole bench.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub(crate) struct Summary {
    pub(crate) faults: usize,
    /// Parts of the faults, 0 to 1.
    pub(crate) layer: f64,
    pub(crate) exact: f64,
    pub(crate) healthy: usize,
    /// Healthy variants in which something was found wrong.
    pub(crate) alarms: usize,
    pub(crate) skipped: usize,
}

impl Scored {
    pub(crate) fn is_healthy(&self) -> bool {
        self.case.truth.outcome == Outcome::Ok
    }

    pub(crate) fn is_skipped(&self) -> bool {
        self.measured.skipped.is_some()
    }

    /// A text of the verdict; empty where it is null.
    pub(crate) fn said(&self, field: &str) -> &str {
        self.measured.verdict.as_ref().and_then(|verdict| verdict[field].as_str()).unwrap_or("")
    }
}

pub(crate) fn score(case: &Case, measured: Measured) -> Scored {
    let mut wrong = match &measured.verdict {
        Some(verdict) => differences(case, verdict, measured.exit_code),
        None => vec![measured.failed.clone().unwrap_or_default()],
    };
    if measured.packets == Some(0) {
        // Then the verdict, right or wrong, is not about this fault.
        wrong.push("the lab counted no packet that met the fault".to_owned());
    }
    let layer = case.truth.layer.map(|layer| layer.name());
    let layer_right =
        measured.verdict.as_ref().is_some_and(|verdict| verdict["layer"].as_str() == layer);
    let exactly_right = wrong.is_empty();
    Scored { case: case.clone(), measured, layer_right, exactly_right, wrong }
}

/// What is wrong with the verdict.
fn differences(case: &Case, verdict: &Value, exit_code: Option<i32>) -> Vec<String> {
    let truth = &case.truth;
    let mut wrong = Vec::new();
    let outcome = serde_json::to_value(truth.outcome).unwrap_or_default();
    if verdict["outcome"] != outcome {
        wrong.push(format!("outcome {}, not {}", word(&verdict["outcome"]), word(&outcome)));
    }
    let root = verdict["root"].as_str();
    if truth.outcome == Outcome::Ok {
        if let Some(root) = root {
            wrong.push(format!("root {root} where nothing is wrong"));
        }
        let found = |id: &str| findings(verdict).any(|finding| finding["id"].as_str() == Some(id));
        if !truth.expect.is_empty() && !truth.expect.iter().any(|id| found(id.as_str())) {
            wrong.push(format!("none of {:?} among the findings", truth.expect));
        }
    } else if !root.is_some_and(|root| truth.expect.iter().any(|id| id.as_str() == root)) {
        wrong.push(format!("root {}", root.unwrap_or("null")));
    }
    if !truth.inseparable.is_empty() {
        let expected: BTreeSet<&str> = truth.inseparable.iter().map(|id| id.as_str()).collect();
        let candidates: BTreeSet<&str> = findings(verdict)
            .filter(|finding| finding["id"].as_str() == root)
            .flat_map(|finding| finding["candidates"].as_array().into_iter().flatten())
            .filter_map(Value::as_str)
            .collect();
        if candidates != expected {
            wrong.push(format!("candidates {candidates:?}, not {expected:?}"));
        }
    }
    let code = match (truth.outcome, truth.layer) {
        (Outcome::Broken, Some(layer)) => i32::from(layer.exit_code()),
        (Outcome::Unknown, _) => 3,
        _ => 0,
    };
    if exit_code != Some(code) {
        wrong.push(format!("exit code {exit_code:?}, not {code}"));
    }
    wrong
}

fn findings(verdict: &Value) -> impl Iterator<Item = &Value> {
    verdict["findings"].as_array().into_iter().flatten()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("null")
}

pub(crate) fn summary(scored: &[Scored]) -> Summary {
    let measured = || scored.iter().filter(|scored| !scored.is_skipped());
    let faults: Vec<&Scored> = measured().filter(|scored| !scored.is_healthy()).collect();
    let healthy: Vec<&Scored> = measured().filter(|scored| scored.is_healthy()).collect();
    let part =
        |right: usize| if faults.is_empty() { 1.0 } else { right as f64 / faults.len() as f64 };
    Summary {
        faults: faults.len(),
        layer: part(faults.iter().filter(|scored| scored.layer_right).count()),
        exact: part(faults.iter().filter(|scored| scored.exactly_right).count()),
        healthy: healthy.len(),
        alarms: healthy.iter().filter(|scored| !scored.exactly_right).count(),
        skipped: scored.iter().filter(|scored| scored.is_skipped()).count(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faultbench::case;
    use serde_json::json;

    fn named(name: &str) -> Case {
        case::faults().into_iter().find(|case| case.name == name).unwrap()
    }

    #[test]
    fn a_right_verdict_is_right() {
        let verdict =
            json!({"outcome":"broken","layer":"tls","root":"tls.cert.expired","findings":[]});
        assert!(differences(&named("tls.cert-expired"), &verdict, Some(15)).is_empty());
        let wrong = differences(&named("tls.cert-expired"), &verdict, Some(0));
        assert_eq!(wrong, ["exit code Some(0), not 15"]);
    }

    #[test]
    fn candidates_are_an_exact_set() {
        let verdict = |candidates: Value| {
            json!({"outcome":"broken","layer":"tcp","root":"tcp.connect.refused",
                   "findings":[{"id":"tcp.connect.refused","candidates":candidates}]})
        };
        let case = named("tcp.reset");
        let right = json!(["tcp.reset.firewall", "tcp.port.closed"]);
        assert!(differences(&case, &verdict(right), Some(14)).is_empty());
        assert_eq!(differences(&case, &verdict(json!(["tcp.port.closed"])), Some(14)).len(), 1);
        let more = json!(["tcp.reset.firewall", "tcp.port.closed", "tcp.backlog.full"]);
        assert_eq!(differences(&case, &verdict(more), Some(14)).len(), 1);
    }
}
