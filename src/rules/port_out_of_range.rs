//! A port that does not exist.

use super::{Given, Persona, Rule, Sink};
use crate::config::Field;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::limits;

pub(super) const RULE: Rule = Rule {
    id: "port-out-of-range",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::Silent,
    summary: "a port that is not between 1 and 65535",
    why: "Ports go from 1 to 65535. flyctl passes any number on.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 80800\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: services.ports",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    for service in facts.services() {
        // Zero there is `service-without-internal-port`.
        outside(sink, service.internal_port, Some(0));
    }
    for entry in config.services.iter().flat_map(|service| &service.ports) {
        for port in [&entry.port, &entry.start_port, &entry.end_port] {
            outside(sink, port, None);
        }
    }
    config.checks.values().for_each(|check| outside(sink, &check.port, None));
    config.metrics.iter().for_each(|metrics| outside(sink, &metrics.port, None));
}

fn outside(sink: &mut Sink, port: &Field<i64>, but: Option<i64>) {
    if let Some(port) = port
        && !limits::is_within(limits::PORTS, port.value)
        && Some(port.value) != but
    {
        sink.report(port.span, format!("there is no port {}", port.value)).help("ports go from 1 to 65535");
    }
}
