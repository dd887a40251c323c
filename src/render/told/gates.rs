//! What lets the greens of each group have traffic.

use std::collections::{BTreeMap, BTreeSet};

use super::words::count;
use crate::plan::{Op, Plan, gate};

/// Group by group: the checks that its started greens must pass. Greens that are not started pass
/// none; their plan has a warning.
pub(in crate::render) fn gates(plan: &Plan) -> Vec<(&str, String)> {
    let started = plan.steps.iter().filter(|step| step.op == Op::Create).filter_map(|step| {
        let request = step.request.as_ref().filter(|request| !request.skip_launch)?;
        Some((step.group.as_deref().unwrap_or_default(), &*request.config))
    });
    let mut groups: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (group, config) in started {
        groups.entry(group).or_default().insert(gate(config).unwrap_or_else(|| NOTHING.to_owned()));
    }
    let told = groups.into_iter().map(|(group, gates)| {
        let gates: Vec<String> = gates.into_iter().chain(machine_checks(plan, group)).collect();
        (group, gates.join("; "))
    });
    told.collect()
}

fn machine_checks(plan: &Plan, group: &str) -> Option<String> {
    let is_check = |step: &&crate::plan::Step| step.op == Op::MachineCheck && step.group.as_deref() == Some(group);
    let checks = plan.steps.iter().filter(is_check).count();
    (checks > 0).then(|| count(checks, "machine check"))
}

const NOTHING: &str = "nothing but that it started";
