//! Findings and the verdict of a check.

use serde::{Deserialize, Serialize};

use crate::observation::{ConnectAttempt, PhaseName};
use crate::{FindingId, Layer};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Info,
    /// It works, but something is wrong.
    Warning,
    /// It does not work, and this is why.
    Error,
}

/// Whose it is to mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Where {
    /// This host.
    Host,
    /// This host's own network: segment, gateway, resolver, proxy.
    Network,
    /// Somewhere on the path.
    Path,
    /// The far end: its DNS, server and certificate.
    Service,
    Unknown,
}

/// A statement with the events of this run that support it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cited {
    pub text: String,
    /// [`crate::Event::seq`] of each.
    pub events: Vec<u32>,
}

impl Cited {
    pub fn new(text: impl Into<String>, events: impl IntoIterator<Item = u32>) -> Cited {
        let mut cited: Vec<u32> = Vec::new();
        for seq in events {
            if !cited.contains(&seq) {
                cited.push(seq);
            }
        }
        Cited { text: text.into(), events: cited }
    }
}

/// `text [#3 #7]`.
impl std::fmt::Display for Cited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)?;
        for (i, seq) in self.events.iter().enumerate() {
            write!(f, "{}#{seq}", if i == 0 { " [" } else { " " })?;
        }
        if self.events.is_empty() { Ok(()) } else { f.write_str("]") }
    }
}

impl Serialize for Cited {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// One thing that is wrong, or worth knowing, with its proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub id: FindingId,
    pub layer: Layer,
    pub severity: Severity,
    /// One sentence: what is so.
    pub claim: String,
    pub because: Vec<Cited>,
    pub ruled_out: Vec<Cited>,
    pub not_looked_at: Vec<String>,
    /// Causes that one vantage point cannot tell apart, this finding's own
    /// claim being only what was seen. Empty where the cause is known.
    pub candidates: Vec<FindingId>,
    /// Begins with the remedy.
    pub try_next: Vec<String>,
    /// Whose it is to mend, if this is the root.
    #[serde(skip)]
    pub place: Where,
}

impl Finding {
    /// A finding without proof as yet; the builder methods add it.
    pub fn new(id: FindingId, severity: Severity, place: Where, claim: impl Into<String>) -> Self {
        Finding {
            id,
            layer: id.layer(),
            severity,
            claim: claim.into(),
            because: Vec::new(),
            ruled_out: Vec::new(),
            not_looked_at: Vec::new(),
            candidates: Vec::new(),
            try_next: Vec::new(),
            place,
        }
    }

    #[must_use]
    pub fn because(
        mut self,
        text: impl Into<String>,
        events: impl IntoIterator<Item = u32>,
    ) -> Self {
        self.because.push(Cited::new(text, events));
        self
    }

    #[must_use]
    pub fn ruled_out(
        mut self,
        text: impl Into<String>,
        events: impl IntoIterator<Item = u32>,
    ) -> Self {
        self.ruled_out.push(Cited::new(text, events));
        self
    }

    #[must_use]
    pub fn not_looked_at(mut self, text: impl Into<String>) -> Self {
        self.not_looked_at.push(text.into());
        self
    }

    #[must_use]
    pub fn candidates(mut self, ids: impl IntoIterator<Item = FindingId>) -> Self {
        self.candidates.extend(ids);
        self
    }

    #[must_use]
    pub fn try_next(mut self, text: impl Into<String>) -> Self {
        self.try_next.push(text.into());
        self
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Ok,
    Degraded,
    Broken,
    Unknown,
}

/// What a check concludes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    pub target: String,
    pub outcome: Outcome,
    /// The root's layer; null where all is well or nothing could be told.
    pub layer: Option<Layer>,
    pub root: Option<FindingId>,
    /// Whose it is to mend; null when all is well.
    #[serde(rename = "where")]
    pub place: Option<Where>,
    /// The root first, then by severity and layer.
    pub findings: Vec<Finding>,
    pub phases: Vec<Phase>,
}

impl Verdict {
    /// The root's finding.
    pub fn root_finding(&self) -> Option<&Finding> {
        let root = self.root?;
        self.findings.iter().find(|finding| finding.id == root)
    }

    /// The exit code of a check with this verdict.
    pub fn exit_code(&self, strict: bool) -> u8 {
        match (self.outcome, self.layer) {
            (Outcome::Ok, _) => 0,
            (Outcome::Degraded, Some(layer)) if strict => layer.exit_code(),
            (Outcome::Degraded, _) => 0,
            (Outcome::Broken, Some(layer)) => layer.exit_code(),
            (Outcome::Broken | Outcome::Unknown, _) => 3,
        }
    }
}

/// The exit code of several targets: that of the lowest broken layer, else 3
/// if one is unknown, else 0.
pub fn exit_code_of_all<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>, strict: bool) -> u8 {
    let codes = verdicts.into_iter().map(|verdict| verdict.exit_code(strict));
    // 3 is smaller than every layer's code but weighs less.
    codes
        .filter(|&code| code != 0)
        .min_by_key(|&code| if code == 3 { u8::MAX } else { code })
        .unwrap_or(0)
}

/// One phase of one hop, for the waterfall. `start_ns` and `duration_ns` are
/// null where the hop did not get so far.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Phase {
    pub hop: u16,
    pub phase: PhaseName,
    pub start_ns: Option<u64>,
    pub duration_ns: Option<u64>,
    pub attempts: Vec<Attempt>,
}

/// One try within a phase.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attempt {
    /// An address, a name server, a method.
    pub to: String,
    pub start_ns: u64,
    pub duration_ns: Option<u64>,
    pub result: String,
}

impl Attempt {
    /// The waterfall's row of a connection attempt.
    pub fn of_connect(attempt: &ConnectAttempt) -> Attempt {
        use crate::observation::ConnectOutcome as C;
        let result = match &attempt.outcome {
            C::Connected => "connected".to_owned(),
            C::Refused => "refused".to_owned(),
            C::Failed { errno_name, .. } => errno_name.clone(),
            C::TimedOut => "timed out".to_owned(),
            C::Abandoned => "abandoned".to_owned(),
        };
        Attempt {
            to: attempt.address.to_string(),
            start_ns: attempt.start_ns,
            duration_ns: Some(attempt.duration_ns),
            result,
        }
    }
}
