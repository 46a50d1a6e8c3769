//! That the reference is true: its commands exist, and its numbers and names
//! are those of the code's own tables, of the C library and of the kernel's
//! headers. And what `plumb explain` makes of a topic.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

#[path = "reference/agreement.rs"]
mod agreement;
#[path = "reference/explained.rs"]
mod explained;
mod ground;
#[path = "reference/headers.rs"]
mod headers;

use plumb_evidence::reference::{Kind, Page};
use plumb_lab::faults;

/// Everything that is wrong, at once.
#[derive(Default)]
struct Complaints(Vec<String>);

impl Complaints {
    fn unless(&mut self, good: bool, why: impl Into<String>) {
        if !good {
            self.0.push(why.into());
        }
    }

    fn end(self) {
        assert!(self.0.is_empty(), "\n{}\n", self.0.join("\n"));
    }
}

fn pages() -> impl Iterator<Item = Page> {
    Kind::ALL.iter().flat_map(|kind| kind.pages())
}

/// A command line as a shell takes it apart: quotes of both sorts, and
/// backslashes outside of single ones.
fn shell_words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None::<char>);
    let mut letters = line.chars();
    while let Some(c) = letters.next() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(letters.next()),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    assert_eq!(quote, None, "a quote is open: {line}");
    words.extend(word);
    words
}

#[test]
fn words_are_taken_apart_as_a_shell_does() {
    let words = shell_words(r#"plumb x 'a "b' "c 'd" e\ f """#);
    assert_eq!(words, ["plumb", "x", "a \"b", "c 'd", "e f", ""]);
}

#[test]
fn every_command_that_shows_a_page_alive_is_one_that_plumb_takes() {
    let mut complaints = Complaints::default();
    for page in pages() {
        let words = shell_words(page.alive());
        let topic = page.topic();
        if let Err(error) = plumb::command().try_get_matches_from(&words) {
            let said = error.to_string();
            let said = said.lines().next().unwrap_or_default();
            complaints.unless(false, format!("{topic}: {}\n    {said}", page.alive()));
        }
        // A command within the lab may be plumb too.
        if let Some(at) = words.iter().position(|word| word == "--")
            && words.get(at + 1).is_some_and(|word| word == "plumb")
            && let Err(error) = plumb::command().try_get_matches_from(&words[at + 1..])
        {
            let said = error.to_string();
            let said = said.lines().next().unwrap_or_default();
            complaints.unless(false, format!("{topic}: {}\n    {said}", page.alive()));
        }
        for pair in words.windows(2).filter(|pair| pair[0] == "--break") {
            let name = pair[1].split(['@', ',']).next().unwrap_or_default();
            complaints.unless(faults::find(name).is_some(), format!("{topic}: no fault {name}"));
        }
    }
    complaints.end();
}

#[test]
fn every_fault_that_a_page_leads_to_is_one_of_the_lab() {
    let mut complaints = Complaints::default();
    for page in pages() {
        for name in page.see().filter_map(|topic| topic.strip_prefix("fault:")) {
            let known = faults::find(name).is_some();
            complaints.unless(known, format!("{}: no fault {name}", page.topic()));
        }
    }
    complaints.end();
}
