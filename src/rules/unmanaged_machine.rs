//! Machines in a group that deploys do not know.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::fleet::Machine;

pub(super) const RULE: Rule = Rule {
    id: "unmanaged-machine",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a machine of a configured group that Fly Launch does not manage",
    why: "A deploy manages the machines whose metadata says `fly_platform_version=v2`. Another machine of the same \
          group goes on serving, with whatever it was made with. When a blue-green deploy finds no other machines, \
          flyctl refuses it; before July 2026 it made a second fleet.",
    bad: "app = \"shop\"\nprimary_region = \"iad\"\n\n[http_service]\ninternal_port = 8080\n",
    good: "app = \"shop\"\nprimary_region = \"iad\"\n\n[http_service]\ninternal_port = 8080\n",
    given: Given::fleet(FLEET).mended(MENDED),
    source: "flyctl#4886, flyctl#4982; flyctl internal/command/deploy/machines.go: \
             validateNoDetachedBluegreenMachines",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let groups = facts.config().group_names();
    let has_managed = !facts.managed_machines().is_empty();
    let known = |machine: &Machine| machine.config.is_some() && !machine.is_managed();
    for (group, machine) in facts.machines().into_iter().filter(|(_, machine)| known(machine)) {
        let refused = facts.bluegreen().filter(|_| !has_managed);
        if !groups.contains(&group) || machine.group().is_none() && refused.is_none() {
            continue;
        }
        let message = format!("{} is in group `{group}`, and deploys do not manage it", machine.id);
        let finding = sink.report(facts.place_of(group), message).help(format!(
            "`fly machine update {} --metadata fly_platform_version=v2 --metadata fly_process_group={group}` \
             lets deploys manage it; else destroy it",
            machine.id
        ));
        if let Some(strategy) = refused {
            finding
                .severity(Severity::Error)
                .flyctl(Flyctl::FailsDeploy)
                .label(strategy, "flyctl refuses this blue-green deploy");
        }
    }
}

const FLEET: &str = r#"[
  {"id": "3287e0a1", "state": "started", "region": "iad",
   "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "app"}}},
  {"id": "3287e0a2", "state": "started", "region": "iad",
   "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "app"}}},
  {"id": "9185e370", "state": "started", "region": "iad",
   "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {"fly_process_group": "app"}}}
]"#;

const MENDED: &str = r#"[
  {"id": "3287e0a1", "state": "started", "region": "iad",
   "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "app"}}},
  {"id": "3287e0a2", "state": "started", "region": "iad",
   "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "app"}}},
  {"id": "9185e370", "state": "started", "region": "iad",
   "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "app"}}}
]"#;
