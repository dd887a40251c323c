//! Which machine a step is about.

use crate::plan::{Plan, Step};

/// A green by its slot, a blue by its id, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subject<'a> {
    pub(super) is_green: bool,
    pub(super) group: &'a str,
    pub(super) region: &'a str,
    pub(super) name: &'a str,
}

/// `None` for a step that is about no machine, or about all of them.
pub(super) fn subject<'a>(plan: &'a Plan, step: &'a Step) -> Option<Subject<'a>> {
    let (name, is_green) = match (&step.slot, &step.machine) {
        (Some(slot), _) => (slot, true),
        (None, Some(machine)) => (machine, false),
        (None, None) => return None,
    };
    let observed = plan.machines.iter().find(|machine| machine.id == *name);
    let group = step.group.as_deref().or(observed.map(|machine| machine.group.as_str())).unwrap_or("");
    let region = step.region.as_deref().or(observed.map(|machine| machine.region.as_str())).unwrap_or("");
    Some(Subject { is_green, group, region, name })
}
