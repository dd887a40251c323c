//! `cutover schema`.

use clap::ValueEnum;

use crate::native::error::{Error, Status};
use crate::native::terminal::Terminal;
use crate::render::{self, Of};

/// Print the JSON Schema of fly.toml, for editors and validators
#[derive(Debug, clap::Args)]
pub(in crate::native) struct Args {
    /// What to print the schema of
    #[arg(long, value_name = "WHAT", default_value = "fly-toml")]
    of: Subject,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// The config file
    FlyToml,
    /// What `check --format json` prints
    Check,
    /// What `plan --format json` prints
    Plan,
    /// A line of what `apply --events jsonl` prints
    Events,
}

pub(in crate::native) fn run(args: &Args, terminal: Terminal) -> Result<Status, Error> {
    let of = match args.of {
        Subject::FlyToml => Of::FlyToml,
        Subject::Check => Of::Check,
        Subject::Plan => Of::Plan,
        Subject::Events => Of::Events,
    };
    terminal.print(&render::json_schema(of))?;
    Ok(Status::Done)
}
