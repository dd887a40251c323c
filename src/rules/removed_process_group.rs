//! Machines whose group the file no longer has.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use std::collections::BTreeMap;

pub(super) const RULE: Rule = Rule {
    id: "removed-process-group",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Warns,
    summary: "a process group with machines that the file does not name",
    why: "A deploy destroys the machines of groups that the file does not name, before it makes or updates any other, \
          and does not ask: a group that was renamed is down until its successor is up. A blue-green deploy does so, \
          too.",
    bad: "app = \"shop\"\nprimary_region = \"iad\"\n\n[processes]\napp = \"serve\"\n\n\
          [http_service]\ninternal_port = 8080\nprocesses = [\"app\"]\n",
    good: "app = \"shop\"\nprimary_region = \"iad\"\n\n[processes]\napp = \"serve\"\nworker = \"work\"\n\n\
           [http_service]\ninternal_port = 8080\nprocesses = [\"app\"]\n",
    given: Given::fleet(FLEET),
    source: "flyctl internal/command/deploy/machines_deploymachinesapp.go: deployMachinesApp, \
             resolveProcessGroupChanges",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    let names = config.group_names();
    let mut removed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (group, machine) in facts.managed_machines() {
        if !names.contains(&group) {
            removed.entry(group).or_default().push(&machine.id);
        }
    }
    let place = config.processes.as_ref().map_or(facts.place_of(config.default_group()), |processes| processes.span);
    for (group, machines) in removed {
        let machines = machines.join(", ");
        sink.report(place, format!("there is no group `{group}` here: a deploy first of all destroys {machines}"))
            .help("when the group was renamed, deploy with both names first, and remove the old one later");
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
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "worker"}}},
  {"id": "d891204c", "state": "started", "region": "iad",
   "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "worker"}}}
]"#;
