//! JSON whose members keep their order, and the nested keys of request items.

use std::fmt::Write as _;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Longest gap that an index may leave: `a[9]=x` is a mistake sooner than a list.
const INDEX_MAX: usize = 1000;

/// A value of JSON, members in the order in which they were given.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    String(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "boolean",
            Json::Number(_) => "number",
            Json::String(_) => "string",
            Json::Array(_) => "array",
            Json::Object(_) => "object",
        }
    }

    /// As it is sent: with the blanks that Python, and so HTTPie, writes.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            // Writing to a String cannot fail.
            Json::Number(value) => drop(write!(out, "{value}")),
            Json::String(value) => quote(value, out),
            Json::Array(values) => {
                out.push('[');
                for (i, value) in values.iter().enumerate() {
                    out.push_str(if i > 0 { ", " } else { "" });
                    value.write(out);
                }
                out.push(']');
            }
            Json::Object(members) => {
                out.push('{');
                for (i, (name, value)) in members.iter().enumerate() {
                    out.push_str(if i > 0 { ", " } else { "" });
                    quote(name, out);
                    out.push_str(": ");
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

/// A string of JSON in ASCII, as `json.dumps` writes it.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Json, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Json;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("JSON")
            }
            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
                Ok(Json::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
                Ok(Json::Number(value.into()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
                Ok(Json::Number(value.into()))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
                Ok(serde_json::Number::from_f64(value).map_or(Json::Null, Json::Number))
            }
            fn visit_str<E>(self, value: &str) -> Result<Json, E> {
                Ok(Json::String(value.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = from.next_element()? {
                    values.push(value);
                }
                Ok(Json::Array(values))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
                let mut members: Vec<(String, Json)> = Vec::new();
                while let Some((name, value)) = from.next_entry::<String, Json>()? {
                    // The last of a name counts, where the first stood.
                    match members.iter_mut().find(|(known, _)| *known == name) {
                        Some(member) => member.1 = value,
                        None => members.push((name, value)),
                    }
                }
                Ok(Json::Object(members))
            }
        }
        from.deserialize_any(Any)
    }
}

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
    /// `[]`: behind the last.
    Append,
}

/// A mistake in a key, with the place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyError {
    pub(super) message: String,
    pub(super) at: std::ops::Range<usize>,
}

/// The steps of `a[b][]`; `\[`, `\]` and `\\` stand for themselves, and a
/// backslash before a number makes it a name.
pub(super) fn path(key: &str) -> Result<Vec<Step>, KeyError> {
    let mut steps = Vec::new();
    let mut at = 0;
    // The part before the first bracket is a name, unless there is none.
    let (root, end) = word(key, 0, false);
    if end > 0 || key.is_empty() {
        steps.push(Step::Key(root));
        at = end;
    }
    while at < key.len() {
        if !key[at..].starts_with('[') {
            let message = "only [...] may follow a bracket".to_owned();
            return Err(KeyError { message, at: at..key.len() });
        }
        let (name, end) = word(key, at + 1, true);
        if !key[end..].starts_with(']') {
            return Err(KeyError {
                message: "the bracket is not closed".to_owned(),
                at: at..at + 1,
            });
        }
        let raw = &key[at + 1..end];
        steps.push(step(raw, name).ok_or_else(|| KeyError {
            message: format!("an index is at most {INDEX_MAX}"),
            at: at + 1..end,
        })?);
        at = end + 1;
    }
    Ok(steps)
}

fn step(raw: &str, name: String) -> Option<Step> {
    if raw.is_empty() {
        return Some(Step::Append);
    }
    if raw.bytes().all(|byte| byte.is_ascii_digit()) {
        let index = raw.parse::<usize>().ok().filter(|index| *index <= INDEX_MAX)?;
        return Some(Step::Index(index));
    }
    Some(Step::Key(name))
}

/// The text from `start` up to a bracket, escapes undone, and where it ends.
fn word(key: &str, start: usize, inside: bool) -> (String, usize) {
    let mut text = String::new();
    let mut chars = key[start..].char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.peek() {
                Some(&(_, next @ ('[' | ']' | '\\'))) => {
                    text.push(next);
                    chars.next();
                }
                // `\1` is the name 1.
                Some(&(_, next)) if inside && next.is_ascii_digit() => {}
                _ => text.push('\\'),
            },
            '[' if !inside => return (text, start + at),
            ']' if inside => return (text, start + at),
            c => text.push(c),
        }
    }
    (text, key.len())
}

/// Puts `value` where the steps lead, making what is missing.
pub(super) fn put(root: &mut Option<Json>, steps: &[Step], value: Json) -> Result<(), String> {
    let Some((step, rest)) = steps.split_first() else {
        *root = Some(value);
        return Ok(());
    };
    let here = root.get_or_insert_with(|| match step {
        Step::Key(_) => Json::Object(Vec::new()),
        Step::Index(_) | Step::Append => Json::Array(Vec::new()),
    });
    match (here, step) {
        (Json::Object(members), Step::Key(name)) => {
            let at = members.iter().position(|(known, _)| known == name);
            let mut slot = at.map(|at| std::mem::replace(&mut members[at].1, Json::Null));
            if rest.is_empty() {
                // The last of a name counts.
                slot = None;
            }
            put(&mut slot, rest, value)?;
            let value = slot.unwrap_or(Json::Null);
            match at {
                Some(at) => members[at].1 = value,
                None => members.push((name.clone(), value)),
            }
            Ok(())
        }
        (Json::Array(values), Step::Index(index)) => {
            while values.len() <= *index {
                values.push(Json::Null);
            }
            let old = std::mem::replace(&mut values[*index], Json::Null);
            let mut slot = Some(old).filter(|old| *old != Json::Null);
            put(&mut slot, rest, value)?;
            values[*index] = slot.unwrap_or(Json::Null);
            Ok(())
        }
        (Json::Array(values), Step::Append) => {
            let mut slot = None;
            put(&mut slot, rest, value)?;
            values.push(slot.unwrap_or(Json::Null));
            Ok(())
        }
        (Json::Object(_), _) => Err("an object has names, no numbers".to_owned()),
        (Json::Array(_), Step::Key(_)) => Err("an array has numbers, no names".to_owned()),
        (other, _) => Err(format!("it is already a {}", other.kind())),
    }
}

/// JSON with a line for each member, as a person reads it; the text of names
/// and values is as it came. `None` for what is no JSON.
pub(super) fn pretty(text: &str) -> Option<String> {
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0;
    let mut chars = text.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("    ", depth));
    };
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                out.push('"');
                let mut escaped = false;
                for c in chars.by_ref() {
                    out.push(c);
                    match c {
                        '"' if !escaped => break,
                        '\\' => escaped = !escaped,
                        _ => escaped = false,
                    }
                }
            }
            '{' | '[' => {
                out.push(c);
                while chars.peek().is_some_and(|c| c.is_ascii_whitespace()) {
                    chars.next();
                }
                if matches!(chars.peek(), Some('}' | ']')) {
                    out.extend(chars.next());
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = usize::saturating_sub(depth, 1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
    }
    out.push('\n');
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(items: &[(&str, Json)]) -> Result<String, String> {
        let mut root = None;
        for (key, value) in items {
            let steps = path(key).map_err(|error| error.message)?;
            put(&mut root, &steps, value.clone())?;
        }
        Ok(root.unwrap_or(Json::Null).text())
    }

    fn s(text: &str) -> Json {
        Json::String(text.to_owned())
    }

    #[test]
    fn keys_lead_into_values() {
        let items = [("a[b][]", s("1")), ("a[b][]", s("2")), ("a[c]", s("é")), ("d[1]", s("x"))];
        let text = built(&items).unwrap();
        assert_eq!(text, r#"{"a": {"b": ["1", "2"], "c": "\u00e9"}, "d": [null, "x"]}"#);
        assert_eq!(built(&[("[]", s("1")), ("[][k]", s("2"))]).unwrap(), r#"["1", {"k": "2"}]"#);
        assert_eq!(
            built(&[(r"a\[b\]", s("1")), (r"x[\1]", s("2"))]).unwrap(),
            r#"{"a[b]": "1", "x": {"1": "2"}}"#
        );
        assert_eq!(built(&[("a", s("1")), ("a", s("2"))]).unwrap(), r#"{"a": "2"}"#);
    }

    #[test]
    fn what_does_not_fit_is_said() {
        assert!(built(&[("a", s("1")), ("a[b]", s("2"))]).is_err());
        assert!(built(&[("a[]", s("1")), ("a[b]", s("2"))]).is_err());
        for bad in ["a[", "a[b", "a[b]c", "a[1001]"] {
            assert!(path(bad).is_err(), "{bad}");
        }
        assert!(path("a[1000]").is_ok());
    }

    #[test]
    fn members_keep_their_order() {
        let json: Json = serde_json::from_str(r#"{"z":1,"a":[true,null,1.5],"z":2}"#).unwrap();
        assert_eq!(json.text(), r#"{"z": 2, "a": [true, null, 1.5]}"#);
    }

    #[test]
    fn pretty_changes_nothing_but_blanks() {
        let shown = pretty(r#"{"b":[1, 2.50,{}],"a":"x:,\"{"}"#).unwrap();
        assert_eq!(
            shown,
            "{\n    \"b\": [\n        1,\n        2.50,\n        {}\n    ],\n    \"a\": \"x:,\\\"{\"\n}\n"
        );
        assert_eq!(pretty("<html>"), None);
    }
}
