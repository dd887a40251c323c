//! `cutover sim`: Fly.io without Fly.io.

use std::fs::File;
use std::io::Write as _;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clap::Subcommand;
use serde_json::{Value, json};

use super::apply::Events;
use super::check::read_fleet;
use super::plan::duration_ms;
use super::show::read_plan;
use crate::native::error::{Error, Kind, Status};
use crate::native::explore::{self as native_explore, Limits};
use crate::native::signals::Signals;
use crate::native::terminal::Terminal;
use crate::native::watch::Watch;
use crate::native::{block_on, listen as server, simulate};
use crate::sim::explore::{Explorer, Failure, Told};
use crate::sim::http::Api;
use crate::sim::{Fault, Network, Options, Settings, World};

/// Carry out a plan in a simulated Fly, or serve one over HTTP
#[derive(Debug, Subcommand)]
pub(in crate::native) enum Command {
    Run(RunArgs),
    Explore(ExploreArgs),
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

    /// Send requests meanwhile, through a proxy that hears late of what changes, and tell how many
    /// were answered, by which version, and how many were dropped
    #[arg(long)]
    traffic: bool,

    /// How long it takes until half of the proxy's edges hear of a change; the others hear at once
    #[arg(long, value_name = "DUR", default_value = "1s", value_parser = duration_ms, requires = "traffic")]
    propagation: u64,
}

/// Carry out very many deploys in which things go wrong, and hold each to what is promised
///
/// Runs are numbered: first small worlds exhaustively, every call refused, lost, slow or doubled, with a
/// crash or an abort at every moment; then larger worlds with several faults at once. The same number is
/// the same run everywhere. Exits with 1 when a promise was broken.
#[derive(Debug, clap::Args)]
pub(in crate::native) struct ExploreArgs {
    /// How many runs
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,

    /// For so many seconds, instead of a number of runs
    #[arg(long, value_name = "N", conflicts_with = "runs", value_parser = clap::value_parser!(u64).range(1..))]
    seconds: Option<u64>,

    /// The number of the first run
    #[arg(long, value_name = "N", default_value_t = 0)]
    from: u64,

    /// Only the run of this number, told in full, with its faults as `sim listen --fault` takes them
    #[arg(long, value_name = "N", conflicts_with_all = ["runs", "seconds", "from", "threads"])]
    seed: Option<u64>,

    /// Side by side; as many as there are cores if absent
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<usize>>,
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

    /// Seconds that pass there while one passes here. What a client asks for, the time of a lease or of a
    /// wait, is by the client's clock
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    speed: u32,

    /// For the ids of new machines and the time that things take
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// What goes wrong, such as `create#1=lost-after`, `get@app-1=absent`, `machine@app-1=dies:5000`,
    /// `machine@ID=killed-at:30000` or `*=limited` (Fly's rate limits); repeatable
    #[arg(long, value_name = "SPEC")]
    fault: Vec<Fault>,

    /// Write each request with its reply to this file, one JSON object a line, without tokens
    #[arg(long, value_name = "FILE")]
    transcript: Option<PathBuf>,
}

pub(in crate::native) fn run(command: Command, terminal: Terminal) -> Result<Status, Error> {
    match command {
        Command::Run(args) => {
            let plan = read_plan(&args.plan)?;
            let fleet = read_fleet(&args.machines)?;
            let mut watch = Watch::new(&plan, args.events.is_some(), terminal);
            let network = args.traffic.then(|| Network::around(&fleet, args.propagation));
            let options = Options { seed: args.seed, network, ..Options::default() };
            Ok(simulate::run(&plan, &fleet, options, &mut watch)?.kind.into())
        }
        Command::Explore(args) => explore(&args, terminal),
        Command::Listen(args) => listen(&args, terminal),
    }
}

fn explore(args: &ExploreArgs, terminal: Terminal) -> Result<Status, Error> {
    let explorer = Explorer::new();
    if let Some(number) = args.seed {
        let Told { case, failure, trace } = explorer.tell(number);
        let end = failure.as_ref().map_or("every promise was kept", |failure| &failure.what);
        terminal.print(&format!("{number}: {case}\n{}\n{end}\n", trace.join("\n")))?;
        return Ok(if failure.is_some() { Status::No } else { Status::Done });
    }
    let time = args.seconds.map_or(Duration::MAX, Duration::from_secs);
    let runs = if args.seconds.is_some() { u64::MAX - args.from } else { args.runs };
    let explored = native_explore::explore(&explorer, args.from, Limits { runs, time, threads: args.threads });
    let mut text = String::new();
    if let Some(first) = explored.failures.first() {
        let Told { case, trace, .. } = explorer.tell(first.number);
        text = format!("{}: {case}\n{}\n\n", first.number, trace.join("\n"));
    }
    for Failure { number, what } in &explored.failures {
        text += &format!("{number}: {what}\n  again: cutover sim explore --seed {number}\n");
    }
    let seconds = explored.took.as_secs_f64();
    text += &format!(
        "{} runs ({} go through the small worlds) in {seconds:.1} s, {:.0} per second: {} broke a promise\n",
        explored.runs,
        explorer.small_runs(),
        explored.runs as f64 / seconds,
        explored.failed
    );
    terminal.print(&text)?;
    Ok(if explored.failed > 0 { Status::No } else { Status::Done })
}

fn listen(args: &ListenArgs, terminal: Terminal) -> Result<Status, Error> {
    let mut world = World::new(&read_fleet(&args.fleet)?, Settings::default(), args.fault.clone(), args.seed);
    world.keep_trace(0);
    let api = Api::new(world, Some(args.app.clone())).at_speed(args.speed);
    block_on(serve(args, api, terminal))?
}

/// Appends to the file, a line for each exchange. Of the headers nothing is written: they hold the token.
fn transcript(path: &Path) -> Result<server::Transcript, Error> {
    let file = File::create(path)
        .map_err(|error| Error::new(Kind::Input, format!("cannot write {}: {error}", path.display())))?;
    let file = Mutex::new(file);
    let value = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    Ok(Box::new(move |t_ms, request, response| {
        let line = json!({"t_ms": t_ms, "method": request.method.as_str(), "path": request.path,
            "body": value(request.body.as_deref().unwrap_or_default()),
            "status": response.status, "reply": value(&response.body)});
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        // Who listens goes on without its transcript.
        let _ = writeln!(file, "{line}");
    }))
}

async fn serve(args: &ListenArgs, api: Api, terminal: Terminal) -> Result<Status, Error> {
    let failed = |error: std::io::Error| {
        Error::new(Kind::Usage, format!("cannot listen on port {}: {error}", args.port))
            .hint("pass `--port 0` for a free one")
    };
    let mut signals = Signals::listen()?;
    let listener = server::bind(args.port).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    terminal.print(&format!(
        "export FLY_FLAPS_BASE_URL=http://{address} FLY_UIEX_BASE_URL=http://{address} \
         FLY_API_BASE_URL=http://{address} FLY_API_TOKEN=simulated\n"
    ))?;
    let stop = async move { signals.next().await };
    let transcript = args.transcript.as_deref().map(transcript).transpose()?;
    server::serve(listener, api, transcript, stop).await.map_err(failed)?;
    Ok(Status::Done)
}
