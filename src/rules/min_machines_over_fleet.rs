//! More machines to keep running than there are.

use super::{Given, Persona, Rule, Sink};
use crate::config::Autostop;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "min-machines-over-fleet",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "`min_machines_running` is more than the machines in the primary region",
    why: "`min_machines_running` keeps the proxy from stopping machines of the primary region, and counts there \
          alone. It makes none: what is missing stays missing.",
    bad: "app = \"shop\"\nprimary_region = \"iad\"\n\n\
          [http_service]\ninternal_port = 8080\nauto_stop_machines = \"stop\"\nauto_start_machines = true\nmin_machines_running = 3\n",
    good: "app = \"shop\"\nprimary_region = \"iad\"\n\n\
           [http_service]\ninternal_port = 8080\nauto_stop_machines = \"stop\"\nauto_start_machines = true\nmin_machines_running = 2\n",
    given: Given::fleet(FLEET),
    source: "superfly/docs reference/configuration: min_machines_running",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    let Some(region) = config.primary_region.as_ref().filter(|_| !facts.managed_machines().is_empty()) else { return };
    // Where nothing is stopped, no minimum is kept: that is `min-machines-without-autostop`.
    for service in facts.services().iter().filter(|service| service.autostop() != Autostop::Off) {
        let Some(min) = service.min_machines_running else { continue };
        for group in config.group_names().into_iter().filter(|group| config.is_for(service.processes, group)) {
            let there = facts.managed_in(group).iter().filter(|machine| machine.region == region.value).count();
            if i64::try_from(there).is_ok_and(|there| there < min.value) {
                let message = format!("of group `{group}` only {there} can be running: `{}` has no more", region.value);
                sink.report(min.span, message)
                    .label(region.span, "the count is of this region alone")
                    .help(format!("`fly scale count {} --process-group {group} --region {}`", min.value, region.value));
            }
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
  {"id": "3287e0a3", "state": "started", "region": "ams",
   "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "app"}}}
]"#;
