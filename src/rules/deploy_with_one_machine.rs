//! A deploy that takes the only machine down.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::{self, Facts};

pub(super) const RULE: Rule = Rule {
    id: "deploy-with-one-machine",
    persona: Persona::Regular,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "a rolling or canary deploy of a service with one machine",
    why: "A rolling deploy stops a machine to update it. With one machine nobody answers in the meantime, for as long \
          as the new release takes to boot. A canary deploy does not help: it destroys the canary before it updates \
          the others.",
    bad: "app = \"shop\"\nprimary_region = \"iad\"\n\n[http_service]\ninternal_port = 8080\n",
    good: "app = \"shop\"\nprimary_region = \"iad\"\n\n[http_service]\ninternal_port = 8080\n",
    given: Given::fleet(FLEET).mended(MENDED),
    source: "flyctl#4745; flyctl internal/command/deploy/machines_deploymachinesapp.go: updateUsingRollingStrategy, \
             deployCanaryMachines",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    let strategy = facts.strategy().map_or("", |strategy| strategy.as_str());
    if !matches!(strategy, "" | "rolling" | "canary") {
        return;
    }
    let first = facts::by_group(&facts.served(), |services| services.first().map(|service| service.span));
    for group in config.group_names() {
        let machines = facts.managed_in(group);
        let service = first.get(group).and_then(|service| **service);
        let ([machine], Some(service)) = (machines.as_slice(), service) else { continue };
        let has_volume = config.mounts.iter().any(|mount| config.is_for(&mount.processes, group));
        let message = format!("{} alone serves group `{group}`: nobody answers while it is deployed", machine.id);
        sink.report(service, message).help(match has_volume {
            true => "add a second machine, with a volume of its own: `fly scale count 2`",
            false => "use `strategy = \"bluegreen\"`, or add a second machine: `fly scale count 2`",
        });
    }
}

const FLEET: &str = r#"[
  {"id": "3287e0a1", "state": "started", "region": "iad",
   "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "app"}}}
]"#;

const MENDED: &str = r#"[
  {"id": "3287e0a1", "state": "started", "region": "iad",
   "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "app"}}},
  {"id": "3287e0a2", "state": "started", "region": "iad",
   "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "app"}}}
]"#;
