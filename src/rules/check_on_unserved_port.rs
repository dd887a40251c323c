//! A check of a port that no service of the machine has.

use std::collections::BTreeSet;

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::{self, AnyService, Facts};

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
    let ports = |services: &[AnyService]| -> BTreeSet<i64> { services.iter().flat_map(ports).collect() };
    let known = facts::by_group(&facts.served(), ports);
    let metrics: BTreeSet<i64> =
        facts.config().metrics.iter().filter_map(|metrics| Some(metrics.port.as_ref()?.value)).collect();
    let mut told = BTreeSet::new();
    for (check, group) in facts.top_level_checks() {
        let (Some(known), Some(port)) = (known.get(group), &check.port) else { continue };
        if !known.contains(&port.value) && !metrics.contains(&port.value) && told.insert(port.span) {
            sink.report(port.span, format!("no service of `{group}` has port {}", port.value))
                .help("make sure that the app listens there");
        }
    }
}

/// Public ones too: asking them is `check-on-public-port`.
fn ports(service: &AnyService) -> Vec<i64> {
    service.ports.iter().map(|ports| ports.first).chain(service.port()).collect()
}
