//! How the answer looks and where it goes.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Print JSON Lines (docs/json.md says what they mean)
    #[arg(long)]
    pub json: bool,

    /// Write the answer to FILE instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Colour the answer
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub color: Color,

    /// Show more
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,

    /// Show only what was concluded
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// Where a terminal shows it and NO_COLOR is not set
    Auto,
    Always,
    Never,
}

/// The words of the command of which `arguments` ask for records, if they do.
/// They need not make sense, so that an answer in records can say so.
pub(crate) fn asked_for_records(top: &clap::Command, arguments: &[OsString]) -> Option<String> {
    let mut command = top;
    let mut words = Vec::new();
    let (mut naming, mut json) = (true, false);
    for argument in arguments.iter().skip(1).take_while(|argument| *argument != "--") {
        json |= argument == "--json";
        let word = argument.to_str().filter(|word| naming && !word.starts_with('-'));
        let Some(word) = word else { continue };
        match command.find_subcommand(word) {
            Some(below) => {
                command = below;
                words.push(below.get_name());
            }
            None => naming = false,
        }
    }
    let knows = command.get_arguments().any(|argument| argument.get_long() == Some("json"));
    (json && (knows || command.has_subcommands())).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_asked_for_by_the_option_alone() {
        let asked = |line: &str| {
            let arguments: Vec<OsString> = line.split(' ').map(Into::into).collect();
            asked_for_records(&crate::command(), &arguments)
        };
        assert_eq!(asked("plumb http --json x").as_deref(), Some("http"));
        assert_eq!(
            asked("plumb serve token show --bad --json").as_deref(),
            Some("serve token show")
        );
        assert_eq!(asked("plumb url decode --json").as_deref(), Some("url decode"));
        assert_eq!(asked("plumb url x decode --json").as_deref(), Some("url"));
        assert_eq!(asked("plumb nothing --json").as_deref(), Some(""));
        for line in ["plumb http x", "plumb http -- --json", "plumb lab exec h1 curl --json x"] {
            assert_eq!(asked(line), None, "{line}");
        }
    }
}
