//! Which machine a step is about.

use std::collections::BTreeSet;

use crate::plan::{Op, Plan, Step};

/// A green, or the machine of a command, by its slot; a blue by its id; and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::render) struct Subject<'a> {
    pub(in crate::render) is_green: bool,
    pub(in crate::render) group: &'a str,
    pub(in crate::render) region: &'a str,
    pub(in crate::render) name: &'a str,
    is_command: bool,
}

/// `None` for a step that is about no machine, or about all of them.
pub(in crate::render) fn subject<'a>(plan: &'a Plan, step: &'a Step) -> Option<Subject<'a>> {
    let (name, is_green) = match (&step.slot, &step.machine) {
        (Some(slot), _) => (slot, true),
        (None, Some(machine)) => (machine, false),
        (None, None) => return None,
    };
    let observed = plan.observed(name).filter(|_| !is_green);
    let group = step.group.as_deref().or(observed.map(|machine| machine.group.as_str())).unwrap_or("");
    let region = step.region.as_deref().or(observed.map(|machine| machine.region.as_str())).unwrap_or("");
    let is_command = matches!(step.op, Op::ReleaseCommand | Op::MachineCheck);
    Some(Subject { is_green, group, region, name, is_command })
}

impl Subject<'_> {
    /// `green-app-1`, `blue 148e2d3f7b1c89`, `release-command`.
    pub(in crate::render) fn label(&self) -> String {
        match (self.is_green, self.is_command || self.name.starts_with("green")) {
            (true, true) => self.name.to_owned(),
            (true, false) => format!("green {}", self.name),
            (false, _) => format!("blue {}", self.name),
        }
    }

    pub(in crate::render) fn place(&self) -> String {
        format!("{} {}", self.group, self.region).trim().to_owned()
    }
}

/// Each machine that the plan touches: blues first, then by place.
pub(in crate::render) fn subjects(plan: &Plan) -> BTreeSet<Subject<'_>> {
    plan.steps.iter().filter_map(|step| subject(plan, step)).collect()
}

/// Columns that the widest of `texts` takes.
pub(in crate::render) fn widest(texts: impl Iterator<Item = String>) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or(0)
}
