//! A protocol that checks do not speak.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::limits;

pub(super) const RULE: Rule = Rule {
    id: "unknown-check-protocol",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "an HTTP check whose `protocol` is neither `http` nor `https`",
    why: "An HTTP check speaks `http` or `https`. A check that only connects is a `tcp_checks`, or `type = \"tcp\"` at \
          the top level.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[[http_service.checks]]\n\
          protocol = \"tcp\"\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\n\
          grace_period = \"10s\"\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[[http_service.checks]]\n\
           protocol = \"http\"\npath = \"/health\"\ninterval = \"15s\"\ntimeout = \"2s\"\n\
           grace_period = \"10s\"\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: http_service.checks",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for protocol in facts.http_checks().into_iter().filter_map(|check| check.protocol.as_ref()) {
        sink.report_unless_known(protocol, "protocol of HTTP checks", &limits::CHECK_PROTOCOLS);
    }
}
