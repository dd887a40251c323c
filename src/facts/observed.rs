//! What a fleet is to a file: whose machines are whose.

use super::Facts;
use crate::fleet::Machine;
use crate::limits;

/// What flyctl makes machines for that belong to no group of fly.toml.
pub fn purpose(machine: &Machine) -> Option<&'static str> {
    let group = machine.group()?;
    let reserved = limits::RESERVED_GROUPS.iter().find(|(name, _)| *name == group);
    // Older versions of flyctl: under the older key alone, since a group may have that name.
    let is_older = machine.metadata("process_group") == Some("release_command");
    reserved.map(|(_, purpose)| *purpose).or(is_older.then_some("a release command"))
}

impl<'a> Facts<'a> {
    /// Live machines, less those that flyctl makes for its own purposes, each with its group: one
    /// that names no group is of the default one, as flyctl has it.
    pub fn machines(&self) -> Vec<(&'a str, &'a Machine)> {
        let machines = self.fleet.map(|fleet| fleet.machines.as_slice()).unwrap_or_default();
        let of_the_app = machines.iter().filter(|machine| machine.is_live() && purpose(machine).is_none());
        of_the_app.map(|machine| (machine.group().unwrap_or(self.config().default_group()), machine)).collect()
    }

    /// Those that a deploy manages.
    pub fn managed_machines(&self) -> Vec<(&'a str, &'a Machine)> {
        self.machines().into_iter().filter(|(_, machine)| machine.is_managed()).collect()
    }

    /// Those of one group that a deploy manages.
    pub fn managed_in(&self, group: &str) -> Vec<&'a Machine> {
        self.managed_machines().into_iter().filter(|(of, _)| *of == group).map(|(_, machine)| machine).collect()
    }
}
