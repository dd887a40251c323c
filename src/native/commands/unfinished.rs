//! `cutover resume`, `promote`, `abort`: what becomes of a deploy that did not end.

use std::path::PathBuf;
use std::sync::Arc;

use super::apply::Running;
use super::plan::app_from_environment;
use super::show::{self, read_plan};
use crate::execute::{Execution, Handle, Intent, Outcome, OutcomeKind};
use crate::fleet::{Fleet, Machine};
use crate::native::access::Access;
use crate::native::error::{Error, Kind, Status};
use crate::native::journal::Attempt;
use crate::native::live;
use crate::native::terminal::Terminal;
use crate::native::watch::Watch;
use crate::plan::mark::{Course, Direction, Marks};
use crate::plan::{Interrupted, Plan, Refusal, reconstruct};

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
pub(super) struct Subject {
    /// What `cutover plan -o PLAN` wrote
    #[arg(value_name = "PLAN")]
    plan: Option<PathBuf>,

    /// The app, where there is no PLAN [default: what FLY_APP says]
    #[arg(long, value_name = "NAME")]
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
        Some(plan) if wish != Wish::Abort && is_over(&plan, &fleet) => {
            return Ok(tell_end(&plan, args.running.is_jsonl(), terminal));
        }
        Some(plan) => Deploy::of(plan, &fleet)?,
        None => Deploy::Marked(Box::new(reconstruct(&args.subject.name(None)?, &fleet).map_err(refused)?)),
    };
    let (app, intent) = (deploy.plan().app.clone(), deploy.intent(wish)?);
    if let Deploy::Marked(_) = deploy {
        terminal.tell(WITHOUT_PLAN);
        if wish == Wish::Resume && intent == Intent::Back {
            terminal.tell(TAKEN_BACK);
        }
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
        Deploy::Planned(plan, _) => Execution::resume(Arc::clone(plan), options, intent),
        Deploy::Marked(left) => Execution::pick_up(left, options, intent),
    };
    let plan = deploy.plan();
    let mut watch = Watch::new(plan, args.running.is_jsonl(), terminal);
    let handle = match (&deploy, &args.subject.plan) {
        (Deploy::Planned(..), Some(path)) => show::handle(path),
        _ => Handle::App,
    };
    let attempt = Attempt { command: wish.as_str(), run: &run, handle: &handle, plan: deploy.digest(), intent };
    let status = live::run(&client, plan, &attempt, execution, &mut watch)?;
    if wish == Wish::Abort && status == Status::Done {
        terminal.tell(TOO_LATE);
    }
    Ok(status)
}

/// Whoever asks again, as CI does, is told so.
fn is_over(plan: &Plan, fleet: &Fleet) -> bool {
    let machines: Vec<Arc<Machine>> = fleet.machines.iter().cloned().map(Arc::new).collect();
    Unfinished::of(fleet, Some(&plan.digest)).is_none() && Execution::is_done(plan.clone(), &machines)
}

fn tell_end(plan: &Plan, is_jsonl: bool, terminal: Terminal) -> Status {
    let outcome = Outcome { kind: OutcomeKind::Completed, message: IS_OVER.to_owned(), left: Vec::new() };
    let mut watch = Watch::new(plan, is_jsonl, terminal);
    watch.event(0, &outcome.event());
    watch.end(0, &outcome);
    outcome.kind.into()
}

impl Wish {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Resume => "resume",
            Self::Promote => "promote",
            Self::Abort => "abort",
        }
    }
}

impl Subject {
    pub(super) fn read(&self) -> Result<(Option<Plan>, Fleet), Error> {
        let plan = self.plan.as_ref().map(|path| read_plan(path)).transpose()?;
        let app = self.name(plan.as_ref())?;
        let fleet = live::fleet(&app, &self.access.client(&app)?)?;
        Ok((plan, fleet))
    }

    /// What the environment says counts where nothing else is said.
    pub(super) fn name(&self, plan: Option<&Plan>) -> Result<String, Error> {
        match (plan, &self.app) {
            (Some(plan), Some(app)) if plan.app != *app => {
                Err(Error::new(Kind::Usage, format!("the plan is of `{}`, and `--app` names `{app}`", plan.app)))
            }
            (Some(plan), _) => Ok(plan.app.clone()),
            (None, app) => app.clone().or_else(app_from_environment).ok_or_else(which_app),
        }
    }
}

fn which_app() -> Error {
    Error::new(Kind::Usage, "which app? Pass `--app NAME`, or a plan")
}

/// A deploy that did not end.
enum Deploy {
    Planned(Arc<Plan>, Unfinished),
    /// Without its plan.
    Marked(Box<Interrupted>),
}

impl Deploy {
    fn of(plan: Plan, fleet: &Fleet) -> Result<Self, Error> {
        match Unfinished::of(fleet, Some(&plan.digest)) {
            Some(unfinished) => Ok(Self::Planned(Arc::new(plan), unfinished)),
            None => {
                let message = format!("no deploy of this plan is under way on `{}`", plan.app);
                Err(Error::new(Kind::Refused, message).hint(format!("cutover status --app {}", plan.app)))
            }
        }
    }

    fn plan(&self) -> &Plan {
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

    /// Of the plan that was begun.
    fn digest(&self) -> &str {
        match self {
            Self::Planned(plan, _) => &plan.digest,
            Self::Marked(left) => &left.marked,
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
        let Self::Marked(left) = self else { return false };
        left.release_command.as_ref().is_some_and(|command| !command.is_done)
    }
}

fn refused(refusal: Refusal) -> Error {
    refusal.fix.iter().fold(Error::new(Kind::Refused, refusal.message), |error, fix| error.hint(fix))
}

/// A deploy that did not end, as its marks tell.
pub(super) struct Unfinished {
    pub(super) plan: String,
    pub(super) run: String,
    pub(super) direction: Option<Direction>,
}

impl Unfinished {
    /// The one of this plan, or any.
    pub(super) fn of(fleet: &Fleet, digest: Option<&str>) -> Option<Self> {
        let is_meant = |plan: &str| digest.is_none_or(|digest| digest == plan);
        let live = || fleet.machines.iter().filter(|machine| machine.is_live());
        let first = live().filter_map(Course::of).find(|course| is_meant(&course.plan));
        if let Some(Course { direction, plan, run }) = first.and_then(|first| Course::last_of(live(), &first.plan)) {
            return Some(Self { plan, run, direction: Some(direction) });
        }
        let marks = live().filter_map(Marks::of).find(|marks| is_meant(&marks.plan))?;
        Some(Self { plan: marks.plan, run: marks.run, direction: None })
    }
}

const IS_OVER: &str = "The deploy is over: every machine is as the plan wants it, and nothing is left to do.";

const TOO_LATE: &str = "It was past its point of no return, so it was finished instead of taken back.";

const TAKEN_BACK: &str = "It is taken back: that is the way it went, or only its plan tells what is still to be made.";

const WITHOUT_PLAN: &str = "Without PLAN: what its marks do not tell, such as a bake or a URL to verify, is left out.";
