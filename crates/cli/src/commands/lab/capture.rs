//! `plumb lab capture`.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use plumb_lab::{Client, capture};
use plumb_report::pipe::QuietPipe;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::lab::LabArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::lab_client;
use crate::output;

/// Capture packets at places of a lab into one pcapng file
///
/// Each place is an interface of its own in the file, with its name. The
/// capture ends with the program behind --, else with Ctrl-C.
#[derive(Debug, Args)]
pub struct Capture {
    /// Capture here: a machine, an interface (h1:eth1), a LAN or a cable (can
    /// be repeated)
    #[arg(long, value_name = "PLACE", num_args = 1.., required_unless_present = "everywhere")]
    at: Vec<String>,

    /// Capture at every place
    #[arg(long, conflicts_with = "at")]
    everywhere: bool,

    /// Write the packets to FILE; - is stdout
    #[arg(short, long, value_name = "FILE", default_value = "lab.pcapng")]
    output: PathBuf,

    /// Run this program meanwhile, on the machine HOST
    #[arg(long, value_name = "HOST", default_value = "h1")]
    from: String,

    #[command(flatten)]
    lab: LabArgs,

    /// The program and its arguments
    #[arg(value_name = "CMD", last = true)]
    command: Vec<OsString>,
}

impl Run for Capture {
    const EXAMPLES: &'static str = "
        plumb lab capture --at www -o www.pcapng
        plumb lab capture --everywhere -o all.pcapng -- curl https://www.example.com/";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let client = lab_client::connect(&self.lab.name)?;
        let program = match self.command.split_first() {
            Some((program, arguments)) => {
                let mut command =
                    lab_client::exec_command(&self.lab.name, &self.from, false, program)?;
                command.args(arguments);
                Some(command)
            }
            None => None,
        };
        record(client, &self.at, &self.output, program)
    }
}

/// The end of the lab. The thread that waits for it outlives a wait that is
/// given up: only the end of the process would end it.
async fn end_of(client: Client) {
    let (gone, told) = tokio::sync::oneshot::channel();
    let waiter = std::thread::Builder::new().name("lab".to_owned()).spawn(move || {
        client.wait_until_gone();
        let _ = gone.send(());
    });
    if waiter.is_err() || told.await.is_err() {
        // Nobody tells: Ctrl-C alone ends it.
        std::future::pending().await
    }
}

/// Captures until the program ends, or until Ctrl-C or the end of the lab.
fn record(
    client: Client,
    places: &[String],
    file: &Path,
    program: Option<Command>,
) -> Result<ExitStatus, CommandError> {
    let sockets = client.capture(places).map_err(lab_client::error)?;
    let out: Box<dyn Write> = if file == Path::new("-") {
        Box::new(QuietPipe::new(io::stdout()))
    } else {
        Box::new(File::create(file).map_err(|error| CommandError::file("write", file, error))?)
    };
    let failed = |error: io::Error| CommandError::not_measured(format!("cannot capture: {error}"));
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let (recorded, status) = runtime.block_on(async {
        let program = program.map(|mut command| command.spawn()).transpose().map_err(failed)?;
        let mut status = ExitStatus::GOOD;
        let until = async {
            let Some(mut program) = program else {
                tokio::select! {
                    // Where Ctrl-C cannot be heard, the signal itself ends this.
                    _ = tokio::signal::ctrl_c() => {}
                    () = end_of(client) => output::note("the lab has ended"),
                }
                return;
            };
            // Ctrl-C reaches the program by the terminal; its end ends this.
            let _interrupts = signal(SignalKind::interrupt());
            let ended = tokio::task::spawn_blocking(move || program.wait()).await;
            status = match ended {
                Ok(Ok(ended)) => ExitStatus::of_program(ended),
                _ => ExitStatus::NOT_PASSED_ON,
            };
        };
        let limits = capture::Limits::default();
        let recorded = capture::record(sockets, out, limits, until).await.map_err(failed)?;
        Ok::<_, CommandError>((recorded, status))
    })?;
    output::note(&format!("{} packets of {} places", recorded.packets, recorded.places.len()));
    for place in recorded.places.iter().filter(|place| place.lost > 0) {
        output::note(&format!("{} more came too fast at {}", place.lost, place.name));
    }
    Ok(status)
}
