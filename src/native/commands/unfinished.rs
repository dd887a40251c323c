//! `cutover status`, `resume`, `promote`, `abort`: what became of a deploy that did not end, and
//! what becomes of it.

use std::path::PathBuf;

use super::apply::Running;
use super::show::read_plan;
use crate::execute::{Execution, Intent};
use crate::fleet::{Fleet, Machine};
use crate::native::access::Access;
use crate::native::error::{Error, Kind, Status};
use crate::native::live;
use crate::native::terminal::Terminal;
use crate::native::watch::Watch;
use crate::plan::mark::{Course, Direction, Marks, ReleaseCommand};
use crate::plan::{Interrupted, Plan, Refusal, reconstruct};

/// See what a deploy that did not end has left, and what can be done about it
#[derive(Debug, clap::Args)]
pub(in crate::native) struct StatusArgs {
    #[command(flatten)]
    subject: Subject,
}

/// Go on with a deploy, or take it back: the way that it went
///
/// Where it stands is read from the machines, so this works on any computer. Without PLAN it goes on
/// only when every green is there and no more is left to do than marks tell; else it is taken back.
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

    #[command(flatten)]
    access: Access,
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
    let deploy = match plan {
        Some(plan) => Deploy::of(plan, &fleet)?,
        None => Deploy::Marked(reconstruct(&args.subject.name(None)?, &fleet).map_err(refused)?),
    };
    let (app, intent) = (deploy.plan().app.clone(), deploy.intent(wish)?);
    if let Deploy::Marked(_) = deploy {
        terminal.say(WITHOUT_PLAN);
    }
    let what = match intent {
        Intent::Forward => "Go on with the deploy",
        Intent::Back => "Take back the deploy",
    };
    if !args.running.yes && !terminal.confirm(&format!("{what} of {app}?"))? {
        terminal.say("Nothing was touched.\n");
        return Ok(Status::No);
    }
    let client = args.subject.access.client(&app)?;
    let mut options = args.running.options(deploy.run().to_owned());
    options.promoted = wish == Wish::Promote;
    let run = options.run.clone();
    let execution = match &deploy {
        Deploy::Planned(plan, _) => Execution::resume(plan, options, intent),
        Deploy::Marked(left) => Execution::pick_up(left, options, intent),
    };
    let plan = deploy.plan();
    let mut watch = Watch::new(plan, args.running.is_jsonl(), terminal);
    Ok(live::run(&client, plan, &run, execution, &mut watch)?.kind.into())
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
        let fleet = live::fleet(&self.name(plan.as_ref())?, &self.access)?;
        Ok((plan, fleet))
    }

    fn name(&self, plan: Option<&Plan>) -> Result<String, Error> {
        let app = plan.map(|plan| plan.app.clone()).or_else(|| self.app.clone());
        app.ok_or_else(|| Error::new(Kind::Usage, "which app? Pass `--app NAME`, or a plan"))
    }
}

/// A deploy that did not end.
enum Deploy {
    Planned(Plan, Unfinished),
    /// Without its plan.
    Marked(Interrupted),
}

impl Deploy {
    fn of(plan: Plan, fleet: &Fleet) -> Result<Self, Error> {
        match Unfinished::of(fleet, Some(&plan.digest)) {
            Some(unfinished) => Ok(Self::Planned(plan, unfinished)),
            None => {
                let message = format!("no deploy of this plan is under way on `{}`", plan.app);
                Err(Error::new(Kind::Refused, message).hint(format!("cutover status --app {}", plan.app)))
            }
        }
    }

    const fn plan(&self) -> &Plan {
        match self {
            Self::Planned(plan, _) => plan,
            Self::Marked(left) => &left.plan,
        }
    }

    fn run(&self) -> &str {
        match self {
            Self::Planned(_, unfinished) => &unfinished.run,
            Self::Marked(left) => &left.run,
        }
    }

    /// Without the plan nobody can make what is missing: then it is taken back.
    fn intent(&self, wish: Wish) -> Result<Intent, Error> {
        let (direction, is_possible) = match self {
            Self::Planned(_, unfinished) => (unfinished.direction, true),
            Self::Marked(left) => (left.direction, left.is_complete),
        };
        match (wish, direction) {
            (Wish::Abort, _) | (Wish::Resume, Some(Direction::Back)) => Ok(Intent::Back),
            _ if is_possible || self.lost_release_command() => Ok(Intent::Forward),
            (Wish::Resume, _) => Ok(Intent::Back),
            (Wish::Promote, _) => {
                let app = &self.plan().app;
                let message = format!("the marks of the deploy of `{app}` do not tell all that is left to do");
                let error = Error::new(Kind::Refused, message).hint("cutover promote PLAN");
                Err(error.hint(format!("cutover abort --app {app}")))
            }
        }
    }

    /// It is not run again, and the execution says so.
    fn lost_release_command(&self) -> bool {
        matches!(self, Self::Marked(Interrupted { release_command: Some(ReleaseCommand { is_done: false, .. }), .. }))
    }
}

fn refused(refusal: Refusal) -> Error {
    refusal.fix.iter().fold(Error::new(Kind::Refused, refusal.message), |error, fix| error.hint(fix))
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
        let live = || fleet.machines.iter().filter(|machine| machine.is_live());
        let courses = || live().filter_map(Course::of).filter(|course| is_meant(&course.plan));
        let first = courses().next();
        let furthest = courses().filter(|course| first.as_ref().is_some_and(|first| first.plan == course.plan));
        if let Some(Course { direction, plan, run }) = furthest.max_by_key(|course| course.direction) {
            return Some(Self { plan, run, direction: Some(direction) });
        }
        let marks = live().filter_map(Marks::of).find(|marks| is_meant(&marks.plan))?;
        Some(Self { plan: marks.plan, run: marks.run, direction: None })
    }
}

fn told(app: &str, fleet: &Fleet, unfinished: Option<&Unfinished>) -> String {
    let Some(unfinished) = unfinished else { return format!("No deploy is under way on {app}.\n") };
    let is_green = |machine: &Machine| Marks::of(machine).is_some_and(|marks| marks.plan == unfinished.plan);
    let has_moved = fleet.machines.iter().any(|machine| is_green(machine) && !machine.cordoned);
    let (way, commands) = match unfinished.direction {
        Some(Direction::Back) => ("is being taken back", vec!["resume"]),
        Some(Direction::Held) if has_moved => {
            ("is held: the traffic has moved, and its blues are kept", vec!["promote", "abort"])
        }
        Some(Direction::Held) => ("is held before its traffic moves", vec!["promote", "abort"]),
        Some(Direction::Past) => ("is past its point of no return", vec!["resume"]),
        Some(Direction::Forward) | None => ("is neither finished nor taken back", vec!["resume", "abort"]),
    };
    let mut out = format!("A deploy of {app} {way} (run {}, plan {}).\n\n", unfinished.run, unfinished.plan);
    for machine in &fleet.machines {
        out.push_str(&line(machine, &unfinished.plan));
    }
    let next = match reconstruct(app, fleet) {
        Ok(_) => commands.iter().map(|command| format!("cutover {command} --app {app}")).collect(),
        Err(refusal) => refusal.fix,
    };
    out + &format!("\nNext: {}\n", next.join(", or "))
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

const WITHOUT_PLAN: &str =
    "Without PLAN: what its marks do not tell, such as a bake or a URL to verify, is left out.\n";
