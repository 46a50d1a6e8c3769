//! Pages by the words that stand in them.

use super::{Kind, Subject};
use crate::FindingId;

/// What a word is worth where it stands. A page ranks by its best places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Example = 1,
    Text = 3,
    Fact = 8,
    PartOfName = 20,
    WordOfTitle = 40,
    WholeName = 100,
}

/// A page that has all of the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The page.
    pub subject: Subject,
    /// The more, the better.
    pub score: u32,
    /// The line that shows why: a fact, or a sentence of the text.
    pub line: String,
}

/// What is searched: the parts of a page, lower case where words are compared.
#[derive(Debug)]
pub struct Document {
    subject: Subject,
    names: Vec<String>,
    title: String,
    facts: Vec<String>,
    text: String,
    example: String,
}

impl Document {
    /// Of a page that is not part of the reference: its names, and its text in
    /// Markdown.
    pub fn new(subject: Subject, name: &str, text: &str) -> Document {
        Document {
            subject,
            names: vec![name.to_owned()],
            title: subject.title().to_owned(),
            facts: Vec::new(),
            text: text.to_owned(),
            example: String::new(),
        }
    }

    /// Of every page of the reference.
    pub fn pages() -> impl Iterator<Item = Document> {
        Kind::ALL.iter().flat_map(|kind| kind.pages()).map(|page| Document {
            subject: Subject::Page(page),
            names: [page.key].into_iter().chain(page.aka()).map(str::to_owned).collect(),
            title: page.title().to_owned(),
            facts: page.facts().map(|fact| format!("{}: {}", fact.name, fact.value)).collect(),
            text: page.text().to_owned(),
            example: page.example(),
        })
    }

    /// Of every finding.
    pub fn findings() -> impl Iterator<Item = Document> {
        FindingId::ALL
            .iter()
            .map(|&id| Document::new(Subject::Finding(id), id.as_str(), id.page().text))
    }

    /// The best place of a word, and the line that shows it.
    fn find(&self, word: &str) -> Option<(Place, Option<String>)> {
        let names = || self.names.iter().map(|name| name.to_lowercase());
        let title = self.title.to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(word);
        if names().any(|name| super::word::same(&name, word)) {
            return Some((Place::WholeName, None));
        }
        if title.split(|c: char| !c.is_alphanumeric()).any(|part| part == word) {
            return Some((Place::WordOfTitle, None));
        }
        if title.contains(word) || names().any(|name| name.contains(word)) {
            return Some((Place::PartOfName, None));
        }
        if let Some(fact) = self.facts.iter().find(|fact| has(fact)) {
            return Some((Place::Fact, Some(fact.clone())));
        }
        if has(&self.text) {
            return Some((Place::Text, self.sentence(word)));
        }
        let line = self.example.lines().find(|line| has(line))?;
        Some((Place::Example, Some(line.trim().to_owned())))
    }

    /// The sentence of the text that has the word.
    fn sentence(&self, word: &str) -> Option<String> {
        let sentences = self.text.lines().flat_map(|line| line.split_inclusive(". "));
        sentences
            .map(str::trim)
            .find(|sentence| sentence.to_lowercase().contains(word))
            .map(str::to_owned)
    }

    fn first_line(&self) -> String {
        let fact = self.facts.iter().find(|fact| !fact.starts_with("number: "));
        let sentence = || {
            let line = self.text.lines().find(|line| !line.is_empty() && !line.starts_with('#'));
            line.and_then(|line| line.split_inclusive(". ").next()).unwrap_or_default().trim()
        };
        fact.cloned().unwrap_or_else(|| sentence().to_owned())
    }
}

/// The documents that have every word somewhere, the best first; in the order
/// in which they came where they are alike.
pub fn search(words: &[String], documents: impl IntoIterator<Item = Document>) -> Vec<Match> {
    let words: Vec<String> = words.iter().map(|word| word.trim().to_lowercase()).collect();
    let mut matches: Vec<Match> = documents
        .into_iter()
        .filter_map(|document| {
            let mut score = 0;
            let mut line: Option<(Place, String)> = None;
            for word in &words {
                let (place, shown) = document.find(word)?;
                score += place as u32;
                if let Some(shown) = shown
                    && line.as_ref().is_none_or(|(best, _)| place > *best)
                {
                    line = Some((place, shown));
                }
            }
            let line = line.map_or_else(|| document.first_line(), |(_, line)| line);
            Some(Match { subject: document.subject, score, line })
        })
        .collect();
    matches.sort_by_key(|found| std::cmp::Reverse(found.score));
    matches
}
