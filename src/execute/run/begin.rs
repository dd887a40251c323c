//! How a run begins: the fleet is read and compared with the plan, and what others have to know
//! is written down before the first change.

use super::{Execution, Failure, FailureKind, Opening, Stage};
use crate::execute::goal::Goal;
use crate::execute::job::{Job, Owner};
use crate::execute::stale::Difference;
use crate::execute::{Event, Leftover, OutcomeKind, Phase, report, stale, steps};
use crate::plan::mark::{Course, Direction, Marks};
use crate::plan::{Disposition, Op};

impl Execution {
    pub(super) fn begin(&mut self) {
        self.enter(Stage::Check, Phase::Check);
        self.add_jobs(vec![Goal::ReadFleet], Owner::Check);
    }

    pub(super) fn abort(&mut self) {
        self.is_aborted = true;
        match self.stage {
            Stage::Idle | Stage::Check if self.intent.is_none() => {
                self.close(OutcomeKind::Restored, "Aborted before anything was changed.".to_owned());
            }
            Stage::Idle | Stage::Check | Stage::Leasing => {
                self.failures.push("it was aborted".to_owned());
                self.close_as_found("resume");
            }
            Stage::Forward => self.turn_back("it was aborted".to_owned()),
            // There is no way back, or we are on it.
            Stage::Finish | Stage::Turning | Stage::Back | Stage::Closing(_) | Stage::Ended => {}
        }
    }

    pub(super) fn checked(&mut self, result: Result<(), Failure>) {
        if let Err(Failure { why, .. }) = result {
            return self
                .close(OutcomeKind::Refused, format!("The fleet could not be read: {why}. Nothing was changed."));
        }
        if self.intent.is_none()
            && let Some((machine, plan)) = self.unfinished()
        {
            return self.refuse_unfinished(&machine, &plan);
        }
        let differences = match self.intent {
            None => stale::differences(&self.plan, &self.known.before),
            Some(_) => stale::differences_of_begun(&self.plan, &self.known),
        };
        for difference in &differences {
            self.tell_difference(difference);
            if let Some(machine) = self.known.before.get(&difference.machine).filter(|_| !difference.matters) {
                let state = machine.state.clone();
                self.tell_state(&difference.machine, &state);
            }
        }
        let stale: Vec<_> = differences.into_iter().filter(|difference| difference.matters).collect();
        if !stale.is_empty() {
            return self.refuse_stale(stale);
        }
        if self.intent.is_some() {
            return self.take_over();
        }
        self.enter(Stage::Forward, Phase::Forward);
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
        course.is_some_and(|course| course.direction == Direction::Forward)
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
        self.left = differences.into_iter().map(report::changed).collect();
        self.close(OutcomeKind::Stale, format!("The plan is stale: {changed} not as it says. Nothing was touched."));
    }

    /// Whether a step of this kind may only begin when others know of the deploy.
    pub(super) const fn needs_opening(&self, op: Op) -> bool {
        !matches!(op, Op::Lease | Op::Gate) && matches!(self.opening, Opening::Not)
    }

    pub(super) fn open(&mut self) {
        self.opening = Opening::UnderWay;
        let makes_greens = self.plan.steps.iter().any(|step| step.op == Op::Create);
        let course = self.course(Direction::Forward);
        let goals = course.into_iter().chain(makes_greens.then_some(Goal::Recorded)).collect();
        self.add_jobs(goals, Owner::Opening);
    }

    /// The mark that tells which way the run goes; `None` where there is no machine to tell it.
    pub(super) fn course(&self, direction: Direction) -> Option<Goal> {
        let machine = steps::notice_board(self.view())?;
        let course = Course { direction, plan: self.known.deploy.clone(), run: self.options.run.clone() };
        let (key, value) = course.entry(&machine);
        Some(Goal::Marked { machine, key, value })
    }

    pub(super) fn opened(&mut self, job: &Job, result: Result<(), Failure>) {
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
