//! `plumb url set URL PART=VALUE...`.

use clap::Args;
use plumb_wire::http::url::{self, Keep, Parts, is_scheme, pairs};

use super::Run;
use super::build::{encode_path, finish, host_text, keep_escapes};

use crate::args::output::OutputArgs;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::suggest;

/// Change parts of a URL, and leave every other byte as it is
///
/// Parts are scheme, username, host, port, path, query, fragment, and
/// query.NAME for one pair (its first is changed, its repeats go). A PART
/// without =VALUE is removed.
#[derive(Debug, Args)]
pub struct Set {
    /// The URL
    url: String,

    /// What to change: port=8080, query.page=2; or to remove: fragment
    #[arg(value_name = "PART[=VALUE]", required = true)]
    changes: Vec<String>,

    #[command(flatten)]
    output: OutputArgs,
}

const PARTS: &[&str] =
    &["scheme", "username", "host", "port", "path", "query", "query.NAME", "fragment"];

impl Run for Set {
    const EXAMPLES: &'static str = "
        plumb url set 'https://www.example.com/a?page=1#top' host=h2.example.com query.page=2
        plumb url set https://www.example.com:8443/ port fragment=end";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut pieces = Pieces::of(&self.url);
        for change in &self.changes {
            pieces.change(change)?;
        }
        finish(&pieces.text(), &self.output, "url set")
    }
}

/// The parts of a URL, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pieces {
    scheme: Option<String>,
    userinfo: Option<String>,
    host: Option<String>,
    port: Option<String>,
    path: String,
    query: Option<String>,
    fragment: Option<String>,
}

impl Pieces {
    fn of(text: &str) -> Pieces {
        let parts = Parts::rfc3986(text);
        let own = |range: Option<std::ops::Range<usize>>| range.map(|range| text[range].to_owned());
        Pieces {
            scheme: own(parts.scheme),
            userinfo: own(parts.userinfo),
            host: own(parts.host),
            port: own(parts.port),
            path: text[parts.path].to_owned(),
            query: own(parts.query),
            fragment: own(parts.fragment),
        }
    }

    fn change(&mut self, change: &str) -> Result<(), CommandError> {
        let (part, value) = match change.split_once('=') {
            Some((part, value)) => (part, Some(value)),
            None => (change, None),
        };
        let value_at = change.len() - value.map_or(0, str::len);
        let wrong =
            |message: &str| Err(CommandError::usage(message).at(change, value_at..change.len()));
        match (part, value) {
            ("scheme", Some(value)) if !is_scheme(value) => {
                return wrong("a scheme is a letter, then letters, digits and +-.");
            }
            ("scheme", value) => self.scheme = value.map(str::to_owned),
            ("username", Some(value)) if value.contains(':') => {
                return wrong("a user's name holds no colon, and a password is no argument");
            }
            ("username", value) => {
                self.userinfo = value.map(|value| keep_escapes(value, Keep::Userinfo));
            }
            ("host", Some(value)) => self.host = Some(host_text(value)?),
            ("host", None) => (self.userinfo, self.host, self.port) = (None, None, None),
            ("port", Some(value)) if value.parse::<u16>().is_err() => {
                return wrong("a port is a number up to 65535");
            }
            ("port", value) => self.port = value.map(str::to_owned),
            ("path", value) => self.set_path(value.unwrap_or_default()),
            ("query", value) => {
                let value = value.map(|value| value.strip_prefix('?').unwrap_or(value));
                self.query = value.map(encode_query);
            }
            ("fragment", value) => {
                self.fragment = value.map(|value| keep_escapes(value, Keep::Fragment));
            }
            _ => match part.strip_prefix("query.") {
                Some(name) => self.set_pair(name, value),
                None => {
                    return Err(CommandError::usage(format!("a URL has no part {part:?}"))
                        .at(change, 0..part.len())
                        .hint_if(suggest::did_you_mean(part, PARTS.to_vec()))
                        .hint(format!("it has {}", PARTS.join(", "))));
                }
            },
        }
        Ok(())
    }

    fn set_path(&mut self, value: &str) {
        self.path = encode_path(value);
        if self.host.is_some() && !self.path.is_empty() && !self.path.starts_with('/') {
            self.path.insert(0, '/');
        }
    }

    /// Changes the first pair of this name, takes out the others, or adds one
    /// at the end; the pairs around it stay as they were written.
    fn set_pair(&mut self, name: &str, value: Option<&str>) {
        let query = self.query.clone().unwrap_or_default();
        let mut new = value.map(|value| {
            format!("{}={}", url::encode(name, Keep::Form), url::encode(value, Keep::Form))
        });
        let mut out = Vec::new();
        for pair in pairs(&query) {
            if pair.name != name.as_bytes() {
                out.push(query[pair.place].to_owned());
            } else if let Some(new) = new.take() {
                out.push(new);
            }
        }
        out.extend(new);
        self.query = Some(out.join("&")).filter(|query| !query.is_empty());
    }

    fn text(&self) -> String {
        let mut text = String::new();
        if let Some(scheme) = &self.scheme {
            text.push_str(&format!("{scheme}:"));
        }
        if let Some(host) = &self.host {
            text.push_str("//");
            if let Some(userinfo) = &self.userinfo {
                text.push_str(&format!("{userinfo}@"));
            }
            text.push_str(host);
            if let Some(port) = &self.port {
                text.push_str(&format!(":{port}"));
            }
        }
        text.push_str(&self.path);
        if let Some(query) = &self.query {
            text.push_str(&format!("?{query}"));
        }
        if let Some(fragment) = &self.fragment {
            text.push_str(&format!("#{fragment}"));
        }
        text
    }
}

/// A whole query: what divides it stays.
fn encode_query(query: &str) -> String {
    let divided = query.split('&').map(|piece| {
        let halves: Vec<_> = piece
            .splitn(2, '=')
            .map(|half| {
                let plus: Vec<_> =
                    half.split('+').map(|text| keep_escapes(text, Keep::Query)).collect();
                plus.join("+")
            })
            .collect();
        halves.join("=")
    });
    divided.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str, changes: &[&str]) -> String {
        let mut pieces = Pieces::of(text);
        for change in changes {
            pieces.change(change).unwrap();
        }
        pieces.text()
    }

    #[test]
    fn what_is_not_named_stays_as_it_was() {
        for text in
            ["https://u@h:1/p;x?a=%7e&b=+&&c#f", "mailto:a@b", "/p?q", "", "//h", "http://h:/?#"]
        {
            assert_eq!(Pieces::of(text).text(), text);
        }
    }

    #[test]
    fn parts_are_changed_and_removed() {
        let text = "https://www.example.com:8443/a?page=1&x=%7e&page=2#top";
        assert_eq!(
            set(text, &["host=bücher.example", "port", "query.page=3 4", "fragment"]),
            "https://xn--bcher-kva.example/a?page=3+4&x=%7e"
        );
        assert_eq!(set(text, &["query.page"]), "https://www.example.com:8443/a?x=%7e#top");
        assert_eq!(set("http://h/", &["query.new=1"]), "http://h/?new=1");
        assert_eq!(set("http://h", &["path=a b/c%20d"]), "http://h/a%20b/c%20d");
        assert_eq!(set("http://h/", &["host=::1"]), "http://[::1]/");
        assert_eq!(set("http://h/", &["query=a=b c+d&e"]), "http://h/?a=b%20c+d&e");
    }

    #[test]
    fn mistakes_are_refused() {
        for change in
            ["port=x", "port=70000", "scheme=1a", "hots=a", "username=a:b", "host=a/b", "host=a:80"]
        {
            assert!(Pieces::of("http://h/").change(change).is_err(), "{change}");
        }
    }
}
