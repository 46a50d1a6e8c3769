//! `NAME[@PLACE][,key=value...]`, with errors that point at the character.

use thiserror::Error;

use crate::topology::Plan;

use super::param::{ParamSpec, Value};
use super::spec::FaultSpec;
use super::{Fault, Place, find};

/// Longest text of a fault that is read: a name, a place and a few parameters
/// fit many times over.
pub const FAULT_BYTES_MAX: usize = 512;

/// Two words this alike (Damerau-Levenshtein, 0 to 1) are worth a question.
const NEAR_MIN: f64 = 0.6;

/// What can go wrong with a fault.
#[derive(Debug, Error)]
pub enum FaultError {
    /// The text is not a fault. `at` counts characters from 1.
    #[error("fault {text:?}, character {at}: {why}{}", hint(near.as_deref()))]
    Text { text: String, at: usize, why: String, near: Option<String> },
    /// The text is a fault, but this lab cannot make it.
    #[error("fault {fault}: {why}")]
    Refused { fault: String, why: String },
    /// No such fault is active.
    #[error("no active fault is named {name:?}{}", hint(near.as_deref()))]
    NotActive { name: String, near: Option<String> },
    /// The kernel, or a service, would not do it.
    #[error("cannot {what} on {place}: {why}")]
    Apply { what: String, place: String, why: String },
}

impl FaultError {
    /// The user wrote something wrong, as opposed to: the machine failed.
    pub fn is_usage(&self) -> bool {
        !matches!(self, FaultError::Apply { .. })
    }
}

pub(super) fn hint(near: Option<&str>) -> String {
    near.map(|word| format!("; did you mean {word:?}?")).unwrap_or_default()
}

/// The word most like `text`, if one is near: alike enough, or one slip away.
pub fn near<'a>(text: &str, words: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let mut best: Option<(f64, &str)> = None;
    for word in words {
        let lower = word.to_ascii_lowercase();
        let likeness = strsim::normalized_damerau_levenshtein(&text, &lower);
        let is_near = likeness >= NEAR_MIN || strsim::damerau_levenshtein(&text, &lower) <= 1;
        if is_near && best.is_none_or(|(other, _)| likeness > other) {
            best = Some((likeness, word));
        }
    }
    best.map(|(_, word)| word.to_owned())
}

/// A text under the cursor: says where a part of it stands.
struct Source<'a> {
    text: &'a str,
}

impl Source<'_> {
    fn error(&self, byte: usize, why: impl Into<String>, near: Option<String>) -> FaultError {
        let at = self.text.get(..byte).map_or(0, |before| before.chars().count()) + 1;
        FaultError::Text { text: self.text.to_owned(), at, why: why.into(), near }
    }
}

/// The name of a fault, known without any lab: for arguments that are read
/// before a lab is up.
pub fn parse_name(text: &str) -> Result<&'static FaultSpec, FaultError> {
    let source = Source { text };
    if text.len() > FAULT_BYTES_MAX {
        let why = format!("longer than {FAULT_BYTES_MAX} bytes");
        return Err(FaultError::Text {
            text: text.chars().take(40).collect(),
            at: 1,
            why,
            near: None,
        });
    }
    let name = text.split(['@', ',']).next().unwrap_or_default();
    if name.is_empty() {
        return Err(source.error(0, "a fault begins with its name, as in tls.cert-expired", None));
    }
    find(name).ok_or_else(|| {
        let known = super::known().map(|spec| spec.name);
        // A user may have given only the second half.
        let tail =
            super::known().find(|spec| spec.name.split_once('.').is_some_and(|(_, t)| t == name));
        let near = tail.map(|spec| spec.name.to_owned()).or_else(|| near(name, known));
        source.error(0, format!("no fault is named {name:?}"), near)
    })
}

/// Reads a fault and holds it against the lab that `plan` describes.
pub fn parse(text: &str, plan: &Plan) -> Result<Fault, FaultError> {
    let spec = parse_name(text)?;
    let source = Source { text };
    let mut at = spec.name.len();
    let mut place = None;
    if text[at..].starts_with('@') {
        let begin = at + 1;
        let word = text[begin..].split(',').next().unwrap_or_default();
        place = Some(read_place(&source, begin, word, spec, plan)?);
        at = begin + word.len();
    } else if let Some(default) = spec.place {
        place = Some(Place::parse(default, plan).map_err(|_| FaultError::Refused {
            fault: spec.name.to_owned(),
            why: format!("this lab has no {default}; say where: {}@PLACE", spec.name),
        })?);
    }
    let params_at = at;
    let values = read_params(&source, at, spec, plan)?;
    let at_place = place.as_ref().map(|place| format!("@{place}")).unwrap_or_default();
    let rest = text.get(params_at..).unwrap_or_default();
    let text = format!("{}{at_place}{rest}", spec.name);
    Ok(Fault { spec, text, place, values })
}

fn read_place(
    source: &Source<'_>,
    begin: usize,
    word: &str,
    spec: &FaultSpec,
    plan: &Plan,
) -> Result<Place, FaultError> {
    if word.is_empty() {
        return Err(source.error(begin, "a place should stand after the @", None));
    }
    let place = Place::parse(word, plan).map_err(|wrong| {
        let bytes: usize = word.chars().take(wrong.at).map(char::len_utf8).sum();
        source.error(begin + bytes, wrong.why, wrong.near)
    })?;
    match spec.places.refuses(&place, plan) {
        Some(why) => Err(source.error(begin, why, None)),
        None => Ok(place),
    }
}

/// Every parameter of the fault with its value, given or default.
type Values = Vec<(&'static str, Value)>;

fn read_params(
    source: &Source<'_>,
    mut at: usize,
    spec: &FaultSpec,
    plan: &Plan,
) -> Result<Values, FaultError> {
    let mut values: Values = Vec::new();
    while at < source.text.len() {
        let begin = at + 1; // Past the comma.
        let item = source.text[begin..].split(',').next().unwrap_or_default();
        at = begin + item.len();
        let Some((key, text)) = item.split_once('=') else {
            return Err(source.error(begin, "expected key=value", None));
        };
        let Some(param) = spec.params.iter().find(|param| param.key == key) else {
            return Err(unknown_key(source, begin, key, spec));
        };
        if values.iter().any(|(known, _)| *known == key) {
            return Err(source.error(begin, format!("{key} is given twice"), None));
        }
        let value_at = begin + key.len() + 1;
        let value = param.kind.read(text).map_err(|why| source.error(value_at, why, None))?;
        check_machine(param, &value, plan)
            .map_err(|(why, near)| source.error(value_at, why, near))?;
        values.push((param.key, value));
    }
    for param in spec.params {
        if values.iter().all(|(key, _)| *key != param.key) {
            let value = param.kind.read(param.default).map_err(|why| source.error(0, why, None))?;
            check_machine(param, &value, plan).map_err(|(why, _)| FaultError::Refused {
                fault: spec.name.to_owned(),
                why: format!("{why}; say which: {}=MACHINE", param.key),
            })?;
            values.push((param.key, value));
        }
    }
    Ok(values)
}

fn unknown_key(source: &Source<'_>, at: usize, key: &str, spec: &FaultSpec) -> FaultError {
    let keys: Vec<&str> = spec.params.iter().map(|param| param.key).collect();
    let why = if keys.is_empty() {
        format!("{} takes no parameters", spec.name)
    } else {
        format!("{} has no parameter {key:?}, only {}", spec.name, keys.join(", "))
    };
    source.error(at, why, near(key, keys))
}

fn check_machine(
    param: &ParamSpec,
    value: &Value,
    plan: &Plan,
) -> Result<(), (String, Option<String>)> {
    let (super::param::ParamKind::Machine, Value::Word(name)) = (param.kind, value) else {
        return Ok(());
    };
    if plan.machine(name).is_some() {
        return Ok(());
    }
    let near = near(name, plan.machines.iter().map(|m| m.name.as_str()));
    Err((format!("no machine of this lab is named {name:?}"), near))
}
