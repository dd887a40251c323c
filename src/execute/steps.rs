//! From the steps of a plan to the goals that achieve them, and to those that take them back.

use std::collections::BTreeMap;

use super::job::{Goal, View};
use super::knowledge::Target;
use crate::plan::{Op, Plan, Step, Undo};

/// What a plan says of its slots, gathered once.
#[derive(Debug, Clone, Default)]
pub(super) struct Slots {
    by_name: BTreeMap<String, Slot>,
    /// The slots that take the place of each blue.
    by_blue: BTreeMap<String, Vec<Target>>,
}

#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub group: Option<String>,
    pub replaces: Option<String>,
    pub skip_launch: bool,
    /// The plan lets the proxy route to it.
    pub is_uncordoned: bool,
}

impl Slots {
    pub(super) fn of(plan: &Plan) -> Self {
        let mut slots = Self::default();
        for step in plan.steps.iter().filter(|step| step.op == Op::Create) {
            let Some(name) = &step.slot else { continue };
            let slot = Slot {
                group: step.group.clone(),
                replaces: step.replaces.clone(),
                skip_launch: step.request.as_ref().is_some_and(|request| request.skip_launch),
                is_uncordoned: false,
            };
            if let Some(blue) = &slot.replaces {
                slots.by_blue.entry(blue.clone()).or_default().push(Target::Slot(name.clone()));
            }
            slots.by_name.insert(name.clone(), slot);
        }
        for step in plan.steps.iter().filter(|step| step.op == Op::Uncordon) {
            if let Some(slot) = step.slot.as_ref().and_then(|name| slots.by_name.get_mut(name)) {
                slot.is_uncordoned = true;
            }
        }
        slots
    }

    pub(super) fn get(&self, slot: &str) -> Option<&Slot> {
        self.by_name.get(slot)
    }

    pub(super) fn greens_of(&self, blue: &str) -> Vec<Target> {
        self.by_blue.get(blue).cloned().unwrap_or_default()
    }
}

/// The machine or slot that a step is done to.
pub(super) fn target(step: &Step) -> Option<Target> {
    let slot = step.slot.clone().map(Target::Slot);
    slot.or_else(|| step.machine.clone().map(Target::Machine))
}

/// What has to be achieved for the step to be done; all of it side by side.
pub(super) fn goals(place: usize, view: View<'_>) -> Vec<Goal> {
    let step = &view.plan.steps[place];
    let one = |goal: &dyn Fn(Target) -> Goal| target(step).map(goal).into_iter().collect();
    let machine = |goal: fn(String) -> Goal| step.machine.clone().map(goal).into_iter().collect();
    let greens = || step.machine.as_deref().map(|blue| view.slots.greens_of(blue)).unwrap_or_default();
    match step.op {
        Op::Gate => Vec::new(),
        Op::Lease => machine(|machine| Goal::Leased { machine }),
        Op::Release => machine(|machine| Goal::Released { machine }),
        Op::Create => vec![Goal::Made { step: place }],
        Op::WaitStarted => one(&|target| Goal::Started { target }),
        Op::WaitHealthy => one(&|target| Goal::Healthy { target }),
        Op::WaitStopped => one(&|target| Goal::Stopped { target }),
        Op::Uncordon => one(&|target| Goal::Uncordoned { target }),
        Op::Stop => one(&|target| Goal::Stopping { target }),
        Op::Cordon => one(&|target| Goal::Cordoned { target, rests_on: greens() }),
        Op::Destroy => one(&|target| Goal::Destroyed { target, rests_on: greens() }),
        Op::Settle => vec![Goal::Paused { ms: view.plan.policy.settle_ms }],
        Op::Drain | Op::Bake => vec![Goal::Paused { ms: step.timeout_ms.unwrap_or(0) }],
        // TODO(executor)
        Op::ReleaseCommand | Op::MachineCheck | Op::Hold | Op::VerifyUrl => Vec::new(),
        Op::Verify => verified(step, view.slots).map(|target| Goal::Serving { target }).collect(),
    }
}

/// The slots that a verification is about: the one it names, its group's, or all.
fn verified<'a>(step: &'a Step, slots: &'a Slots) -> impl Iterator<Item = Target> {
    let is_meant = |name: &str, slot: &Slot| match (&step.slot, &step.group) {
        (Some(one), _) => one == name,
        (None, Some(group)) => slot.group.as_ref() == Some(group),
        (None, None) => true,
    };
    let meant = slots.by_name.iter().filter(move |(name, slot)| is_meant(name, slot));
    meant.map(|(name, _)| Target::Slot(name.clone()))
}

/// What has to be achieved to take the step back, if it was done or may have been. `took_traffic`:
/// whether this slot was uncordoned; then the blue must serve before it goes.
pub(super) fn undo_goal(step: &Step, view: View<'_>, took_traffic: impl Fn(&str) -> bool) -> Option<Goal> {
    let target = target(step)?;
    let rests_on = || match &target {
        Target::Slot(slot) if took_traffic(slot) => {
            view.slots.get(slot).and_then(|slot| slot.replaces.clone()).map(Target::Machine).into_iter().collect()
        }
        _ => Vec::new(),
    };
    let before = view.known.before.get(target.name());
    match step.undo? {
        Undo::Release => Some(Goal::Released { machine: target.name().to_owned() }),
        Undo::Destroy => Some(Goal::Unmade { slot: target.name().to_owned(), rests_on: rests_on() }),
        Undo::Cordon => Some(Goal::Cordoned { rests_on: rests_on(), target }),
        Undo::Uncordon => (!before.is_some_and(|machine| machine.cordoned)).then_some(Goal::Uncordoned { target }),
        Undo::Start => {
            view.known.was_started(target.name()).then(|| Goal::Revived { machine: target.name().to_owned() })
        }
    }
}
