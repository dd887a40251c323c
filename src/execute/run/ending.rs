//! How a run ends: what is left, what is said of it, what is written down, and the leases given
//! back.

use std::collections::BTreeSet;

use super::{Execution, Fate, Notice, Stage};
use crate::execute::flaw::Flaw;
use crate::execute::goal::Goal;
use crate::execute::job::Owner;
use crate::execute::{Leftover, Outcome, OutcomeKind, Phase, ReleaseStatus, report};
use crate::plan::mark::{self, Direction, Marks};
use crate::plan::{Disposition, Op};

impl Execution {
    pub(super) fn forward_is_over(&mut self) {
        if !self.rescue.is_empty() {
            // What tells of it may be a green that goes.
            let board = self.rescue.last().cloned();
            self.add_jobs(self.course_on(board, Direction::Past), Owner::Turning);
            return self.enter(Stage::Turning, Phase::Back);
        }
        if self.order.is_finished() && self.failures.is_empty() {
            self.close_with(OutcomeKind::Completed, "Every step was done.");
        } else {
            self.close_with(OutcomeKind::NeedsAttention, "Not everything could be finished.");
        }
    }

    pub(super) fn back_is_over(&mut self) {
        self.leave_taken();
        self.leave_doubtful();
        if self.rescue.is_empty() && self.left.is_empty() {
            let end = if self.lost.is_some() { AS_MARKED } else { "The fleet is as before." };
            return self.close_with(OutcomeKind::Restored, end);
        } else if self.rescue.is_empty() {
            return self.close_with(OutcomeKind::NeedsAttention, "Not everything could be taken back.");
        }
        let why = || "it serves again, since what was to take its place does not".to_owned();
        let named: Vec<&String> = self.left.iter().map(|left| &left.machine).collect();
        let unnamed = self.rescue.iter().filter(|blue| !named.contains(blue));
        let rescued: Vec<Leftover> = unnamed.map(|blue| report::to_look_at(&self.plan.app, blue, why())).collect();
        self.left.extend(rescued);
        self.close_with(OutcomeKind::NeedsAttention, "Some machines were not replaced.");
    }

    /// Here the plan wants somebody to decide.
    pub(super) fn hold(&mut self, place: usize) {
        let app = &self.plan.app;
        let why = &self.plan.steps[place].why;
        let message =
            format!("Held: {why}. `cutover promote --app {app}` goes on, `cutover abort --app {app}` takes it back.");
        self.close(OutcomeKind::Held, message);
    }

    fn close_with(&mut self, kind: OutcomeKind, end: &str) {
        self.leave_surplus();
        if kind != OutcomeKind::Restored {
            self.leave_undone();
        }
        let is_well = matches!(kind, OutcomeKind::Completed | OutcomeKind::Restored);
        let kind = if is_well && !self.left.is_empty() { OutcomeKind::NeedsAttention } else { kind };
        if kind == OutcomeKind::NeedsAttention && self.left.is_empty() {
            // What failed was about none of them alone.
            let greens = self.known.greens.values();
            let why = || "it was made by a deploy that failed after the point of no return".to_owned();
            self.left = greens.map(|green| report::to_look_at(&self.plan.app, &green.id, why())).collect();
            if self.left.is_empty() {
                self.leave_taken();
            }
        }
        let mut message = self.failures.join("; ");
        if !message.is_empty() {
            message.push_str(". ");
        }
        message.push_str(end);
        if let (Stage::Back, Some(words)) = (&self.stage, self.release_command_stays()) {
            message.push(' ');
            message.push_str(words);
        }
        self.close(kind, message);
    }

    /// Second greens for one place, seen at any time: lists lag behind, so that one process may make what another did.
    fn leave_surplus(&mut self) {
        let there = self.known.surplus.iter().filter(|id| !self.known.is_gone(id));
        let why = || "a second green for the same place".to_owned();
        let left: Vec<Leftover> = there.map(|id| report::to_destroy(&self.plan.app, id, why())).collect();
        self.left.extend(left);
    }

    /// Blues that somebody else destroyed: nothing brings them back.
    fn leave_taken(&mut self) {
        let goes = self.plan.steps.iter().filter(|step| self.takes_away(step)).filter_map(|step| step.machine.as_ref());
        let taken = goes.filter(|blue| self.rescue.is_empty() && self.known.is_taken(blue));
        let why = || "it is gone, and not by this run".to_owned();
        let left: Vec<Leftover> = taken.map(|blue| report::to_look_for(&self.plan.app, blue, why())).collect();
        self.left.extend(left);
    }

    /// Machines that may have been cordoned by the deploy whose plan is lost.
    fn leave_doubtful(&mut self) {
        let doubtful = self.lost.iter().flat_map(|lost| &lost.doubtful);
        let hidden = doubtful.filter(|id| self.known.seen(id).is_some_and(|machine| machine.cordoned));
        let why = || "it is cordoned, and only the plan tells whether by this deploy".to_owned();
        let left: Vec<Leftover> = hidden.map(|id| report::to_uncordon(&self.plan.app, id, why())).collect();
        self.left.extend(left);
    }

    /// Machines that a person has to see to, though nothing about them failed.
    fn leave_undone(&mut self) {
        let app = &self.plan.app;
        for machine in self.plan.machines.iter().filter(|machine| machine.disposition == Disposition::Unreachable) {
            self.left.push(report::to_destroy(app, &machine.id, machine.why.to_string()));
        }
        let is_finishing = self.stage == Stage::Finish || !self.rescue.is_empty();
        if self.failures.is_empty() || !is_finishing {
            return;
        }
        for (step, progress) in self.plan.steps.iter().zip(&self.progress) {
            let why = || "what it waits for failed".to_owned();
            let green = step.slot.as_ref().and_then(|slot| self.known.greens.get(slot));
            self.left.extend(match (step.op, &step.machine, green) {
                _ if progress.fate != Fate::Untouched || progress.failed => None,
                (Op::Destroy, Some(blue), _) if self.rescue.contains(blue) || self.known.is_taken(blue) => None,
                (Op::Destroy, Some(blue), _) => Some(report::to_destroy(app, blue, why())),
                (Op::Uncordon, _, Some(green)) if self.rescue.is_empty() => {
                    Some(report::to_look_at(app, &green.id, why()))
                }
                _ => None,
            });
        }
    }

    pub(super) fn close(&mut self, kind: OutcomeKind, message: String) {
        self.schedule.forget(|_| true);
        let (mut goals, parting) = self.last_words(kind, &message);
        self.parting = parting;
        let leased = self.known.leases.keys().filter(|_| !self.options.has(Flaw::ForgetLeases));
        goals.extend(leased.map(|machine| Goal::Released { machine: machine.clone() }));
        self.add_jobs(goals, Owner::Closing);
        let mut left = std::mem::take(&mut self.left);
        // Two steps of one machine may fail for the same reason.
        let mut told = BTreeSet::new();
        left.retain(|one| told.insert((one.machine.clone(), one.command.clone(), one.why.clone())));
        self.stage = Stage::Closing(Outcome { kind, message, left });
    }

    /// What is written down at the end: how it went; and then that nothing is under way any more.
    fn last_words(&self, kind: OutcomeKind, message: &str) -> (Vec<Goal>, Vec<Goal>) {
        if self.notice == Notice::Nothing {
            return Default::default();
        }
        if kind == OutcomeKind::Held {
            return (self.course(Direction::Held), Vec::new());
        }
        let took_over = self.stage == Stage::Finish && self.rescue.is_empty();
        let (status, error) = match kind {
            _ if took_over || kind == OutcomeKind::Completed => (ReleaseStatus::Complete, None),
            _ if self.is_aborted => (ReleaseStatus::Interrupted, Some(message.to_owned())),
            _ => (ReleaseStatus::Failed, Some(message.to_owned())),
        };
        let is_over =
            kind == OutcomeKind::Restored || took_over && self.failures.is_empty() || kind == OutcomeKind::Completed;
        let is_swept = is_over && !self.options.has(Flaw::ForgetMarks);
        let (mut goals, parting) = if is_swept { self.marks(kind) } else { Default::default() };
        goals.push(Goal::Reported { status, error });
        (goals, parting)
    }

    /// The marks that this deploy left on machines that are still there, and those of the deploy
    /// that it went on from: that one is over, too, unless it is as it was. As long as one tells of
    /// it, whoever goes on finds the others by their names: those that tell come last.
    fn marks(&self, kind: OutcomeKind) -> (Vec<Goal>, Vec<Goal>) {
        let ends_others = kind != OutcomeKind::Restored;
        let kept: Vec<&str> = self.kept_greens().map(|(id, _)| id).filter(|_| ends_others).collect();
        let notices = mark::NOTICES.map(str::to_owned);
        let of_greens = Marks::default().entries("").map(|(key, _)| key.to_owned());
        let keys_of_greens: Vec<String> = of_greens.into_iter().chain(notices.clone()).collect();
        let unmarked = |machine: &str| {
            let is_green = self.known.slot_of(machine).is_some() || kept.contains(&machine);
            let keys = if is_green { &keys_of_greens } else { &notices[..] };
            Goal::Unmarked { machine: machine.to_owned(), keys: keys.into() }
        };
        let boards: Vec<&str> =
            self.known.boards().map(String::as_str).chain(self.boards_of_others(ends_others)).collect();
        let greens = self.known.greens.values().map(|green| green.id.as_str()).chain(kept.iter().copied());
        let others = greens.filter(|id| !self.known.is_gone(id) && !boards.contains(id));
        (others.map(unmarked).collect(), boards.iter().map(|id| unmarked(id)).collect())
    }

    /// What told of a deploy ends with the last of its greens, or with the deploy that went on from there.
    fn boards_of_others(&self, ends_others: bool) -> impl Iterator<Item = &str> {
        let is_swept = |deploy: &str| self.plan.policy.cleanup && !self.known.has_green_of(deploy);
        let is_over = move |deploy: &str| is_swept(deploy) || ends_others && self.goes_on_from(deploy);
        self.known.noticed().filter(move |(_, deploy)| is_over(deploy)).map(|(id, _)| id)
    }

    pub(super) fn end(&mut self, outcome: Outcome) {
        self.stage = Stage::Ended;
        self.out.events.push(outcome.event());
        self.out.outcome = Some(outcome);
    }
}

/// Without the plan.
const AS_MARKED: &str = "What the marks of the deploy tell of is as before.";
