//! The command line: arguments, files, the terminal, the clock, HTTP. Touches the world so that
//! nothing else has to; decides nothing about Fly.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "files, the environment and the clock are read here and nowhere else"
)]

mod cli;
mod commands;
mod error;
mod files;
mod http;
mod listen;
mod live;
mod simulate;
mod terminal;
mod watch;

use std::process::ExitCode;

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    cli::main()
}
