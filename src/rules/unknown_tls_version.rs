//! A version of TLS that the proxy does not speak.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::limits;

pub(super) const RULE: Rule = Rule {
    id: "unknown-tls-version",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a TLS version that the proxy does not speak",
    why: "The proxy speaks `TLSv1.2` and `TLSv1.3`, written like that. flyctl passes any other word on.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[http_service.tls_options]\n\
          versions = [\"TLS1.3\"]\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[http_service.tls_options]\n\
           versions = [\"TLSv1.3\"]\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: http_service.tls_options",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for version in facts.tls_options().flat_map(|options| &options.versions) {
        sink.report_unless_known(version, "TLS version", &limits::TLS_VERSIONS);
    }
}
