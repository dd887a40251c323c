//! Whether an outcome tells the truth about the fleet. Shares no code with the executor: it looks
//! at the world, and at what the plan promised.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::case::Case;
use crate::execute::{Call, Outcome, OutcomeKind};
use crate::fleet::{Machine, State};
use crate::plan::mark::{self, Course, Direction};
use crate::plan::{Disposition, Op, Plan, PlannedMachine};
use crate::sim::fault::Fault;
use crate::sim::run::Run;
use crate::sim::world::World;

/// What the outcome says and is not so. Machines that others changed are nobody's fault.
pub(super) fn lie(case: &Case<'_>, world: &World, outcome: &Outcome, is_resumed: bool) -> Option<String> {
    let truth = Truth { case, plan: &case.world.plan, world };
    let lie = match outcome.kind {
        OutcomeKind::Completed => truth.unfinished(),
        OutcomeKind::Restored => truth.not_as_before(),
        // One that goes on may find that it is over.
        OutcomeKind::Stale if is_resumed => truth.half_done(),
        // Of the run that began it: one that cannot read the fleet cannot tell how far the deploy is.
        OutcomeKind::Refused | OutcomeKind::Stale => (!is_resumed).then(|| truth.not_as_before()).flatten(),
        OutcomeKind::Held => truth.destroyed_blue(),
        OutcomeKind::NeedsAttention if outcome.left.is_empty() => Some("nobody is told what to do".to_owned()),
        OutcomeKind::NeedsAttention => truth.unnamed(outcome),
    };
    lie.or_else(|| truth.lease_left(is_resumed)).or_else(|| truth.without_reason(outcome))
}

/// Whether there is a fleet to go back to: a blue is there, and the deploy neither destroyed one nor
/// is about to.
pub(super) fn can_go_back(case: &Case<'_>, run: &Run) -> bool {
    let truth = Truth { case, plan: &case.world.plan, world: run.world() };
    let is_past = |machine: &Arc<Machine>| Course::of(machine).is_some_and(|it| it.direction == Direction::Past);
    let is_mark = |call: &Call| matches!(call, Call::SetMetadata { .. });
    let mut goes = truth.plan.machines.iter().filter(|planned| is_to_go(planned));
    let is_told = run.world().machines().iter().any(is_past) || run.on_their_way().any(is_mark);
    !is_told && truth.destroyed_blue().is_none() && goes.any(|planned| truth.live(&planned.id).is_some())
}

/// Whether a blue went that nobody else had to do with.
pub(super) fn took_blues(case: &Case<'_>, run: &Run) -> bool {
    Truth { case, plan: &case.world.plan, world: run.world() }.destroyed_blue().is_some()
}

struct Truth<'a> {
    case: &'a Case<'a>,
    plan: &'a Plan,
    world: &'a World,
}

impl Truth<'_> {
    fn unfinished(&self) -> Option<String> {
        let goes = self.plan.machines.iter().filter(|planned| is_to_go(planned));
        let mut left = goes.filter(|planned| self.live(&planned.id).is_some() && !self.is_troubled(&planned.id));
        if let Some(blue) = left.next() {
            return Some(format!("{} is left", blue.id));
        }
        let slots: BTreeSet<&str> = self.slots().collect();
        for slot in &slots {
            let ending = format!("-{slot}");
            let mut greens = self.newcomers().filter(|machine| machine.name.ends_with(&ending));
            match greens.next() {
                None if !self.has_trouble() => return Some(format!("{slot} was not made")),
                Some(green) if green.cordoned && !self.is_troubled(&green.id) => {
                    return Some(format!("{slot} is cordoned"));
                }
                _ => {}
            }
            if greens.next().is_some() {
                return Some(format!("{slot} was made twice"));
            }
        }
        self.newcomers()
            .nth(slots.len())
            .map(|machine| format!("there are more machines than planned: {}", machine.name))
    }

    fn not_as_before(&self) -> Option<String> {
        if let Some(surplus) = self.newcomers().next() {
            return Some(format!("{} is left", surplus.name));
        }
        let before = self.case.world.fleet.machines.iter();
        // Without the plan nobody knows of what is gone.
        let is_known = |machine: &&Machine| !self.case.without_plan || self.live(&machine.id).is_some();
        let known = before.filter(is_known);
        let mut other = known.filter(|machine| !self.is_troubled(&machine.id) && !self.is_as(machine));
        other.next().map(|machine| format!("{} is not as before", machine.id))
    }

    /// Neither as wanted nor as before.
    fn half_done(&self) -> Option<String> {
        self.unfinished().and(self.not_as_before())
    }

    fn destroyed_blue(&self) -> Option<String> {
        let mut goes = self.plan.machines.iter().filter(|planned| is_to_go(planned));
        let gone = goes.find(|planned| self.live(&planned.id).is_none() && !self.is_troubled(&planned.id));
        gone.map(|blue| format!("{} is destroyed", blue.id))
    }

    /// A blue that is not as before, and a green that takes no traffic, has to be named.
    fn unnamed(&self, outcome: &Outcome) -> Option<String> {
        let named: BTreeSet<&str> = outcome.left.iter().map(|left| left.machine.as_str()).collect();
        let before = self.case.world.fleet.machines.iter();
        let changed = before.filter(|machine| self.live(&machine.id).is_some() && !self.is_as(machine));
        let hidden = self.newcomers().filter(|machine| machine.cordoned);
        let mut odd = changed.chain(hidden).filter(|machine| !self.is_troubled(&machine.id));
        let silent = odd.find(|machine| !named.contains(machine.id.as_str()) && !named.contains(machine.name.as_str()));
        silent.map(|machine| format!("{} is left and not named", machine.id))
    }

    /// Where every call went through, no lease stays.
    fn lease_left(&self, is_resumed: bool) -> Option<String> {
        let is_quiet = self.case.faults.is_empty() && !is_resumed;
        let mut live = self.world.machines().iter().filter(|machine| is_quiet && machine.is_live());
        let leased = live.find(|machine| self.world.lease_of(&machine.id).is_some());
        leased.map(|machine| format!("the lease of {} is still held", machine.id))
    }

    /// Where nothing goes wrong the deploy ends, wherever it is interrupted: without a trace.
    fn without_reason(&self, outcome: &Outcome) -> Option<String> {
        if !self.case.faults.is_empty() || self.runs_command() {
            return None;
        }
        match outcome.kind {
            // What the run before had on its way, only the plan tells.
            OutcomeKind::NeedsAttention if self.case.without_plan => None,
            OutcomeKind::NeedsAttention => Some("nothing went wrong".to_owned()),
            OutcomeKind::Completed | OutcomeKind::Restored => {
                let mut live = self.world.machines().iter().filter(|machine| machine.is_live());
                let marked = live.find(|machine| !mark::keys(machine).is_empty());
                marked.map(|machine| format!("a mark is left on {}", machine.id))
            }
            OutcomeKind::Held | OutcomeKind::Refused | OutcomeKind::Stale => None,
        }
    }

    /// It is not run again when nobody knows how it went.
    fn runs_command(&self) -> bool {
        self.plan.steps.iter().any(|step| step.op == Op::ReleaseCommand)
    }

    fn is_as(&self, before: &Machine) -> bool {
        let now = self.live(&before.id);
        let is_routed = self.case.world.has_traffic
            && before.config.as_ref().is_some_and(|config| config.autostop() && config.autostart());
        now.is_some_and(|now| {
            let is_same = now.state == before.state || before.state == State::Started && sleeps(now);
            // Without the plan nobody knows which machines were at rest.
            let is_woken = self.case.without_plan && before.is_at_rest() && now.state == State::Started;
            (is_same || is_routed || is_woken) && now.cordoned == before.cordoned
        })
    }

    fn live(&self, id: &str) -> Option<&Machine> {
        self.world.machines().iter().map(|machine| &**machine).find(|machine| machine.id == id && machine.is_live())
    }

    /// Machines that the deploy made, and that are there.
    fn newcomers(&self) -> impl Iterator<Item = &Machine> {
        let before = &self.case.world.fleet.machines;
        let is_new = |machine: &&Machine| {
            machine.state != State::Destroyed
                && !machine.name.starts_with("scaled-")
                && !before.iter().any(|known| known.id == machine.id)
        };
        self.world.machines().iter().map(|machine| &**machine).filter(is_new)
    }

    fn slots(&self) -> impl Iterator<Item = &str> {
        self.plan.steps.iter().filter(|step| step.op == Op::Create).filter_map(|step| step.slot.as_deref())
    }

    fn is_troubled(&self, id: &str) -> bool {
        self.world.is_troubled(id)
    }

    fn has_trouble(&self) -> bool {
        self.case.faults.iter().any(|fault| matches!(fault, Fault::Machine { .. }))
    }
}

/// As the proxy may put it to rest at any time, to wake it when it is needed.
fn sleeps(machine: &Machine) -> bool {
    let is_up_to_the_proxy = machine.config.as_ref().is_some_and(|config| config.autostop() && config.autostart());
    machine.state == State::Stopped && is_up_to_the_proxy && machine.is_serving()
}

const fn is_to_go(planned: &PlannedMachine) -> bool {
    matches!(planned.disposition, Disposition::Replace | Disposition::Remove)
}
