//! Configs that are the same, kept once: most machines of a group have the same but for what marks each,
//! and a thousand of them are not to take the memory of a thousand.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::MachineConfig;

/// The configs seen so far, by their hashes.
#[derive(Debug, Default)]
pub struct Shared {
    configs: BTreeMap<u64, Arc<MachineConfig>>,
    fields: BTreeMap<u64, Arc<Map<String, Value>>>,
}

impl Shared {
    /// The first that was seen of those equal to `config`; or it itself, with what it has in common with one.
    pub fn one(&mut self, mut config: Arc<MachineConfig>) -> Arc<MachineConfig> {
        let of_fields = hash(&config.fields);
        let fields = self.fields.entry(of_fields).or_insert_with(|| Arc::clone(&config.fields));
        if !Arc::ptr_eq(fields, &config.fields) && **fields == *config.fields {
            Arc::make_mut(&mut config).fields = Arc::clone(fields);
        }
        let of_all = hash(&(of_fields, &config.metadata));
        let known = self.configs.entry(of_all).or_insert_with(|| Arc::clone(&config));
        if *known == config { Arc::clone(known) } else { config }
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hash = DefaultHasher::new();
    value.hash(&mut hash);
    hash.finish()
}
