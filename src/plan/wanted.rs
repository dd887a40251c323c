//! What the machines of the fleet would run as the deploy wants them: made once for all machines
//! of a group that have the same config.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::classify::{Situation, settings};
use super::{Observed, green};
use crate::fleet::{Machine, MachineConfig};
use crate::machine::Conversion;

/// By group and the hash of the config that is observed.
pub(super) type Wanted<'a> = BTreeMap<(&'a str, String), Result<Successor, Conversion>>;

/// What is to come after machines of one config.
#[derive(Clone)]
pub(super) struct Successor {
    /// Less the ids that it stands by for.
    pub(super) config: Arc<MachineConfig>,
    /// Ids of machines, as observed.
    pub(super) standby_for: Vec<String>,
    /// Image and marks aside, it is what is observed.
    pub(super) is_alike: bool,
}

impl Successor {
    pub(super) fn of(situation: &Situation, group: &str, existing: Option<&MachineConfig>) -> Result<Self, Conversion> {
        let mut config = green::config_for(situation, group, existing)?;
        let is_alike = existing.is_some_and(|existing| settings(&config) == settings(existing));
        let standby_for = green::take_standbys(&mut config);
        Ok(Self { config: Arc::new(config), standby_for, is_alike })
    }
}

/// For every machine in a group of fly.toml.
pub(super) fn wanted<'a>(situation: &Situation<'a>, fleet: &[(&'a Machine, Observed)]) -> Wanted<'a> {
    let mut wanted = BTreeMap::new();
    for (machine, observed) in fleet {
        let group = situation.group_of(machine);
        if situation.groups.contains(&group) {
            wanted
                .entry((group, observed.config_sha256.clone()))
                .or_insert_with(|| Successor::of(situation, group, machine.config.as_ref()));
        }
    }
    wanted
}
