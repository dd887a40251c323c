//! What goes wrong in a run, and when: chosen by its number.

use std::fmt::{self, Display};

use super::worlds::Prepared;
use crate::execute::{Intent, Kind, SplitMix64};
use crate::plan::{Op, Plan};
use crate::sim::fault::{Act, Behaviour, Effect, Fault, Jump, Refusal};

/// A world, and what goes wrong in it.
#[derive(Debug, Clone)]
pub(super) struct Case<'a> {
    pub world: &'a Prepared,
    pub seed: u64,
    pub faults: Vec<Fault>,
    /// At which moments, in their order.
    pub interventions: Vec<(u64, Intervention)>,
    /// Whoever goes on after a crash has lost the plan.
    pub without_plan: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intervention {
    /// Somebody wants to stop.
    Abort,
    /// The process is killed, and another goes on.
    Crash(Intent),
}

/// How large a world is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    pub calls: u64,
    pub moments: u64,
}

impl<'a> Case<'a> {
    pub(super) fn plain(world: &'a Prepared) -> Self {
        Self { world, seed: 0, faults: world.faults.clone(), interventions: Vec::new(), without_plan: false }
    }

    /// Only calls went wrong: once they go right again, the deploy can be brought to an end.
    pub(super) fn is_mendable(&self) -> bool {
        let is_harmless = |fault: &Fault| matches!(fault, Fault::Call { .. });
        let runs_command = self.world.plan.steps.iter().any(|step| step.op == Op::ReleaseCommand);
        !runs_command && self.faults.iter().all(is_harmless)
    }
}

impl Extent {
    /// Faults, of which one is none; and interventions likewise.
    const fn sizes(self) -> (u64, u64) {
        // A fault makes a run longer: what comes of it is tried as well.
        ((self.calls + MORE) * EFFECTS + 1, (self.moments + MORE) * INTERVENTIONS + 1)
    }

    pub(super) const fn cases(self) -> u64 {
        let (faults, interventions) = self.sizes();
        faults * interventions
    }

    /// Single faults come first, then single interventions, then each with each.
    pub(super) fn case(self, world: &Prepared, number: u64) -> Case<'_> {
        let (faults, interventions) = self.sizes();
        let (fault, intervention) = if number < faults {
            (number, 0)
        } else if number < faults + interventions - 1 {
            (0, number - faults + 1)
        } else {
            let rest = number - faults - (interventions - 1);
            (rest % (faults - 1) + 1, rest / (faults - 1) + 1)
        };
        Case {
            faults: world.faults.iter().cloned().chain(nth_fault(fault)).collect(),
            interventions: nth_intervention(intervention).into_iter().collect(),
            ..Case::plain(world)
        }
    }
}

fn nth_fault(number: u64) -> Option<Fault> {
    let number = number.checked_sub(1)?;
    let effect = effect(number % EFFECTS);
    Some(Fault::Call { kind: None, machine: None, nth: Some(number / EFFECTS + 1), effect })
}

fn effect(number: u64) -> Effect {
    match number {
        0 => Effect::Refused(Refusal::Plain),
        1 => Effect::LostBefore,
        2 => Effect::LostAfter,
        3 => Effect::Slow { ms: 20_000 },
        _ => Effect::Twice,
    }
}

fn nth_intervention(number: u64) -> Option<(u64, Intervention)> {
    let number = number.checked_sub(1)?;
    let intervention = match number % INTERVENTIONS {
        0 => Intervention::Abort,
        1 => Intervention::Crash(Intent::Forward),
        _ => Intervention::Crash(Intent::Back),
    };
    Some((number / INTERVENTIONS, intervention))
}

/// A case of one of these worlds with several faults at once.
pub(super) fn random(worlds: &[Prepared], seed: u64) -> Case<'_> {
    let mut random = SplitMix64::new(seed);
    let world = &worlds[random.below(worlds.len() as u64) as usize];
    let names = names(&world.plan);
    let span_ms = if random.below(4) == 0 { 60_000 } else { 15_000 };
    let mut faults: Vec<Fault> = (0..random.below(5)).map(|_| random_fault(&mut random, &names, span_ms)).collect();
    // Where there is a proxy, it alone meddles with machines.
    faults.retain(|fault| !world.has_traffic || !matches!(fault, Fault::Machine { .. }));
    // Who waits by a clock that jumps ahead does not wait until a list has caught up.
    let is_ahead = |fault: &Fault| matches!(fault, Fault::Clock { jump: Jump::Ahead { .. }, .. });
    let is_unlisted = |fault: &Fault| matches!(fault, Fault::Machine { behaviour: Behaviour::Unlisted { .. }, .. });
    if faults.iter().any(is_ahead) {
        faults.retain(|fault| !is_unlisted(fault));
    }
    let mut interventions: Vec<_> = (0..random.below(3)).map(|_| random_intervention(&mut random)).collect();
    interventions.sort_by_key(|(at, _)| *at);
    Case { world, seed, faults, interventions, without_plan: seed % WITHOUT_PLAN_EVERY == 1 }
}

/// Machines that there are, and slots that there will be.
fn names(plan: &Plan) -> Vec<String> {
    let blues = plan.machines.iter().map(|machine| machine.id.clone());
    let slots = plan.steps.iter().filter(|step| step.op != Op::Uncordon).filter_map(|step| step.slot.clone());
    let mut names: Vec<String> = blues.chain(slots).collect();
    names.dedup();
    names
}

fn random_fault(random: &mut SplitMix64, names: &[String], span_ms: u64) -> Fault {
    let machine = names[random.below(names.len() as u64) as usize].clone();
    let at_ms = random.below(span_ms);
    match random.below(10) {
        0..5 => {
            let kind = (random.below(3) > 0).then(|| Kind::ALL[random.below(Kind::ALL.len() as u64) as usize]);
            let most = if kind.is_some() { 4 } else { 60 };
            let nth = (random.below(8) > 0).then(|| random.below(most) + 1);
            Fault::Call { kind, machine: (random.below(2) == 0).then_some(machine), nth, effect: random_effect(random) }
        }
        5 => Fault::Clock {
            at_ms,
            jump: if random.below(2) == 0 { Jump::Ahead { ms: at_ms } } else { Jump::Asleep { ms: at_ms } },
        },
        6..8 => {
            let (act, _) = Act::ALL[random.below(Act::ALL.len() as u64) as usize];
            Fault::Machine { machine, behaviour: Behaviour::At { at_ms, act } }
        }
        _ => Fault::Machine { machine, behaviour: random_behaviour(random, at_ms) },
    }
}

fn random_effect(random: &mut SplitMix64) -> Effect {
    match random.below(9) {
        5 => Effect::Refused(Refusal::RateLimited { retry_after_ms: Some(random.below(5_000)) }),
        6 => Effect::Refused(Refusal::NoCapacity),
        7 => Effect::Refused(Refusal::Busy),
        8 => Effect::Slow { ms: random.below(3_000) },
        number => effect(number),
    }
}

fn random_behaviour(random: &mut SplitMix64, ms: u64) -> Behaviour {
    match random.below(9) {
        0 => Behaviour::NeverHealthy,
        1 => Behaviour::NeverStarts,
        2 => Behaviour::ExitsOnStart,
        3 => Behaviour::Exits { code: 1 },
        4 => Behaviour::Hangs,
        5 => Behaviour::Busy { ms },
        6 => Behaviour::StopsSlowly { ms },
        // Lists that lag longer hide a machine from everybody.
        7 => Behaviour::Unlisted { ms: ms % 9_000 },
        _ => Behaviour::Dies { after_ms: ms },
    }
}

fn random_intervention(random: &mut SplitMix64) -> (u64, Intervention) {
    let intervention = match random.below(3) {
        0 => Intervention::Abort,
        1 => Intervention::Crash(Intent::Forward),
        _ => Intervention::Crash(Intent::Back),
    };
    (random.below(200), intervention)
}

impl Display for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.world.name)?;
        self.faults.iter().try_for_each(|fault| write!(f, "\n  --fault '{fault}'"))?;
        self.interventions.iter().try_for_each(|(at, what)| write!(f, "\n  at moment {at} {what:?}"))?;
        if self.without_plan { write!(f, "\n  without the plan after a crash") } else { Ok(()) }
    }
}

const EFFECTS: u64 = 5;
const INTERVENTIONS: u64 = 3;
const WITHOUT_PLAN_EVERY: u64 = 13;

/// Calls and moments beyond those of a run in which nothing goes wrong.
const MORE: u64 = 8;
