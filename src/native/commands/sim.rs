//! `cutover sim`: Fly.io without Fly.io.

use std::path::PathBuf;

use clap::Subcommand;

use super::apply::Events;
use super::check::read_fleet;
use super::show::read_plan;
use crate::native::error::{Error, Kind, Status};
use crate::native::signals::Signals;
use crate::native::terminal::Terminal;
use crate::native::watch::Watch;
use crate::native::{block_on, listen as server, simulate};
use crate::sim::{Settings, World};

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

    /// Seconds that pass there while one passes here. Leases run out faster too: from 3 on, `cutover
    /// apply` loses its own
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    speed: u32,

    /// For the ids of new machines and the time that things take
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

pub(in crate::native) fn run(command: Command, terminal: Terminal) -> Result<Status, Error> {
    match command {
        Command::Run(args) => {
            let plan = read_plan(&args.plan)?;
            let fleet = read_fleet(&args.machines)?;
            let mut watch = Watch::new(&plan, args.events.is_some(), terminal);
            Ok(simulate::run(&plan, &fleet, args.seed, &mut watch)?.kind.into())
        }
        Command::Listen(args) => listen(&args, terminal),
    }
}

fn listen(args: &ListenArgs, terminal: Terminal) -> Result<Status, Error> {
    let mut world = World::new(&read_fleet(&args.fleet)?, Settings::default(), Vec::new(), args.seed);
    world.app = Some(args.app.clone());
    block_on(serve(args, world, terminal))?
}

async fn serve(args: &ListenArgs, world: World, terminal: Terminal) -> Result<Status, Error> {
    let failed = |error: std::io::Error| {
        Error::new(Kind::Usage, format!("cannot listen on port {}: {error}", args.port))
            .hint("pass `--port 0` for a free one")
    };
    let mut signals = Signals::listen()?;
    let listener = server::bind(args.port).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    terminal.print(&format!("export FLY_FLAPS_BASE_URL=http://{address} FLY_API_TOKEN=simulated\n"))?;
    let stop = async move { signals.next().await };
    server::serve(listener, world, args.speed, None, stop).await.map_err(failed)?;
    Ok(Status::Done)
}
