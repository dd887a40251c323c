//! What a plan remembers of each machine, so that `apply` can tell whether the fleet is still the
//! one that was reviewed.

use serde_json::{Map, Value};

use super::{Observed, canonical, mark};
use crate::fleet::{Machine, MachineConfig};

impl Observed {
    /// Marks do not count: they come and go with every run.
    pub fn of(machine: &Machine) -> Self {
        let unmarked = |config: &MachineConfig| {
            let mut config = config.clone();
            mark::strip(&mut config);
            Value::Object(config.0)
        };
        let config = machine.config.as_ref().map_or(Value::Null, unmarked);
        Self {
            state: machine.state.clone(),
            instance_id: machine.instance_id.clone(),
            image: machine.image().map(|image| image.to_string()).unwrap_or_default(),
            config_sha256: canonical::hash(&config),
            cordoned: machine.cordoned,
            host_status: machine.host_status,
        }
    }
}

/// What [`super::Plan::fleet`] is: the hash of what was observed of each machine, by id. Without
/// `state`: that the proxy started or stopped a machine makes no plan stale.
pub fn fleet_digest<'a>(machines: impl Iterator<Item = (&'a str, &'a Observed)>) -> String {
    let by_id: Map<String, Value> = machines
        .map(|(id, observed)| {
            let mut observed = serde_json::to_value(observed).unwrap_or_default();
            if let Some(fields) = observed.as_object_mut() {
                fields.remove("state");
            }
            (id.to_owned(), observed)
        })
        .collect();
    format!("sha256:{}", canonical::hash(&Value::Object(by_id)))
}
