//! `cutover status`, `resume`, `promote`, `abort`: what became of a deploy that did not end, and
//! what becomes of it.

use std::path::PathBuf;

use super::apply::Running;
use super::show::read_plan;
use crate::execute::{Execution, Intent};
use crate::fleet::{Fleet, Machine};
use crate::native::error::{Error, Kind, Status};
use crate::native::live;
use crate::native::terminal::Terminal;
use crate::native::watch::Watch;
use crate::plan::Plan;
use crate::plan::mark::{Course, Direction, Marks};

/// See what a deploy that did not end has left, and what can be done about it
#[derive(Debug, clap::Args)]
pub(in crate::native) struct StatusArgs {
    #[command(flatten)]
    subject: Subject,
}

/// Go on with a deploy, or take it back: the way that it went
///
/// Where it stands is read from the machines, so this works on any computer.
#[derive(Debug, clap::Args)]
pub(in crate::native) struct Args {
    #[command(flatten)]
    subject: Subject,

    #[command(flatten)]
    running: Running,
}

/// Which deploy is meant.
#[derive(Debug, clap::Args)]
struct Subject {
    /// What `cutover plan -o PLAN` wrote
    #[arg(value_name = "PLAN")]
    plan: Option<PathBuf>,

    /// The app, where there is no PLAN
    #[arg(long, value_name = "NAME", env = "FLY_APP")]
    app: Option<String>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::native) enum Wish {
    /// The way that it went last.
    Resume,
    /// Past the point where it is held.
    Promote,
    Abort,
}

pub(in crate::native) fn run(args: &Args, wish: Wish, terminal: Terminal) -> Result<Status, Error> {
    let (plan, fleet) = args.subject.read()?;
    let plan = plan.ok_or_else(|| Error::new(Kind::Usage, "which plan? Name the file that `cutover plan -o` wrote"))?;
    let Some(unfinished) = Unfinished::of(&fleet, Some(&plan.digest)) else {
        let message = format!("no deploy of this plan is under way on `{}`", plan.app);
        return Err(Error::new(Kind::Refused, message).hint(format!("cutover status --app {}", plan.app)));
    };
    let intent = match (wish, unfinished.direction) {
        (Wish::Abort, _) | (Wish::Resume, Some(Direction::Back)) => Intent::Back,
        _ => Intent::Forward,
    };
    let what = match intent {
        Intent::Forward => "Go on with the deploy",
        Intent::Back => "Take back the deploy",
    };
    if !args.running.yes && !terminal.confirm(&format!("{what} of {}?", plan.app))? {
        terminal.say("Nothing was touched.\n");
        return Ok(Status::No);
    }
    let client = live::client(&plan.app)?;
    let mut options = args.running.options(unfinished.run);
    options.promoted = wish == Wish::Promote;
    let run = options.run.clone();
    let execution = Execution::resume(&plan, options, intent);
    let mut watch = Watch::new(&plan, args.running.is_jsonl(), terminal);
    Ok(live::run(&client, &plan, &run, execution, &mut watch)?.kind.into())
}

pub(in crate::native) fn status(args: &StatusArgs, terminal: Terminal) -> Result<Status, Error> {
    let (plan, fleet) = args.subject.read()?;
    let app = args.subject.name(plan.as_ref())?;
    let digest = plan.as_ref().map(|plan| plan.digest.as_str());
    terminal.print(&told(&app, &fleet, Unfinished::of(&fleet, digest).as_ref()))?;
    Ok(Status::Done)
}

impl Subject {
    fn read(&self) -> Result<(Option<Plan>, Fleet), Error> {
        let plan = self.plan.as_ref().map(|path| read_plan(path)).transpose()?;
        let fleet = live::fleet(&self.name(plan.as_ref())?)?;
        Ok((plan, fleet))
    }

    fn name(&self, plan: Option<&Plan>) -> Result<String, Error> {
        let app = plan.map(|plan| plan.app.clone()).or_else(|| self.app.clone());
        app.ok_or_else(|| Error::new(Kind::Usage, "which app? Pass `--app NAME`, or a plan"))
    }
}

/// A deploy that did not end, as its marks tell.
struct Unfinished {
    plan: String,
    run: String,
    direction: Option<Direction>,
}

impl Unfinished {
    /// The one of this plan, or any.
    fn of(fleet: &Fleet, digest: Option<&str>) -> Option<Self> {
        let is_meant = |plan: &str| digest.is_none_or(|digest| digest == plan);
        let course = fleet.machines.iter().filter_map(Course::of).find(|course| is_meant(&course.plan));
        if let Some(Course { direction, plan, run }) = course {
            return Some(Self { plan, run, direction: Some(direction) });
        }
        let marks = fleet.machines.iter().filter_map(Marks::of).find(|marks| is_meant(&marks.plan))?;
        Some(Self { plan: marks.plan, run: marks.run, direction: None })
    }
}

fn told(app: &str, fleet: &Fleet, unfinished: Option<&Unfinished>) -> String {
    let Some(unfinished) = unfinished else { return format!("No deploy is under way on {app}.\n") };
    let way = match unfinished.direction {
        Some(Direction::Back) => "is being taken back",
        Some(Direction::Forward) | None => "is neither finished nor taken back",
    };
    let mut out = format!("A deploy of {app} {way} (run {}, plan {}).\n\n", unfinished.run, unfinished.plan);
    for machine in &fleet.machines {
        out.push_str(&line(machine, &unfinished.plan));
    }
    let commands = ["resume", "promote", "abort"].map(|command| format!("cutover {command} --app {app} PLAN"));
    out + &format!("\nNext: {}\n", commands.join(", or "))
}

fn line(machine: &Machine, plan: &str) -> String {
    let marks = Marks::of(machine).filter(|marks| marks.plan == plan);
    let colour = match marks.map(|marks| marks.replaces) {
        Some(Some(blue)) => format!("green in the place of {blue}"),
        Some(None) => "green".to_owned(),
        None => "blue, or not part of the deploy".to_owned(),
    };
    let cordoned = if machine.cordoned { ", cordoned" } else { "" };
    format!("  {}  {}  {}{cordoned}  {colour}\n", machine.id, machine.region, machine.state)
}
