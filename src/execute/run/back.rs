//! What was done is taken back, the last step first.

use super::{Execution, Failure, FailureKind, Fate, Stage};
use crate::execute::goal::Goal;
use crate::execute::job::{Job, Owner};
use crate::execute::order::Order;
use crate::execute::{Leftover, StepState, name, report, steps};
use crate::fleet::State;
use crate::plan::{Op, Step};

impl Execution {
    pub(super) fn go_back(&mut self) {
        self.order = Order::backward(&self.plan.steps);
        self.stage = Stage::Back;
    }

    pub(super) fn begin_back(&mut self, place: usize) {
        match self.undo(place) {
            None => {
                if self.progress[place].is_running {
                    self.tell_step(place, StepState::TakenBack, None);
                }
                self.order.done(place);
            }
            Some(goal) => {
                self.tell_step(place, StepState::Running, None);
                self.add_jobs(vec![goal], Owner::Back(place));
            }
        }
    }

    /// What takes this step back; nothing if it changed nothing.
    fn undo(&mut self, place: usize) -> Option<Goal> {
        let step = &self.plan.steps[place];
        if step.op == Op::Settle && std::mem::take(&mut self.unsettled) {
            return Some(Goal::Paused { ms: step.timeout_ms.unwrap_or(self.plan.policy.settle_ms) });
        }
        let is_kept = step.slot.as_ref().is_some_and(|slot| self.kept.contains(slot));
        let is_gone = step.machine.as_ref().is_some_and(|blue| self.known.is_taken(blue));
        if is_kept || is_gone || self.progress[place].fate == Fate::Untouched {
            return None;
        }
        if !self.rescue.is_empty() && !self.is_rescued(step) {
            return None;
        }
        let goal = steps::undo_goal(step, self.view());
        self.unsettled |= matches!(goal, Some(Goal::Uncordoned { .. }));
        goal
    }

    /// It is about a blue that gets its place back, or about what was to take it.
    pub(super) fn is_rescued(&self, step: &Step) -> bool {
        let slot = step.checks.as_ref().or(step.slot.as_ref());
        let replaced = slot.and_then(|slot| self.slots.get(slot)?.replaces.as_ref());
        step.machine.as_ref().or(replaced).is_some_and(|blue| self.rescue.contains(blue))
    }

    pub(super) fn back_over(&mut self, place: usize, job: &Job, result: Result<(), Failure>) {
        if let Some(goal) = self.still_to_do(place, &job.goal).filter(|_| result.is_ok()) {
            return self.add_jobs(vec![goal], Owner::Back(place));
        }
        self.order.done(place);
        let Err(Failure { why, kind }) = result else {
            return self.tell_step(place, StepState::TakenBack, job.note.clone());
        };
        self.tell_step(place, StepState::Failed, Some(why.clone()));
        let app = &self.plan.app;
        let leftover = match &job.goal {
            Goal::Unmade { slot, .. } => match self.known.greens.get(slot) {
                Some(green) if kind == FailureKind::Unsafe => report::to_look_at(app, &green.id, it_stays(&why)),
                Some(green) => report::to_destroy(app, &green.id, why),
                None => report::to_look_for(app, &name::machine_name(&self.options.run, slot, 1), why),
            },
            Goal::Uncordoned { target } => report::to_uncordon(app, target.name(), why),
            Goal::Revived { machine } => report::to_start(app, machine, why),
            Goal::Cordoned { target, .. } => {
                let id = self.known.id(target).unwrap_or_else(|| target.name());
                match kind {
                    FailureKind::Unsafe => {
                        self.kept.insert(target.name().to_owned());
                        report::to_look_at(app, id, it_stays(&why))
                    }
                    FailureKind::Failed | FailureKind::Lost => report::to_destroy(app, id, why),
                }
            }
            // A lease ends by itself, and a destroy kills what did not stop.
            _ => return,
        };
        // Two steps of one machine may fail, and one command is enough for both.
        let is_same = |known: &Leftover| known.machine == leftover.machine && known.command == leftover.command;
        self.left.retain(|known| !is_same(known));
        self.left.push(leftover);
    }

    /// A green that had traffic is destroyed once every proxy has heard of its cordon and its
    /// requests under way are over; a blue that was at rest serves only when the proxy can start it.
    fn still_to_do(&self, place: usize, over: &Goal) -> Option<Goal> {
        let target = steps::target(&self.plan.steps[place])?;
        let seen = self.known.id(&target).and_then(|id| self.known.seen(id));
        match (self.plan.steps[place].op, over) {
            (Op::Uncordon, Goal::Cordoned { .. }) => seen
                .is_none_or(|green| green.state == State::Started)
                .then_some(Goal::Paused { ms: self.plan.policy.settle_ms }),
            (Op::Uncordon, Goal::Paused { .. }) => Some(Goal::Stopping { target, rests_on: Vec::new() }),
            (Op::Uncordon, Goal::Stopping { .. }) => Some(Goal::Stopped { target }),
            (Op::Cordon, Goal::Uncordoned { .. }) if !self.known.was_started(target.name()) => {
                Some(Goal::Released { machine: target.name().to_owned() })
            }
            _ => None,
        }
    }
}

/// To destroy it would take away what serves.
fn it_stays(why: &str) -> String {
    format!("it stays where it is needed: {why}")
}
