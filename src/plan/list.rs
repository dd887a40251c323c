//! A list of steps in the making: who is named how, and what a step of each kind carries.

use std::borrow::Cow;

use super::classify::Placed;
use super::green::Green;
use super::{Op, Step, operation};
use crate::fleet::State;

/// The place of a step in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At(usize);

#[derive(Default)]
pub(super) struct List {
    pub(super) steps: Vec<Step>,
}

impl List {
    pub(super) fn on(&mut self, blue: &Placed, op: Op, needs: &[At], why: impl Into<Cow<'static, str>>) -> At {
        let at = self.push(op, needs, why);
        let step = self.step(at);
        step.machine = Some(blue.machine.id.clone());
        step.group = Some(blue.group.to_owned());
        step.region = Some(blue.machine.region.clone());
        // A machine that was at rest is not to be started by going back.
        if op == Op::Stop && !is_running(blue) {
            step.undo = None;
        }
        at
    }

    pub(super) fn on_slot(&mut self, green: &Green, op: Op, needs: &[At], why: impl Into<Cow<'static, str>>) -> At {
        let at = self.push(op, needs, why);
        let step = self.step(at);
        step.slot = Some(green.slot.clone());
        step.group = Some(green.group.to_owned());
        step.region = (!green.region.is_empty()).then(|| green.region.to_owned());
        at
    }

    pub(super) fn push(&mut self, op: Op, needs: &[At], why: impl Into<Cow<'static, str>>) -> At {
        let at = At(self.steps.len());
        self.steps.push(Step {
            id: at.name(),
            op,
            machine: None,
            slot: None,
            replaces: None,
            checks: None,
            standby_for: Vec::new(),
            group: None,
            region: None,
            needs: needs.iter().map(|needed| needed.name()).collect(),
            undo: operation::row(op).undo,
            why: why.into(),
            timeout_ms: None,
            request: None,
        });
        at
    }

    pub(super) fn step(&mut self, at: At) -> &mut Step {
        &mut self.steps[at.0]
    }
}

impl At {
    /// Of the step with this id.
    pub(super) fn of(id: &str) -> Option<Self> {
        id.strip_prefix('s')?.parse::<usize>().ok()?.checked_sub(1).map(Self)
    }

    pub(super) const fn index(self) -> usize {
        self.0
    }

    fn name(self) -> String {
        format!("s{}", self.0 + 1)
    }
}

pub(super) fn is_running(blue: &Placed) -> bool {
    use State::{Created, Stopped, Stopping, Suspended, Suspending};
    !matches!(blue.machine.state, Created | Stopped | Stopping | Suspended | Suspending)
}
