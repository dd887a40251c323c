//! A check of a port that no service of the machine has.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "check-on-unserved-port",
    persona: Persona::Pedantic,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "a top-level check of a port that no service of its group has",
    why: "A check of a private port is all right when the app listens there. When it does not, the check never passes, \
          and every deploy waits for it in vain. Nothing else in the file confirms this port.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[checks.alive]\n\
          type = \"tcp\"\nport = 8081\ninterval = \"15s\"\ntimeout = \"2s\"\n\
          grace_period = \"10s\"\n",
    good: "app = \"shop\"\n\n[checks.alive]\ntype = \"tcp\"\nport = 8081\ninterval = \"15s\"\n\
           timeout = \"2s\"\ngrace_period = \"10s\"\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: checks.port",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let services = facts.services_by_group();
    let metrics = &facts.config().metrics;
    for (check, group) in facts.top_level_checks() {
        let Some(services) = services.get(group) else { continue };
        let Some(port) = &check.port else { continue };
        let is_served = services.iter().any(|service| {
            service.port() == Some(port.value) || service.ports.iter().any(|ports| ports.contains(port.value))
        });
        let is_metrics = metrics.iter().any(|metrics| metrics.port.as_ref().is_some_and(|at| at.value == port.value));
        if !is_served && !is_metrics {
            let mut finding = sink.report(port.span, format!("no service of `{group}` has port {}", port.value));
            if let Some(internal) = services[0].internal_port {
                finding = finding.label(internal.span, "a service's port");
            }
            finding.help("make sure that the app listens there");
        }
    }
}
