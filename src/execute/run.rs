//! A run: the plan's steps in their order, forward or back, and how it ends.

mod asking;
mod back;
mod begin;
mod ending;
mod forward;
mod resuming;
mod telling;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[cfg(test)]
use super::flaw::Flaw;
use super::goal::Goal;
use super::job::{Job, Next, Owner, View};
use super::knowledge::Knowledge;
use super::operation::{pause_ms, row};
use super::order::Order;
use super::rate::Rates;
use super::schedule::{Busy, JobId, Schedule};
use super::steps::{self, Slots};
use super::trail::{Handle, Trail};
use super::{Event, Input, Leftover, Outcome, Phase, Reply, SplitMix64, Step, report};
use crate::fleet::{Machine, State};
use crate::plan::mark::Direction;
use crate::plan::{Floored, Interrupted, Op, Plan};

/// How a run goes, beyond what the plan says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Unique to this deploy and short: the machines made are named after it. Lower-case letters,
    /// digits and dashes. Who resumes a deploy uses its own.
    pub run: String,
    /// Leases are taken for this long, or longer where there are many, and renewed when a third of it
    /// is left.
    pub lease_ttl_s: u64,
    /// How long to wait for somebody else's lease.
    pub lease_wait_ms: u64,
    /// Somebody let the deploy go on past the point where it is held.
    pub promoted: bool,
    /// For the jitter of retries.
    pub seed: u64,
    #[cfg(test)]
    pub(crate) flaw: Option<Flaw>,
}

/// Where a resumed deploy is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    Forward,
    /// To the fleet as it was, as long as the deploy destroyed no blue.
    Back,
}

impl Options {
    pub const LEASE_TTL_S: u64 = 13;

    pub fn new(run: impl Into<String>) -> Self {
        Self {
            run: run.into(),
            lease_ttl_s: Self::LEASE_TTL_S,
            lease_wait_ms: 0,
            promoted: false,
            seed: 0,
            #[cfg(test)]
            flaw: None,
        }
    }
}

/// A plan being executed.
#[derive(Debug, Clone)]
pub struct Execution {
    plan: Arc<Plan>,
    options: Options,
    /// Of a deploy that another run began.
    intent: Option<Intent>,
    /// The deploy destroyed a blue that the plan does not know of any more.
    is_past: bool,
    /// What the plan, made from marks, does not tell.
    lost: Option<Lost>,
    slots: Arc<Slots>,
    floors: Arc<BTreeMap<String, Floored>>,
    known: Knowledge,
    schedule: Schedule,
    rates: Rates,
    order: Order,
    stage: Stage,
    notice: Notice,
    progress: Vec<Progress>,
    /// The slots that were uncordoned, or may have been.
    traffic: BTreeSet<String>,
    random: SplitMix64,
    /// When it began.
    since_ms: u64,
    now_ms: u64,
    /// Why the run goes back, or what failed after the point of no return.
    failures: Vec<String>,
    is_aborted: bool,
    /// Why it goes back to what another run may have changed meanwhile.
    overtaken: Option<String>,
    left: Vec<Leftover>,
    /// What is done when everything else is.
    parting: Vec<Goal>,
    /// After the point of no return: blues that have to serve again, their greens having failed.
    rescue: BTreeSet<String>,
    /// Going back: slots whose machines something rests on.
    kept: BTreeSet<String>,
    /// Going back, traffic was moved and the proxies have not had time to hear of it.
    unsettled: bool,
    told: BTreeMap<String, (State, u64, u64)>,
    out: Step,
}

/// What is not known where the plan of a deploy is lost.
#[derive(Debug, Clone)]
struct Lost {
    /// There is more to do than its marks tell.
    is_partial: bool,
    /// Machines that are cordoned, nobody knows by whom.
    doubtful: Vec<String>,
}

/// What follows from the plan.
struct Gathered {
    slots: Arc<Slots>,
    floors: Arc<BTreeMap<String, Floored>>,
    order: Order,
    known: Knowledge,
}

#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Idle,
    Check,
    /// Resumed: the leases are taken before anything is believed.
    Leasing,
    /// With them, the fleet is read again.
    Recheck,
    Forward,
    /// Going forward with no way back.
    Finish,
    /// Going back, once the changes under way are answered.
    Turning,
    Back,
    Closing(Outcome),
    Ended,
}

/// What others were told of the deploy, each before it is acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Notice {
    Nothing,
    UnderWay(Direction),
    Told(Direction),
}

/// How far a step of the plan is.
#[derive(Debug, Clone, Default)]
struct Progress {
    fate: Fate,
    round: usize,
    /// Jobs of this round that are not over.
    open: usize,
    failed: bool,
    /// Its last event says so.
    is_running: bool,
    /// Another run did it.
    is_done_before: bool,
    /// Its fate was another run's doing: what this one is refused changes nothing about it.
    is_recalled: bool,
    note: Option<String>,
}

/// Why a goal was not achieved.
struct Failure {
    why: String,
    kind: FailureKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FailureKind {
    Failed,
    /// It was not tried, because what the capacity would rest on does not serve.
    Unsafe,
    /// It was begun, and nobody knows how it ended.
    Lost,
}

/// Whether a step changed the fleet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Fate {
    #[default]
    Untouched,
    Maybe,
    Changed,
}

impl Execution {
    pub fn new(plan: impl Into<Arc<Plan>>, options: Options) -> Self {
        let plan = plan.into();
        let deploy = plan.digest.clone();
        Self::with(plan, &deploy, options, None)
    }

    /// Goes on with what another run began, from the fleet as it is found.
    pub fn resume(plan: impl Into<Arc<Plan>>, options: Options, intent: Intent) -> Self {
        let plan = plan.into();
        let deploy = plan.digest.clone();
        Self::with(plan, &deploy, options, Some(intent))
    }

    /// The same without its plan, from what its marks tell.
    pub fn pick_up(left: &Interrupted, options: Options, intent: Intent) -> Self {
        let plan = Arc::new(left.plan.clone());
        Self {
            is_past: left.is_past,
            lost: Some(Lost { is_partial: !left.is_complete, doubtful: left.doubtful.clone() }),
            ..Self::with(plan, &left.marked, options, Some(intent))
        }
    }

    /// Whether a deploy of this plan came to its end on these machines, by whichever run.
    pub fn is_done(plan: impl Into<Arc<Plan>>, machines: &[Arc<Machine>]) -> bool {
        let mut execution = Self::resume(plan, Options::new(""), Intent::Forward);
        execution.known.begin_with(machines);
        let opened = |slot: &String| {
            execution.plan.steps.iter().any(|step| step.op == Op::Uncordon && step.slot.as_ref() == Some(slot))
        };
        let is_hidden = |machine: &&Arc<Machine>| {
            machine.is_live() && machine.cordoned && execution.known.slot_in_name(machine).is_some_and(opened)
        };
        execution.is_over() && !machines.iter().any(|machine| is_hidden(&machine))
    }

    /// To be shown what this run tells, in case nobody waits for its end.
    pub fn trail(&self, handle: Handle) -> Trail {
        Trail::new(Arc::clone(&self.plan), &self.options, self.intent.is_some(), handle)
    }

    /// The same plan by another run: what follows from the plan is not gathered again. Of one that has
    /// not begun.
    pub fn again(&self, options: Options, intent: Option<Intent>) -> Self {
        let gathered = Gathered {
            slots: Arc::clone(&self.slots),
            floors: Arc::clone(&self.floors),
            order: self.order.clone(),
            known: self.known.again(&options.run),
        };
        Self::begin_with(Arc::clone(&self.plan), gathered, options, intent)
    }

    /// `deploy`: the digest that the marks of the deploy name.
    fn with(plan: Arc<Plan>, deploy: &str, options: Options, intent: Option<Intent>) -> Self {
        let gathered = Gathered {
            slots: Arc::new(Slots::of(&plan)),
            floors: Arc::new(steps::floors(&plan)),
            order: Order::forward(&plan.steps),
            known: Knowledge::new(&plan, deploy, &options.run),
        };
        Self::begin_with(plan, gathered, options, intent)
    }

    fn begin_with(plan: Arc<Plan>, gathered: Gathered, mut options: Options, intent: Option<Intent>) -> Self {
        // Renewals must not take up all the calls that may be under way.
        let leases = plan.steps.iter().filter(|step| step.op == Op::Lease).count() as u64;
        options.lease_ttl_s = options.lease_ttl_s.max(leases / LEASES_PER_SECOND);
        let Gathered { slots, floors, order, known } = gathered;
        Self {
            intent,
            is_past: false,
            lost: None,
            slots,
            floors,
            known,
            schedule: Schedule::default(),
            rates: Rates::default(),
            order,
            stage: Stage::Idle,
            notice: Notice::Nothing,
            progress: vec![Progress::default(); plan.steps.len()],
            traffic: BTreeSet::new(),
            random: SplitMix64::new(options.seed),
            since_ms: 0,
            now_ms: 0,
            failures: Vec::new(),
            is_aborted: false,
            overtaken: None,
            left: Vec::new(),
            parting: Vec::new(),
            rescue: BTreeSet::new(),
            kept: BTreeSet::new(),
            unsettled: false,
            told: BTreeMap::new(),
            out: Step::default(),
            plan,
            options,
        }
    }

    /// Takes in what happened and says what to do next. `now_ms` never goes back.
    pub fn step(&mut self, now_ms: u64, input: Input) -> Step {
        self.now_ms = self.now_ms.max(now_ms);
        match input {
            Input::Begin if self.stage == Stage::Idle => self.begin(),
            Input::Begin | Input::Wake => {}
            Input::Reply(id, reply) => {
                if let Some((id, job, asked)) = self.schedule.take_asking(id) {
                    self.answered(id, job, &asked, &reply);
                }
            }
            Input::Abort => self.abort(),
        }
        while let Some((id, job, asked)) = self.schedule.take_overdue(self.now_ms) {
            self.answered(id, job, &asked, &Reply::Unknown("no answer in time".to_owned()));
        }
        self.schedule.wake(self.now_ms);
        self.advance();
        self.out.wake_at_ms = self.schedule.wake_at_ms();
        std::mem::take(&mut self.out)
    }

    /// Does all that can be done now.
    fn advance(&mut self) {
        let limit = usize::try_from(self.plan.policy.concurrency).unwrap_or(usize::MAX).max(1);
        loop {
            self.begin_steps();
            if let Some((id, mut job)) = self.schedule.take_ready(limit) {
                let next = job.next(self.view());
                self.follow(id, job, next);
            } else if !self.turn() {
                return;
            }
        }
    }

    fn begin_steps(&mut self) {
        loop {
            match self.stage {
                Stage::Forward | Stage::Finish if !self.is_telling() => {
                    let Some(place) = self.order.next() else { return };
                    self.begin_forward(place);
                }
                Stage::Back => {
                    let Some(place) = self.order.next() else { return };
                    self.begin_back(place);
                }
                _ => return,
            }
        }
    }

    fn add_jobs(&mut self, goals: Vec<Goal>, owner: Owner) {
        for goal in goals {
            if let Goal::Released { machine } = &goal {
                let renews = |job: &Job| matches!(&job.goal, Goal::KeptLeased { machine: kept } if kept == machine);
                self.schedule.forget(renews);
            }
            self.schedule.add(Job::new(goal, owner, self.now_ms));
        }
    }

    fn follow(&mut self, id: JobId, job: Box<Job>, next: Next) {
        if !matches!(next, Next::Look | Next::Pause { .. }) {
            self.schedule.looked(id);
        }
        match next {
            Next::Call(call) => self.ask(id, job, call),
            Next::Look => {
                if let Some(job) = self.schedule.shares_look(id, job) {
                    self.ask(id, job, super::Call::ListMachines);
                }
            }
            Next::Sleep { until_ms } => {
                if matches!(job.goal, Goal::Paused { .. }) {
                    self.out.events.push(Event::Wait { step: self.step_id(job.owner), until_ms });
                }
                self.schedule.sleep(id, job, until_ms);
            }
            Next::Pause { kind, least_ms } => {
                let pause = pause_ms(row(kind).backoff_ms, job.attempts(), &mut self.random);
                self.schedule.sleep(id, job, self.now_ms + pause.max(least_ms));
            }
            Next::Done => self.over(id, &job, Ok(())),
            Next::Fail(why) => self.over(id, &job, Err(Failure { why, kind: FailureKind::Failed })),
            Next::Unsafe(why) => self.over(id, &job, Err(Failure { why, kind: FailureKind::Unsafe })),
            Next::Lost(why) => self.over(id, &job, Err(Failure { why, kind: FailureKind::Lost })),
        }
    }

    fn over(&mut self, id: JobId, job: &Job, result: Result<(), Failure>) {
        self.schedule.over(id, job);
        match job.owner {
            Owner::Check => self.checked(result),
            Owner::Telling => self.telling_over(job, result),
            Owner::Forward(place) => self.forward_over(place, job, result),
            Owner::Turning | Owner::Closing => self.noted(job, result),
            Owner::Back(place) => self.back_over(place, job, result),
            Owner::Lease => self.lease_over(job, result),
        }
    }

    /// There may be more to do than is known.
    fn is_partial(&self) -> bool {
        self.lost.as_ref().is_some_and(|lost| lost.is_partial)
    }

    const fn is_telling(&self) -> bool {
        matches!(self.notice, Notice::UnderWay(_))
    }

    fn told_all(&mut self) {
        if let Notice::UnderWay(direction) = self.notice {
            self.notice = Notice::Told(direction);
        }
    }

    /// Goes on to the next stage if this one is over.
    fn turn(&mut self) -> bool {
        let (steps, others) = (self.schedule.is_busy(Busy::Steps), self.schedule.is_busy(Busy::Others));
        match &self.stage {
            Stage::Forward | Stage::Finish | Stage::Turning if self.is_telling() && !others => self.told_all(),
            Stage::Leasing if !steps => self.leased(),
            Stage::Forward | Stage::Finish if !steps && !self.is_telling() => self.forward_is_over(),
            Stage::Turning if !steps && !others => self.turned(),
            Stage::Back if self.order.is_finished() => self.back_is_over(),
            Stage::Closing(_) if !others && !self.parting.is_empty() => {
                let parting = std::mem::take(&mut self.parting);
                self.add_jobs(parting, Owner::Closing);
            }
            Stage::Closing(outcome) if !others => {
                let outcome = outcome.clone();
                self.end(outcome);
            }
            _ => return false,
        }
        true
    }

    fn view(&self) -> View<'_> {
        View {
            plan: &self.plan,
            options: &self.options,
            slots: &self.slots,
            floors: &self.floors,
            traffic: &self.traffic,
            known: &self.known,
            resumes: self.intent.is_some(),
            since_ms: self.since_ms,
            now_ms: self.now_ms,
        }
    }

    fn step_id(&self, owner: Owner) -> String {
        match owner {
            Owner::Forward(place) | Owner::Back(place) => self.plan.steps[place].id.to_string(),
            Owner::Check | Owner::Telling | Owner::Turning | Owner::Lease | Owner::Closing => String::new(),
        }
    }

    /// `s5 (wait-healthy app-1)`.
    fn describe(&self, place: usize) -> String {
        let step = &self.plan.steps[place];
        let op = report::op(step.op);
        // The machine of a release command is named after it.
        let target = steps::target(step).filter(|target| target.name() != op);
        let on = target.map(|target| format!(" {}", target.name())).unwrap_or_default();
        format!("{} ({op}{on})", step.id)
    }

    fn enter(&mut self, stage: Stage, phase: Phase) {
        self.stage = stage;
        self.out.events.push(Event::Phase { phase });
    }
}

/// A fleet's leases last so long that not too many are renewed in a second.
const LEASES_PER_SECOND: u64 = 4;
