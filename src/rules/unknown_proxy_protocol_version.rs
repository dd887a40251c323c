//! A version of the PROXY protocol that does not exist.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::limits;

pub(super) const RULE: Rule = Rule {
    id: "unknown-proxy-protocol-version",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a version of the PROXY protocol that does not exist",
    why: "The `proxy_proto` handler announces clients in version `v1`, as text, or `v2`, in binary. flyctl passes any \
          other word on.",
    bad: "app = \"shop\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 8080\n\n\
          [[services.ports]]\nport = 5000\nhandlers = [\"proxy_proto\"]\n\
          proxy_proto_options = { version = \"2\" }\n",
    good: "app = \"shop\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 8080\n\n\
           [[services.ports]]\nport = 5000\nhandlers = [\"proxy_proto\"]\n\
           proxy_proto_options = { version = \"v2\" }\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: services.ports.proxy_proto_options",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let ports = facts.config().services.iter().flat_map(|service| &service.ports);
    for version in ports.filter_map(|entry| entry.proxy_proto_options.as_ref()?.version.as_ref()) {
        sink.report_unless_known(version, "version of the PROXY protocol", &limits::PROXY_PROTOCOL_VERSIONS);
    }
}
