//! A service that leads nowhere.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::span::Span;

pub(super) const RULE: Rule = Rule {
    id: "service-without-internal-port",
    persona: Persona::Regular,
    severity: Severity::Error,
    flyctl: Flyctl::Silent,
    summary: "a service without an `internal_port`",
    why: "The proxy forwards to the `internal_port`, and the Machines API requires one. The documentation calls 8080 the \
          default, but flyctl sets none, and `fly config validate` does not say so. A service without one is what \
          comes of writing `[services.concurrency]` or `[services.ports]` where `[[services]]` was meant: that makes \
          one service with nothing but what stands below it.",
    bad: "app = \"shop\"\n\n[[services]]\nprotocol = \"tcp\"\n\n[[services.ports]]\nport = 443\nhandlers = [\"tls\", \"http\"]\n",
    good: "app = \"shop\"\n\n[[services]]\nprotocol = \"tcp\"\ninternal_port = 8080\n\n\
           [[services.ports]]\nport = 443\nhandlers = [\"tls\", \"http\"]\n",
    given: Given::NOTHING,
    source: "flyctl internal/appconfig/service.go: toMachineService; superfly/docs machines/api/machines-resource",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let refused = facts.refused();
    for service in facts.services() {
        match service.internal_port {
            Some(port) if port.value != 0 => {}
            Some(port) => {
                sink.report(port.span, "nothing can listen on port 0: the proxy reaches no app")
                    .help("say which port the app listens on: `internal_port = 8080`");
            }
            None if refused.holds(&format!("{}.internal_port", service.path)) => {}
            None => {
                let finding = sink.report(
                    service.span,
                    "this service has no `internal_port`: flyctl sets none, and Fly requires one",
                );
                finding.help(cure(facts, service.span));
            }
        }
    }
}

/// `[services.ports]` makes one service out of nothing: then that has to be said first.
fn cure(facts: &Facts, service: Span) -> &'static str {
    let behind = facts.text[service.end..].chars().next();
    match behind {
        Some('.') => {
            "a `[services.*]` table alone makes a service with nothing else in it: \
             put `[[services]]` with `internal_port = 8080` above it"
        }
        _ => "say which port the app listens on: `internal_port = 8080`",
    }
}
