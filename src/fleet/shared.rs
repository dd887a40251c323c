//! Configs that are the same, kept once: most machines of a group have the same, and a thousand of
//! them are not to take the memory of a thousand.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::MachineConfig;

/// The configs seen so far, by their hash.
#[derive(Debug, Default)]
pub struct Shared(BTreeMap<u64, Arc<MachineConfig>>);

impl Shared {
    /// The first that was seen of those equal to `config`.
    pub fn one(&mut self, config: Arc<MachineConfig>) -> Arc<MachineConfig> {
        let mut hash = DefaultHasher::new();
        config.hash(&mut hash);
        let known = self.0.entry(hash.finish()).or_insert_with(|| Arc::clone(&config));
        if *known == config { Arc::clone(known) } else { config }
    }
}
