//! `plumb serve echo`.

use clap::Args;
use plumb_serve::core::Limits;
use plumb_serve::small;

use crate::args::serve::ServeArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::serving::{self, Plan};

/// Where it listens unless told otherwise: like echo's port 7, without the
/// privilege that ports below 1024 want.
const PORT: u16 = 7007;

/// Send back what comes
///
/// Listens on 127.0.0.1:7007 unless told otherwise.
#[derive(Debug, Args)]
pub struct Echo {
    #[command(flatten)]
    serve: ServeArgs,
}

impl Run for Echo {
    const EXAMPLES: &'static str = "
        plumb serve echo
        plumb serve echo --listen udp://127.0.0.1:9006";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let plan = Plan {
            command: "serve echo",
            server: "echo",
            port: PORT,
            stream: small::Echo,
            datagrams: Some(small::Echo),
            limits: Limits::conversation(),
        };
        serving::run(plan, &self.serve)
    }
}
