//! `cutover deploy`: check, plan, show, ask, apply.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::apply::Running;
use super::plan::{self, Format, Wanted};
use super::show;
use super::source::Source;
use crate::execute::{Execution, Handle, Intent};
use crate::fleet::{self, Fleet};
use crate::lint::{self, Input, Settings};
use crate::native::error::{Error, Kind, Status};
use crate::native::files;
use crate::native::journal::{Attempt, Journal};
use crate::native::settings;
use crate::native::terminal::Terminal;
use crate::native::watch::Watch;
use crate::native::{live, simulate};
use crate::plan::Plan;
use crate::render::{self, Checked};
use crate::sim::Options;

/// Check, plan, show the plan, ask, and carry it out
///
/// With --sim nothing leaves this machine: the plan is carried out in a simulated Fly. In a folder
/// without a config file, `cutover deploy --sim` deploys an example app.
#[derive(Debug, clap::Args)]
pub(in crate::native) struct Args {
    /// A config file [default: fly.toml, fly.json or fly.yaml]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// Deploy to a simulated Fly: no account, no network
    #[arg(long)]
    sim: bool,

    #[command(flatten)]
    wanted: Wanted,

    #[command(flatten)]
    running: Running,
}

/// What is deployed, and the machines there are.
struct Subject {
    source: Source,
    fleet: Fleet,
    wanted: Wanted,
}

pub(in crate::native) fn run(args: Args, terminal: Terminal) -> Result<Status, Error> {
    let (sim, running) = (args.sim, args.running);
    let subject = subject(args, terminal)?;
    // Standard output belongs to the events when a program reads them.
    let tell = |text: String| {
        if running.is_jsonl() {
            terminal.say(&text);
            return Ok(());
        }
        terminal.print(&text)
    };
    tell(findings(&subject.source, terminal)?)?;
    let plan = match plan::make(&subject.source, &subject.fleet, &subject.wanted)? {
        Ok(plan) => Arc::new(plan),
        Err(refused) => return plan::refuse(&refused, Format::Text, terminal),
    };
    tell(plan::shown(&plan, Format::Text, terminal) + "\n")?;
    if plan.steps.is_empty() {
        return Ok(Status::Done);
    }
    let place = if sim { "in the simulator" } else { "on Fly.io" };
    if !running.yes && !terminal.confirm(&format!("Carry out this plan {place}?"))? {
        terminal.say("Nothing was touched.\n");
        return Ok(Status::No);
    }
    let mut watch = Watch::new(&plan, running.is_jsonl(), terminal);
    if sim {
        tell_pace(terminal);
        let options = Options { seed: SEED, ..Options::default() };
        return Ok(simulate::run(&plan, &subject.fleet, options, &mut watch)?.kind.into());
    }
    let client = subject.wanted.access.client(&plan.app)?;
    let options = running.options(live::run_id());
    let run = options.run.clone();
    let kept = keep(&plan, &run);
    let handle = kept.as_deref().map_or(Handle::App, show::handle);
    let attempt =
        Attempt { command: "deploy", run: &run, handle: &handle, plan: &plan.digest, intent: Intent::Forward };
    let ended = live::run(&client, &plan, &attempt, Execution::new(Arc::clone(&plan), options), &mut watch);
    if let Some(path) = kept.filter(|_| !matches!(ended, Ok(Status::NeedsAttention))) {
        // It holds what the machines' environment does.
        let _ = fs::remove_file(path);
    }
    ended
}

/// Where the plan is while it is carried out, for whoever has to go on with it: marks do not tell all
/// that it does. `None`: this computer has no place for it.
fn keep(plan: &Plan, run: &str) -> Option<PathBuf> {
    let path = Journal::of(&plan.app).plan_of(run)?;
    fs::create_dir_all(path.parent()?).ok()?;
    files::write_private(&path, &plan.to_json()).ok().map(|()| path)
}

fn tell_pace(terminal: Terminal) {
    if terminal.is_live() {
        terminal.say(&format!("Simulated time runs {} times as fast as real time.\n\n", simulate::SPEEDUP));
    }
}

fn subject(args: Args, terminal: Terminal) -> Result<Subject, Error> {
    let file = args.file.or_else(files::default_config);
    if args.sim && file.is_none() && args.wanted.machines.is_none() {
        terminal.say("There is no fly.toml here: this is the example app `shop`, on a simulated Fly.\n\n");
        return example(args.wanted);
    }
    let source = Source::read(file)?;
    let fleet = args.wanted.fleet(&source)?;
    Ok(Subject { source, fleet, wanted: args.wanted })
}

fn example(mut wanted: Wanted) -> Result<Subject, Error> {
    let fleet = fleet::parse(EXAMPLE_MACHINES).map_err(|unreadable| Error::new(Kind::Input, unreadable.message))?;
    wanted.image.get_or_insert_with(|| EXAMPLE_IMAGE.to_owned());
    let source = Source::of("fly.toml".to_owned(), EXAMPLE_CONFIG.to_owned());
    Ok(Subject { source, fleet, wanted })
}

fn findings(source: &Source, terminal: Terminal) -> Result<String, Error> {
    let settings = settings::read(Path::new(&source.path), None, Settings::read)?;
    let report = lint::check(&Input::new(&source.path, &source.text), &settings);
    let checked = Checked { path: &source.path, text: &source.text, report: &report };
    Ok(render::text::check(&[checked], false, terminal.look()) + "\n")
}

const EXAMPLE_CONFIG: &str = include_str!("../../../examples/shop/fly.toml");
const EXAMPLE_MACHINES: &str = include_str!("../../../examples/shop/machines.json");
const EXAMPLE_IMAGE: &str = "registry.fly.io/shop:v2";

/// The same deploy is the same to watch every time.
const SEED: u64 = 1;
