//! How the answer looks and where it goes.

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
