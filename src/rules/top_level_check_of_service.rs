//! A check that looks as if it kept traffic from unhealthy machines.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::{AnyService, Facts};

pub(super) const RULE: Rule = Rule {
    id: "top-level-check-of-service",
    persona: Persona::Regular,
    severity: Severity::Hint,
    flyctl: Flyctl::Silent,
    summary: "a service is checked by a top-level `[checks]` only",
    why: "Deploys wait for a top-level check too, but the proxy does not ask it: requests go to a machine from the \
          moment it starts, and go on when the check fails. Only the checks of a service steer its traffic.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[checks.alive]\n\
          type = \"http\"\nport = 8080\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\n\
          grace_period = \"10s\"\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[[http_service.checks]]\n\
           path = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"10s\"\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/health-checks: top-level checks do not affect request routing",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let services = facts.services_by_group();
    let bluegreen = facts.bluegreen();
    for (check, group) in facts.top_level_checks() {
        let Some(services) = services.get(group) else { continue };
        let is_own =
            |service: &&AnyService| !service.is_udp && check.port.as_ref().map(|port| port.value) == service.port();
        let Some(service) = services.iter().find(is_own).filter(|service| !service.is_checked()) else { continue };
        let finding = sink
            .report(check.span, "the proxy does not ask this check: requests go to unhealthy machines too")
            .label(service.span, "this service has no check of its own")
            .help(format!("write it as {}", cure(service)));
        if let Some(strategy) = bluegreen {
            finding
                .label(strategy, "this deploy waits for it, traffic afterwards does not")
                .severity(Severity::Warning);
        }
    }
}

fn cure(service: &AnyService) -> &'static str {
    if service.path == "http_service" {
        "`[[http_service.checks]]`"
    } else {
        "`[[services.http_checks]]` or `tcp_checks`"
    }
}
