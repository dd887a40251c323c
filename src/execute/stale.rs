//! Is the fleet still the one that the plan was made for? Which machine is different, how, and
//! whether it matters.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::knowledge::Knowledge;
use crate::facts::purpose;
use crate::fleet::{Machine, State};
use crate::plan::{Disposition, Observed, Plan, PlannedMachine};

/// A machine that is not as the plan observed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) machine: String,
    pub(super) what: String,
    /// It makes the plan stale.
    pub(super) matters: bool,
    /// Why it matters, or why not.
    pub(super) why: &'static str,
}

impl Difference {
    fn new(machine: &str, what: String, matters: bool, why: &'static str) -> Self {
        Self { machine: machine.to_owned(), what, matters, why }
    }
}

/// Every difference between the fleet and the plan's.
pub(super) fn differences(plan: &Plan, machines: &BTreeMap<String, Arc<Machine>>) -> Vec<Difference> {
    let compare = |planned: &PlannedMachine| match machines.get(&planned.id) {
        None if planned.disposition == Disposition::Leftover && is_over(&planned.observed.state) => None,
        None => Some(missing(planned)),
        Some(machine) => changed(planned, machine, machine.cordoned).or_else(|| state_changed(planned, machine)),
    };
    plan.machines.iter().filter_map(compare).chain(newcomers(plan, machines)).collect()
}

/// What matters of a deploy that another run began: blues that are gone, stopped or cordoned, and
/// machines that it made, are its own work.
pub(super) fn differences_of_begun(plan: &Plan, known: &Knowledge) -> Vec<Difference> {
    let compare = |planned: &PlannedMachine| {
        let goes = matches!(planned.disposition, Disposition::Replace | Disposition::Remove | Disposition::Sweep);
        match known.before.get(&planned.id).filter(|machine| machine.is_live()) {
            None => (!goes).then(|| missing(planned)),
            Some(machine) => {
                // Whether it is cordoned is the deploy's own doing.
                let cordoned = if goes { planned.observed.cordoned } else { machine.cordoned };
                changed(planned, machine, cordoned)
            }
        }
    };
    let is_its_own = |id: &str| known.slot_of(id).is_some() || known.surplus.contains(id);
    let new = newcomers(plan, &known.before).filter(|new| !is_its_own(&new.machine));
    plan.machines.iter().filter_map(compare).chain(new).filter(|difference| difference.matters).collect()
}

/// Machines that the plan does not know. One without a group is of the default one; what was made
/// for one command serves nothing.
fn newcomers(plan: &Plan, machines: &BTreeMap<String, Arc<Machine>>) -> impl Iterator<Item = Difference> {
    let planned: BTreeSet<&str> = plan.machines.iter().map(|planned| planned.id.as_str()).collect();
    let groups = groups(plan);
    let new = machines.values().filter(move |machine| machine.is_live() && !planned.contains(machine.id.as_str()));
    new.map(move |machine| {
        let matters = purpose(machine).is_none() && machine.group().is_none_or(|group| groups.contains(group));
        let why = if matters { "the plan would make a second fleet beside it" } else { NOT_OF_THE_PLAN };
        Difference::new(&machine.id, format!("it is new ({})", machine.name), matters, why)
    })
}

fn missing(planned: &PlannedMachine) -> Difference {
    let matters = planned.disposition != Disposition::Leftover;
    let why = if matters { COUNTED_ON } else { NOT_OF_THE_PLAN };
    Difference::new(&planned.id, "it is gone".to_owned(), matters, why)
}

/// The groups that the plan is about.
fn groups(plan: &Plan) -> BTreeSet<&str> {
    if !plan.policy.groups.is_empty() {
        return plan.policy.groups.iter().map(String::as_str).collect();
    }
    let in_file =
        plan.definition.get("processes").and_then(Value::as_object).into_iter().flat_map(|groups| groups.keys());
    let placed = plan.machines.iter().filter(|machine| !IGNORED.contains(&machine.disposition));
    in_file
        .map(String::as_str)
        .chain(placed.map(|machine| machine.group.as_str()))
        .chain(plan.steps.iter().filter_map(|step| step.group.as_deref()))
        .collect()
}

/// Anything but its state.
fn changed(planned: &PlannedMachine, machine: &Machine, cordoned: bool) -> Option<Difference> {
    if planned.disposition == Disposition::Leftover {
        return None;
    }
    let (then, now) = (&planned.observed, Observed::of(machine));
    if is_over(&machine.state) && !is_over(&then.state) {
        return Some(Difference::new(&planned.id, format!("it is {}", machine.state), true, COUNTED_ON));
    }
    let mut changes = Vec::new();
    let mut compare = |what: &str, then: &str, now: &str, why| {
        if then != now {
            changes.push((format!("{what} was {} and is {}", or_none(then), or_none(now)), why));
        }
    };
    compare("image", &then.image, &now.image, "somebody deployed it since");
    compare("cordoned", yes_no(then.cordoned), yes_no(cordoned), "what serves is not what the plan counted");
    compare("host status", host(then), host(&now), "the plan treats a machine out of reach in another way");
    if then.config_sha256 != now.config_sha256 {
        changes.push(("its config changed".to_owned(), "its green would be made from what it was"));
    } else {
        compare("version", &then.instance_id, &now.instance_id, "somebody updated or restarted it since");
    }
    // What is swept away was proved by its state, too.
    if planned.disposition == Disposition::Sweep && then.state != now.state {
        changes.push((format!("it was {} and is {}", then.state, now.state), "its state proved that it can go"));
    }
    let (_, why) = *changes.first()?;
    let what: Vec<String> = changes.into_iter().map(|(what, _)| what).collect();
    Some(Difference::new(&planned.id, what.join(", "), true, why))
}

fn state_changed(planned: &PlannedMachine, machine: &Machine) -> Option<Difference> {
    let (then, now) = (&planned.observed.state, &machine.state);
    let why = match planned.disposition {
        Disposition::Leftover => NOT_OF_THE_PLAN,
        _ => "the proxy starts and stops machines, and the plan holds either way",
    };
    (then != now).then(|| Difference::new(&planned.id, format!("it was {then} and is {now}"), false, why))
}

const fn is_over(state: &State) -> bool {
    matches!(state, State::Destroying | State::Destroyed)
}

const fn host(observed: &Observed) -> &'static str {
    match observed.host_status {
        crate::fleet::HostStatus::Ok => "ok",
        crate::fleet::HostStatus::Unreachable => "unreachable",
        crate::fleet::HostStatus::Unknown => "unknown",
    }
}

const fn yes_no(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

const fn or_none(text: &str) -> &str {
    if text.is_empty() { "unknown" } else { text }
}

const IGNORED: [Disposition; 2] = [Disposition::Ignore, Disposition::Leftover];

const COUNTED_ON: &str = "the plan counts on it";

const NOT_OF_THE_PLAN: &str = "the plan does nothing to it";
