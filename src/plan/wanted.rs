//! What the machines of the fleet would run as the deploy wants them: made once for all machines
//! of a group that have the same config.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::classify::{Situation, settings};
use super::green::Gate;
use super::{Observed, canonical, green, observe};
use crate::fleet::{Machine, MachineConfig};
use crate::machine::Conversion;

/// One for all machines of a group that have the same config.
pub(super) struct Wanted(Vec<Result<Successor, Conversion>>);

/// The place of a successor in [`Wanted`].
pub(super) type SuccessorAt = usize;

/// What is to come after machines of one config.
#[derive(Clone)]
pub(super) struct Successor {
    /// Less the ids that it stands by for.
    pub(super) config: Arc<MachineConfig>,
    /// Ids of machines, as observed.
    pub(super) standby_for: Vec<String>,
    /// Image and marks aside, it is what is observed.
    pub(super) is_alike: bool,
    pub(super) gate: Option<Arc<Gate>>,
}

/// A machine, and what is known of it before it is placed.
pub(super) struct Seen<'a> {
    pub(super) machine: &'a Machine,
    pub(super) observed: Observed,
    pub(super) group: &'a str,
    /// `None`: its group is not one of fly.toml.
    pub(super) successor: Option<SuccessorAt>,
}

impl Wanted {
    pub(super) fn get(&self, at: SuccessorAt) -> &Result<Successor, Conversion> {
        &self.0[at]
    }
}

impl Successor {
    pub(super) fn of(situation: &Situation, group: &str, existing: Option<&MachineConfig>) -> Result<Self, Conversion> {
        let mut config = green::config_for(situation, group, existing)?;
        let is_alike = existing.is_some_and(|existing| settings(&config) == settings(existing));
        let standby_for = green::take_standbys(&mut config);
        let gate = Gate::of(&config).map(Arc::new);
        Ok(Self { config: Arc::new(config), standby_for, is_alike, gate })
    }
}

/// Every machine of the fleet, and what is to come after those in a group of fly.toml.
pub(super) fn wanted<'a>(situation: &Situation<'a>) -> (Vec<Seen<'a>>, Wanted) {
    let mut wanted = Wanted(Vec::new());
    let mut groups: BTreeMap<&str, Configs> = BTreeMap::new();
    let see = |machine: &&'a Machine| {
        let group = situation.group_of(machine);
        let configs = groups.entry(group).or_insert_with(|| Configs::of(situation.groups.contains(&group)));
        let (sha256, successor) = configs.see(machine.config.as_deref(), || {
            wanted.0.push(Successor::of(situation, group, machine.config.as_deref()));
            wanted.0.len() - 1
        });
        Seen { machine, observed: Observed::with(machine, sha256), group, successor }
    };
    let seen = situation.machines.iter().map(see).collect();
    (seen, wanted)
}

/// The configs that the machines of one group have.
struct Configs<'a> {
    is_in_file: bool,
    /// By their hashes.
    successors: BTreeMap<String, SuccessorAt>,
    /// The latest of them with its hash: most machines have the config of the one before.
    last: Option<(Option<&'a MachineConfig>, String)>,
}

impl<'a> Configs<'a> {
    const fn of(is_in_file: bool) -> Self {
        Self { is_in_file, successors: BTreeMap::new(), last: None }
    }

    fn see(
        &mut self,
        config: Option<&'a MachineConfig>,
        make: impl FnOnce() -> SuccessorAt,
    ) -> (String, Option<SuccessorAt>) {
        let sha256 = match &self.last {
            Some((last, sha256)) if *last == config => sha256.clone(),
            _ => canonical::hash(&config.map(observe::unmarked)),
        };
        self.last = Some((config, sha256.clone()));
        let successor = self.is_in_file.then(|| match self.successors.get(&sha256) {
            Some(known) => *known,
            None => *self.successors.entry(sha256.clone()).or_insert_with(make),
        });
        (sha256, successor)
    }
}
