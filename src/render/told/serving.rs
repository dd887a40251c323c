//! How many machines serve while the deploy goes on, for each place.

use std::collections::BTreeMap;

use super::steps::{Run, op_row};
use super::words::count;
use crate::plan::{Capacity, Plan};

/// A group in a region.
pub(in crate::render) struct Place<'a> {
    pub(in crate::render) group: &'a str,
    pub(in crate::render) region: &'a str,
    /// `2 now, 4 after uncordon, 2 after cordon`
    pub(in crate::render) story: String,
    pub(in crate::render) lowest: u64,
    /// What the plan promises, where it promises something.
    pub(in crate::render) floor: Option<u64>,
    /// How many serve before the first run.
    pub(in crate::render) now: u64,
    /// How many serve after each of the runs, in their order.
    pub(in crate::render) after: Vec<u64>,
}

impl Place<'_> {
    pub(in crate::render) fn promise(&self) -> String {
        match self.floor {
            Some(floor) if floor < self.lowest => format!("never below {} (floor {floor})", self.lowest),
            _ => format!("never below {}", self.lowest),
        }
    }
}

/// By group and region.
pub(in crate::render) fn places<'a>(plan: &'a Plan, runs: &[Run]) -> Vec<Place<'a>> {
    let mut run_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, run) in runs.iter().enumerate() {
        run_of.extend(run.steps.iter().map(|step| (step.id.as_str(), at)));
    }
    let mut rows: BTreeMap<(&str, &str), Vec<&Capacity>> = BTreeMap::new();
    for change in &plan.capacity {
        rows.entry((&change.group, &change.region)).or_default().push(change);
    }
    let floors: BTreeMap<(&str, &str), u64> =
        plan.floors.iter().map(|floor| ((floor.group.as_str(), floor.region.as_str()), floor.serving)).collect();
    let place = |((group, region), changes): ((&'a str, &'a str), Vec<&Capacity>)| Place {
        group,
        region,
        story: story(&changes, runs, &run_of),
        lowest: changes.iter().map(|change| change.serving).min().unwrap_or(0),
        floor: floors.get(&(group, region)).copied(),
        now: changes.first().map_or(0, |first| if first.after.is_none() { first.serving } else { 0 }),
        after: after(&changes, runs.len(), &run_of),
    };
    rows.into_iter().map(place).collect()
}

/// Of the changes within one run of steps only the last is told, and of many runs the first ones
/// and the last.
fn story(changes: &[&Capacity], runs: &[Run], run_of: &BTreeMap<&str, usize>) -> String {
    let mut told: Vec<(Option<usize>, String)> = Vec::new();
    for change in changes {
        let run = change.after.as_ref().and_then(|step| run_of.get(step.as_str()).copied());
        let text = match (&change.after, run) {
            (None, _) => format!("{} now", change.serving),
            (_, Some(run)) => format!("{} after {}", change.serving, op_row(runs[run].op).name),
            (Some(step), None) => format!("{} after {step}", change.serving),
        };
        match told.last_mut() {
            Some(last) if last.0 == run && run.is_some() => last.1 = text,
            _ => told.push((run, text)),
        }
    }
    let mut told: Vec<String> = told.into_iter().map(|(_, text)| text).collect();
    if told.len() > MOST_CHANGES {
        let hidden = told.len() - MOST_CHANGES;
        told.splice(MOST_CHANGES - 1..told.len() - 1, [format!("{} like these", count(hidden, "change"))]);
    }
    told.join(", ")
}

fn after(changes: &[&Capacity], runs: usize, run_of: &BTreeMap<&str, usize>) -> Vec<u64> {
    let mut serving = vec![None; runs];
    let mut now = 0;
    for change in changes {
        match change.after.as_ref().and_then(|step| run_of.get(step.as_str())) {
            Some(run) => serving[*run] = Some(change.serving),
            None => now = change.serving,
        }
    }
    let carried = serving.into_iter().map(|serving| {
        now = serving.unwrap_or(now);
        now
    });
    carried.collect()
}

const MOST_CHANGES: usize = 7;
