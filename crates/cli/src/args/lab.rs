//! Which lab.

use clap::Args;

/// The name of the lab that commands mean unless told otherwise.
pub const NAME_DEFAULT: &str = "default";

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Lab")]
pub struct LabArgs {
    /// Use the lab of this name
    #[arg(long, value_name = "LAB", default_value = NAME_DEFAULT)]
    pub name: String,
}
