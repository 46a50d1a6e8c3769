//! What plumb knows by heart: a short page for each method, status code, record
//! type, alert, errno and so on.
//!
//! The pages are Markdown files in `crates/evidence/reference/`, one for each
//! [`Kind`], compiled in. Adding a kind is one such file and one row in
//! `kind.rs`; adding a page is a section in a file, whose form the README beside
//! the files gives.
//!
//! Nothing is parsed ahead: a look-up scans for headings, and a [`Page`] reads a
//! line when it is asked for. What was asked becomes [`Reading`]s, and
//! [`choose`] says which is meant.

mod kind;
mod number;
mod page;
mod resolve;
mod search;
mod span;
pub mod word;

#[cfg(test)]
mod tests;

pub use kind::Kind;
pub use number::Number;
pub use page::{Fact, Page, Source};
pub use resolve::{By, Choice, Reading, Subject, Topic, choose, readings, readings_of, words};
pub use search::{Document, Match, search};
pub use span::{Span, Unlisted, last_of, spans};
