//! Why a command could not do what it was asked.
//!
//! "The network said no" is never one of these: that is a verdict.

use std::ops::Range;

use plumb_report::{Line, Tone};

use crate::exit::ExitStatus;

/// What stands in the place of a secret.
const REDACTED: &str = "<redacted>";

/// What kind of thing went wrong; each has one exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The command line made no sense.
    Usage,
    /// Nothing could be measured or built: a permission, a file, a machine.
    NotMeasured,
    /// plumb failed where it only passes on what a program says.
    NotPassedOn,
    /// The user stopped it.
    Interrupted,
}

/// One error for the person at the terminal: one clear line, the place that
/// it is about, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandError {
    pub kind: Kind,
    /// Lower case, without a full stop.
    pub message: String,
    pub place: Option<Place>,
    pub hints: Vec<String>,
}

/// A part of what the user wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub text: String,
    /// Bytes of `text`, on character boundaries.
    pub start: usize,
    pub end: usize,
}

impl CommandError {
    fn new(kind: Kind, message: impl Into<String>) -> CommandError {
        CommandError { kind, message: message.into(), place: None, hints: Vec::new() }
    }

    pub fn usage(message: impl Into<String>) -> CommandError {
        CommandError::new(Kind::Usage, message)
    }

    pub fn not_measured(message: impl Into<String>) -> CommandError {
        CommandError::new(Kind::NotMeasured, message)
    }

    pub fn interrupted() -> CommandError {
        CommandError::new(Kind::Interrupted, "interrupted")
    }

    /// A line of arguments that no command is made for: what was said of it, in
    /// one line, and the tips.
    pub(crate) fn from_clap(error: &clap::Error) -> CommandError {
        if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
            return CommandError::usage("the command is not complete");
        }
        let said = in_plain_words(&error.render().to_string());
        let paragraph = said.lines().take_while(|line| !line.trim().is_empty());
        let message = paragraph.map(str::trim).collect::<Vec<_>>().join(" ");
        let message = message.strip_prefix("error: ").unwrap_or(&message);
        let tips = said.lines().filter_map(|line| line.trim().strip_prefix("tip: "));
        tips.fold(CommandError::usage(message), CommandError::hint)
    }

    /// A file that the user named cannot be used.
    pub fn file(
        operation: &str,
        path: impl AsRef<std::path::Path>,
        error: impl std::fmt::Display,
    ) -> Self {
        CommandError::usage(format!("cannot {operation} {}: {error}", path.as_ref().display()))
    }

    /// Points at the bytes `range` of `text`. The password of a URL is covered.
    #[must_use]
    pub fn at(mut self, text: &str, range: Range<usize>) -> Self {
        let mut place = Place { text: text.to_owned(), start: range.start, end: range.end };
        if let Some(secret) = password(text) {
            place.cover(&secret);
        }
        self.place = Some(place);
        self
    }

    /// The same error where what is wrong stands in a line of a file or of stdin.
    #[must_use]
    pub fn in_line(mut self, place: &str) -> Self {
        if self.kind == Kind::Usage {
            self.message = format!("{place}: {}", self.message);
        }
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// A hint if there is one.
    #[must_use]
    pub fn hint_if(mut self, hint: Option<String>) -> Self {
        self.hints.extend(hint);
        self
    }

    /// The same error where an exit status belongs to the program that was to
    /// be run.
    #[must_use]
    pub fn not_passed_on(mut self) -> Self {
        if self.kind != Kind::Interrupted {
            self.kind = Kind::NotPassedOn;
        }
        self
    }

    /// The one place where an error becomes an exit status.
    pub fn exit_status(&self) -> ExitStatus {
        match self.kind {
            Kind::Usage => ExitStatus::USAGE,
            Kind::NotMeasured => ExitStatus::NOT_MEASURED,
            Kind::NotPassedOn => ExitStatus::NOT_PASSED_ON,
            Kind::Interrupted => ExitStatus::INTERRUPTED,
        }
    }

    /// As it is shown on stderr.
    pub fn lines(&self) -> Vec<Line> {
        let mut message = self.message.lines();
        let first = message.next().unwrap_or_default();
        let mut lines =
            vec![Line::new().and(Tone::Bad, "error").and(Tone::Strong, format!(": {first}"))];
        lines.extend(message.map(|more| Line::plain(format!("  {more}"))));
        if let Some(place) = &self.place {
            lines.extend(place.lines());
        }
        let hints = self.hints.iter().flat_map(|hint| hint.lines().enumerate());
        lines.extend(hints.map(|(i, hint)| match i {
            0 => Line::new().and(Tone::Hint, "hint").and(Tone::Plain, format!(": {hint}")),
            _ => Line::plain(format!("      {hint}")),
        }));
        lines
    }
}

/// What the standard library says of a number that is none, said to people.
pub(crate) fn in_plain_words(said: &str) -> String {
    [
        ("invalid digit found in string", "this is no whole number"),
        ("cannot parse integer from empty string", "a number is missing"),
        ("number too large to fit in target type", "this number is too large"),
        ("number too small to fit in target type", "this number is too small"),
        ("invalid float literal", "this is no number"),
        ("cannot parse float from empty string", "a number is missing"),
    ]
    .iter()
    .fold(said.to_owned(), |said, (theirs, plain)| said.replace(theirs, plain))
}

/// Where `text`, a URL perhaps, holds a password.
fn password(text: &str) -> Option<Range<usize>> {
    let authority = text.find("://")? + "://".len();
    let end = text[authority..].find(['/', '?', '#']).map_or(text.len(), |at| authority + at);
    let at = authority + text[authority..end].rfind('@')?;
    let colon = authority + text[authority..at].find(':')?;
    (colon + 1 < at).then_some(colon + 1..at)
}

impl Place {
    /// Writes [`REDACTED`] over the bytes `secret`, and points where it did.
    fn cover(&mut self, secret: &Range<usize>) {
        let moved = |at: usize| match at {
            at if at >= secret.end => at - secret.len() + REDACTED.len(),
            at if at > secret.start => secret.start + REDACTED.len(),
            at => at,
        };
        (self.start, self.end) = (moved(self.start), moved(self.end));
        self.text.replace_range(secret.clone(), REDACTED);
    }

    /// The text, and below it a caret under each column of the place.
    fn lines(&self) -> [Line; 2] {
        // Measured as it will be shown, escapes included.
        let shown = |text: &str| plumb_report::styled::width(&plumb_report::sanitize::text(text));
        let before = shown(self.text.get(..self.start).unwrap_or_default());
        let under = shown(self.text.get(self.start..self.end).unwrap_or_default()).max(1);
        [
            Line::plain(format!("  {}", self.text)),
            Line::plain(" ".repeat(2 + before)).and(Tone::Bad, "^".repeat(under)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_points_at_the_place() {
        let text = "www.example.com:70000";
        let error =
            CommandError::usage("the port 70000 is too large").at(text, 16..21).hint("try 443");
        insta::assert_snapshot!(plumb_report::styled::render(&error.lines(), false), @r"
        error: the port 70000 is too large
          www.example.com:70000
                          ^^^^^
        hint: try 443
        ");
    }

    #[test]
    fn no_error_shows_the_password_of_a_url() {
        let text = "http://ada:p@ss@host:99999/?to=http://x:y@z";
        let port = text.find("99999").unwrap();
        let error = CommandError::usage("the port is too large").at(text, port..port + 5);
        let place = error.place.as_ref().unwrap();
        assert_eq!(place.text, "http://ada:<redacted>@host:99999/?to=http://x:y@z");
        assert_eq!(&place.text[place.start..place.end], "99999");
        let whole = CommandError::usage("this is no URL").at(text, 0..text.len());
        assert_eq!(whole.place.as_ref().unwrap().end, whole.place.as_ref().unwrap().text.len());
        for plain in ["http://ada@host/", "http://host:80/a@b", "a:b@c", "http://ada:@host/"] {
            assert_eq!(CommandError::usage("").at(plain, 0..1).place.unwrap().text, plain);
        }
    }

    #[test]
    fn the_caret_stands_right_behind_escapes() {
        let error = CommandError::usage("x").at("a\u{1b}b c", 3..4);
        let lines = error.lines();
        assert_eq!(lines[1].render(false), "  a\\x1bb c");
        assert_eq!(lines[2].render(false), "        ^");
    }
}
