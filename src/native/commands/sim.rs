//! `cutover sim`: Fly.io without Fly.io.

use std::path::PathBuf;

use clap::Subcommand;

use super::apply::Events;
use super::check::read_fleet;
use super::show::read_plan;
use crate::native::error::{Error, Status};
use crate::native::terminal::Terminal;
use crate::native::watch::Watch;
use crate::native::{listen, simulate};

/// Carry out a plan in a simulated Fly, or serve one over HTTP
#[derive(Debug, Subcommand)]
pub(in crate::native) enum Command {
    Run(RunArgs),
    Listen(ListenArgs),
}

/// Carry out a saved plan in the simulator, in virtual time
#[derive(Debug, clap::Args)]
pub(in crate::native) struct RunArgs {
    /// What `cutover plan -o PLAN` wrote
    #[arg(value_name = "PLAN")]
    plan: PathBuf,

    /// The machines there are: what `fly machine list --json` printed, or `-`
    #[arg(long, value_name = "FILE")]
    machines: PathBuf,

    /// Runs with the same seed are the same
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Print events for programs, one JSON object a line, and nothing else on standard output
    #[arg(long, value_name = "FORM")]
    events: Option<Events>,
}

/// Serve a simulated Machines API on loopback, until it is stopped
///
/// Point `cutover apply` or flyctl at it: FLY_FLAPS_BASE_URL=http://127.0.0.1:PORT, with any token.
#[derive(Debug, clap::Args)]
pub(in crate::native) struct ListenArgs {
    /// 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = 4280)]
    port: u16,

    /// The app whose machines these are
    #[arg(long, value_name = "NAME")]
    app: String,

    /// The machines to begin with: what `fly machine list --json` printed, or `-`
    #[arg(long, value_name = "FILE")]
    fleet: PathBuf,
}

pub(in crate::native) fn run(command: Command, terminal: Terminal) -> Result<Status, Error> {
    match command {
        Command::Run(args) => {
            let plan = read_plan(&args.plan)?;
            let fleet = read_fleet(&args.machines)?;
            let mut watch = Watch::new(&plan, args.events.is_some(), terminal);
            Ok(simulate::run(&plan, &fleet, args.seed, &mut watch)?.kind.into())
        }
        Command::Listen(args) => {
            let fleet = read_fleet(&args.fleet)?;
            listen::serve(args.port, &args.app, fleet, terminal)
        }
    }
}
