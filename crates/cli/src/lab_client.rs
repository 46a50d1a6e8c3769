//! What the commands need from the lab, in one place.
//!
//! The lab's own errors become errors of the command line here, and where the
//! kernel denies namespaces the smaller lab on loopback addresses takes over.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use plumb_lab::doctor::{Facts, Remedy};
use plumb_lab::faults::{self, FaultError, FaultSpec};
use plumb_lab::topology;
use plumb_lab::{About, Client, Denied, Lab, LabError, RuntimeDir, Status, exec};
use plumb_report::{Line, Tone, styled};
use plumb_sys::process;
use tokio::signal::unix::{SignalKind, signal};

use crate::environment;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::loopback;
use crate::output;
use crate::suggest;

/// A lab that is to be started.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    /// Without one, a name that no other lab has.
    pub(crate) name: Option<&'a str>,
    /// A file, or a topology inside plumb.
    pub(crate) topology: Option<&'a str>,
    pub(crate) faults: &'a [String],
    /// The machine that is going to be used.
    pub(crate) machine: Option<&'a str>,
}

/// The lab that could be started.
pub(crate) enum Started {
    /// The full one.
    Lab(Box<Lab>),
    /// The kernel denies namespaces: the one on loopback addresses.
    Loopback(Box<loopback::LoopbackLab>),
}

/// Starts a lab that ends with this process.
pub(crate) fn start(wanted: &Wanted<'_>) -> Result<Started, CommandError> {
    check(wanted)?;
    match builder(wanted)?.start() {
        Ok(lab) => Ok(Started::Lab(Box::new(lab))),
        Err(LabError::Denied(denied)) => {
            tell_denied(&denied);
            loopback::start(wanted).map(|lab| Started::Loopback(Box::new(lab)))
        }
        Err(other) => Err(error(other)),
    }
}

/// Finds what is wrong with the words before anything is built for them.
fn check(wanted: &Wanted<'_>) -> Result<(), CommandError> {
    let plan = check_words(wanted.topology, wanted.faults)?;
    let Some(machine) = wanted.machine else { return Ok(()) };
    let machines: Vec<String> = plan.machines.iter().map(|machine| machine.name.clone()).collect();
    require_machine_of(&machines, machine)
}

/// The plan of a topology, if it can be read and every fault can be meant in it.
pub(crate) fn check_words(
    topology: Option<&str>,
    faults: &[String],
) -> Result<topology::Plan, CommandError> {
    let plan = plan(topology.unwrap_or(topology::DEFAULT))?;
    for fault in faults {
        faults::parse(fault, &plan).map_err(fault_error)?;
    }
    Ok(plan)
}

/// The plan of a topology inside plumb, or of a file.
fn plan(name: &str) -> Result<topology::Plan, CommandError> {
    let (origin, text) = topology::read(name).map_err(error)?;
    topology::parse(&origin, &text).map_err(|failed| error(failed.into()))
}

/// Starts a lab that stays.
pub(crate) fn up(wanted: &Wanted<'_>) -> Result<Status, CommandError> {
    check(wanted)?;
    let name = match builder(wanted)?.up() {
        Ok(name) => name,
        Err(LabError::Denied(denied)) => {
            tell_denied(&denied);
            return Err(CommandError::not_measured("a lab that stays needs namespaces")
                .hint("plumb check --lab and plumb lab run have a smaller lab for this case"));
        }
        Err(other) => return Err(error(other)),
    };
    connect(&name)?.status().map_err(error)
}

fn builder(wanted: &Wanted<'_>) -> Result<plumb_lab::Builder, CommandError> {
    let mut builder = Lab::builder().runtime_dir(runtime_path());
    if let Some(topology) = wanted.topology {
        builder = builder.topology_named(topology).map_err(error)?;
    }
    if let Some(name) = wanted.name {
        builder = builder.name(name);
    }
    Ok(wanted.faults.iter().fold(builder, |builder, fault| builder.fault(fault)))
}

fn runtime_path() -> std::path::PathBuf {
    environment::runtime_dir()
        .filter(|path| path.parent().is_some_and(Path::is_dir))
        .unwrap_or_else(|| RuntimeDir::fallback(&environment::temporary_dir()))
}

/// Connects to the running lab of this name.
pub(crate) fn connect(name: &str) -> Result<Client, CommandError> {
    let directory = RuntimeDir::open(&runtime_path()).map_err(error)?;
    Client::connect(&directory, name).map_err(|failed| {
        let missing = matches!(failed, LabError::NotRunning { .. });
        error(failed).hint_if(missing.then(|| match name {
            crate::args::lab::NAME_DEFAULT => "start it with plumb lab up".to_owned(),
            name => format!("start it with plumb lab up --name {name}"),
        }))
    })
}

/// The labs that run; what dead ones left is cleared away.
pub(crate) fn list() -> Result<Vec<About>, CommandError> {
    RuntimeDir::open(&runtime_path()).and_then(|directory| directory.list()).map_err(error)
}

/// A command that runs `program` on a machine of a running lab.
pub(crate) fn exec_command(
    name: &str,
    machine: &str,
    unprivileged: bool,
    program: &OsStr,
) -> Result<Command, CommandError> {
    Ok(exec::command(&runtime_path(), name, machine, unprivileged, program))
}

/// Refuses a machine that the lab does not have.
pub(crate) fn require_machine_of(machines: &[String], machine: &str) -> Result<(), CommandError> {
    if machines.iter().any(|known| known == machine) {
        return Ok(());
    }
    let known: Vec<&str> = machines.iter().map(String::as_str).collect();
    Err(CommandError::usage(format!("the lab has no machine {machine:?}"))
        .hint_if(suggest::did_you_mean(machine, known.iter().copied()))
        .hint(format!("it has {}", known.join(", "))))
}

/// Runs a program and passes its exit status on. This process stays, whatever
/// interrupts the program, to clear away behind it.
pub(crate) fn run_to_its_end(mut command: Command) -> Result<ExitStatus, CommandError> {
    let cannot = |what: &str, error: std::io::Error| {
        CommandError::not_measured(format!("cannot {what}: {error}"))
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .map_err(|error| cannot("wait for the program", error))?;
    runtime.block_on(async {
        let mut interrupts = signal(SignalKind::interrupt())
            .map_err(|error| cannot("wait for the program", error))?;
        let mut program = match command.spawn() {
            Ok(program) => program,
            // This very program stands in front of those of the full lab.
            Err(error) if command.get_program() == process::SELF_EXE => {
                return Err(cannot("start the program", error));
            }
            Err(error) => {
                let path = environment::search_path();
                let (status, why) = exec::not_started(command.get_program(), &path, &error);
                output::show_error(&CommandError::not_measured(why));
                return Ok(ExitStatus::of_code(status));
            }
        };
        let pid = program.id();
        let mut ended = tokio::task::spawn_blocking(move || program.wait());
        loop {
            tokio::select! {
                status = &mut ended => {
                    let status = status.map_err(std::io::Error::other).and_then(|status| status);
                    return status
                        .map(ExitStatus::of_program)
                        .map_err(|error| cannot("wait for the program", error));
                }
                // A terminal tells the program itself; it is told here otherwise.
                Some(()) = interrupts.recv(), if !process::is_in_foreground() => {
                    // It may have ended meanwhile, which the wait will tell.
                    let _ = process::signal(pid, process::SIGINT);
                }
            }
        }
    })
}

/// Every fault, in the order of the matrix.
pub(crate) fn faults() -> &'static [&'static FaultSpec] {
    faults::ALL
}

pub(crate) fn fault_names() -> impl Iterator<Item = &'static str> {
    faults::ALL.iter().map(|fault| fault.name)
}

/// The fault of this name.
pub(crate) fn fault(name: &str) -> Option<&'static FaultSpec> {
    faults::find(name)
}

/// Finds a wrong name before anything is started for it.
pub(crate) fn check_fault_name(text: &str) -> Result<(), CommandError> {
    faults::parse_name(text).map(drop).map_err(fault_error)
}

fn fault_error(failed: FaultError) -> CommandError {
    match failed {
        FaultError::Text { text, at, why, near } => {
            let start =
                text.char_indices().nth(at.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
            let end = text[start..].find(['@', ',', '=']).map_or(text.len(), |found| start + found);
            CommandError::usage(why)
                .at(&text, start..end.max(start))
                .hint_if(near.map(|near| format!("did you mean {near}?")))
                .hint("plumb lab faults lists them")
        }
        other => CommandError::usage(other.to_string()),
    }
}

/// The lab's error as one of the command line.
pub(crate) fn error(failed: LabError) -> CommandError {
    let message = failed.to_string();
    match &failed {
        LabError::NoMachine { given, known, .. } => CommandError::usage(message)
            .hint_if(suggest::did_you_mean(given, known.iter().map(String::as_str))),
        LabError::NoTopology { name, builtin } => CommandError::usage(message)
            .hint_if(suggest::did_you_mean(name, builtin.iter().map(String::as_str))),
        LabError::AlreadyRunning { .. } => CommandError::not_measured(message)
            .hint("end it with plumb lab down, or give another --name"),
        LabError::Denied(denied) => {
            tell_denied(denied);
            CommandError::not_measured("this needs namespaces, which are denied here")
        }
        other if other.is_usage() => CommandError::usage(message),
        _ => CommandError::not_measured(message),
    }
}

/// Says on stderr that namespaces are denied, what is missing, and how to get
/// it.
fn tell_denied(denied: &Denied) {
    let remedy = plumb_lab::doctor::remedy(&denied.stage, denied.errno, &Facts::read());
    let mut lines = vec![
        Line::new()
            .and(Tone::Warning, "namespaces are denied here")
            .and(Tone::Plain, format!(": {} ({})", denied.stage, denied.message)),
    ];
    lines.extend(remedy_lines(&remedy));
    output::tell(&lines);
}

/// The cause, and the ways out of it.
pub(crate) fn remedy_lines(remedy: &Remedy) -> Vec<Line> {
    const INDENT: usize = 4;
    let columns = plumb_report::text::COLUMNS_MAX - INDENT;
    let mut lines = Vec::new();
    for part in remedy.cause.lines().flat_map(|line| styled::wrap(line, columns)) {
        lines.push(Line::new().pad_to(INDENT).and(Tone::Plain, part));
    }
    if !remedy.ways.is_empty() {
        let one_of = if remedy.ways.len() == 1 { "to get it:" } else { "to get it, one of:" };
        lines.push(Line::new().pad_to(INDENT).and(Tone::Faint, one_of));
    }
    for way in &remedy.ways {
        // A way may hold a command line, which must stay whole to be copied.
        for (i, part) in way.lines().enumerate() {
            let bullet = if i == 0 { "- " } else { "  " };
            lines.push(Line::new().pad_to(INDENT).and(Tone::Faint, bullet).and(Tone::Hint, part));
        }
    }
    lines
}
