//! How a run begins: the fleet is read and compared with the plan, and what others have to know
//! is written down before the first change.

use super::{Execution, Failure, FailureKind, Intent, Notice, Stage};
use crate::execute::flaw::Flaw;
use crate::execute::goal::Goal;
use crate::execute::job::{Job, LIST_LAG_MS, Owner};
use crate::execute::stale::Difference;
use crate::execute::{Event, Leftover, OutcomeKind, Phase, report, stale, steps};
use crate::plan::mark::{Course, Direction, Marks};
use crate::plan::{Disposition, Op, Step};

impl Execution {
    pub(super) fn begin(&mut self) {
        self.since_ms = self.now_ms;
        self.enter(Stage::Check, Phase::Check);
        self.add_jobs(vec![Goal::ReadFleet { since_ms: 0 }], Owner::Check);
    }

    pub(super) fn abort(&mut self) {
        self.is_aborted = true;
        match self.stage {
            Stage::Idle | Stage::Check if self.intent.is_none() => {
                self.close(OutcomeKind::Restored, "Aborted before anything was changed.".to_owned());
            }
            // How far the deploy is nobody knows yet.
            Stage::Idle | Stage::Check | Stage::Leasing | Stage::Recheck => self.intent = Some(Intent::Back),
            Stage::Forward => self.turn_back("it was aborted".to_owned()),
            // There is no way back, or we are on it.
            Stage::Finish | Stage::Turning | Stage::Back | Stage::Closing(_) | Stage::Ended => {}
        }
    }

    pub(super) fn checked(&mut self, result: Result<(), Failure>) {
        if let Err(Failure { why, .. }) = result {
            if self.overtaken.is_some() {
                self.failures.push(format!("the fleet could not be read: {why}"));
                return self.close_as_found("abort");
            }
            return self
                .close(OutcomeKind::Refused, format!("The fleet could not be read: {why}. Nothing was changed."));
        }
        if self.intent.is_none()
            && let Some((machine, plan)) = self.unfinished()
        {
            return self.refuse_unfinished(&machine, &plan);
        }
        if self.intent.is_some() && self.is_partial() && !self.known.is_told {
            let message = "The deploy ended meanwhile: nothing tells of it any more. Nothing was touched.";
            return self.close(OutcomeKind::Stale, message.to_owned());
        }
        if self.intent.is_some() && self.is_over() {
            let message = "The deploy is over: every machine is as the plan wants it, and nothing is left to do.";
            return self.close(OutcomeKind::Completed, message.to_owned());
        }
        let mut differences = match self.intent {
            None => stale::differences(&self.plan, &self.known.before),
            Some(_) => stale::differences_of_begun(&self.plan, &self.known),
        };
        // What another run had on its way shows only when it has lost its leases, and late.
        let is_to_recheck = self.stage == Stage::Check && self.intent.is_some() && self.is_half_done();
        let is_different = differences.iter().any(|difference| difference.matters);
        if is_different && self.stage == Stage::Recheck {
            let since_ms = self.since_ms + LIST_LAG_MS;
            if !self.known.is_listed_since(since_ms) {
                return self.add_jobs(vec![Goal::ReadFleet { since_ms }], Owner::Check);
            }
        }
        if !is_to_recheck {
            self.tell_differences(&differences);
        }
        match self.intent {
            _ if is_different && !is_to_recheck => {
                differences.retain(|difference| difference.matters);
                self.refuse_stale(differences);
            }
            None => self.enter(Stage::Forward, Phase::Forward),
            Some(intent) if self.stage == Stage::Recheck => self.go_on(intent),
            Some(_) => self.take_over(),
        }
    }

    /// Whether the step destroys a blue.
    pub(super) fn takes_away(&self, step: &Step) -> bool {
        let Some(id) = step.machine.as_ref().filter(|_| step.op == Op::Destroy) else { return false };
        self.plan.machines.iter().any(|it| it.id == *id && steps::GOING.contains(&it.disposition))
    }

    /// A deploy of the app that did not end: it has its own way to go on, or back, and its release
    /// command must not run again. Cleaning up is what may be done beside it, and what was planned
    /// from where it stopped.
    fn unfinished(&self) -> Option<(String, String)> {
        let mut noticed = self.known.noticed().filter(|_| !self.plan.policy.cleanup);
        let is_known = |machine: &str, plan: &str| self.is_going_forward(machine) && self.goes_on_from(plan);
        let other = noticed.find(|(machine, plan)| !is_known(machine, plan));
        other.map(|(machine, plan)| (machine.to_owned(), plan))
    }

    fn is_going_forward(&self, machine: &str) -> bool {
        let course = self.known.seen(machine).and_then(Course::of);
        course.is_some_and(|course| course.direction.is_forward())
    }

    /// Whether the plan keeps what another deploy made.
    pub(super) fn goes_on_from(&self, deploy: &str) -> bool {
        self.kept_greens().any(|(_, marks)| marks.plan == deploy)
    }

    /// Machines that another deploy made and the plan keeps.
    pub(super) fn kept_greens(&self) -> impl Iterator<Item = (&str, Marks)> {
        let kept = self.plan.machines.iter().filter(|machine| machine.disposition == Disposition::Keep);
        kept.filter_map(|machine| Some((machine.id.as_str(), Marks::of(self.known.seen(&machine.id)?)?)))
    }

    fn refuse_unfinished(&mut self, machine: &str, plan: &str) {
        let app = &self.plan.app;
        let whose = if *plan == self.plan.digest { "this plan" } else { plan };
        let message = format!(
            "A deploy of {app} by {whose} did not end. Nothing was touched. `cutover resume --app {app}` goes on with it, `cutover abort --app {app}` takes it back."
        );
        let why = "it tells of the deploy that did not end".to_owned();
        let command = format!("cutover status --app {app}");
        self.left.push(Leftover { machine: machine.to_owned(), why, command });
        self.close(OutcomeKind::Stale, message);
    }

    fn refuse_stale(&mut self, differences: Vec<Difference>) {
        let changed = match differences.len() {
            1 => "1 machine is".to_owned(),
            count => format!("{count} machines are"),
        };
        self.left = differences.into_iter().map(|difference| report::changed(&self.plan, difference)).collect();
        if self.stage == Stage::Recheck && (self.is_half_done() || self.overtaken.is_some()) {
            self.failures.push(format!("{changed} not as the plan says"));
            return self.close_as_found("resume");
        }
        self.close(OutcomeKind::Stale, format!("The plan is stale: {changed} not as it says. Nothing was touched."));
    }

    /// What others have to know before a step of this kind begins.
    pub(super) fn needs_telling(&self, place: usize) -> Option<Direction> {
        let step = &self.plan.steps[place];
        match (step.op, self.notice) {
            (Op::Lease | Op::Gate, _) => None,
            (_, Notice::Nothing) => Some(Direction::Forward),
            (Op::Destroy, Notice::Told(direction)) if self.stage == Stage::Forward && self.takes_away(step) => {
                (direction != Direction::Past && !self.options.has(Flaw::ForgetThePoint)).then_some(Direction::Past)
            }
            _ => None,
        }
    }

    pub(super) fn tell(&mut self, direction: Direction) {
        self.notice = Notice::UnderWay(direction);
        let mut goals = self.course(direction);
        if direction == Direction::Forward && self.plan.steps.iter().any(|step| step.op == Op::Create) {
            goals.push(Goal::Recorded);
        }
        self.add_jobs(goals, Owner::Telling);
    }

    /// The marks that tell which way the run goes; none where there is no machine to tell it. What
    /// told another way before must not contradict.
    pub(super) fn course(&self, direction: Direction) -> Vec<Goal> {
        let mut machines: Vec<String> = self.known.boards().cloned().collect();
        if direction == Direction::Past {
            machines = steps::last_board(self.view()).into_iter().collect();
        } else if machines.is_empty() {
            machines.extend(steps::notice_board(self.view()));
        }
        self.course_on(machines, direction)
    }

    pub(super) fn course_on(&self, machines: impl IntoIterator<Item = String>, direction: Direction) -> Vec<Goal> {
        let course = Course { direction, plan: self.known.deploy.clone(), run: self.options.run.clone() };
        let marked = |machine: String| {
            let (key, value) = course.entry(&machine);
            Goal::Marked { machine, key, value }
        };
        machines.into_iter().map(marked).collect()
    }

    pub(super) fn telling_over(&mut self, job: &Job, result: Result<(), Failure>) {
        match (&job.goal, result) {
            (_, Ok(())) => {}
            (Goal::Marked { machine, .. }, Err(Failure { why, .. })) => {
                self.turn_back(format!("the deploy could not be noted on {machine}: {why}"));
            }
            (_, Err(failure)) => self.warn(format!("the release could not be recorded: {}", failure.why)),
        }
    }

    /// Of what is written down while nothing depends on it.
    pub(super) fn noted(&mut self, job: &Job, result: Result<(), Failure>) {
        let Err(Failure { why, kind: FailureKind::Failed, .. }) = result else { return };
        match &job.goal {
            Goal::Marked { machine, .. } => {
                self.warn(format!("which way it goes could not be noted on {machine}: {why}"))
            }
            Goal::Unmarked { machine, .. } => self.warn(format!("the marks on {machine} could not be removed: {why}")),
            Goal::Reported { .. } => self.warn(format!("how it ended could not be recorded with the release: {why}")),
            _ => {}
        }
    }

    pub(super) fn warn(&mut self, message: String) {
        self.out.events.push(Event::Warning { message });
    }
}
