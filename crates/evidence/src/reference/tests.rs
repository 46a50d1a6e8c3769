//! The form of the pages, and how topics find them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::page::pages_of;
use super::*;
use crate::FindingId;

/// Three pages of three kinds, as the README has the form.
const STATUS: &str = "Before the first heading anything may stand.

## 404
title: Not Found
aka: not-found, missing page
source: RFC 9110 section 15.5.5, socket(7), IEEE 802.1Q
at fault: the client: or whoever published the link
retry: no
owes: nothing
see: status:410, header:location
alive: plumb lab run -- plumb http https://www.example.com/nothing-here

What it means.

What goes wrong.

    GET /nothing-here HTTP/1.1
    Host: www.example.com

    HTTP/1.1 404 Not Found

## 410
title: Gone
source: RFC 9110
at fault: nobody
retry: never
owes: nothing
see: status:404
alive: plumb explain 410

It was there.

    HTTP/1.1 410 Gone
";
const ICMP: &str = "## 3/4
title: Fragmentation Needed
source: RFC 792
number: 3/4
class: error
sender: router
do: lower it
see: icmp:3
alive: plumb explain 3/4

    bytes
";

fn page(kind: Kind, source: &'static str, key: &str) -> Page {
    pages_of(kind, source).find(|page| page.key == key).expect("a page of this file")
}

#[test]
fn a_page_has_the_parts_of_its_section() {
    let page = page(Kind::Status, STATUS, "404");
    assert_eq!(page.topic(), "status:404");
    assert_eq!(page.title(), "Not Found");
    assert_eq!(page.aka().collect::<Vec<_>>(), ["not-found", "missing page"]);
    assert_eq!(page.number(), Some(Number::Plain(404)));
    let facts: Vec<&str> = page.facts().map(|fact| fact.name).collect();
    assert_eq!(facts, ["at fault", "retry", "owes"]);
    assert_eq!(page.fact("at fault"), Some("the client: or whoever published the link"));
    assert_eq!(page.see().collect::<Vec<_>>(), ["status:410", "header:location"]);
    assert_eq!(page.text(), "What it means.\n\nWhat goes wrong.");
    let example = "GET /nothing-here HTTP/1.1\nHost: www.example.com\n\nHTTP/1.1 404 Not Found";
    assert_eq!(page.example(), example);
    let urls: Vec<_> = page.sources().into_iter().map(|source| source.url).collect();
    assert_eq!(
        urls,
        [
            Some("https://www.rfc-editor.org/rfc/rfc9110#section-15.5.5".to_owned()),
            Some("https://man7.org/linux/man-pages/man7/socket.7.html".to_owned()),
            None
        ]
    );
    assert_eq!(pages_of(Kind::Status, STATUS).count(), 2);
}

#[test]
fn a_page_may_be_all_example() {
    let page = page(Kind::Icmp, ICMP, "3/4");
    assert_eq!((page.text(), page.example().as_str()), ("", "bytes"));
    assert_eq!(page.number(), Some(Number::Pair(3, 4)));
}

#[test]
fn numbers_are_read_as_people_write_them() {
    let number = |kind, text| Number::of_kind(kind, text);
    assert_eq!(number(Kind::Rtype, "15"), Some(Number::Plain(15)));
    assert_eq!(number(Kind::Rtype, "TYPE15"), Some(Number::Plain(15)));
    assert_eq!(number(Kind::Rtype, "type15"), Some(Number::Plain(15)));
    assert_eq!(number(Kind::Rcode, "RCODE23"), Some(Number::Plain(23)));
    assert_eq!(number(Kind::Suite, "0xC02F"), Some(Number::Plain(0xc02f)));
    assert_eq!(number(Kind::Suite, "49199"), Some(Number::Plain(0xc02f)));
    assert_eq!(number(Kind::Alert, "alert 48"), Some(Number::Plain(48)));
    assert_eq!(number(Kind::Eai, "-2"), Some(Number::Plain(-2)));
    assert_eq!(number(Kind::Icmp, "3/4"), Some(Number::Pair(3, 4)));
    for text in ["", "-", "0x", "x15", "+5", "1e3", "3/256", "3/4/5", "MX", "99999999999999999999"]
    {
        assert_eq!(number(Kind::Rtype, text), None, "{text:?}");
    }
}

#[test]
fn words_are_the_same_in_any_case_and_with_any_dash() {
    assert!(word::same("TIME-WAIT", "time_wait"));
    assert!(word::same("Not Found", "not-found"));
    assert!(!word::same("SO_LINGER", "SO_LINGE"));
    assert_eq!(word::fold("SO_LINGER x"), "so-linger-x");
}

#[test]
fn a_topic_has_a_prefix_or_none() {
    assert_eq!(Topic::parse("status:404"), Topic::Of(Kind::Status, "404"));
    assert_eq!(Topic::parse(" Status: 404 "), Topic::Of(Kind::Status, "404"));
    assert_eq!(Topic::parse("status 404"), Topic::Of(Kind::Status, "404"));
    assert_eq!(Topic::parse("status:"), Topic::All(Kind::Status));
    assert_eq!(Topic::parse("not found"), Topic::Bare("not found"));
    assert_eq!(Topic::parse("::1"), Topic::Bare("::1"));
    assert_eq!(Topic::parse(""), Topic::Bare(""));
}

#[test]
fn the_better_reading_is_meant_and_equal_ones_are_all_named() {
    let (found, gone) = (page(Kind::Status, STATUS, "404"), page(Kind::Status, STATUS, "410"));
    let reading = |page, by| Reading { subject: Subject::Page(page), by };
    let subject = Subject::Page;
    assert_eq!(choose(vec![]), Choice::Nothing);
    assert_eq!(
        choose(vec![reading(found, By::Name), reading(gone, By::Key)]),
        Choice::One(subject(gone), vec![subject(found)])
    );
    assert_eq!(
        choose(vec![reading(found, By::Key), reading(gone, By::Key)]),
        Choice::Several(vec![subject(found), subject(gone)])
    );
}

#[test]
fn numbers_without_a_page_have_a_range() {
    let title = |topic: &str| match Topic::parse(topic) {
        Topic::Of(kind, key) => {
            let number = Number::of_kind(kind, key)?;
            Unlisted::of(kind, number).map(|found| found.title())
        }
        _ => None,
    };
    assert_eq!(title("status:299"), Some("unassigned, success"));
    assert_eq!(title("status:99"), Some("no status code"));
    assert_eq!(title("status:600"), Some("unknown, of no class"));
    assert_eq!(title("port:0"), Some("reserved"));
    assert_eq!(title("port:1023"), Some("a well-known port"));
    assert_eq!(title("port:1024"), Some("a registered port"));
    assert_eq!(title("port:12345"), Some("a registered port"));
    assert_eq!(title("port:49152"), Some("a dynamic port"));
    assert_eq!(title("port:65535"), Some("a dynamic port"));
    assert_eq!(title("port:65536"), None);
    assert_eq!(title("rtype:65300"), Some("private use"));
    assert_eq!(title("rtype:TYPE65300"), Some("private use"));
    assert_eq!(title("proto:253"), Some("for experiments"));
    assert_eq!(title("suite:0x1a1a"), Some("GREASE"));
    assert_eq!(title("suite:0x1a1b"), Some("unassigned"));
    assert_eq!(title("icmp:3/99"), Some("a code without a page"));
    assert_eq!(title("icmp:44"), Some("unassigned"));
    assert_eq!(title("eai:-99"), None);
}

#[test]
fn every_range_can_be_read() {
    let mut seen = BTreeSet::new();
    for span in spans() {
        let at = format!("{}:{}", span.kind, span.range);
        assert!(span.parts().all(|part| part.is_some()), "{at}");
        assert!(seen.insert(at.clone()), "{at} stands twice");
        let number = span.parts().flatten().next().expect("a range").0;
        let unlisted = Unlisted { number, span };
        assert!(!unlisted.title().is_empty() && !unlisted.text().is_empty(), "{at}");
        assert!(!unlisted.sources().is_empty(), "{at}");
        for topic in unlisted.see() {
            assert!(exists(topic), "{at}: there is no {topic}");
        }
    }
    let headings = include_str!("../../reference/ranges.md").matches("\n## ").count();
    assert_eq!(seen.len(), headings, "a heading names no kind");
}

/// Everything that is wrong, at once: whoever writes pages reads this.
#[derive(Default)]
struct Complaints(Vec<String>);

impl Complaints {
    fn unless(&mut self, good: bool, page: Page, why: impl Into<String>) {
        if !good {
            self.0.push(format!("{}: {}", page.topic(), why.into()));
        }
    }

    fn end(self) {
        assert!(self.0.is_empty(), "\n{}\n", self.0.join("\n"));
    }
}

fn all() -> impl Iterator<Item = Page> {
    Kind::ALL.iter().flat_map(|kind| kind.pages())
}

/// Whether a topic of `see` opens a page by its key. The lab knows the faults.
fn exists(topic: &str) -> bool {
    match Topic::parse(topic) {
        Topic::Of(kind, key) => kind.pages().any(|page| page.has_key(key)),
        Topic::All(_) => false,
        Topic::Bare(word) => match word.split_once(':') {
            Some(("finding", id)) => FindingId::from_id(id).is_some(),
            Some(("fault", _)) => true,
            _ => false,
        },
    }
}

#[test]
fn every_file_belongs_to_a_kind_and_every_kind_has_pages() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference");
    let files: BTreeSet<String> = fs::read_dir(folder)
        .expect("the folder of the pages")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| !["README.md", "ranges.md"].contains(&name.as_str()))
        .collect();
    let known: BTreeSet<String> = Kind::FILES.iter().map(|&file| file.to_owned()).collect();
    assert_eq!(files, known, "a file needs its place in a row of kind.rs");
    for &kind in Kind::ALL {
        assert!(kind.pages().next().is_some(), "{kind} has no page");
        let opens =
            kind.pages().any(|page| page.has_key(kind.example()) || page.has_name(kind.example()));
        let number = Number::parse(kind.example());
        let numbered = number.is_some() && kind.pages().any(|page| page.number() == number);
        assert!(opens || numbered, "{kind}: its example {} opens nothing", kind.example());
    }
}

#[test]
fn every_head_has_its_lines_in_order() {
    let mut complaints = Complaints::default();
    for page in all() {
        let names: Vec<&str> = page.lines().map(|line| line.name).collect();
        let facts: Vec<&str> = page.facts().map(|fact| fact.name).collect();
        let wanted: Vec<&str> = page.kind.facts().collect();
        complaints.unless(facts == wanted, page, format!("facts {facts:?}, not {wanted:?}"));
        complaints.unless(names.first() == Some(&"title"), page, "title does not stand first");
        let aka = names.iter().position(|name| *name == "aka");
        complaints.unless(aka.is_none_or(|at| at == 1), page, "aka does not stand second");
        let end = &names[names.len().saturating_sub(2)..];
        complaints.unless(end == ["see", "alive"], page, "see and alive do not stand last");
        complaints.unless(names.contains(&"source"), page, "there is no source");
        let once: BTreeSet<&&str> = names.iter().collect();
        complaints.unless(once.len() == names.len(), page, "a line stands twice");
        for line in page.lines() {
            complaints.unless(!line.value.is_empty(), page, format!("{} is empty", line.name));
        }
        let title = page.title();
        complaints.unless(!title.ends_with('.'), page, "the title ends with a full stop");
        complaints.unless(page.topic().len() + title.len() < 105, page, "the title is too long");
        if wanted.contains(&"number") {
            complaints.unless(page.number().is_some(), page, "the number cannot be read");
        }
        for source in page.sources() {
            let linked = !source.name.starts_with("RFC") || source.url.is_some();
            complaints.unless(linked, page, format!("{} is no RFC NUMBER section N", source.name));
        }
    }
    complaints.end();
}

#[test]
fn prose_is_short_and_an_example_stands_last() {
    /// Three paragraphs of about 60 words each.
    const PARAGRAPHS_MAX: usize = 3;
    const WORDS_MAX: usize = 75;
    const EXAMPLE_LINES_MAX: usize = 25;
    let mut complaints = Complaints::default();
    for page in all() {
        let paragraphs: Vec<&str> = page.text().split("\n\n").collect();
        complaints.unless(!page.text().is_empty(), page, "there is no prose");
        complaints.unless(paragraphs.len() <= PARAGRAPHS_MAX, page, "more than three paragraphs");
        for paragraph in paragraphs {
            complaints.unless(!paragraph.trim().contains('\n'), page, "a paragraph is wrapped");
            let words = paragraph.split_whitespace().count();
            complaints.unless(words <= WORDS_MAX, page, format!("a paragraph of {words} words"));
        }
        let example = page.example_source().trim_end();
        complaints.unless(!example.is_empty(), page, "there is no example");
        let set_off = example.lines().all(|line| line.is_empty() || line.starts_with("    "));
        complaints.unless(set_off, page, "something stands behind the example");
        let lines = example.lines().count();
        complaints.unless(lines <= EXAMPLE_LINES_MAX, page, format!("an example of {lines} lines"));
        complaints.unless(!example.contains('\t'), page, "a tab in the example");
    }
    complaints.end();
}

#[test]
fn no_two_pages_share_their_example() {
    let mut complaints = Complaints::default();
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for page in all() {
        let words: Vec<String> = page.example().split_whitespace().map(str::to_owned).collect();
        let before = seen.insert(words.join(" "), page.topic());
        let other = before.unwrap_or_default();
        complaints.unless(other.is_empty(), page, format!("its example is that of {other}"));
    }
    complaints.end();
}

#[test]
fn every_link_leads_somewhere() {
    let mut complaints = Complaints::default();
    for page in all() {
        let see: Vec<&str> = page.see().collect();
        complaints.unless((1..=5).contains(&see.len()), page, "see has 1 to 5 topics");
        for topic in see {
            complaints.unless(exists(topic), page, format!("there is no {topic}"));
            complaints.unless(!word::same(topic, &page.topic()), page, "it leads to itself");
        }
    }
    complaints.end();
}

#[test]
fn a_word_finds_one_page_of_a_kind() {
    let mut complaints = Complaints::default();
    for &kind in Kind::ALL {
        // TCP/IP counts four layers of its own.
        let apart = kind.counts_apart() || kind == Kind::Layer;
        let mut words: BTreeMap<String, Page> = BTreeMap::new();
        let mut numbers: BTreeMap<Number, Page> = BTreeMap::new();
        for page in kind.pages() {
            let own: BTreeSet<String> =
                [page.key].into_iter().chain(page.aka()).map(word::fold).collect();
            for name in own {
                let other = words.insert(name.clone(), page);
                let other = other.map(Page::topic).unwrap_or_default();
                complaints.unless(other.is_empty(), page, format!("{name} is also {other}'s"));
            }
            if let Some(number) = page.number().filter(|_| !apart) {
                let other = numbers.insert(number, page).map(Page::topic).unwrap_or_default();
                complaints.unless(other.is_empty(), page, format!("{number} is also {other}'s"));
            }
        }
    }
    complaints.end();
}

#[test]
fn every_page_is_shown_alive_by_a_command_of_plumb() {
    /// It is there to be read and copied.
    const COMMAND_BYTES_MAX: usize = 140;
    let mut complaints = Complaints::default();
    for page in all() {
        complaints.unless(page.alive().starts_with("plumb "), page, "alive is no plumb command");
        let size = page.alive().len();
        complaints.unless(size <= COMMAND_BYTES_MAX, page, format!("alive has {size} letters"));
    }
    complaints.end();
}

#[test]
fn sixteen_bits_are_read_as_captures_and_registries_write_them() {
    let one = |readings: Vec<Reading>| match choose(readings) {
        Choice::One(subject, _) => subject.topic(),
        other => panic!("{other:?}"),
    };
    for written in ["86dd", "86DD", "0x86dd", "86,dd", "34525"] {
        assert_eq!(one(readings_of(Kind::EtherType, written)), "ethertype:0x86dd", "{written}");
    }
    let suite = "suite:TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
    for written in ["c02f", "0xC0,0x2F", "0xc02f", "C0,2F"] {
        assert_eq!(one(readings_of(Kind::Suite, written)), suite, "{written}");
        assert_eq!(one(readings(written)), suite, "{written}");
    }
    assert_eq!(one(readings_of(Kind::EtherType, "0806")), "ethertype:0x0806");
    assert_eq!(one(readings_of(Kind::EtherType, "0x0801")), "ethertype:0x0801");
    assert_eq!(one(readings_of(Kind::EtherType, "806")), "ethertype:0x0326");
    // A word that could be four digits is a word.
    assert_eq!(one(readings("aaaa")), "rtype:AAAA");
    for none in ["beef", "c02", "c02f0", "é0é0", "c0,,2f", "0x,2f"] {
        assert_eq!(choose(readings(none)), Choice::Nothing, "{none}");
    }
}

#[test]
fn a_type_with_one_code_is_its_own_page() {
    for (asked, page) in [("8/0", "icmp:8"), ("3/0", "icmp:3/0"), ("8/1", "icmp:8/1")] {
        let Choice::One(subject, _) = choose(readings_of(Kind::Icmp, asked)) else {
            panic!("{asked}")
        };
        assert_eq!(subject.topic(), page);
    }
}

#[test]
fn a_number_alone_is_no_more_than_it_can_be() {
    // Without a page, those that say something are listed.
    let topics: Vec<String> =
        readings("63999").iter().map(|reading| reading.subject.topic()).collect();
    assert_eq!(topics, ["port:63999", "rtype:63999", "ede:63999"]);
}

#[test]
fn words_find_pages_the_best_first() {
    let words = ["servfail".to_owned()];
    let found = search(&words, Document::findings());
    assert_eq!(found[0].subject.topic(), "finding:dns.resolver.servfail");
    assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score));
    assert!(found.iter().all(|one| !one.line.is_empty()));
    assert!(search(&["no-such-word-anywhere".to_owned()], Document::pages()).is_empty());
}
