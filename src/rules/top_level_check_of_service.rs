//! A check that looks as if it kept traffic from unhealthy machines.

use std::collections::{BTreeMap, BTreeSet};

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::{self, AnyService, Facts};

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
    let unchecked = facts::by_group(&facts.served(), unchecked);
    let bluegreen = facts.bluegreen();
    let default = facts.config().http_service.as_ref().and_then(|service| Some(service.internal_port.as_ref()?.value));
    let mut told = BTreeSet::new();
    for (check, group) in facts.top_level_checks() {
        let Some(port) = check.port.as_ref().map(|port| port.value).or(default) else { continue };
        let service = unchecked.get(group).and_then(|unchecked| unchecked.get(&port));
        let Some(service) = service.filter(|_| told.insert(check.span)) else { continue };
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

/// The TCP services that have no check, by internal port.
fn unchecked<'a>(services: &[AnyService<'a>]) -> BTreeMap<i64, AnyService<'a>> {
    let unchecked = services.iter().filter(|service| !service.is_udp && !service.is_checked());
    unchecked.filter_map(|service| Some((service.port()?, service.clone()))).collect()
}

fn cure(service: &AnyService) -> &'static str {
    if service.path == "http_service" {
        "`[[http_service.checks]]`"
    } else {
        "`[[services.http_checks]]` or `tcp_checks`"
    }
}
