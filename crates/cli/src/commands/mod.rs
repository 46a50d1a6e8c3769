//! Every command: one file and one line in the table each.
//!
//! Help, man pages and completions come from the same definitions, and the
//! examples that each command's help begins with are parsed by a test.

pub mod check;
pub mod completions;
pub mod connect;
pub mod explain;
pub mod http;
pub mod ip;
pub mod lab;
pub mod listen;
pub mod mac;
pub mod port;
pub mod serve;
pub mod text;
pub mod url;

use clap::{Args, CommandFactory, Parser};

use crate::error::CommandError;
use crate::exit::ExitStatus;

/// What a command is: its arguments, its examples, and what it does.
pub trait Run: Args {
    /// Command lines with what they are for, `plumb ...  # why`, one per line.
    const EXAMPLES: &'static str;

    /// The table of the commands below this one, where there are any.
    const SUBCOMMANDS: &'static [Entry] = &[];

    fn run(self) -> Result<ExitStatus, CommandError>;
}

/// What help needs to know of a command beside its definition.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The heading under which the overview lists it.
    group: &'static str,
    examples: &'static str,
    subcommands: &'static [Entry],
}

impl Entry {
    /// Of the command `C`.
    pub(crate) const fn of<C: Run>(group: &'static str) -> Entry {
        Entry { group, examples: C::EXAMPLES, subcommands: C::SUBCOMMANDS }
    }
}

/// Makes the enum of a level of commands from lines of
/// `"group": Variant(arguments),`.
macro_rules! command_table {
    ($enum:ident { $($group:literal: $variant:ident($arguments:ty),)* }) => {
        /// A command with its arguments.
        #[derive(Debug, clap::Subcommand)]
        #[allow(clippy::large_enum_variant, reason = "there is one value in a process")]
        pub enum $enum { $($variant($arguments),)* }

        impl $enum {
            /// An entry for each command, in the order of the enum.
            pub(crate) const TABLE: &[$crate::commands::Entry] =
                &[$($crate::commands::Entry::of::<$arguments>($group),)*];

            /// Runs the command.
            pub(crate) fn run(self) -> Result<$crate::exit::ExitStatus, $crate::error::CommandError> {
                match self { $($enum::$variant(arguments) => $crate::commands::Run::run(arguments),)* }
            }
        }
    };
}
pub(crate) use command_table;

command_table! {
    TopCommand {
        "diagnose": Check(check::Check),
        "diagnose": Explain(explain::Explain),
        "web": Http(http::Http),
        "serve": Serve(serve::Serve),
        "transport": Connect(connect::Connect),
        "transport": Listen(listen::Listen),
        "lab": Lab(lab::Lab),
        "address": Ip(ip::Ip),
        "address": Mac(mac::MacCommand),
        "address": Port(port::PortCommand),
        "address": Url(url::UrlCommand),
        "address": Text(text::Text),
        "shell": Completions(completions::Completions),
    }
}

/// Find the layer that broke
///
/// One binary speaks, serves, shows and diagnoses every layer of the network,
/// and brings a tiny Internet of its own to practise on.
#[derive(Debug, Parser)]
#[command(name = "plumb", version)]
struct Plumb {
    #[command(subcommand)]
    #[allow(dead_code, reason = "parsed from the matches, see TopCommand")]
    command: TopCommand,
}

/// Columns that help is wrapped to.
const HELP_COLUMNS: usize = 80;

/// The one definition of the command line.
pub fn command() -> clap::Command {
    let top = Plumb::command().max_term_width(HELP_COLUMNS);
    let overview = overview(&top);
    with_examples(top, TopCommand::TABLE)
        .help_template("{about}\n\n{usage-heading} {usage}{after-help}\n\nOptions:\n{options}\n")
        .after_help(overview)
}

/// Lets the `--help` of each command below this one begin with its examples.
fn with_examples(command: clap::Command, table: &[Entry]) -> clap::Command {
    let names: Vec<String> =
        command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    names.iter().zip(table).fold(command, |command, (name, entry)| {
        command.mut_subcommand(name, |sub| {
            let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
            let more = sub.get_long_about().map(ToString::to_string).unwrap_or_default();
            let more = more.strip_prefix(&about).unwrap_or(&more).trim();
            let mut long = format!("{about}\n\nExamples:\n");
            for line in entry.examples.trim().lines() {
                long.push_str(&format!("  {}\n", line.trim()));
            }
            if !more.is_empty() {
                long.push_str(&format!("\n{more}"));
            }
            with_examples(sub.long_about(long.trim_end().to_owned()), entry.subcommands)
        })
    })
}

/// The commands by group, a line each, and where to begin.
fn overview(top: &clap::Command) -> String {
    let mut text = String::new();
    let mut last = "";
    for (sub, Entry { group, .. }) in top.get_subcommands().zip(TopCommand::TABLE) {
        let heading = if *group == last { "" } else { group };
        last = group;
        let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
        text.push_str(&format!("{heading:<10} {:<12} {about}\n", sub.get_name()));
    }
    text.push_str(
        "\nBegin with:
  plumb check https://www.example.com/        which layer is broken, and why
  plumb check --lab https://www.example.com/  the same in a tiny Internet
  plumb help check                            a command's help, examples first

Exit codes: 0 good, 1 the answer is no, 2 usage, 3 could not measure, 11 to 16
the broken layer (link net dns tcp tls http), 70 a bug in plumb, 130 interrupted.",
    );
    text
}

/// All examples of all commands, with the command that each belongs to.
pub fn examples() -> Vec<(String, String)> {
    fn add(all: &mut Vec<(String, String)>, above: &str, command: &clap::Command, table: &[Entry]) {
        for (sub, entry) in command.get_subcommands().zip(table) {
            let name = format!("{above} {}", sub.get_name()).trim_start().to_owned();
            let lines = entry.examples.trim().lines();
            all.extend(lines.map(|line| (name.clone(), line.trim().to_owned())));
            add(all, &name, sub, entry.subcommands);
        }
    }
    let mut all = Vec::new();
    add(&mut all, "", &Plumb::command(), TopCommand::TABLE);
    all
}
