//! `plumb url join BASE REF`.

use clap::{Args, ValueEnum};
use fluent_uri::{Uri, UriRef};
use plumb_report::{Line, Tone};
use plumb_wire::http::url::{is_dropped, is_special};
use serde::Serialize;

use super::Run;
use super::reading::Url;
use crate::args::output::OutputArgs;
use crate::args::texts::each_text;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{self, Output, Session};

/// Resolve a reference against a base
///
/// By RFC 3986 section 5.2, and as browsers do it (WHATWG). Where both lead to
/// the same place one line is printed; where they differ a line for each, with
/// its name behind it.
#[derive(Debug, Args)]
pub struct Join {
    /// The URL of the document that the reference stands in
    base: String,

    /// References, or - for lines on stdin
    #[arg(value_name = "REF", required = true)]
    references: Vec<String>,

    /// Print the result of one standard alone
    #[arg(long, value_name = "STANDARD", value_enum)]
    by: Option<Standard>,

    #[command(flatten)]
    output: OutputArgs,
}

/// Whose rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Standard {
    /// RFC 3986, as most libraries
    Rfc3986,
    /// The URL standard, as browsers
    Whatwg,
}

/// The data of a `joined` record.
#[derive(Debug, Serialize)]
struct Joined<'a> {
    base: String,
    reference: &'a str,
    /// Null if RFC 3986 refuses base or reference.
    rfc3986: Option<String>,
    /// Null if the URL standard refuses them.
    whatwg: Option<String>,
    /// Both lead to the same place.
    agree: bool,
}

impl Run for Join {
    const EXAMPLES: &'static str = "
        plumb url join https://example.com/v1/users/123/ ../orders
        plumb url join --by rfc3986 http://a/b/c/d ../../g
        plumb url join https://www.example.com/ - < links.txt";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "url join")?;
        each_text(&self.references, |reference| {
            let joined = join(&self.base, reference)?;
            session.record("joined", &joined)?;
            let lines = lines(&joined, self.by)?;
            session.lines(&lines)
        })?;
        session.end(ExitStatus::GOOD)
    }
}

fn join<'a>(base: &str, reference: &'a str) -> Result<Joined<'a>, CommandError> {
    let rfc3986 = rfc3986(base, reference);
    let parsed = url::Url::parse(base);
    let whatwg = parsed.as_ref().ok().and_then(|base| by_whatwg(base, reference));
    if rfc3986.is_none() && whatwg.is_none() {
        return Err(neither(base, reference));
    }
    let agree = match (&rfc3986, &whatwg) {
        (Some(one), Some(other)) => same_place(one, other.as_str()),
        _ => false,
    };
    Ok(Joined {
        base: covered(base),
        reference,
        rfc3986: rfc3986.map(|text| covered(&text)),
        whatwg: whatwg.map(|url| covered(url.as_str())),
        agree,
    })
}

/// RFC 3986 section 5.2, strict. A base's fragment does not count (5.1).
fn rfc3986(base: &str, reference: &str) -> Option<String> {
    let base = Uri::parse(base).ok()?;
    let reference = UriRef::parse(reference).ok()?;
    let joined = reference.resolve_against(&base.strip_fragment()).ok()?;
    Some(joined.into_string())
}

/// As a browser does. The parser that is used here skips any number of slashes
/// before a host only where there is a scheme; the standard also where there
/// is none ("special authority ignore slashes state").
fn by_whatwg(base: &url::Url, reference: &str) -> Option<url::Url> {
    let trimmed = reference.trim_start_matches(|c: char| c <= ' ');
    let host = trimmed.trim_start_matches(|c: char| matches!(c, '/' | '\\') || is_dropped(c));
    let slashes = trimmed[..trimmed.len() - host.len()].chars().filter(|c| !is_dropped(*c)).count();
    if slashes > 2 && is_special(base.scheme()) && base.scheme() != "file" {
        return base.join(&format!("//{host}")).ok();
    }
    base.join(reference).ok()
}

/// Whether two spellings name the same by the scheme's own rules (RFC 3986
/// section 6.2.3): an empty path is `/`, case and escapes do not matter.
fn same_place(one: &str, other: &str) -> bool {
    let canonical = |text: &str| {
        let url = Url::read(text);
        let path = url.rfc3986.path.filter(|path| !path.is_empty()).unwrap_or("/".to_owned());
        let decoded =
            |text: Option<String>| text.map(|text| plumb_wire::http::url::decode(&text).bytes);
        (
            url.rfc3986.scheme,
            url.rfc3986.host,
            url.rfc3986.port,
            path,
            decoded(url.rfc3986.query),
            decoded(url.rfc3986.fragment),
        )
    };
    canonical(one) == canonical(other)
}

fn neither(base: &str, reference: &str) -> CommandError {
    let read = Url::read(base);
    if read.is_relative() {
        return CommandError::usage("the base has no scheme, so it leads nowhere")
            .at(base, 0..base.len().min(1))
            .hint("a base is a whole URL: https://www.example.com/a/b");
    }
    let refused = |what: &str, url: &Url| {
        let refused = url.rfc3986.refused.clone()?;
        let (text, place) = url.shown();
        let error = CommandError::usage(format!("the {what} is no URL: {}", refused.why));
        Some(error.at(&text, place(refused.start..refused.end)))
    };
    refused("base", &read).or_else(|| refused("reference", &Url::read(reference))).unwrap_or_else(
        || {
            CommandError::usage(
                "nothing can be resolved against this base: what follows its scheme is opaque",
            )
            .at(base, 0..base.len())
        },
    )
}

fn lines(joined: &Joined<'_>, by: Option<Standard>) -> Result<Vec<Line>, CommandError> {
    let refused = |name: &str| {
        CommandError::usage(format!("{name} refuses base or reference"))
            .hint("plumb url says where")
    };
    let bare = |result: &Option<String>, name: &str| match result {
        Some(text) => Ok(vec![Line::plain(text)]),
        None => Err(refused(name)),
    };
    match by {
        Some(Standard::Rfc3986) => return bare(&joined.rfc3986, "RFC 3986"),
        Some(Standard::Whatwg) => return bare(&joined.whatwg, "the URL standard"),
        None if joined.agree => return bare(&joined.rfc3986, "RFC 3986"),
        None => {}
    }
    let show = |result: &Option<String>, name: &str| {
        let line = match result {
            Some(text) => Line::plain(text),
            None => Line::new().and(Tone::Warning, "refused"),
        };
        line.and(Tone::Faint, format!("  # {name}"))
    };
    output::note("the two standards lead to different places; --by chooses one");
    Ok(vec![show(&joined.rfc3986, "RFC 3986"), show(&joined.whatwg, "browsers (WHATWG)")])
}

/// Without a password.
pub(super) fn covered(text: &str) -> String {
    Url::read(text).shown().0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The base of RFC 3986 section 5.4, and every reference of its tables
    /// with the result of the text.
    const BASE: &str = "http://a/b/c/d;p?q";
    const TABLE: &[(&str, &str)] = &[
        ("g:h", "g:h"),
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q#s"),
        ("g#s", "http://a/b/c/g#s"),
        ("g?y#s", "http://a/b/c/g?y#s"),
        (";x", "http://a/b/c/;x"),
        ("g;x", "http://a/b/c/g;x"),
        ("g;x?y#s", "http://a/b/c/g;x?y#s"),
        ("", "http://a/b/c/d;p?q"),
        (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../..", "http://a/"),
        ("../../", "http://a/"),
        ("../../g", "http://a/g"),
        // 5.4.2, abnormal.
        ("../../../g", "http://a/g"),
        ("../../../../g", "http://a/g"),
        ("/./g", "http://a/g"),
        ("/../g", "http://a/g"),
        ("g.", "http://a/b/c/g."),
        (".g", "http://a/b/c/.g"),
        ("g..", "http://a/b/c/g.."),
        ("..g", "http://a/b/c/..g"),
        ("./../g", "http://a/b/g"),
        ("./g/.", "http://a/b/c/g/"),
        ("g/./h", "http://a/b/c/g/h"),
        ("g/../h", "http://a/b/c/h"),
        ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
        ("g;x=1/../y", "http://a/b/c/y"),
        ("g?y/./x", "http://a/b/c/g?y/./x"),
        ("g?y/../x", "http://a/b/c/g?y/../x"),
        ("g#s/./x", "http://a/b/c/g#s/./x"),
        ("g#s/../x", "http://a/b/c/g#s/../x"),
        ("http:g", "http:g"),
    ];

    #[test]
    fn every_reference_of_rfc_3986_section_5_4() {
        for (reference, expected) in TABLE {
            let joined = join(BASE, reference).unwrap();
            assert_eq!(joined.rfc3986.as_deref(), Some(*expected), "{reference}");
            // A browser leads to the same place; but it takes a scheme of the
            // base's own without slashes for no scheme, as older texts did.
            assert_eq!(joined.agree, *reference != "http:g", "{reference}: {:?}", joined.whatwg);
        }
        assert_eq!(join(BASE, "http:g").unwrap().whatwg.as_deref(), Some("http://a/b/c/g"));
    }

    #[test]
    fn the_slash_at_the_end_of_the_base_counts() {
        for (base, expected) in [
            ("https://example.com/v1/users/123/", "https://example.com/v1/users/orders"),
            ("https://example.com/v1/users/123", "https://example.com/v1/orders"),
        ] {
            let joined = join(base, "../orders").unwrap();
            assert_eq!(lines(&joined, None).unwrap(), [Line::plain(expected)]);
        }
    }

    #[test]
    fn what_leads_elsewhere_in_a_browser_is_shown_twice() {
        let joined = join("https://good.example/", r"/\evil.example/x").unwrap();
        assert_eq!(joined.rfc3986, None);
        assert_eq!(joined.whatwg.as_deref(), Some("https://evil.example/x"));
        assert!(!joined.agree);
    }

    #[test]
    fn a_browser_skips_any_number_of_slashes_before_a_host() {
        for reference in ["///evil.example/", r"\\\evil.example/", " /\t/\n//evil.example/"] {
            let joined = join("https://good.example/a", reference).unwrap();
            assert_eq!(joined.whatwg.as_deref(), Some("https://evil.example/"), "{reference:?}");
        }
        let file = join("file:///a/b", "///c").unwrap();
        assert_eq!(file.whatwg.as_deref(), Some("file:///c"));
    }

    #[test]
    fn a_password_is_covered() {
        let joined = join("https://u:secret-word@h/a", "b").unwrap();
        let text = serde_json::to_string(&joined).unwrap();
        assert!(!text.contains("secret-word"), "{text}");
    }
}
