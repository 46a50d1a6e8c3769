//! A URL and what was found out about it, for people.

use plumb_report::text::{Detail, Layout};
use plumb_report::{Line, Tone, sanitize, styled};
use plumb_wire::http::url::{Parts, pairs};

use super::picture;
use super::reading::{Reading, Url, default_port, scheme_class};
use super::risk::{Level, Notice};

/// Columns before everything, and those of the names at the left.
const INDENT: usize = 2;
const NAME: usize = 11;
/// Columns of the place of a part.
const PLACE: usize = 9;

/// The whole answer for one URL.
pub(super) fn lines(url: &Url, notices: &[Notice], layout: &Layout) -> Vec<Line> {
    let columns = layout.columns.clamp(40, plumb_report::text::COLUMNS_MAX);
    let mut lines = Vec::new();
    if layout.detail != Detail::Quiet {
        lines.extend(pictures(url, columns, layout.unicode));
        lines.push(Line::new());
        lines.extend(parts(url, columns));
        lines.extend(query(url, columns));
        lines.extend(facts(url, columns));
        lines.extend(readings(url, columns));
    }
    for notice in notices {
        if layout.detail == Detail::Quiet && notice.level == Level::Note {
            continue;
        }
        lines.extend(notice_lines(notice, columns));
    }
    lines
}

/// One picture, or one for each standard where they see other parts.
fn pictures(url: &Url, columns: usize, unicode: bool) -> Vec<Line> {
    let (text, place) = url.shown();
    let draw = |parts: &Parts| {
        let shown: Vec<_> =
            parts.named().into_iter().map(|(name, range)| (name, place(range))).collect();
        let lines = picture::draw(&text, &shown, columns - INDENT, unicode);
        lines.into_iter().map(|line| indented(INDENT, line)).collect::<Vec<_>>()
    };
    let (rfc, whatwg) = (&url.rfc3986.parts, &url.whatwg.parts);
    match (rfc, whatwg) {
        (Some(one), Some(other)) if one != other => {
            let mut lines = vec![Line::new().and(Tone::Strong, "as RFC 3986 splits it")];
            lines.extend(draw(one));
            lines.push(Line::new());
            lines.push(Line::new().and(Tone::Strong, "as a browser (WHATWG) splits it"));
            lines.extend(draw(other));
            lines
        }
        (Some(parts), _) | (None, Some(parts)) => draw(parts),
        (None, None) => Vec::new(),
    }
}

fn indented(columns: usize, line: Line) -> Line {
    line.spans()
        .iter()
        .fold(Line::plain(" ".repeat(columns)), |out, span| out.and(span.tone(), span.text()))
}

/// `  name       text`, further lines below the text.
fn row(name: &str, tone: Tone, text: &str, columns: usize) -> Vec<Line> {
    let name = Line::plain(" ".repeat(INDENT)).and(Tone::Hint, name);
    styled::beside(name, INDENT + NAME, tone, text, columns)
}

/// A row per part: where it is, what it says.
fn parts(url: &Url, columns: usize) -> Vec<Line> {
    let reading = if url.rfc3986.host.is_some() || url.whatwg.parts.is_none() {
        &url.rfc3986
    } else {
        &url.whatwg
    };
    let Some(parts) = &reading.parts else { return Vec::new() };
    let mut lines = Vec::new();
    for (name, range) in parts.named() {
        let at = format!("{}-{}", range.start, range.end);
        let text = url.shown_part(range);
        let decoded = plumb_wire::http::url::decode(&text).bytes;
        let meaning = sanitize::bytes(&decoded, usize::MAX);
        let more = if meaning != text && name != "query" {
            format!("  = {meaning}")
        } else {
            String::new()
        };
        let text = if text.is_empty() { "(empty)".to_owned() } else { text };
        let left = INDENT + NAME + PLACE;
        for (i, piece) in styled::wrap(&format!("{text}{more}"), columns - left).iter().enumerate()
        {
            let (name, at) = if i == 0 { (name, at.as_str()) } else { ("", "") };
            let line = Line::plain(" ".repeat(INDENT)).and(Tone::Hint, name).pad_to(INDENT + NAME);
            lines.push(line.and(Tone::Faint, at).pad_to(left).and(Tone::Plain, piece));
        }
    }
    lines
}

/// The pairs of the query, decoded, in their order.
fn query(url: &Url, columns: usize) -> Vec<Line> {
    let query = url.rfc3986.query.clone().or(url.whatwg.query.clone()).unwrap_or_default();
    let pairs = pairs(&query);
    let name_of = |bytes: &[u8]| sanitize::bytes(bytes, usize::MAX);
    let width =
        pairs.iter().map(|pair| styled::width(&name_of(&pair.name))).max().unwrap_or(0).min(24);
    let mut lines = Vec::new();
    for (i, pair) in pairs.iter().enumerate() {
        let heading = if i == 0 { "pairs" } else { "" };
        let name = name_of(&pair.name);
        let pad = " ".repeat(width.saturating_sub(styled::width(&name)));
        let value = match &pair.value {
            Some(value) => sanitize::bytes(value, usize::MAX),
            None => "(no =)".to_owned(),
        };
        let at = INDENT + NAME + width + 2;
        let values = styled::wrap(&value, columns.saturating_sub(at).max(16));
        let first = Line::plain(" ".repeat(INDENT)).and(Tone::Hint, heading).pad_to(INDENT + NAME);
        let first = first.and(Tone::Plain, format!("{name}{pad}  "));
        lines.push(first.and(Tone::Strong, values.first().map_or("(empty)", String::as_str)));
        lines.extend(
            values.iter().skip(1).map(|more| Line::new().pad_to(at).and(Tone::Strong, more)),
        );
    }
    lines
}

/// What follows from the parts without asking anybody.
fn facts(url: &Url, columns: usize) -> Vec<Line> {
    let mut facts: Vec<(&str, String)> = Vec::new();
    if let Some(host) = &url.host {
        match (&host.registrable_domain, &host.public_suffix, host.suffix_kind) {
            (Some(domain), Some(suffix), Some("unlisted")) => facts
                .push(("domain", format!("{domain}; {suffix} is not on the public suffix list"))),
            (Some(domain), Some(suffix), kind) => {
                let whose = if kind == Some("private") { ", a company's" } else { "" };
                facts
                    .push(("domain", format!("{domain}, below the public suffix {suffix}{whose}")));
            }
            (None, Some(suffix), Some("icann" | "private")) => {
                facts.push(("domain", format!("{suffix} is itself a public suffix")));
            }
            _ => {}
        }
        if let Some(unicode) = &host.unicode {
            facts.push(("unicode", unicode.clone()));
            facts.push(("ascii", host.ascii.clone()));
        }
        if host.kind != "name" {
            let scope = host.scope.unwrap_or("of the public Internet");
            facts.push(("address", format!("{}, {scope}", host.ascii)));
        }
    }
    if let Some(parsed) = &url.parsed {
        let scheme = parsed.scheme();
        let port = match (parsed.port(), default_port(scheme)) {
            (None, Some(port)) => Some(format!("{port}, the scheme's own")),
            (Some(port), Some(own)) => Some(format!("{port}; the scheme's own is {own}")),
            (Some(port), None) => Some(port.to_string()),
            (None, None) => None,
        };
        facts.extend(port.filter(|_| parsed.has_host()).map(|port| ("port", port)));
        let origin = parsed.origin();
        facts.push(match origin.is_tuple() {
            true => ("origin", origin.ascii_serialization()),
            false => ("origin", "opaque: the same as no other".to_owned()),
        });
        if let Some(class) = scheme_class(scheme) {
            facts.push(("scheme", format!("{scheme}: {class}")));
        } else if parsed.cannot_be_a_base() {
            facts
                .push(("scheme", format!("{scheme}: what follows is opaque, it cannot be a base")));
        }
    }
    facts.into_iter().flat_map(|(name, text)| row(name, Tone::Plain, &text, columns)).collect()
}

/// Both readings beside each other where they differ, one line where not.
fn readings(url: &Url, columns: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let show = |reading: &Reading| match (&reading.refused, &reading.normalized) {
        (Some(refused), _) if refused.start == refused.end => {
            (Tone::Warning, format!("refused: {}", refused.why))
        }
        (Some(refused), _) => {
            (Tone::Warning, format!("refused at byte {}: {}", refused.start, refused.why))
        }
        (None, Some(text)) => (Tone::Plain, text.clone()),
        (None, None) => (Tone::Plain, String::new()),
    };
    let (rfc, whatwg) = (show(&url.rfc3986), show(&url.whatwg));
    let text = url.shown().0;
    if rfc == whatwg {
        let same = rfc.1 == text;
        let both = if same { "alike; this is its normal form" } else { rfc.1.as_str() };
        lines.extend(row("both read", rfc.0, both, columns));
        return lines;
    }
    lines.extend(row("RFC 3986", rfc.0, &rfc.1, columns));
    lines.extend(row("WHATWG", whatwg.0, &whatwg.1, columns));
    lines
}

fn notice_lines(notice: &Notice, columns: usize) -> Vec<Line> {
    let (tone, word) = match notice.level {
        Level::Warning => (Tone::Warning, "warning"),
        Level::Note => (Tone::Faint, "note"),
    };
    let at = INDENT + NAME;
    let mut lines = Vec::new();
    for (i, piece) in styled::wrap(&notice.claim, columns - at).into_iter().enumerate() {
        let head = if i == 0 { word } else { "" };
        let line = Line::plain(" ".repeat(INDENT)).and(tone, head).pad_to(at);
        let tone = if notice.level == Level::Warning { Tone::Strong } else { Tone::Plain };
        lines.push(line.and(tone, piece));
    }
    if let Some(risk) = &notice.risk {
        let risk = format!("risk: {risk}");
        lines.extend(
            styled::wrap(&risk, columns - at)
                .into_iter()
                .map(|piece| Line::new().pad_to(at).and(Tone::Plain, piece)),
        );
    }
    lines
}
