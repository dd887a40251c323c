//! What a plan remembers of each machine, so that `apply` can tell whether the fleet is still the
//! one that was reviewed.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use super::{Observed, canonical, mark};
use crate::fleet::{HostStatus, Machine, MachineConfig};

impl Observed {
    pub fn of(machine: &Machine) -> Self {
        Self::with(machine, canonical::hash(&machine.config.as_deref().map(unmarked)))
    }

    /// Whose config has this hash.
    pub(super) fn with(machine: &Machine, config_sha256: String) -> Self {
        Self {
            config_sha256,
            cordoned: machine.cordoned,
            host_status: machine.host_status,
            image: machine.image().map(|image| image.to_string()).unwrap_or_default(),
            instance_id: machine.instance_id.clone(),
            state: machine.state.clone(),
        }
    }
}

/// What [`super::Plan::fleet`] is: the hash of what was observed of each machine, by id. Without
/// `state`: that the proxy started or stopped a machine makes no plan stale.
pub fn fleet_digest<'a>(machines: impl Iterator<Item = (&'a str, &'a Observed)>) -> String {
    let by_id: BTreeMap<&str, Lasting> = machines.map(|(id, observed)| (id, Lasting::of(observed))).collect();
    format!("sha256:{}", canonical::hash(&by_id))
}

/// [`Observed`] without `state`.
#[derive(Serialize)]
struct Lasting<'a> {
    config_sha256: &'a str,
    cordoned: bool,
    host_status: HostStatus,
    image: &'a str,
    instance_id: &'a str,
}

impl<'a> Lasting<'a> {
    fn of(observed: &'a Observed) -> Self {
        let Observed { state: _, instance_id, image, config_sha256, cordoned, host_status } = observed;
        Self { config_sha256, cordoned: *cordoned, host_status: *host_status, image, instance_id }
    }
}

/// What is hashed of a config. Marks do not count: they come and go with every run. Copied only
/// where there are some.
pub(super) fn unmarked(config: &MachineConfig) -> Cow<'_, MachineConfig> {
    if !mark::has_any(config) {
        return Cow::Borrowed(config);
    }
    let mut config = config.clone();
    mark::strip(&mut config);
    Cow::Owned(config)
}
