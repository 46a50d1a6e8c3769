//! `plumb serve user ...`: the users of `--users`.

use std::io::{IsTerminal, Read};
use std::path::PathBuf;

use clap::Args;
use plumb_report::{Line, Tone};
use plumb_serve::auth::{
    Change, PASSWORD_BYTES_MAX, PASSWORD_CHARACTERS_MIN, Users, UsersError, open_to_others,
};
use plumb_sys::terminal::{Answer, ask_secret};
use serde::Serialize;

use crate::args::output::OutputArgs;
use crate::commands::{Entry, Run, command_table};
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{self, Output, Session};

/// Make, change and list the users that a server lets in
///
/// A file of users holds a line NAME:HASH for each; the hash is argon2id's.
/// plumb serve http --users FILE reads it, and follows its changes.
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct User {
    #[command(subcommand)]
    command: UserCommand,
}

command_table! {
    UserCommand {
        "serve": Add(Add),
        "serve": Remove(Remove),
        "serve": List(List),
    }
}

impl Run for User {
    const EXAMPLES: &'static str = "
        plumb serve user add alice --file users.txt   # asks for the password
        plumb serve user list --file users.txt
        plumb serve user remove alice --file users.txt";
    const SUBCOMMANDS: &'static [Entry] = UserCommand::TABLE;

    fn run(self) -> Result<ExitStatus, CommandError> {
        self.command.run()
    }
}

/// Add a user, or give one a new password
///
/// Asks for the password twice without showing it; where stdin is no terminal
/// its first line is the password.
#[derive(Debug, Args)]
pub struct Add {
    /// The user's name
    name: String,

    /// The file of users; made if it is not there
    #[arg(long, alias = "users", value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    output: OutputArgs,
}

/// Remove a user
#[derive(Debug, Args)]
pub struct Remove {
    /// The user's name
    name: String,

    /// The file of users
    #[arg(long, alias = "users", value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    output: OutputArgs,
}

/// List the users
#[derive(Debug, Args)]
pub struct List {
    /// The file of users
    #[arg(long, alias = "users", value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    output: OutputArgs,
}

/// What was done, or found, with one user.
#[derive(Debug, Serialize)]
struct UserRecord<'a> {
    name: &'a str,
    done: &'static str,
}

impl Run for Add {
    const EXAMPLES: &'static str = "
        plumb serve user add alice --file users.txt";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        // Nobody types a password twice for a file that cannot be read.
        if self.file.exists() {
            Users::read(&self.file).map_err(wrong)?;
        }
        let password = password(&self.name)?;
        if password.chars().count() < PASSWORD_CHARACTERS_MIN {
            output::note(&format!(
                "a password of fewer than {PASSWORD_CHARACTERS_MIN} characters is soon guessed"
            ));
        }
        let set = |users: &mut Users| users.set(&self.name, &password).map(Change::Write);
        let changed = Users::change(&self.file, set).map_err(wrong)?;
        let done = if changed { "changed" } else { "added" };
        answer(&mut output, "serve user add", &[UserRecord { name: &self.name, done }])?
            .end(ExitStatus::GOOD)
    }
}

impl Run for Remove {
    const EXAMPLES: &'static str = "
        plumb serve user remove alice --file users.txt";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        // A file that is not there is another mistake than a user who is not.
        Users::read(&self.file).map_err(wrong)?;
        let remove = |users: &mut Users| match users.remove(&self.name) {
            true => Ok(Change::Write(true)),
            false => Ok(Change::Nothing(false)),
        };
        let there = Users::change(&self.file, remove).map_err(wrong)?;
        let (done, status) =
            if there { ("removed", ExitStatus::GOOD) } else { ("not there", ExitStatus::NO) };
        answer(&mut output, "serve user remove", &[UserRecord { name: &self.name, done }])?
            .end(status)
    }
}

impl Run for List {
    const EXAMPLES: &'static str = "
        plumb serve user list --file users.txt
        plumb serve user list --file users.txt --json";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        let users = Users::read(&self.file).map_err(wrong)?;
        if let Some(warning) = open_to_others(&self.file) {
            output::note(&warning);
        }
        let records: Vec<UserRecord<'_>> =
            users.names().map(|name| UserRecord { name, done: "listed" }).collect();
        answer(&mut output, "serve user list", &records)?.end(ExitStatus::GOOD)
    }
}

fn answer<'a>(
    output: &'a mut Output,
    command: &str,
    records: &[UserRecord<'_>],
) -> Result<Session<'a>, CommandError> {
    let mut session = Session::begin(output, command)?;
    for record in records {
        session.record("user", record)?;
        let mut line = Line::new().and(Tone::Strong, record.name);
        if record.done != "listed" {
            line = line.and(Tone::Plain, format!(": {}", record.done));
        }
        session.lines(&[line])?;
    }
    Ok(session)
}

/// From the terminal, twice; else the first line of stdin.
fn password(name: &str) -> Result<String, CommandError> {
    let password = if std::io::stdin().is_terminal() {
        let first = ask(&format!("password for {name}: "))?;
        if ask("once more: ")? != first {
            return Err(CommandError::usage("the two passwords differ; nothing was changed"));
        }
        first
    } else {
        let mut text = String::new();
        let limit = PASSWORD_BYTES_MAX as u64 + 2; // and a line end
        let read = std::io::stdin().lock().take(limit).read_to_string(&mut text);
        read.map_err(|error| CommandError::file("read the password from", "stdin", error))?;
        text.lines().next().unwrap_or_default().to_owned()
    };
    if password.is_empty() {
        return Err(CommandError::usage("the password is empty; nothing was changed"));
    }
    Ok(password)
}

fn ask(prompt: &str) -> Result<String, CommandError> {
    match ask_secret(prompt) {
        Ok(Answer::Line(line)) => Ok(line),
        Ok(Answer::Interrupted) => Err(CommandError::interrupted()),
        Err(error) => Err(CommandError::file("read the password from", "the terminal", error)),
    }
}

fn wrong(error: UsersError) -> CommandError {
    CommandError::usage(error.to_string())
}
