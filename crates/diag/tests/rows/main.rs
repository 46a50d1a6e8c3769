//! The fault table, row by row: evidence as a client would gather it, and the
//! verdict that it must give.

mod beside;
mod dns;
mod healthy;
mod http;
mod link;
mod net;
mod tcp;
mod tls;

#[path = "../scenario/mod.rs"]
mod scenario;

use plumb_diag::{judge, questions};
use plumb_evidence::evidence::Scheme;
use plumb_evidence::observation::*;
use plumb_evidence::{
    FindingId, Observation, Outcome, Purpose, Question, Severity, Verdict, Where,
};
use scenario::*;

/// The verdict, after what must hold of every verdict was checked.
fn verdict(run: &Run) -> Verdict {
    let verdict = judge(&run.evidence);
    for finding in &verdict.findings {
        assert!(!finding.because.is_empty(), "{} without because", finding.id);
        // Where nothing is wrong nothing needs to be done.
        let remedy = !finding.try_next.is_empty() || finding.severity == Severity::Info;
        assert!(remedy, "{} without a remedy", finding.id);
        assert!(!finding.claim.is_empty());
        for cited in finding.because.iter().chain(&finding.ruled_out) {
            assert!(!cited.events.is_empty(), "{}: {} cites nothing", finding.id, cited.text);
            for seq in &cited.events {
                assert!(run.evidence.events.iter().any(|event| event.seq == *seq), "#{seq}");
            }
        }
    }
    assert_eq!(verdict.phases.len() % 6, 0);
    verdict
}

/// Broken, with this root and exactly these candidates.
#[track_caller]
fn broken(run: &Run, root: FindingId, candidates: &[FindingId]) -> Verdict {
    let verdict = verdict(run);
    assert_eq!(verdict.root, Some(root), "{verdict:#?}");
    assert_eq!(verdict.outcome, Outcome::Broken);
    assert_eq!(verdict.layer, Some(root.layer()));
    assert_eq!(verdict.findings[0].candidates, candidates);
    assert_eq!(verdict.exit_code(false), root.layer().exit_code());
    verdict
}

#[track_caller]
fn degraded(run: &Run, root: FindingId) -> Verdict {
    let verdict = verdict(run);
    assert_eq!((verdict.outcome, verdict.root), (Outcome::Degraded, Some(root)), "{verdict:#?}");
    verdict
}

/// All is well, with exactly these remarks.
#[track_caller]
fn healthy(run: &Run, remarks: &[FindingId]) {
    let verdict = verdict(run);
    assert_eq!(verdict.outcome, Outcome::Ok, "{verdict:#?}");
    assert_eq!((verdict.root, verdict.layer, verdict.place), (None, None, None));
    let ids: Vec<FindingId> = verdict.findings.iter().map(|finding| finding.id).collect();
    assert_eq!(ids, remarks);
    assert_eq!(questions(&run.evidence), []);
}

#[track_caller]
fn unknown(run: &Run) {
    let verdict = verdict(run);
    assert_eq!((verdict.outcome, verdict.root), (Outcome::Unknown, None), "{verdict:#?}");
    assert_eq!(verdict.exit_code(false), 3);
}

use FindingId as F;

const SILENT_PATH: [F; 4] = [
    F::NetReturnRouteMissing,
    F::NetRouteBlackhole,
    F::NetReturnPathAsymmetric,
    F::NetHostFiltered,
];

fn both_silent() -> Run {
    Run::www().resolved().both_fail(
        (ConnectOutcome::TimedOut, vec![]),
        (ConnectOutcome::TimedOut, vec![]),
        5 * S,
    )
}

fn v6_dead(outcome: ConnectOutcome, icmp: Vec<IcmpError>) -> Run {
    Run::www()
        .resolved()
        .connect_icmp(V6, outcome, icmp, 250 * MS)
        .connect(V4, ConnectOutcome::Connected, MS)
        .phase(PhaseName::Tcp, true)
        .secured()
        .page(200)
}

fn secure() -> Run {
    Run::www().resolved().connected()
}

fn plain() -> Run {
    Run::plain_www()
        .resolved()
        .connect("10.130.1.4:80", ConnectOutcome::Connected, MS)
        .phase(PhaseName::Tcp, true)
        .request()
}
