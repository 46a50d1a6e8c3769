//! What a fault is: its name, its page, where it may be, what it changes, and
//! what a diagnosis of it owes.

use plumb_evidence::{FindingId, Layer, Outcome};
use serde_json::json;

use super::Given;
use super::change::Change;
use super::param::ParamSpec;
use super::parse::FaultError;
use super::place::Places;

/// A fault that the lab can make. One `static` per file below this directory.
#[derive(Debug)]
pub struct FaultSpec {
    /// `layer.what`.
    pub name: &'static str,
    /// The row of the fault matrix, if it has one.
    pub row: Option<u16>,
    /// One line: what is broken.
    pub title: &'static str,
    pub page: Page,
    pub params: &'static [ParamSpec],
    /// Where it is made unless said. `None`: it has no place.
    pub place: Option<&'static str>,
    /// Where it may be made.
    pub places: Places,
    /// How to show it.
    pub check: Check,
    /// What a check of it owes.
    pub outcome: Outcome,
    /// Any one of these is a right root. Where `outcome` is ok: one of these, if
    /// there are any, stands among the findings.
    pub expect: &'static [FindingId],
    /// Causes that one vantage point cannot tell apart from this one, itself
    /// included; empty where it can.
    pub inseparable: &'static [FindingId],
    /// The lab on loopback addresses can make it too.
    pub loopback: bool,
    /// What the fault changes in this lab, at this place.
    pub changes: fn(&Given<'_>) -> Result<Vec<Change>, FaultError>,
}

/// The text of a fault's page.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// What it is, in a paragraph.
    pub what: &'static str,
    /// How it shows on the wire.
    pub wire: &'static str,
    /// What `lab heal` does.
    pub undo: &'static str,
}

/// The check that shows a fault.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// The machine to check from.
    pub at: &'static str,
    pub args: &'static [&'static str],
    pub env: &'static [(&'static str, &'static str)],
}

impl Check {
    /// The page of www over HTTPS, from h1.
    pub const WWW: Check = Check { at: "h1", args: &["https://www.example.com/"], env: &[] };
}

impl FaultSpec {
    /// The layer: the first part of the name.
    pub fn layer(&self) -> Layer {
        let head = self.name.split('.').next().unwrap_or_default();
        Layer::from_name(head).unwrap_or(Layer::Content)
    }

    /// The `data` of its line in `lab faults --json`.
    pub fn record(&self) -> serde_json::Value {
        let env: serde_json::Map<String, serde_json::Value> =
            self.check.env.iter().map(|(k, v)| ((*k).to_owned(), json!(v))).collect();
        json!({
            "name": self.name,
            "row": self.row,
            "layer": self.layer(),
            "title": self.title,
            "place": self.place,
            "places": self.places.words(),
            "check": {"at": self.check.at, "args": self.check.args, "env": env},
            "outcome": self.outcome,
            "expect": self.expect,
            "inseparable": self.inseparable,
            "params": self.params.iter().map(ParamSpec::to_json).collect::<Vec<_>>(),
            "loopback": self.loopback,
        })
    }

    /// The fault as it is made by its name alone, spelt out:
    /// `net.mtu-blackhole@example,mtu=700,host=www`.
    pub fn spelt_out(&self) -> String {
        let mut text = self.name.to_owned();
        if let Some(place) = self.place {
            text.push('@');
            text.push_str(place);
        }
        for param in self.params {
            text.push_str(&format!(",{}={}", param.key, param.default));
        }
        text
    }

    /// The page: what it is, how it shows, how to undo and reproduce it.
    pub fn page_text(&self) -> String {
        let args = self.check.args.join(" ");
        let mut text = format!(
            "{}: {}\n\n{}\n\nOn the wire\n\n{}\n\nReproduce\n\n    plumb check --lab={} --break {} {args}\n    plumb lab break {}\n",
            self.name,
            self.title,
            self.page.what,
            self.page.wire,
            self.check.at,
            self.name,
            self.spelt_out(),
        );
        if !self.params.is_empty() {
            text.push_str("\nParameters\n\n");
            for param in self.params {
                text.push_str(&format!("    {}={}  {}\n", param.key, param.default, param.help));
            }
        }
        if self.place.is_some() {
            text.push_str(&format!("\nPlaces: {}.\n", self.places.words().join(", ")));
        }
        text.push_str(&format!(
            "\nUndo\n\n    plumb lab heal {}\n\n{}\n",
            self.name, self.page.undo
        ));
        let ids =
            |ids: &[FindingId]| ids.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", ");
        if !self.expect.is_empty() {
            text.push_str(&format!("\nA check should find: {}.\n", ids(self.expect)));
        }
        if !self.inseparable.is_empty() {
            text.push_str(&format!(
                "From one vantage point it cannot be told apart from: {}.\n",
                ids(self.inseparable)
            ));
        }
        text
    }
}
