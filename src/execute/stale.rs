//! Is the fleet still the one that the plan was made for?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::knowledge::Knowledge;
use crate::facts::purpose;
use crate::fleet::{Machine, State};
use crate::plan::{Disposition, Observed, Plan, PlannedMachine};

/// The machines that make the plan stale, each with what is different and what that means. One that only changed its
/// state was started or stopped by the proxy; one that was left over goes away by itself; one of another group is not
/// the plan's business: none of these is a reason.
pub(super) fn differences(plan: &Plan, machines: &BTreeMap<String, Arc<Machine>>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for planned in plan.machines.iter().filter(|planned| planned.disposition != Disposition::Leftover) {
        let what = match machines.get(&planned.id) {
            None => Some("it is gone".to_owned()),
            Some(machine) => changes(planned, machine, machine.cordoned),
        };
        found.extend(what.map(|what| (planned.id.clone(), what)));
    }
    found.extend(newcomers(plan, machines));
    found
}

/// The same for a deploy that another run began: blues that are gone, stopped or cordoned, and
/// machines that it made, are its own work.
pub(super) fn differences_of_begun(plan: &Plan, known: &Knowledge) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for planned in plan.machines.iter().filter(|planned| planned.disposition != Disposition::Leftover) {
        let goes = matches!(planned.disposition, Disposition::Replace | Disposition::Remove | Disposition::Sweep);
        let what = match known.before.get(&planned.id).filter(|machine| !is_gone(machine)) {
            None => (!goes).then(|| "it is gone".to_owned()),
            // Whether it is cordoned is the deploy's own doing.
            Some(machine) => changes(planned, machine, if goes { planned.observed.cordoned } else { machine.cordoned }),
        };
        found.extend(what.map(|what| (planned.id.clone(), what)));
    }
    found.extend(
        newcomers(plan, &known.before).filter(|(id, _)| known.slot_of(id).is_none() && !known.surplus.contains(id)),
    );
    found
}

/// Machines that the plan does not know, in groups that it is about: a deploy beside them would make a second fleet.
fn newcomers(plan: &Plan, machines: &BTreeMap<String, Arc<Machine>>) -> impl Iterator<Item = (String, String)> {
    let planned: BTreeSet<&str> = plan.machines.iter().map(|planned| planned.id.as_str()).collect();
    let groups = groups(plan);
    let new = machines.values().filter(move |machine| !is_gone(machine) && !planned.contains(machine.id.as_str()));
    // One without a group is of the default one.
    let matters = move |machine: &&Arc<Machine>| {
        purpose(machine).is_none() && machine.group().is_none_or(|group| groups.contains(group))
    };
    new.filter(matters).map(|machine| (machine.id.clone(), format!("it is new ({})", machine.name)))
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

/// Machines that were started or stopped since the plan was made.
pub(super) fn state_changes(plan: &Plan, machines: &BTreeMap<String, Arc<Machine>>) -> Vec<String> {
    let changed = plan
        .machines
        .iter()
        .filter(|planned| machines.get(&planned.id).is_some_and(|machine| machine.state != planned.observed.state));
    changed.map(|planned| planned.id.clone()).collect()
}

fn changes(planned: &PlannedMachine, machine: &Machine, cordoned: bool) -> Option<String> {
    let (then, now) = (&planned.observed, Observed::of(machine));
    if is_gone(machine) && !matches!(then.state, State::Destroying | State::Destroyed) {
        return Some(format!("it is {}", machine.state));
    }
    let mut changes = Vec::new();
    let mut compare = |what: &str, then: &str, now: &str| {
        if then != now {
            changes.push(format!("{what} was {} and is {}", or_none(then), or_none(now)));
        }
    };
    compare("image", &then.image, &now.image);
    compare("cordoned", yes_no(then.cordoned), yes_no(cordoned));
    compare("host status", host(then), host(&now));
    if then.config_sha256 != now.config_sha256 {
        changes.push("its config changed".to_owned());
    } else {
        compare("version", &then.instance_id, &now.instance_id);
    }
    // What is swept away was proved by its state, too.
    if planned.disposition == Disposition::Sweep && then.state != now.state {
        changes.push(format!("it was {} and is {}", then.state, now.state));
    }
    (!changes.is_empty()).then(|| changes.join(", "))
}

fn is_gone(machine: &Machine) -> bool {
    matches!(machine.state, State::Destroying | State::Destroyed)
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
