//! `cutover completions`.

use clap_complete::Shell;

use crate::native::error::{Error, Status};
use crate::native::terminal::Terminal;

/// Print completions for a shell, to be put where it looks for them
#[derive(Debug, clap::Args)]
pub(in crate::native) struct Args {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// `grammar` is that of the whole command line.
pub(in crate::native) fn run(args: &Args, grammar: &mut clap::Command, terminal: Terminal) -> Result<Status, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, grammar, "cutover", &mut script);
    terminal.print(&String::from_utf8_lossy(&script))?;
    Ok(Status::Done)
}
