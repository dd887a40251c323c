//! A run: the plan's steps in their order, forward or back, and how it ends.

mod ending;
mod telling;

use std::collections::{BTreeMap, BTreeSet};

use super::job::{Asked, Goal, Job, Next, Owner, View};
use super::knowledge::Knowledge;
use super::operation::{Kind, pause_ms, row};
use super::order::Order;
use super::schedule::{JobId, Schedule};
use super::steps::{self, Slots};
use super::{
    Answer, Call, Event, Input, Leftover, Outcome, OutcomeKind, Phase, Reply, SplitMix64, Step, StepState, name,
    report, stale,
};
use crate::fleet::State;
use crate::plan::{Op, Plan};

/// How a run goes, beyond what the plan says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Unique to this run and short: the machines made are named after it. Lower-case letters,
    /// digits and dashes.
    pub run: String,
    /// Leases are taken for this long, or longer where there are many, and renewed at a third of
    /// it.
    pub lease_ttl_s: u64,
    /// How long to wait for somebody else's lease.
    pub lease_wait_ms: u64,
    /// Calls under way at once; held-open waits are not counted.
    pub concurrency: usize,
    /// For the jitter of retries.
    pub seed: u64,
}

impl Options {
    pub fn new(run: impl Into<String>) -> Self {
        Self { run: run.into(), lease_ttl_s: 13, lease_wait_ms: 0, concurrency: 8, seed: 0 }
    }
}

/// A plan being executed.
#[derive(Debug, Clone)]
pub struct Execution {
    plan: Plan,
    options: Options,
    slots: Slots,
    known: Knowledge,
    schedule: Schedule,
    order: Order,
    stage: Stage,
    progress: Vec<Progress>,
    random: SplitMix64,
    now_ms: u64,
    /// Why the run goes back, or what failed after the point of no return.
    failures: Vec<String>,
    left: Vec<Leftover>,
    /// After the point of no return: blues that have to serve again, their greens having failed.
    rescue: BTreeSet<String>,
    /// Going back, traffic was moved and the proxies have not had time to hear of it.
    unsettled: bool,
    told: BTreeMap<String, (State, u64, u64)>,
    out: Step,
}

#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Idle,
    Check,
    Forward,
    /// Going forward with no way back.
    Finish,
    /// Going back, once the changes under way are answered.
    Turning,
    Back,
    Closing(Outcome),
    Ended,
}

/// How far a step of the plan is.
#[derive(Debug, Clone, Default)]
struct Progress {
    fate: Fate,
    /// Jobs of it that are not over.
    open: usize,
    failed: bool,
}

/// Why a goal was not achieved.
struct Failure {
    why: String,
    /// It was not tried, because what the capacity would rest on does not serve.
    is_unsafe: bool,
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
    pub fn new(plan: &Plan, mut options: Options) -> Self {
        // Renewals must not take up all the calls that may be under way.
        let leases = plan.steps.iter().filter(|step| step.op == Op::Lease).count() as u64;
        options.lease_ttl_s = options.lease_ttl_s.max(leases / LEASES_PER_SECOND);
        Self {
            slots: Slots::of(plan),
            known: Knowledge::default(),
            schedule: Schedule::default(),
            order: Order::forward(&plan.steps),
            stage: Stage::Idle,
            progress: vec![Progress::default(); plan.steps.len()],
            random: SplitMix64::new(options.seed),
            now_ms: 0,
            failures: Vec::new(),
            left: Vec::new(),
            rescue: BTreeSet::new(),
            unsettled: false,
            told: BTreeMap::new(),
            out: Step::default(),
            plan: plan.clone(),
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
            self.answered(id, job, &asked, &Reply::Unknown);
        }
        self.schedule.wake(self.now_ms);
        self.advance();
        self.out.wake_at_ms = self.schedule.wake_at_ms();
        std::mem::take(&mut self.out)
    }

    fn begin(&mut self) {
        self.enter(Stage::Check, Phase::Check);
        self.schedule.add(Job::new(Goal::ReadFleet, Owner::Check, self.now_ms));
    }

    fn abort(&mut self) {
        match self.stage {
            Stage::Idle | Stage::Check => {
                self.schedule.forget(|_| true);
                self.close(OutcomeKind::Restored, "Aborted before anything was changed.".to_owned());
            }
            Stage::Forward => self.turn_back("it was aborted".to_owned()),
            // There is no way back, or we are on it.
            Stage::Finish | Stage::Turning | Stage::Back | Stage::Closing(_) | Stage::Ended => {}
        }
    }

    /// Does all that can be done now.
    fn advance(&mut self) {
        loop {
            self.begin_steps();
            if let Some((id, job)) = self.schedule.take_ready(self.options.concurrency) {
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
                Stage::Forward | Stage::Finish => {
                    let Some(place) = self.order.next() else { return };
                    let goals = steps::goals(place, self.view());
                    self.begin_step(place, goals, Owner::Forward(place));
                }
                Stage::Back => {
                    let Some(place) = self.order.next() else { return };
                    let goal = self.undo(place);
                    self.begin_step(place, goal.into_iter().collect(), Owner::Back(place));
                }
                _ => return,
            }
        }
    }

    fn begin_step(&mut self, place: usize, goals: Vec<Goal>, owner: Owner) {
        if goals.is_empty() {
            if matches!(owner, Owner::Forward(_)) {
                self.tell_step(place, StepState::Done, None);
            }
            return self.order.done(place);
        }
        self.tell_step(place, StepState::Running, None);
        self.progress[place].open = goals.len();
        for goal in goals {
            self.schedule.add(Job::new(goal, owner, self.now_ms));
        }
    }

    /// What takes this step back; nothing if it changed nothing.
    fn undo(&mut self, place: usize) -> Option<Goal> {
        let step = &self.plan.steps[place];
        if step.op == Op::Settle && std::mem::take(&mut self.unsettled) {
            return Some(Goal::Paused { ms: self.plan.policy.settle_ms });
        }
        let is_rescue = !self.rescue.is_empty();
        if is_rescue && !step.machine.as_ref().is_some_and(|machine| self.rescue.contains(machine)) {
            return None;
        }
        if self.progress[place].fate == Fate::Untouched {
            return None;
        }
        let goal = steps::undo_goal(step, self.view(), |slot| self.took_traffic(slot));
        self.unsettled |= matches!(goal, Some(Goal::Uncordoned { .. })) && !is_rescue;
        goal
    }

    fn took_traffic(&self, slot: &str) -> bool {
        let uncordons = |step: &crate::plan::Step| step.op == Op::Uncordon && step.slot.as_deref() == Some(slot);
        self.plan.steps.iter().position(uncordons).is_some_and(|place| self.progress[place].fate != Fate::Untouched)
    }

    fn follow(&mut self, id: JobId, job: Job, next: Next) {
        match next {
            Next::Call(call) => self.ask(id, job, call),
            Next::Sleep { until_ms } => self.schedule.sleep(id, job, until_ms),
            Next::Pause { kind } => {
                let pause = pause_ms(row(kind).backoff_ms, job.attempts(), &mut self.random);
                self.schedule.sleep(id, job, self.now_ms + pause);
            }
            Next::Done => self.over(&job, Ok(())),
            Next::Fail(why) => self.over(&job, Err(Failure { why, is_unsafe: false })),
            Next::Unsafe(why) => self.over(&job, Err(Failure { why, is_unsafe: true })),
        }
    }

    fn ask(&mut self, id: JobId, job: Job, call: Call) {
        let kind = Kind::of(&call);
        if let Owner::Forward(place) = job.owner
            && kind.changes()
        {
            self.touch(place, kind);
        }
        let waits_ms = if let Call::Wait { timeout_s, .. } = &call { timeout_s * 1_000 } else { 0 };
        let expires_ms = self.now_ms + row(kind).timeout_ms + waits_ms;
        let step = self.step_id(job.owner);
        let text = report::call(&call);
        let call_id = self.schedule.ask(id, job, call.clone(), self.now_ms, expires_ms);
        self.out.events.push(Event::Call { id: call_id, step, call: text });
        self.out.calls.push((call_id, call));
    }

    fn touch(&mut self, place: usize, kind: Kind) {
        let progress = &mut self.progress[place];
        if progress.fate == Fate::Untouched {
            progress.fate = Fate::Maybe;
        }
        if kind == Kind::Destroy && self.stage == Stage::Forward {
            self.enter(Stage::Finish, Phase::Finish);
        }
    }

    fn answered(&mut self, id: JobId, mut job: Job, asked: &Asked, reply: &Reply) {
        self.out.events.push(Event::Reply { id: asked.id, step: self.step_id(job.owner), reply: report::reply(reply) });
        self.learn(&job, asked, reply);
        let view = View {
            plan: &self.plan,
            options: &self.options,
            slots: &self.slots,
            known: &self.known,
            now_ms: self.now_ms,
        };
        let next = job.after(&asked.call, reply, view);
        if let Owner::Forward(place) = job.owner {
            self.settle_fate(place, &job, Kind::of(&asked.call), reply);
            if self.stage == Stage::Turning {
                // What was done is known now; it is not repeated.
                return;
            }
        }
        self.follow(id, job, next);
    }

    fn settle_fate(&mut self, place: usize, job: &Job, kind: Kind, reply: &Reply) {
        if !kind.changes() {
            return;
        }
        match reply {
            Reply::Done(_) => self.progress[place].fate = Fate::Changed,
            Reply::Refused(_) | Reply::Absent if !job.unsure => self.progress[place].fate = Fate::Untouched,
            _ => {}
        }
    }

    fn learn(&mut self, job: &Job, asked: &Asked, reply: &Reply) {
        self.known.learn(&asked.call, reply, asked.at_ms);
        match (&job.goal, reply) {
            (Goal::ReadFleet, Reply::Done(Answer::Machines(machines))) => {
                self.known.before = machines.iter().map(|machine| (machine.id.clone(), machine.clone())).collect();
            }
            (Goal::Made { step }, Reply::Done(answer)) => {
                let slot = self.plan.steps[*step].slot.clone().unwrap_or_default();
                self.learn_made(&slot, answer);
            }
            (Goal::Unmade { slot, .. }, Reply::Done(answer @ Answer::Machines(_))) => self.learn_made(slot, answer),
            _ => {}
        }
        self.tell_machine(&asked.call, reply);
    }

    /// The machine that a create answered with, or one of the slot's name in a list.
    fn learn_made(&mut self, slot: &str, answer: &Answer) {
        let name = name::machine_name(&self.options.run, slot);
        let machine = match answer {
            Answer::Machine(machine) => Some(&**machine),
            Answer::Machines(machines) => {
                machines.iter().find(|machine| machine.name == name && machine.state != State::Destroyed)
            }
            Answer::Lease { .. } | Answer::Ok => None,
        };
        if let Some(machine) = machine {
            self.known.made(slot, machine);
            let machine = machine.clone();
            self.tell_seen(&machine);
        }
    }

    fn over(&mut self, job: &Job, result: Result<(), Failure>) {
        match job.owner {
            Owner::Check => self.checked(result),
            Owner::Forward(place) => self.forward_over(place, job, result),
            Owner::Back(place) => self.back_over(place, job, result),
            Owner::Lease => self.lease_over(job, result),
            Owner::Closing => {}
        }
    }

    fn checked(&mut self, result: Result<(), Failure>) {
        if let Err(Failure { why, .. }) = result {
            return self
                .close(OutcomeKind::Refused, format!("The fleet could not be read: {why}. Nothing was changed."));
        }
        for id in stale::state_changes(&self.plan, &self.known.before) {
            let state = self.known.before[&id].state.clone();
            self.tell_state(&id, &state);
        }
        let differences = stale::differences(&self.plan, &self.known.before);
        if differences.is_empty() {
            return self.enter(Stage::Forward, Phase::Forward);
        }
        let (changed, left) =
            (differences.len(), differences.into_iter().map(|(machine, what)| report::changed(machine, what)));
        self.left = left.collect();
        self.close(
            OutcomeKind::Stale,
            format!("The plan is stale: {changed} of its machines changed. Nothing was touched."),
        );
    }

    fn forward_over(&mut self, place: usize, job: &Job, result: Result<(), Failure>) {
        let progress = &mut self.progress[place];
        progress.open -= 1;
        progress.failed |= result.is_err();
        match result {
            Ok(()) => {
                if let Goal::Leased { machine } = &job.goal {
                    self.schedule.add(Job::new(
                        Goal::KeptLeased { machine: machine.clone() },
                        Owner::Lease,
                        self.now_ms,
                    ));
                }
                if self.progress[place].open == 0 && !self.progress[place].failed {
                    self.tell_step(place, StepState::Done, None);
                    self.order.done(place);
                }
            }
            Err(failure) => {
                self.tell_step(place, StepState::Failed, Some(failure.why.clone()));
                if self.stage == Stage::Finish {
                    self.failed_for_good(place, failure);
                } else {
                    self.turn_back(format!("{}: {}", self.describe(place), failure.why));
                }
            }
        }
    }

    /// A step failed where there is no way back: what does not rest on it goes on.
    fn failed_for_good(&mut self, place: usize, Failure { why, is_unsafe }: Failure) {
        let step = &self.plan.steps[place];
        let app = &self.plan.app;
        let reason = format!("{}: {why}", self.describe(place));
        match (step.op, step.machine.clone()) {
            // A destroy kills what did not stop.
            (Op::Stop | Op::WaitStopped, _) => return self.order.done(place),
            (Op::Destroy, Some(blue)) if is_unsafe => {
                let greens = self.slots.greens_of(&blue);
                let ids = greens.iter().filter_map(|green| self.known.id(green));
                self.left.extend(ids.map(|id| report::to_destroy(app, id, why.clone())));
                self.rescue.insert(blue);
            }
            (Op::Destroy, Some(blue)) => self.left.push(report::to_destroy(app, &blue, why)),
            _ => {
                let target = steps::target(step);
                let id = target.as_ref().and_then(|target| self.known.id(target));
                self.left.extend(id.map(|id| report::to_look_at(app, id, why)));
            }
        }
        self.failures.push(reason);
    }

    fn back_over(&mut self, place: usize, job: &Job, result: Result<(), Failure>) {
        self.progress[place].open = 0;
        self.order.done(place);
        let Err(Failure { why, .. }) = result else { return self.tell_step(place, StepState::TakenBack, None) };
        self.tell_step(place, StepState::Failed, Some(why.clone()));
        let app = &self.plan.app;
        let leftover = match &job.goal {
            Goal::Unmade { slot, .. } => match self.known.greens.get(slot) {
                Some(green) => report::to_destroy(app, &green.id, why),
                None => report::to_look_for(app, &name::machine_name(&self.options.run, slot), why),
            },
            Goal::Uncordoned { target } => report::to_uncordon(app, target.name(), why),
            Goal::Revived { machine } => report::to_start(app, machine, why),
            Goal::Cordoned { target, .. } => {
                report::to_look_at(app, self.known.id(target).unwrap_or_else(|| target.name()), why)
            }
            // A lease ends by itself.
            _ => return,
        };
        self.left.push(leftover);
    }

    fn lease_over(&mut self, job: &Job, result: Result<(), Failure>) {
        let (Goal::KeptLeased { machine }, Err(Failure { why, .. })) = (&job.goal, result) else { return };
        self.known.leases.remove(machine);
        if self.stage == Stage::Forward {
            self.turn_back(format!("the lease of {machine} was lost: {why}"));
        }
    }

    /// From here on everything is taken back: first the changes under way must be answered.
    fn turn_back(&mut self, reason: String) {
        self.failures.push(reason);
        if self.stage != Stage::Forward {
            return;
        }
        self.enter(Stage::Turning, Phase::Back);
        let is_change = |job: &Job| job.asked.as_ref().is_some_and(|asked| Kind::of(&asked.call).changes());
        self.schedule.forget(|job| matches!(job.owner, Owner::Forward(_)) && !is_change(job));
    }

    /// Goes on to the next stage if this one is over.
    fn turn(&mut self) -> bool {
        let busy = |is_meant: fn(&Owner) -> bool| self.schedule.any(|job| is_meant(&job.owner));
        match &self.stage {
            Stage::Forward | Stage::Finish if !busy(|owner| matches!(owner, Owner::Forward(_))) => {
                self.forward_is_over()
            }
            Stage::Turning if !busy(|owner| matches!(owner, Owner::Forward(_))) => {
                self.order = Order::backward(&self.plan.steps);
                self.stage = Stage::Back;
            }
            Stage::Back if self.order.is_finished() => self.back_is_over(),
            Stage::Closing(outcome) if !busy(|owner| *owner == Owner::Closing) => {
                let outcome = outcome.clone();
                self.end(outcome);
            }
            _ => return false,
        }
        true
    }

    fn view(&self) -> View<'_> {
        View { plan: &self.plan, options: &self.options, slots: &self.slots, known: &self.known, now_ms: self.now_ms }
    }

    fn step_id(&self, owner: Owner) -> String {
        match owner {
            Owner::Forward(place) | Owner::Back(place) => self.plan.steps[place].id.clone(),
            Owner::Check | Owner::Lease | Owner::Closing => String::new(),
        }
    }

    /// `s5 (wait-healthy app-1)`.
    fn describe(&self, place: usize) -> String {
        let step = &self.plan.steps[place];
        let on = steps::target(step).map(|target| format!(" {}", target.name())).unwrap_or_default();
        format!("{} ({}{on})", step.id, report::op(step.op))
    }

    fn enter(&mut self, stage: Stage, phase: Phase) {
        self.stage = stage;
        self.out.events.push(Event::Phase { phase });
    }
}

/// A fleet's leases last so long that at most three times as many are renewed in a second.
const LEASES_PER_SECOND: u64 = 8;
