//! The machines that a deploy makes to run one command: the release command, and the machine
//! checks of each green.

use std::sync::Arc;

use serde_json::{Value, json};

use super::CreateRequest;
use super::classify::Situation;
use super::green::{Green, dedicate};
use crate::config::Config;
use crate::fleet::MachineConfig;
use crate::limits;
use crate::machine::{self, Conversion};

/// The slot of the release command's machine.
pub(super) const RELEASE_COMMAND_SLOT: &str = "release-command";

/// `None` when fly.toml has no release command, or a broken one.
pub(super) fn release_command(situation: &Situation) -> Option<CreateRequest> {
    let desired = &situation.desired;
    let mut config = machine::release_command_config(desired.config, Some(desired.image)).ok()??;
    config.fields_mut().entry("guest").or_insert_with(|| usual_guest(situation));
    // As flyctl does it, made first and started then: between the two a run can note that it is about to.
    Some(CreateRequest { skip_launch: true, ..request(situation, situation.region(), config) })
}

pub(super) fn broken_release_command(situation: &Situation) -> Option<Conversion> {
    machine::release_command_config(situation.desired.config, None).err()
}

pub(super) fn release_command_timeout_ms(config: &Config) -> u64 {
    let timeout = config.deploy.as_ref().and_then(|deploy| deploy.release_command_timeout.as_ref());
    timeout.map_or(limits::RELEASE_COMMAND_TIMEOUT_DEFAULT, |timeout| timeout.value).as_millis()
}

/// The machine checks of fly.toml for a green that is started.
pub(super) fn machine_checks(situation: &Situation, green: &Green) -> Vec<CreateRequest> {
    let checks = machine::machine_check_configs(situation.desired.config, green.group, &green.config);
    let requests = checks.into_iter().map(|mut config| {
        config.fields_mut().insert("guest".to_owned(), json!({"cpu_kind": "shared", "cpus": 1, "memory_mb": 256}));
        request(situation, green.region, config)
    });
    requests.collect()
}

fn request(situation: &Situation, region: &str, mut config: MachineConfig) -> CreateRequest {
    dedicate(&mut config, situation.desired.config);
    CreateRequest {
        region: region.to_owned(),
        config: Arc::new(config),
        skip_launch: false,
        skip_service_registration: false,
        min_secrets_version: situation.policy.secrets_version,
    }
}

/// The size of the default group's machine with the most memory; without one, twice the smallest.
/// Source: flyctl, internal/command/deploy/machines_releasecommand.go.
fn usual_guest(situation: &Situation) -> Value {
    let group = situation.desired.config.default_group();
    let own = situation.machines.iter().filter(|machine| machine.is_managed() && machine.is_live());
    let guests = own
        .filter(|machine| situation.group_of(machine) == group)
        .filter_map(|machine| machine.config.as_ref()?.get("guest"));
    let memory = |guest: &Value| guest.get("memory_mb").and_then(Value::as_u64).unwrap_or(0);
    let largest = guests.reduce(|best, guest| if memory(guest) > memory(best) { guest } else { best });
    largest.cloned().unwrap_or_else(|| json!({"cpu_kind": "shared", "cpus": 2, "memory_mb": 512}))
}
