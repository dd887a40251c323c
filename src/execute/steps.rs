//! From the steps of a plan to the goals that achieve them, and to those that take them back.

use std::collections::BTreeMap;

use super::flaw::Flaw;
use super::goal::Goal;
use super::job::View;
use super::knowledge::Target;
use crate::fleet::Machine;
use crate::plan::mark::{Phase, ReleaseCommand};
use crate::plan::{Disposition, Drain, Floored, Op, Plan, Step, Undo};

/// What a plan says of its slots, gathered once.
#[derive(Debug, Clone, Default)]
pub(super) struct Slots {
    by_name: BTreeMap<String, Slot>,
    /// The slots that take the place of each blue.
    by_blue: BTreeMap<String, Vec<Target>>,
    /// What else there is to do.
    phase: Phase,
}

#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub group: Option<smol_str::SmolStr>,
    pub replaces: Option<String>,
    pub skip_launch: bool,
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
            };
            if let Some(blue) = &slot.replaces {
                slots.by_blue.entry(blue.clone()).or_default().push(Target::Slot(name.clone()));
            }
            slots.by_name.insert(name.clone(), slot);
        }
        let phase = |step: &Step| match step.op {
            Op::MachineCheck => Phase::ToCheck,
            Op::Destroy if !step.machine.as_ref().is_some_and(|blue| slots.by_blue.contains_key(blue)) => {
                Phase::ToRemove
            }
            _ => Phase::Made,
        };
        slots.phase = plan.steps.iter().map(phase).max().unwrap_or_default();
        slots
    }

    pub(super) fn count(&self) -> usize {
        self.by_name.len()
    }

    pub(super) const fn phase(&self) -> Phase {
        self.phase
    }

    pub(super) fn get(&self, slot: &str) -> Option<&Slot> {
        self.by_name.get(slot)
    }

    pub(super) fn greens_of(&self, blue: &str) -> Vec<Target> {
        self.by_blue.get(blue).cloned().unwrap_or_default()
    }
}

/// What must serve in the place of each machine of the plan, by its id or its slot.
pub(super) fn floors(plan: &Plan) -> BTreeMap<String, Floored> {
    let floors: BTreeMap<_, _> =
        plan.floors.iter().map(|floor| ((floor.group.as_str(), floor.region.as_str()), floor)).collect();
    let blues = plan.machines.iter().map(|blue| (&blue.id, blue.group.as_str(), blue.region.as_str()));
    let creates = plan.steps.iter().filter(|step| step.op == Op::Create);
    let greens =
        creates.filter_map(|step| Some((step.slot.as_ref()?, step.group.as_deref()?, step.region.as_deref()?)));
    let places = blues.chain(greens);
    places.filter_map(|(name, group, region)| Some((name.clone(), (*floors.get(&(group, region))?).clone()))).collect()
}

/// The machine or slot that a step is done to.
pub(super) fn target(step: &Step) -> Option<Target> {
    let slot = step.slot.clone().map(Target::Slot);
    slot.or_else(|| step.machine.clone().map(Target::Machine))
}

/// The machine that tells others how far the run is: one that does already, else the first that is
/// to go, that stays as it is, or that was made. One that is leased, if there is any: whoever goes on
/// waits for its lease.
pub(super) fn notice_board(view: View<'_>) -> Option<String> {
    let told = || view.known.boards().next().cloned();
    let leased = || planned(GOING, view).find(|id| view.known.nonce(id).is_some());
    let first = || planned(GOING, view).next().or_else(|| planned(KEPT, view).next());
    told().or_else(leased).or_else(first).or_else(|| first_green(view))
}

/// The one that tells of the point of no return: it stays, or goes last.
pub(super) fn last_board(view: View<'_>) -> Option<String> {
    first_green(view).or_else(|| planned(KEPT, view).next()).or_else(|| planned(GOING, view).last())
}

/// Machines of the plan that are there.
fn planned<'a>(wanted: &'a [Disposition], view: View<'a>) -> impl Iterator<Item = String> {
    let machines = view.plan.machines.iter().filter(|machine| wanted.contains(&machine.disposition));
    let there = machines.filter(move |it| view.known.seen(&it.id).is_some_and(Machine::is_live));
    there.map(|machine| machine.id.clone())
}

fn first_green(view: View<'_>) -> Option<String> {
    let mut greens = view.slots.by_name.keys().filter_map(|slot| view.known.greens.get(slot));
    greens.find(|green| !view.known.is_gone(&green.id)).map(|green| green.id.clone())
}

/// Machines that the deploy takes away.
pub(super) const GOING: &[Disposition] = &[Disposition::Replace, Disposition::Remove];
const KEPT: &[Disposition] = &[Disposition::Keep];

/// What has to be achieved in this round of the step, side by side; `None` when the rounds before
/// were all. Each begins when the one before it is over.
pub(super) fn goals(place: usize, round: usize, view: View<'_>) -> Option<Vec<Goal>> {
    let step = &view.plan.steps[place];
    match step.op {
        Op::ReleaseCommand => release_command(place, round, view),
        Op::MachineCheck => command(place, round, view),
        Op::Cordon if round == 1 => Some(lease_unless_woken(step, view).into_iter().collect()),
        Op::Create if round == 1 => Some(prepared(step)),
        _ if round > 0 => None,
        _ => Some(only_round(place, view)),
    }
}

fn only_round(place: usize, view: View<'_>) -> Vec<Goal> {
    let step = &view.plan.steps[place];
    let policy = &view.plan.policy;
    let one = |goal: &dyn Fn(Target) -> Goal| target(step).map(goal).into_iter().collect();
    let greens = || step.machine.as_deref().map(|blue| view.slots.greens_of(blue)).unwrap_or_default();
    match step.op {
        Op::Gate | Op::Hold | Op::ReleaseCommand | Op::MachineCheck => Vec::new(),
        Op::Lease => lease_unless_woken(step, view).into_iter().collect(),
        Op::Release => step.machine.clone().map(|machine| Goal::Released { machine }).into_iter().collect(),
        Op::Create => vec![Goal::Made { step: place }],
        Op::WaitStarted => one(&|target| Goal::Started { target }),
        Op::WaitHealthy => one(&|target| Goal::Healthy { target }),
        Op::WaitStopped => one(&|target| Goal::Stopped { target }),
        Op::Uncordon => one(&|target| Goal::Uncordoned { target }),
        Op::Stop => one(&|target| Goal::Stopping { target, rests_on: greens() }),
        Op::Cordon => one(&|target| Goal::Cordoned { target, rests_on: greens() }),
        Op::Destroy => one(&|target| Goal::Destroyed { target, rests_on: greens() }),
        Op::Settle => vec![Goal::Paused { ms: step.timeout_ms.unwrap_or(policy.settle_ms) }],
        Op::Drain => drain(step, view).into_iter().collect(),
        Op::Bake => {
            vec![Goal::Baked { targets: verified(step, view), ms: step.timeout_ms.unwrap_or(policy.bake_ms) }]
        }
        Op::VerifyUrl => policy.verify_url.clone().map(|url| Goal::Probed { url }).into_iter().collect(),
        Op::Verify => vec![Goal::Serving { targets: verified(step, view) }],
    }
}

/// A machine made at rest can be started by the proxy only once its image is there.
fn prepared(step: &Step) -> Vec<Goal> {
    let rests = step.request.as_ref().is_some_and(|request| request.skip_launch);
    let target = target(step).filter(|_| rests);
    target.map(|target| Goal::Stopped { target }).into_iter().collect()
}

/// A lease keeps the proxy from starting a machine: one at rest is leased only once it is cordoned.
fn lease_unless_woken(step: &Step, view: View<'_>) -> Option<Goal> {
    let seen = step.machine.as_ref().and_then(|id| view.known.seen(id));
    lease(step, view).filter(|_| !seen.is_some_and(may_be_woken))
}

/// The lease of a machine that is there, unless it is held.
pub(super) fn lease(step: &Step, view: View<'_>) -> Option<Goal> {
    let machine = step.machine.as_ref()?;
    view.known.seen(machine).filter(|seen| seen.is_live() && view.known.nonce(machine).is_none())?;
    Some(Goal::Leased { machine: machine.clone() })
}

/// The proxy may start it when a request comes.
pub(super) fn may_be_woken(machine: &Machine) -> bool {
    machine.is_at_rest() && !machine.cordoned
}

/// Written down before and after: what cannot be undone must not be done twice.
fn release_command(place: usize, round: usize, view: View<'_>) -> Option<Vec<Goal>> {
    let noted = |is_done| {
        let machine = notice_board(view)?;
        let (key, value) = ReleaseCommand { is_done, plan: view.known.deploy.clone() }.entry(&machine);
        Some(Goal::Marked { machine, key, value })
    };
    match round {
        0 => Some(noted(false).into_iter().collect()),
        5 => Some(noted(true).into_iter().collect()),
        round => command(place, round - 1, view),
    }
}

/// A machine that runs one command: made, waited for, removed.
fn command(place: usize, round: usize, view: View<'_>) -> Option<Vec<Goal>> {
    let slot = view.plan.steps[place].slot.clone()?;
    match round {
        0 => Some(vec![Goal::Made { step: place }]),
        1 => Some(vec![Goal::Launched { target: Target::Slot(slot) }]),
        2 => Some(vec![Goal::Ended { target: Target::Slot(slot) }]),
        3 => Some(vec![Goal::Unmade { slot, rests_on: Vec::new() }]),
        _ => None,
    }
}

fn drain(step: &Step, view: View<'_>) -> Option<Goal> {
    let ms = step.timeout_ms.unwrap_or(view.plan.policy.drain_timeout_ms);
    match view.plan.policy.drain {
        Drain::Fixed => Some(Goal::Paused { ms }),
        Drain::UntilIdle => step.machine.clone().map(|machine| Goal::Idle { machine, ms }),
    }
}

/// The slots that a verification is about: the one it names, its group's, or all; of these, those
/// that have traffic by now.
fn verified(step: &Step, view: View<'_>) -> Vec<Target> {
    let is_meant = |name: &str, slot: &Slot| match (&step.slot, &step.group) {
        (Some(one), _) => one == name,
        (None, Some(group)) => slot.group.as_ref() == Some(group),
        (None, None) => true,
    };
    let meant = view.slots.by_name.iter().filter(|(name, slot)| is_meant(name, slot));
    let open = meant.filter(|(name, _)| view.traffic.contains(*name));
    open.map(|(name, _)| Target::Slot(name.clone())).collect()
}

/// What has to be achieved to take the step back, if it was done or may have been.
pub(super) fn undo_goal(step: &Step, view: View<'_>) -> Option<Goal> {
    let target = target(step)?;
    // What took over goes only when the machine in whose place it is serves again.
    let rests_on = || match &target {
        Target::Slot(slot) if view.traffic.contains(slot) => {
            view.slots.get(slot).and_then(|slot| slot.replaces.clone()).map(Target::Machine).into_iter().collect()
        }
        _ => Vec::new(),
    };
    if matches!(step.op, Op::ReleaseCommand | Op::MachineCheck) {
        return Some(Goal::Unmade { slot: target.name().to_owned(), rests_on: Vec::new() });
    }
    let before = view.known.before.get(target.name());
    match step.undo? {
        Undo::Release => Some(Goal::Released { machine: target.name().to_owned() }),
        Undo::Destroy => Some(Goal::Unmade { slot: target.name().to_owned(), rests_on: rests_on() }),
        Undo::Cordon => Some(Goal::Cordoned { rests_on: rests_on(), target }),
        Undo::Uncordon if view.options.has(Flaw::LeaveCordoned) => None,
        Undo::Uncordon => (!before.is_some_and(|machine| machine.cordoned)).then_some(Goal::Uncordoned { target }),
        Undo::Start => {
            view.known.was_started(target.name()).then(|| Goal::Revived { machine: target.name().to_owned() })
        }
    }
}
