//! Request items, as HTTPie's users write them.

use crate::error::CommandError;

/// What one word adds to the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// `Name:value`; `Name;` is empty.
    Header(String, Source),
    /// `Name:`: not sent.
    Without(String),
    /// `name==value`.
    Query(String, Source),
    /// `name=value`.
    Field(String, Source),
    /// `name:=json`.
    Json(String, Source),
    /// `name@path`, and a type behind `;type=`.
    File { name: String, path: String, media_type: Option<String> },
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    Text(String),
    /// The content of a file.
    File(String),
}

/// Every separator, longer ones of the same beginning first.
const SEPARATORS: [&str; 9] = [":=@", "==@", ":=", "==", "=@", ":@", "=", ":", "@"];

/// Characters that a backslash makes ordinary.
const SPECIAL: &str = ":=@;";

/// Reads one word.
pub(super) fn parse(word: &str) -> Result<Item, CommandError> {
    let (text, plain) = unescape(word);
    let found = text.char_indices().find_map(|(at, _)| {
        let separator = SEPARATORS.iter().find(|separator| {
            text[at..].starts_with(**separator) && (at..at + separator.len()).all(|i| plain[i])
        })?;
        Some((at, *separator))
    });
    let Some((at, separator)) = found else {
        return match text.strip_suffix(';') {
            Some(name) if !name.is_empty() && plain[name.len()] => {
                Ok(Item::Header(name.to_owned(), Source::Text(String::new())))
            }
            _ => Err(no_item(word)),
        };
    };
    let (name, value) = (text[..at].to_owned(), text[at + separator.len()..].to_owned());
    if name.is_empty() && separator != "@" && !text.starts_with('=') {
        return Err(CommandError::usage("there is no name before the separator")
            .at(word, 0..separator.len()));
    }
    let given = Source::Text(value.clone());
    Ok(match separator {
        ":" if value.is_empty() => Item::Without(name),
        ":" => Item::Header(name, given),
        ":@" => Item::Header(name, Source::File(value)),
        "==" => Item::Query(name, given),
        "==@" => Item::Query(name, Source::File(value)),
        "=" => Item::Field(name, given),
        "=@" => Item::Field(name, Source::File(value)),
        ":=" => Item::Json(name, given),
        ":=@" => Item::Json(name, Source::File(value)),
        _ => {
            let (path, media_type) = match value.split_once(";type=") {
                Some((path, media_type)) => (path.to_owned(), Some(media_type.to_owned())),
                None => (value, None),
            };
            if path.is_empty() {
                return Err(CommandError::usage("there is no file behind the @")
                    .at(word, word.len()..word.len()));
            }
            Item::File { name, path, media_type }
        }
    })
}

/// The text without backslashes before special characters, and of each byte
/// whether it stood there without one.
fn unescape(word: &str) -> (String, Vec<bool>) {
    let (mut text, mut plain) = (String::new(), Vec::new());
    let mut chars = word.chars().peekable();
    while let Some(c) = chars.next() {
        let (c, is_plain) = match chars.peek() {
            Some(&next) if c == '\\' && SPECIAL.contains(next) => {
                chars.next();
                (next, false)
            }
            _ => (c, true),
        };
        text.push(c);
        plain.extend(std::iter::repeat_n(is_plain, c.len_utf8()));
    }
    (text, plain)
}

fn no_item(word: &str) -> CommandError {
    CommandError::usage("this is no request item")
        .at(word, 0..word.len())
        .hint("name=value  name:=json  Header:value  param==value  field@file")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Source {
        Source::Text(value.to_owned())
    }

    #[test]
    fn every_separator_is_read_at_its_first_place() {
        for (word, item) in [
            ("a=b=c", Item::Field("a".into(), text("b=c"))),
            ("a:=[1]", Item::Json("a".into(), text("[1]"))),
            ("X-A:b:c", Item::Header("X-A".into(), text("b:c"))),
            ("Accept:", Item::Without("Accept".into())),
            ("X-Empty;", Item::Header("X-Empty".into(), text(""))),
            ("q==a b", Item::Query("q".into(), text("a b"))),
            ("a=@f.txt", Item::Field("a".into(), Source::File("f.txt".into()))),
            ("a:=@f.json", Item::Json("a".into(), Source::File("f.json".into()))),
            ("X:@f", Item::Header("X".into(), Source::File("f".into()))),
            ("a[b:c]=d", Item::Header("a[b".into(), text("c]=d"))),
            (r"a\:b=c", Item::Field("a:b".into(), text("c"))),
            (r"a\=b:c", Item::Header("a=b".into(), text("c"))),
            (r"a\b=c", Item::Field(r"a\b".into(), text("c"))),
            ("=x", Item::Field(String::new(), text("x"))),
            ("url=http://x/", Item::Field("url".into(), text("http://x/"))),
            ("a=", Item::Field("a".into(), text(""))),
        ] {
            assert_eq!(parse(word).unwrap(), item, "{word}");
        }
        let file = Item::File {
            name: "f".into(),
            path: "a.png".into(),
            media_type: Some("image/x".into()),
        };
        assert_eq!(parse("f@a.png;type=image/x").unwrap(), file);
    }

    #[test]
    fn what_is_no_item_is_pointed_at() {
        for bad in ["word", "", r"a\=b", "f@", ":=1"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
