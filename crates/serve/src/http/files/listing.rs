//! A directory as a page for people and as JSON for programs.

use std::cmp::Ordering;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, VARY,
};
use http::request::Parts;
use http::{Method, Response};
use plumb_sys::file::{Entries, Entry, EntryKind};
use plumb_wire::http::path::{Segments, encode};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::coding::{Accepted, BY_SPEED};
use super::page::{Form, Trouble, form, trouble_of};
use super::{Shelf, listing_page, name, path_of};
use crate::http::message::ResponseBody;

/// Entries on one page: a screen or ten, and a page that a telephone can show.
pub(super) const PAGE_ENTRIES: usize = 500;
/// Entries of a directory that are looked at; a mailbox has fewer.
pub(super) const ENTRIES_MAX: usize = 50_000;

/// What the query of a listing asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) by: By,
    pub(super) descending: bool,
    /// From 1.
    pub(super) page: usize,
}

/// What entries are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Name,
    Size,
    Modified,
}

impl By {
    pub(super) fn word(self) -> &'static str {
        match self {
            By::Name => "name",
            By::Size => "size",
            By::Modified => "modified",
        }
    }
}

impl Order {
    /// What is not understood is as if it was not there.
    fn of(query: &str) -> Order {
        let mut order = Order { by: By::Name, descending: false, page: 1 };
        for pair in query.split('&') {
            match pair.split_once('=').unwrap_or((pair, "")) {
                ("sort", "size") => order.by = By::Size,
                ("sort", "modified" | "date" | "time" | "mtime") => order.by = By::Modified,
                ("sort", _) => order.by = By::Name,
                ("order", word) => order.descending = word == "desc",
                ("page", number) => order.page = number.parse().unwrap_or(1).max(1),
                _ => {}
            }
        }
        order
    }
}

/// One page of a directory, sorted.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) asked: Segments,
    pub(super) order: Order,
    /// Those of this page.
    pub(super) entries: Vec<Entry>,
    pub(super) directories: usize,
    pub(super) files: usize,
    pub(super) size_bytes: u64,
    pub(super) pages: usize,
    /// Whether there are more than were looked at.
    pub(super) more: bool,
    /// Whether the page has a form to upload with.
    pub(super) upload: bool,
}

impl Shelf {
    pub(super) async fn list(
        self: &Arc<Shelf>,
        request: &Parts,
        asked: Segments,
    ) -> Result<Response<ResponseBody>, Trouble> {
        let order = Order::of(request.uri.query().unwrap_or_default());
        let form = form(&request.headers, [Form::Html, Form::Json, Form::Text]);
        let coding = Accepted::of(&request.headers).codings(BY_SPEED).first().copied();
        let shelf = Arc::clone(self);
        // Many entries are many system calls.
        let work = move || {
            let hidden = shelf.config.hidden;
            let top = asked.names().is_empty();
            let found = shelf.root.entries(&path_of(&asked), ENTRIES_MAX, |name| {
                hidden || !name.as_bytes().starts_with(b".") || top && name == ".well-known"
            });
            let found = found.map_err(|error| trouble_of(&error))?;
            let upload = shelf.config.upload.is_some();
            let (kind, text) = written(&listing(asked, order, found, upload), form);
            let coded =
                coding.and_then(|coding| Some((coding, coding.compress(text.as_bytes()).ok()?)));
            Ok::<_, Trouble>((kind, text, coded))
        };
        let (kind, text, coded) =
            tokio::task::spawn_blocking(work).await.map_err(|_| Trouble::Broken)??;
        let mut response = Response::new(ResponseBody::empty());
        let headers = response.headers_mut();
        let body = match coded {
            Some((coding, bytes)) => {
                headers.insert(CONTENT_ENCODING, coding.value());
                Bytes::from(bytes)
            }
            None => Bytes::from(text),
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        super::page::protect(headers);
        if request.method != Method::HEAD {
            *response.body_mut() = ResponseBody::full(body);
        }
        Ok(response)
    }
}

fn listing(asked: Segments, order: Order, found: Entries, upload: bool) -> Listing {
    let Entries { mut entries, more } = found;
    entries.sort_by(|one, other| compare(one, other, order));
    let directories = entries.iter().filter(|entry| entry.kind == EntryKind::Directory).count();
    let files = entries.len() - directories;
    let size_bytes = entries.iter().map(|entry| size_of(entry).unwrap_or(0)).sum();
    let pages = entries.len().div_ceil(PAGE_ENTRIES).max(1);
    let page = order.page.min(pages);
    let entries = entries.into_iter().skip((page - 1) * PAGE_ENTRIES).take(PAGE_ENTRIES).collect();
    let order = Order { page, ..order };
    Listing { asked, order, entries, directories, files, size_bytes, pages, more, upload }
}

/// Directories first, whatever the order; equals by name.
fn compare(one: &Entry, other: &Entry, order: Order) -> Ordering {
    let by_name = natural(one.name.as_bytes(), other.name.as_bytes());
    let by = match order.by {
        By::Name => by_name,
        By::Size => size_of(one).cmp(&size_of(other)).then(by_name),
        By::Modified => one.modified_unix_s.cmp(&other.modified_unix_s).then(by_name),
    };
    one.kind.cmp(&other.kind).then(if order.descending { by.reverse() } else { by })
}

/// The size of a file; that of a directory means nothing to a reader.
pub(super) fn size_of(entry: &Entry) -> Option<u64> {
    (entry.kind == EntryKind::File).then_some(entry.size_bytes)
}

/// As people sort: without regard to case, and `2` before `10`.
fn natural(one: &[u8], other: &[u8]) -> Ordering {
    let (mut a, mut b) = (one, other);
    while let (Some(&x), Some(&y)) = (a.first(), b.first()) {
        let by = if x.is_ascii_digit() && y.is_ascii_digit() {
            let (number_a, rest_a) = number(a);
            let (number_b, rest_b) = number(b);
            (a, b) = (rest_a, rest_b);
            number_a.len().cmp(&number_b.len()).then(number_a.cmp(number_b))
        } else {
            (a, b) = (&a[1..], &b[1..]);
            x.to_ascii_lowercase().cmp(&y.to_ascii_lowercase())
        };
        if by != Ordering::Equal {
            return by;
        }
    }
    a.len().cmp(&b.len()).then(one.cmp(other))
}

/// The digits at the beginning, without leading zeros, and the rest.
fn number(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    (&digits[zeros..], rest)
}

fn written(listing: &Listing, form: Form) -> (&'static str, String) {
    match form {
        Form::Html => ("text/html; charset=utf-8", listing_page::page(listing)),
        Form::Json => ("application/json", json(listing)),
        Form::Text => ("text/plain; charset=utf-8", text(listing)),
    }
}

fn json(listing: &Listing) -> String {
    let entries: Vec<_> = listing
        .entries
        .iter()
        .map(|entry| {
            serde_json::json!({
                "name": entry.name.to_string_lossy(),
                "type": match entry.kind {
                    EntryKind::Directory => "directory",
                    EntryKind::File => "file",
                },
                "size_bytes": size_of(entry),
                "modified": date(entry).and_then(|date| date.format(&Rfc3339).ok()),
                "link": entry.is_link,
                "href": href(entry),
            })
        })
        .collect();
    let whole = serde_json::json!({
        "path": listing.asked.encoded(),
        "directories": listing.directories,
        "files": listing.files,
        "size_bytes": listing.size_bytes,
        "page": listing.order.page,
        "pages": listing.pages,
        "truncated": listing.more,
        "entries": entries,
    });
    format!("{whole:#}\n")
}

fn text(listing: &Listing) -> String {
    let mut text = String::new();
    for entry in &listing.entries {
        text.push_str(&name::shown(&entry.name));
        if entry.kind == EntryKind::Directory {
            text.push('/');
        }
        text.push('\n');
    }
    text
}

/// A link to an entry, relative to its directory: `./` keeps a name with a
/// colon from being taken for a scheme.
pub(super) fn href(entry: &Entry) -> String {
    let mut href = String::from("./");
    encode(entry.name.as_bytes(), &mut href);
    if entry.kind == EntryKind::Directory {
        href.push('/');
    }
    href
}

pub(super) fn date(entry: &Entry) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(entry.modified_unix_s).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, kind: EntryKind, size_bytes: u64) -> Entry {
        Entry { name: name.into(), kind, is_link: false, size_bytes, modified_unix_s: 0 }
    }

    fn names(query: &str) -> String {
        use EntryKind::{Directory, File};
        let entries = vec![
            entry("b10", File, 1),
            entry("B2", File, 3),
            entry("a", File, 2),
            entry("z", Directory, 4096),
            entry("y", Directory, 0),
        ];
        let asked = Segments::parse("/").unwrap();
        let found = Entries { entries, more: false };
        text(&listing(asked, Order::of(query), found, false)).replace('\n', " ")
    }

    #[test]
    fn sorted_as_people_do() {
        for (query, expected) in [
            ("", "y/ z/ a B2 b10 "),
            ("sort=name&order=desc", "z/ y/ b10 B2 a "),
            ("sort=size", "y/ z/ b10 a B2 "),
            ("sort=size&order=desc", "z/ y/ B2 a b10 "),
            ("sort=modified&order=up&page=9", "y/ z/ a B2 b10 "),
            ("sort=%00&order&page=-1&&=", "y/ z/ a B2 b10 "),
        ] {
            assert_eq!(names(query), expected, "{query}");
        }
        assert_eq!(natural(b"a01", b"a1"), Ordering::Less);
        assert_eq!(natural(b"a1b", b"a1"), Ordering::Greater);
        let long = b"9".repeat(400);
        assert_eq!(natural(&long, &long), Ordering::Equal);
    }

    #[test]
    fn pages_are_bounded() {
        let entries = (0..=PAGE_ENTRIES).map(|n| entry(&n.to_string(), EntryKind::File, 1));
        let found = Entries { entries: entries.collect(), more: true };
        let asked = Segments::parse("/").unwrap();
        let last = listing(asked, Order::of("page=2"), found, false);
        assert_eq!((last.pages, last.entries.len(), last.files), (2, 1, PAGE_ENTRIES + 1));
        assert_eq!(last.entries[0].name, PAGE_ENTRIES.to_string()[..]);
    }
}
