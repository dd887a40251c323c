//! A list of steps in the making: who is named how, and what a step of each kind carries.

use std::borrow::Cow;

use smol_str::{SmolStr, format_smolstr};

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
        step.group = Some(blue.group.into());
        step.region = Some(SmolStr::new(&blue.machine.region));
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
        step.group = Some(green.group.into());
        step.region = (!green.region.is_empty()).then(|| green.region.into());
        at
    }

    pub(super) fn push(&mut self, op: Op, needs: &[At], why: impl Into<Cow<'static, str>>) -> At {
        let at = At(self.steps.len());
        let needs = needs.iter().map(|needed| self.steps[needed.0].id.clone()).collect();
        self.steps.push(Step {
            checks: None,
            group: None,
            id: format_smolstr!("s{}", at.0 + 1),
            machine: None,
            needs,
            op,
            region: None,
            replaces: None,
            request: None,
            slot: None,
            standby_for: Vec::new(),
            timeout_ms: None,
            undo: operation::row(op).undo,
            why: why.into(),
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
}

pub(super) fn is_running(blue: &Placed) -> bool {
    use State::{Created, Stopped, Stopping, Suspended, Suspending};
    !matches!(blue.machine.state, Created | Stopped | Stopping | Suspended | Suspending)
}
