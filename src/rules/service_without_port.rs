//! A service that nobody can reach from outside.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;

pub(super) const RULE: Rule = Rule {
    id: "service-without-port",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Warns,
    summary: "a service without public ports",
    why: "A service is there to be reached. flyctl announced in 2024 that it would reject services without \
          `[[services.ports]]`; until now it warns.",
    bad: "app = \"shop\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 8080\n",
    good: "app = \"shop\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 8080\n\n\
           [[services.ports]]\nport = 443\nhandlers = [\"tls\", \"http\"]\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/validation.go: validateServicesSection",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for service in facts.config().services.iter().filter(|service| service.ports.is_empty()) {
        sink.report(service.span, "this service has no `[[services.ports]]`: nothing outside can reach it")
            .help("add the public port, or use a top-level `[checks.NAME]` if it is only there for its checks");
    }
}
