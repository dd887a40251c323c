//! A protocol that services do not have.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::limits;

pub(super) const RULE: Rule = Rule {
    id: "unknown-service-protocol",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::Silent,
    summary: "a service's `protocol` that is neither `tcp` nor `udp`",
    why: "A service speaks `tcp` or `udp`; HTTP is TCP with the handler `http`. flyctl passes any other word on, and \
          Fly has no such service.",
    bad: "app = \"shop\"\n\n[[services]]\nprotocol = \"http\"\ninternal_port = 8080\n\n\
          [[services.ports]]\nport = 443\nhandlers = [\"tls\", \"http\"]\n",
    good: "app = \"shop\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 8080\n\n\
           [[services.ports]]\nport = 443\nhandlers = [\"tls\", \"http\"]\n",
    given: Given::NOTHING,
    source: "superfly/docs machines/api/machines-resource: services.protocol is required, `tcp` or `udp`",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for protocol in facts.config().services.iter().filter_map(|service| service.protocol.as_ref()) {
        sink.report_unless_known(protocol, "protocol of services", &limits::SERVICE_PROTOCOLS);
    }
}
