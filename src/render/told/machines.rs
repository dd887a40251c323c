//! What becomes of each machine, in words.

use std::collections::{BTreeMap, BTreeSet};

use super::words::short_digests;
use crate::plan::{Disposition, Op, Plan, PlannedMachine, Step};

/// A process group: the machines that there are, and those that are made without replacing one.
pub(in crate::render) struct Group<'a> {
    pub(in crate::render) name: &'a str,
    pub(in crate::render) observed: Vec<&'a PlannedMachine>,
    pub(in crate::render) added: Vec<&'a Step>,
}

/// By name.
pub(in crate::render) fn groups(plan: &Plan) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
    let group = |name| Group { name, observed: Vec::new(), added: Vec::new() };
    for machine in &plan.machines {
        groups.entry(&machine.group).or_insert_with(|| group(&machine.group)).observed.push(machine);
    }
    for step in plan.steps.iter().filter(|step| step.op == Op::Create && step.replaces.is_none()) {
        let name = step.group.as_deref().unwrap_or("");
        groups.entry(name).or_insert_with(|| group(name)).added.push(step);
    }
    // Machines without a group come last.
    let nameless = groups.remove("");
    groups.into_values().chain(nameless).collect()
}

impl Group<'_> {
    pub(in crate::render) fn title(&self) -> &str {
        if self.name.is_empty() { "without a group" } else { self.name }
    }

    /// `3 to replace, 1 new, now on shop:v1`
    pub(in crate::render) fn summary(&self) -> String {
        let mut fates: BTreeMap<Disposition, usize> = BTreeMap::new();
        for machine in &self.observed {
            *fates.entry(machine.disposition).or_default() += 1;
        }
        let mut parts: Vec<String> =
            fates.iter().map(|(fate, number)| format!("{number} {}", words(*fate).1)).collect();
        parts.extend((!self.added.is_empty()).then(|| format!("{} new", self.added.len())));
        let images: BTreeSet<&str> = self.observed.iter().map(|machine| machine.observed.image.as_str()).collect();
        match images.first() {
            Some(image) if images.len() == 1 && !image.is_empty() => {
                format!("{}, now on {}", parts.join(", "), short_digests(image))
            }
            _ => parts.join(", "),
        }
    }
}

/// `started, cordoned`
pub(in crate::render) fn state(machine: &PlannedMachine) -> String {
    let cordoned = if machine.observed.cordoned { ", cordoned" } else { "" };
    format!("{}{cordoned}", machine.observed.state)
}

/// Why it becomes what it becomes; the full names of the images stand above.
pub(in crate::render) fn why(plan: &Plan, machine: &PlannedMachine) -> String {
    let images = [plan.image.as_str(), machine.observed.image.as_str()];
    let without_registry =
        images.iter().filter(|image| !image.is_empty()).fold(machine.why.to_string(), |why, image| {
            let name = image.rsplit_once('/').map_or(*image, |(_, name)| name);
            why.replace(image, name)
        });
    short_digests(&without_registry)
}

pub(in crate::render) fn disposition_name(disposition: Disposition) -> &'static str {
    words(disposition).0
}

/// As documents write it, and as machines of it are counted.
fn words(disposition: Disposition) -> (&'static str, &'static str) {
    match disposition {
        Disposition::Replace => ("replace", "to replace"),
        Disposition::Keep => ("keep", "to keep"),
        Disposition::Remove => ("remove", "to remove"),
        Disposition::Ignore => ("ignore", "left alone"),
        Disposition::Sweep => ("sweep", "to sweep up"),
        Disposition::Leftover => ("leftover", "left over"),
        Disposition::Unreachable => ("unreachable", "unreachable"),
    }
}
