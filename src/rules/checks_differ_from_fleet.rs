//! Checks that run now, and others in the file.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::fleet::{HealthCheck, MachineConfig};
use crate::limits;
use crate::machine;
use crate::units::Duration;

pub(super) const RULE: Rule = Rule {
    id: "checks-differ-from-fleet",
    persona: Persona::Regular,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "the health checks of running machines are not those of the file",
    why: "Machines keep the checks that they were deployed with. When the file has others, the next deploy is the \
          first that waits for them, and whether they pass is not known yet. It also shows a file that was changed \
          and not deployed, or machines that were changed by hand.",
    bad: "app = \"shop\"\nprimary_region = \"iad\"\n\n[http_service]\ninternal_port = 8080\n\n\
          [[http_service.checks]]\npath = \"/health\"\ninterval = \"30s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n",
    good: "app = \"shop\"\nprimary_region = \"iad\"\n\n[http_service]\ninternal_port = 8080\n\n\
           [[http_service.checks]]\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n",
    given: Given::fleet(FLEET),
    source: "flyctl internal/appconfig/machines.go: updateMachineConfig; superfly/docs reference/health-checks",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    for group in config.group_names() {
        let machines = facts.managed_in(group);
        // A file may have many groups: only those that run are worth their Machine config.
        if machines.is_empty() {
            continue;
        }
        let Ok(wanted) = machine::machine_config(config, group, None, None) else { continue };
        let wanted = wanted.health_checks();
        let runs_others = |running: &MachineConfig| !are_alike(&wanted, &running.health_checks());
        let differing = machines.into_iter().filter(|it| it.config.as_deref().is_some_and(runs_others));
        let differing: Vec<&str> = differing.map(|machine| machine.id.as_str()).collect();
        if !differing.is_empty() {
            let message = format!("group `{group}` has other health checks on {}", differing.join(", "));
            sink.report(facts.place_of(group), message).help("the next deploy brings those of this file");
        }
    }
}

/// What the file leaves to Fly, and what Fly raises or lowers, is no difference.
fn are_alike(wanted: &[HealthCheck], running: &[HealthCheck]) -> bool {
    let (least, most) = limits::SERVICE_CHECK_RANGE;
    let is_met = |wanted: Option<Duration>, running: Option<Duration>| {
        wanted.is_none_or(|wanted| running == Some(wanted) || running == Some(wanted.clamp(least, most)))
    };
    let is_like = |(wanted, running): (&HealthCheck, &HealthCheck)| {
        wanted.kind == running.kind
            && is_met(wanted.interval, running.interval)
            && is_met(wanted.timeout, running.timeout)
            && is_met(wanted.grace_period, running.grace_period)
    };
    wanted.len() == running.len() && wanted.iter().zip(running).all(is_like)
}

const FLEET: &str = r#"[
  {"id": "3287e0a1", "state": "started", "region": "iad",
   "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "app"},
    "services": [{"internal_port": 8080, "checks": [{"type": "http", "path": "/health",
      "interval": "15s", "timeout": "2s", "grace_period": "10s"}]}]}},
  {"id": "3287e0a2", "state": "started", "region": "iad",
   "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "app"},
    "services": [{"internal_port": 8080, "checks": [{"type": "http", "path": "/health",
      "interval": "15s", "timeout": "2s", "grace_period": "10s"}]}]}}
]"#;
