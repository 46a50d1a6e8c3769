//! The page of a directory.

use std::path::Path;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use plumb_sys::file::{Entry, EntryKind};
use plumb_wire::http::path::Segments;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use super::kind::media_type;
use super::listing::{By, ENTRIES_MAX, Listing, date, href, size_of};
use super::name;

const STYLE: &str = include_str!("listing.css");
const ICONS: &str = include_str!("listing_icons.svg");

/// One page without scripts and without anything from elsewhere.
pub(super) fn page(listing: &Listing) -> String {
    let title = match listing.asked.names().last() {
        Some(name) => name::shown_bytes(name),
        None => "Files".to_owned(),
    };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (PreEscaped(ICONS))
                header { (breadcrumbs(&listing.asked)) (summary(listing)) }
                main {
                    @if listing.upload { (upload()) }
                    (table(listing))
                    (paging(listing))
                }
            }
        }
    }
    .into_string()
}

fn breadcrumbs(asked: &Segments) -> Markup {
    let names = asked.names();
    html! {
        nav aria-label="Path" {
            ol.path {
                li {
                    @if names.is_empty() {
                        span aria-current="page" { (icon("home")) "Files" }
                    } @else {
                        a href="/" { (icon("home")) "Files" }
                    }
                }
                @for (depth, name) in names.iter().enumerate() {
                    @let up = names.len() - 1 - depth;
                    li {
                        @if up == 0 {
                            span aria-current="page" { bdi { (name::shown_bytes(name)) } }
                        } @else {
                            a href=("../".repeat(up)) { bdi { (name::shown_bytes(name)) } }
                        }
                    }
                }
            }
        }
    }
}

fn summary(listing: &Listing) -> Markup {
    let count = |count: usize, one: &str, many: &str| {
        format!("{} {}", grouped(count as u64), if count == 1 { one } else { many })
    };
    html! {
        p.summary {
            @if listing.directories > 0 { (count(listing.directories, "folder", "folders")) ", " }
            (count(listing.files, "file", "files"))
            @if listing.files > 0 { ", " (readable(listing.size_bytes)) }
            @if listing.more {
                " – and more: only the first " (grouped(ENTRIES_MAX as u64)) " are shown"
            }
        }
    }
}

fn upload() -> Markup {
    html! {
        form.upload method="post" enctype="multipart/form-data" {
            label for="file" { "Add files" }
            input #file type="file" name="file" multiple required;
            button type="submit" { "Upload" }
        }
    }
}

fn table(listing: &Listing) -> Markup {
    let nested = !listing.asked.names().is_empty();
    html! {
        table {
            thead { tr {
                (column(listing, By::Name, "Name"))
                (column(listing, By::Size, "Size"))
                (column(listing, By::Modified, "Modified"))
            } }
            tbody {
                @if nested {
                    tr { td.name colspan="3" { a href="../" { (icon("up")) "Parent folder" } } }
                }
                @for entry in &listing.entries { (row(entry)) }
            }
        }
        @if listing.entries.is_empty() { p.empty { "This folder is empty." } }
    }
}

/// The heading sorts by its column, and the other way round when it does.
fn column(listing: &Listing, by: By, title: &str) -> Markup {
    let sorted = listing.order.by == by;
    let descending = listing.order.descending;
    // The largest and the newest are what one looks for.
    let next = if sorted { !descending } else { by != By::Name };
    let link = format!("?sort={}&order={}", by.word(), if next { "desc" } else { "asc" });
    let direction = sorted.then_some(if descending { "descending" } else { "ascending" });
    html! {
        th.(by.word()) scope="col" aria-sort=[direction] {
            a href=(link) {
                (title)
                @if by == By::Modified { span.zone { " UTC" } }
                @if sorted { span.arrow aria-hidden="true" { (if descending { "↓" } else { "↑" }) } }
            }
        }
    }
}

fn row(entry: &Entry) -> Markup {
    let minutes = format_description!("[year]-[month]-[day] [hour]:[minute]");
    html! {
        tr {
            td.name {
                a href=(href(entry)) {
                    (icon(icon_of(entry)))
                    bdi { (name::shown(&entry.name)) }
                    @if entry.is_link { span.link title="Symbolic link" { "link" } }
                }
            }
            td.size {
                @if let Some(size) = size_of(entry) {
                    span title={ (grouped(size)) " bytes" } { (readable(size)) }
                }
            }
            td.modified {
                @if let Some(date) = date(entry)
                    && let (Ok(exact), Ok(short)) = (date.format(&Rfc3339), date.format(minutes)) {
                    time datetime=(exact) title={ (exact) } { (short) }
                }
            }
        }
    }
}

fn paging(listing: &Listing) -> Markup {
    let order = listing.order;
    let link = |page: usize| {
        let way = if order.descending { "desc" } else { "asc" };
        format!("?sort={}&order={way}&page={page}", order.by.word())
    };
    html! {
        @if listing.pages > 1 {
            nav.pages aria-label="Pages" {
                @if order.page > 1 { a href=(link(order.page - 1)) rel="prev" { "← Previous" } }
                span { "Page " (order.page) " of " (listing.pages) }
                @if order.page < listing.pages {
                    a href=(link(order.page + 1)) rel="next" { "Next →" }
                }
            }
        }
    }
}

fn icon(name: &str) -> Markup {
    html! { svg.icon viewBox="0 0 16 16" aria-hidden="true" { use href={ "#" (name) } {} } }
}

fn icon_of(entry: &Entry) -> &'static str {
    if entry.kind == EntryKind::Directory {
        return "folder";
    }
    let kind = media_type(Path::new(&entry.name));
    match kind.split('/').next() {
        Some("image") => "image",
        Some("audio" | "video") => "media",
        Some("text") => "text",
        _ if matches!(kind, "application/json" | "application/pdf" | "application/xml") => "text",
        _ if is_archive(kind) => "archive",
        _ => "file",
    }
}

fn is_archive(kind: &str) -> bool {
    ["zip", "gzip", "zstd", "x-tar", "x-bzip", "x-xz", "x-7z", "rar"]
        .iter()
        .any(|word| kind.contains(word))
}

/// `1.2 KiB`.
fn readable(size_bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if size_bytes < 1024 {
        return format!("{size_bytes} B");
    }
    let mut size = size_bytes as f64 / 1024.0;
    let mut unit = 0;
    // What would be rounded to four digits is of the next unit.
    while size >= 999.5 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(size < 9.95);
    format!("{size:.digits$} {}", UNITS[unit])
}

/// `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_gets() {
        let entry = |name: &str, kind, size_bytes| Entry {
            name: name.into(),
            kind,
            is_link: name == "latest",
            size_bytes,
            modified_unix_s: 784_111_777,
        };
        let listing = Listing {
            asked: Segments::parse("/a%20b/%3Cc%3E/").unwrap(),
            order: crate::http::files::listing::Order { by: By::Size, descending: true, page: 2 },
            entries: vec![
                entry("sub", EntryKind::Directory, 4096),
                entry("latest", EntryKind::File, 1234),
                entry("<b>&\".png", EntryKind::File, 0),
            ],
            directories: 1,
            files: 1200,
            size_bytes: 123_456_789,
            pages: 3,
            more: true,
            upload: true,
        };
        let page = page(&listing).replace(STYLE, "STYLE").replace(ICONS, "ICONS");
        // One element a line, to be read in a diff.
        insta::assert_snapshot!(page.replace("><", ">\n<"));
    }

    #[test]
    fn sizes_for_people() {
        for (size, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (10_200, "10 KiB"),
            (1_048_575, "1.0 MiB"),
            (5_368_709_120, "5.0 GiB"),
            (u64::MAX, "16 EiB"),
        ] {
            assert_eq!(readable(size), text);
        }
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
