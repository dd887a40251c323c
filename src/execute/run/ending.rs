//! How a run ends: what is left, what is said of it, and the leases given back.

use super::{Execution, Fate, Stage};
use crate::execute::job::{Goal, Job, Owner};
use crate::execute::order::Order;
use crate::execute::{Outcome, OutcomeKind, Phase, report};
use crate::plan::{Disposition, Op};

impl Execution {
    pub(super) fn forward_is_over(&mut self) {
        if !self.rescue.is_empty() {
            self.order = Order::backward(&self.plan.steps);
            return self.enter(Stage::Back, Phase::Back);
        }
        if self.order.is_finished() && self.failures.is_empty() {
            self.close_with(OutcomeKind::Completed, "Every step was done.");
        } else {
            self.close_with(OutcomeKind::NeedsAttention, "Not everything could be finished.");
        }
    }

    pub(super) fn back_is_over(&mut self) {
        if self.rescue.is_empty() && self.left.is_empty() {
            return self.close_with(OutcomeKind::Restored, "The fleet is as before.");
        } else if self.rescue.is_empty() {
            return self.close_with(OutcomeKind::NeedsAttention, "Not everything could be taken back.");
        }
        for blue in &self.rescue {
            let why = "it serves again, since what was to take its place does not".to_owned();
            if self.left.iter().all(|left| left.machine != *blue) {
                self.left.push(report::to_look_at(&self.plan.app, blue, why));
            }
        }
        self.close_with(OutcomeKind::NeedsAttention, "Some machines were not replaced.");
    }

    pub(super) fn close_with(&mut self, kind: OutcomeKind, end: &str) {
        if kind != OutcomeKind::Restored {
            self.leave_undone();
        }
        let kind =
            if kind == OutcomeKind::Completed && !self.left.is_empty() { OutcomeKind::NeedsAttention } else { kind };
        let mut message = self.failures.join("; ");
        if !message.is_empty() {
            message.push_str(". ");
        }
        self.close(kind, message + end);
    }

    /// Machines that a person has to see to, though nothing about them failed.
    pub(super) fn leave_undone(&mut self) {
        let app = &self.plan.app;
        for machine in self.plan.machines.iter().filter(|machine| machine.disposition == Disposition::Unreachable) {
            self.left.push(report::to_destroy(app, &machine.id, machine.why.clone()));
        }
        if self.failures.is_empty() || self.stage != Stage::Finish {
            return;
        }
        for (step, progress) in self.plan.steps.iter().zip(&self.progress) {
            let Some(machine) = step.machine.as_ref().filter(|_| step.op == Op::Destroy) else { continue };
            if progress.fate == Fate::Untouched && !progress.failed {
                self.left.push(report::to_destroy(app, machine, "what it waits for failed".to_owned()));
            }
        }
    }

    pub(super) fn close(&mut self, kind: OutcomeKind, message: String) {
        self.schedule.forget(|_| true);
        let outcome = Outcome { kind, message, left: std::mem::take(&mut self.left) };
        for machine in self.known.leases.keys() {
            self.schedule.add(Job::new(Goal::Released { machine: machine.clone() }, Owner::Closing, self.now_ms));
        }
        self.stage = Stage::Closing(outcome);
    }

    pub(super) fn end(&mut self, outcome: Outcome) {
        self.stage = Stage::Ended;
        self.out.events.push(outcome.event());
        self.out.outcome = Some(outcome);
    }
}
