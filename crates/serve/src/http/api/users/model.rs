//! What a user is, and what is wrong with one.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The most members of a user.
const MEMBERS_MAX: usize = 64;
/// The longest name, in characters.
const NAME_CHARS_MAX: usize = 200;
/// The longest address, RFC 5321 section 4.5.3.1.3 without the brackets.
const EMAIL_BYTES_MAX: usize = 254;
/// More than anybody has lived.
const AGE_MAX: u64 = 150;

/// A user as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct User {
    /// The number under which it is found.
    pub id: u64,
    /// Counts all changes of the store: no two states have the same.
    pub revision: u64,
    /// `name`, `email`, and whatever else the client gave.
    pub fields: Map<String, Value>,
}

/// One thing that is wrong with what a client sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Wrong {
    /// Where, as a JSON pointer (RFC 6901).
    pub pointer: &'static str,
    /// What, and what would be right.
    pub detail: String,
}

fn wrong(pointer: &'static str, detail: impl Into<String>) -> Wrong {
    Wrong { pointer, detail: detail.into() }
}

impl User {
    /// A user without a number.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub(super) fn from_json(value: &Value) -> Result<User, Vec<Wrong>> {
        let Value::Object(fields) = value else {
            return Err(vec![wrong("", "a user is a JSON object")]);
        };
        let mut all = Vec::new();
        if fields.len() > MEMBERS_MAX {
            all.push(wrong("", format!("a user has at most {MEMBERS_MAX} members")));
        }
        all.extend(wrong_name(fields.get("name")));
        all.extend(fields.get("email").and_then(wrong_email));
        all.extend(fields.get("age").and_then(wrong_age));
        if all.is_empty() {
            Ok(User { id: 0, revision: 0, fields: fields.clone() })
        } else {
            Err(all)
        }
    }

    /// This user changed by a merge patch, RFC 7396.
    ///
    /// # Errors
    /// All that would be wrong with it.
    pub(super) fn patched(&self, patch: &Value) -> Result<User, Vec<Wrong>> {
        let Value::Object(patch) = patch else {
            return Err(vec![wrong("", "a patch of a user is a JSON object")]);
        };
        let mut fields = self.fields.clone();
        merge(&mut fields, patch);
        let user = User::from_json(&Value::Object(fields))?;
        Ok(User { id: self.id, ..user })
    }

    /// The user as clients see it.
    pub(super) fn to_json(&self) -> Value {
        let mut shown = json!({ "id": self.id });
        if let Value::Object(shown) = &mut shown {
            shown.extend(self.fields.clone());
        }
        shown
    }

    /// The entity tag of this state, strong (RFC 9110 section 8.8.3).
    pub(super) fn etag(&self) -> String {
        format!("\"{}-{}\"", self.id, self.revision)
    }

    /// The address in the form in which no two users have the same.
    pub(super) fn email_key(&self) -> Option<String> {
        self.fields.get("email").and_then(Value::as_str).map(str::to_lowercase)
    }

    /// Whether the name or address contains `query`, in any case.
    pub(super) fn contains(&self, query: &str) -> bool {
        let query = query.to_lowercase();
        ["name", "email"].iter().any(|member| {
            let text = self.fields.get(*member).and_then(Value::as_str);
            text.is_some_and(|text| text.to_lowercase().contains(&query))
        })
    }
}

fn wrong_name(name: Option<&Value>) -> Option<Wrong> {
    let detail = match name {
        None => "a user has a name",
        Some(Value::String(name)) if name.trim().is_empty() => "a name is not empty",
        Some(Value::String(name)) if name.chars().any(char::is_control) => {
            "a name has no control characters"
        }
        Some(Value::String(name)) if name.chars().count() > NAME_CHARS_MAX => {
            return Some(wrong("/name", format!("a name has at most {NAME_CHARS_MAX} characters")));
        }
        Some(Value::String(_)) => return None,
        Some(_) => "a name is a string",
    };
    Some(wrong("/name", detail))
}

fn wrong_email(email: &Value) -> Option<Wrong> {
    let detail = match email {
        Value::Null => return None,
        Value::String(email) if email.len() > EMAIL_BYTES_MAX => {
            return Some(wrong(
                "/email",
                format!("an address has at most {EMAIL_BYTES_MAX} bytes"),
            ));
        }
        Value::String(email) => {
            let odd = |c: char| c.is_whitespace() || c.is_control();
            match email.rsplit_once('@') {
                Some((local, domain))
                    if !local.is_empty() && !domain.is_empty() && !email.contains(odd) =>
                {
                    return None;
                }
                _ => "an address is name@domain",
            }
        }
        _ => "an address is a string",
    };
    Some(wrong("/email", detail))
}

fn wrong_age(age: &Value) -> Option<Wrong> {
    let ok = age.is_null() || age.as_u64().is_some_and(|age| age <= AGE_MAX);
    (!ok).then(|| wrong("/age", format!("an age is a whole number from 0 to {AGE_MAX}")))
}

fn merge(target: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                target.remove(name);
            }
            Value::Object(inner) => {
                let below = target.entry(name.clone()).or_insert_with(|| json!({}));
                if !below.is_object() {
                    *below = json!({});
                }
                // The depth is that of the parsed patch, which serde_json bounds.
                if let Value::Object(below) = below {
                    merge(below, inner);
                }
            }
            _ => {
                target.insert(name.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_wrong_is_said() {
        let pointers = |value: Value| -> Vec<&str> {
            User::from_json(&value).unwrap_err().iter().map(|wrong| wrong.pointer).collect()
        };
        assert_eq!(pointers(json!([])), [""]);
        assert_eq!(pointers(json!({})), ["/name"]);
        assert_eq!(
            pointers(json!({"name": 1, "email": "x", "age": -1})),
            ["/name", "/email", "/age"]
        );
        assert_eq!(pointers(json!({"name": " ", "age": 1.5})), ["/name", "/age"]);
        assert_eq!(pointers(json!({"name": "x", "email": "a b@c"})), ["/email"]);
        assert_eq!(pointers(json!({"name": "x".repeat(NAME_CHARS_MAX + 1)})), ["/name"]);
        assert!(User::from_json(&json!({"name": "x".repeat(NAME_CHARS_MAX), "age": 150})).is_ok());
        let many: Map<_, _> = (0..MEMBERS_MAX).map(|n| (n.to_string(), json!(n))).collect();
        let mut many = json!(many);
        many["name"] = json!("x");
        assert_eq!(pointers(many), [""]);
    }

    #[test]
    fn a_merge_patch_sets_replaces_and_removes() {
        let before = json!({"name": "Ada", "age": 36, "home": {"city": "London", "zip": 1}});
        let user = User::from_json(&before).unwrap();
        let patch = json!({"age": null, "home": {"zip": null}, "tags": ["x"]});
        let after = user.patched(&patch).unwrap();
        let wanted = json!({"name": "Ada", "home": {"city": "London"}, "tags": ["x"]});
        assert_eq!(Value::Object(after.fields), wanted);
        assert!(user.patched(&json!({"name": null})).is_err());
        assert!(user.patched(&json!(1)).is_err());
    }
}
