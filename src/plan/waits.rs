//! Whether each step waits for what it rests on: steps run in the order of their needs, not in that
//! of the list.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::green::Gate;
use super::list::At;
use super::{Op, Plan, Step};

/// The first step that does not wait for what it rests on, if there is one.
pub(super) fn check(plan: &Plan) -> Result<(), String> {
    let waits = Waits::new(plan);
    let mut open: BTreeMap<Vec<usize>, (usize, BTreeSet<usize>)> = BTreeMap::new();
    for (place, step) in plan.steps.iter().enumerate() {
        let Some(wanted) = waits.rests_on(step)? else { continue };
        let from = waits.last_of_others(place, wanted);
        if from != wanted {
            open.entry(waits.needs[from].clone()).or_insert((place, BTreeSet::new())).1.insert(wanted);
        }
    }
    for (needs, (place, wanted)) in open {
        if let Some(missing) = waits.missing(needs, wanted) {
            return Err(format!("step {} does not wait for {}", plan.steps[place].id, plan.steps[missing].id));
        }
    }
    Ok(())
}

/// Where the step with each id stands in the list.
pub(super) struct Places<'a> {
    steps: &'a [Step],
    /// Of those that do not have the id that this program would give them.
    odd: BTreeMap<&'a str, usize>,
}

impl<'a> Places<'a> {
    pub(super) fn of(steps: &'a [Step]) -> Self {
        let mut odd = BTreeMap::new();
        for (place, step) in steps.iter().enumerate() {
            if At::of(&step.id).map(At::index) != Some(place) {
                odd.entry(step.id.as_str()).or_insert(place);
            }
        }
        Self { steps, odd }
    }

    /// The first one with this id, where there are several.
    pub(super) fn get(&self, id: &str) -> Option<usize> {
        let numbered = At::of(id).map(At::index).filter(|at| self.steps.get(*at).is_some_and(|step| step.id == id));
        let odd = self.odd.get(id).copied();
        numbered.into_iter().chain(odd).min()
    }
}

/// What waits for what.
struct Waits<'a> {
    plan: &'a Plan,
    needs: Vec<Vec<usize>>,
    /// What is done to which machine or slot, and where.
    places: BTreeMap<(Op, &'a str), usize>,
    /// The slot for each blue.
    greens: BTreeMap<&'a str, &'a str>,
}

impl<'a> Waits<'a> {
    fn new(plan: &'a Plan) -> Self {
        let by_id = Places::of(&plan.steps);
        let needs = |step: &Step| step.needs.iter().filter_map(|need| by_id.get(need)).collect();
        let steps = || plan.steps.iter().enumerate();
        Self {
            plan,
            needs: plan.steps.iter().map(needs).collect(),
            places: steps().filter_map(|(place, step)| Some(((step.op, subject(step)?), place))).collect(),
            greens: steps().filter_map(|(_, step)| Some((step.replaces.as_deref()?, step.slot.as_deref()?))).collect(),
        }
    }

    /// The step that must be done before this one, beyond what it says itself.
    fn rests_on(&self, step: &Step) -> Result<Option<usize>, String> {
        let Some(name) = subject(step) else { return Ok(None) };
        let at = |op, name| self.places.get(&(op, name)).copied();
        let opened = || self.greens.get(name).and_then(|slot| at(Op::Uncordon, slot));
        Ok(match step.op {
            Op::Uncordon => Some(self.proof_of(step, name)?),
            Op::Cordon => opened(),
            Op::Stop | Op::Drain => at(Op::Cordon, name).or_else(opened),
            Op::WaitStopped => at(Op::Stop, name),
            Op::Destroy => at(Op::WaitStopped, name).or_else(|| at(Op::Lease, name)),
            _ => None,
        })
    }

    /// What shows that a green can have traffic.
    fn proof_of(&self, step: &Step, slot: &str) -> Result<usize, String> {
        let at = |op| self.places.get(&(op, slot)).copied();
        let request = at(Op::Create).and_then(|create| self.plan.steps[create].request.as_ref());
        let proof = match request {
            Some(request) if request.skip_launch => at(Op::Create),
            Some(request) if Gate::of(&request.config).is_some() => at(Op::WaitHealthy),
            _ => at(Op::WaitStarted),
        };
        proof.ok_or_else(|| format!("step {}: nothing shows that its green is ready", step.id))
    }

    /// Back from the step along those that are done to the same machine.
    fn last_of_others(&self, place: usize, wanted: usize) -> usize {
        let mut from = place;
        while let [only] = self.needs[from].as_slice()
            && from != wanted
            && (*only == wanted || subject(&self.plan.steps[*only]) == subject(&self.plan.steps[place]))
        {
            from = *only;
        }
        from
    }

    /// One of `wanted` that none of these steps waits for.
    fn missing(&self, needs: Vec<usize>, mut wanted: BTreeSet<usize>) -> Option<usize> {
        let mut seen: BTreeSet<usize> = needs.iter().copied().collect();
        let mut next: VecDeque<usize> = needs.into();
        while let Some(place) = next.pop_front() {
            wanted.remove(&place);
            if wanted.is_empty() {
                return None;
            }
            next.extend(self.needs[place].iter().filter(|need| seen.insert(**need)));
        }
        wanted.pop_first()
    }
}

fn subject(step: &Step) -> Option<&str> {
    step.slot.as_deref().or(step.machine.as_deref())
}
