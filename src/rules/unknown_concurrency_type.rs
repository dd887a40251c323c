//! A kind of load that the proxy does not count.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::limits;

pub(super) const RULE: Rule = Rule {
    id: "unknown-concurrency-type",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::Silent,
    summary: "a concurrency `type` that does not exist",
    why: "The proxy counts `connections` or `requests`. flyctl passes any other word on.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[http_service.concurrency]\n\
          type = \"request\"\nsoft_limit = 200\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[http_service.concurrency]\n\
           type = \"requests\"\nsoft_limit = 200\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: services.concurrency",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for kind in facts.services().iter().filter_map(|service| service.concurrency?.kind.as_ref()) {
        sink.report_unless_known(kind, "type of concurrency", &limits::CONCURRENCY_TYPES);
    }
}
