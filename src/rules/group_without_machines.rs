//! A group that a deploy would make machines for.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "group-without-machines",
    persona: Persona::Regular,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "a process group that has no machines, in an app that has some",
    why: "A deploy makes a machine, and with it a second or a standby one, for each group that has none: also for one \
          that was scaled to zero on purpose, or that was renamed. `fly deploy --update-only` makes none.",
    bad: "app = \"shop\"\nprimary_region = \"iad\"\n\n[processes]\napp = \"serve\"\nworker = \"work\"\n\n\
          [http_service]\ninternal_port = 8080\nprocesses = [\"app\"]\n",
    good: "app = \"shop\"\nprimary_region = \"iad\"\n\n[processes]\napp = \"serve\"\n\n\
           [http_service]\ninternal_port = 8080\nprocesses = [\"app\"]\n",
    given: Given::fleet(FLEET),
    source: "flyctl#2558; flyctl internal/command/deploy/machines_deploymachinesapp.go: deployCreateMachinesForGroups",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    if facts.managed_machines().is_empty() {
        return;
    }
    for group in facts.config().group_names() {
        if facts.managed_in(group).is_empty() {
            sink.report(facts.place_of(group), format!("group `{group}` has no machines: a deploy makes some"))
                .help("deploy with `--update-only` to make none");
        }
    }
}

const FLEET: &str = r#"[
  {"id": "3287e0a1", "state": "started", "region": "iad",
   "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "app"}}},
  {"id": "3287e0a2", "state": "started", "region": "iad",
   "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "app"}}}
]"#;
