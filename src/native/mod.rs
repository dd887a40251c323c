//! The command line: arguments, files, the terminal, the clock, HTTP. Touches the world so that
//! nothing else has to; decides nothing about Fly.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "files, the environment and the clock are read here and nowhere else"
)]

mod access;
mod cli;
mod commands;
mod error;
pub mod explore;
mod files;
pub mod http;
mod journal;
pub mod listen;
mod live;
mod settings;
mod signals;
mod simulate;
mod terminal;
mod traffic;
mod watch;

use std::future::Future;
use std::process::ExitCode;

use tokio::runtime;

use error::{Error, Kind};

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    cli::main()
}

/// Waits for `work` on this thread.
fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Error> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::new(Kind::Usage, format!("cannot start: {error}")))?;
    Ok(runtime.block_on(work))
}
