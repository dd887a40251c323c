//! The plan's steps as they are done, and what their failures lead to.

use super::{Execution, Failure, FailureKind, Fate, Notice, Progress, Stage};
use crate::execute::flaw::Flaw;
use crate::execute::goal::Goal;
use crate::execute::job::{Job, Owner};
use crate::execute::operation::Kind;
use crate::execute::{Event, Leftover, Phase, StepState, report, steps};
use crate::plan::Op;
use crate::plan::mark::Direction;

impl Execution {
    pub(super) fn begin_forward(&mut self, place: usize) {
        if self.progress[place].is_done_before {
            self.tell_done_before(place);
            return self.order.done(place);
        }
        if let Some(direction) = self.needs_telling(place) {
            self.order.put_back(place);
            return self.tell(direction);
        }
        if self.plan.steps[place].op == Op::Hold && !std::mem::take(&mut self.options.promoted) {
            return self.hold(place);
        }
        self.next_round(place, false);
    }

    /// Begins the next round of the step that has something to do, or ends it.
    fn next_round(&mut self, place: usize, is_running: bool) {
        while let Some(goals) = steps::goals(place, self.progress[place].round, self.view()) {
            if !goals.is_empty() {
                if !is_running {
                    self.tell_step(place, StepState::Running, None);
                }
                self.progress[place].open = goals.len();
                return self.add_jobs(goals, Owner::Forward(place));
            }
            self.progress[place].round += 1;
        }
        let note = self.progress[place].note.take();
        self.tell_step(place, StepState::Done, note);
        self.order.done(place);
    }

    pub(super) fn forward_over(&mut self, place: usize, job: &Job, result: Result<(), Failure>) {
        let progress = &mut self.progress[place];
        progress.open -= 1;
        progress.failed |= result.is_err();
        if job.note.is_some() {
            progress.note.clone_from(&job.note);
        }
        let is_over = progress.open == 0 && !progress.failed;
        match result {
            Ok(()) => {
                if let Goal::Leased { machine } = &job.goal {
                    self.add_jobs(vec![Goal::KeptLeased { machine: machine.clone() }], Owner::Lease);
                }
                if !is_over || self.stage == Stage::Leasing {
                    return;
                }
                self.progress[place].round += 1;
                if self.stage != Stage::Turning || self.must_end(job) {
                    self.next_round(place, true);
                }
            }
            Err(failure) => self.step_failed(place, failure),
        }
    }

    fn step_failed(&mut self, place: usize, failure: Failure) {
        self.tell_step(place, StepState::Failed, Some(failure.why.clone()));
        if failure.kind == FailureKind::Lost && self.plan.steps[place].op == Op::ReleaseCommand {
            self.lost_release_command();
        }
        match self.stage {
            Stage::Finish => self.failed_for_good(place, failure),
            Stage::Leasing => {
                let machine = self.plan.steps[place].machine.clone().unwrap_or_default();
                self.failures.push(format!("{}: {}", self.describe(place), failure.why));
                self.left.push(report::to_look_at(&self.plan.app, &machine, failure.why));
            }
            _ => self.turn_back(format!("{}: {}", self.describe(place), failure.why)),
        }
    }

    /// It was begun, and nobody knows whether it came to its end: a person has to look.
    pub(super) fn lost_release_command(&mut self) {
        let step = self.plan.steps.iter().find(|step| step.op == Op::ReleaseCommand);
        let slot = step.and_then(|step| step.slot.clone());
        let made = slot.as_ref().and_then(|slot| self.known.greens.get(slot)).map(|green| green.id.clone());
        let machine = made.or(slot).unwrap_or_else(|| "release-command".to_owned());
        let why = "the release command was started, and nobody knows how it ended: it is not run again".to_owned();
        self.left.push(Leftover { machine, why, command: format!("fly logs -a {}", self.plan.app) });
    }

    /// A step failed where there is no way back: what does not rest on it goes on.
    fn failed_for_good(&mut self, place: usize, Failure { why, kind }: Failure) {
        let step = &self.plan.steps[place];
        let reason = format!("{}: {why}", self.describe(place));
        match (step.op, step.machine.clone()) {
            (Op::Destroy, _) if self.options.has(Flaw::SwallowFailures) => return self.order.done(place),
            (Op::Stop | Op::Destroy, Some(blue)) if kind == FailureKind::Unsafe => drop(self.rescue.insert(blue)),
            // A destroy kills what did not stop.
            (Op::Stop | Op::WaitStopped, _) => return self.order.done(place),
            (Op::Destroy, Some(blue)) => self.left.push(report::to_destroy(&self.plan.app, &blue, why)),
            _ => self.rescue_all_behind(place, why),
        }
        self.failures.push(reason);
    }

    /// The blues that were to go after this step keep their places.
    fn rescue_all_behind(&mut self, place: usize, why: String) {
        let behind = self.order.after(place);
        let destroys = behind.into_iter().filter(|place| self.plan.steps[*place].op == Op::Destroy);
        let blues: Vec<String> = destroys.filter_map(|place| self.plan.steps[place].machine.clone()).collect();
        let there = blues.into_iter().filter(|blue| !self.known.is_taken(blue));
        let replaced = there.filter(|blue| !self.slots.greens_of(blue).is_empty());
        self.rescue.extend(replaced);
        if !self.is_rescued(&self.plan.steps[place]) {
            let target = steps::target(&self.plan.steps[place]);
            let id = target.as_ref().and_then(|target| self.known.id(target));
            self.left.extend(id.map(|id| report::to_look_at(&self.plan.app, id, why)));
        }
    }

    pub(super) fn lease_over(&mut self, job: &Job, result: Result<(), Failure>) {
        let (Goal::KeptLeased { machine }, Err(Failure { why, .. })) = (&job.goal, result) else { return };
        self.known.leases.remove(machine);
        if self.stage == Stage::Forward {
            let why = format!("the lease of {machine} was lost: {why}");
            self.overtaken = Some(why.clone());
            self.turn_back(why);
        }
    }

    /// From here on everything is taken back: first the changes under way must be answered.
    pub(super) fn turn_back(&mut self, reason: String) {
        self.failures.push(reason);
        if self.stage != Stage::Forward {
            return;
        }
        self.enter(Stage::Turning, Phase::Back);
        let is_change = |job: &Job| job.asked.as_ref().is_some_and(|asked| Kind::of(&asked.call).changes());
        let is_hasty = self.options.has(Flaw::DoNotWait);
        let commands: Vec<usize> = self.running_release_commands();
        if !commands.is_empty() {
            self.out.events.push(Event::Warning { message: COMMAND_IS_WAITED_FOR.to_owned() });
        }
        self.schedule.forget(|job| match job.owner {
            Owner::Forward(place) => (!is_change(job) || is_hasty) && !commands.contains(&place),
            _ => false,
        });
    }

    fn running_release_commands(&self) -> Vec<usize> {
        let is_one = |place: &usize| self.plan.steps[*place].op == Op::ReleaseCommand;
        (0..self.plan.steps.len())
            .filter(is_one)
            .filter(|place| self.progress[*place].is_running && self.progress[*place].round > 1)
            .collect()
    }

    /// All that was under way is answered: before anything is taken back, others are told so. Whoever
    /// lost a lease looks first whether somebody else has gone on.
    pub(super) fn turned(&mut self) {
        if self.overtaken.is_some() {
            return self.look_again();
        }
        if let (Notice::Told(Direction::Forward | Direction::Past), true) = (self.notice, self.rescue.is_empty()) {
            self.notice = Notice::Told(Direction::Back);
            return self.add_jobs(self.course(Direction::Back), Owner::Turning);
        }
        self.go_back();
    }

    /// What is to be known of the release command when all else is as before.
    pub(super) fn release_command_stays(&self) -> Option<&'static str> {
        let place = self.plan.steps.iter().position(|step| step.op == Op::ReleaseCommand)?;
        match &self.progress[place] {
            Progress { is_recalled: true, fate: Fate::Changed, .. } | Progress { round: 3.., .. } => Some(IT_RAN),
            Progress { is_recalled: true, fate: Fate::Maybe, .. } | Progress { round: 2, .. } => Some(IT_MAY_HAVE_RUN),
            _ => None,
        }
    }
}

const COMMAND_IS_WAITED_FOR: &str =
    "the release command has begun: it is waited for, since nobody could tell later what it did";

const IT_RAN: &str = "The release command ran, and what it did stays.";
const IT_MAY_HAVE_RUN: &str = "The release command may have run: its start or its end is not known.";
